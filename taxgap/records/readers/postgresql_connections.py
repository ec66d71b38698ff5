"""Sessions with a PostgreSQL server, those that read unable to write, and errors that give nothing away.

psycopg and not the Arrow driver: it is the better kept, its errors have classes and codes, and its COPY is as
fast, since the server's own work takes most of the time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, unquote

from taxgap.errors import InvalidDataError, TaxGapError, UsageError

if TYPE_CHECKING:
    import psycopg

SCHEMES: Final = ("postgresql", "postgres")
SECRETS: Final = frozenset({"password", "sslpassword", "oauth_client_secret"})
TAKE: Final = re.compile(r"^postgres(?:ql)?://", re.IGNORECASE)
KEEP_SECRETS_ELSEWHERE: Final = (
    "Put it into the file ~/.pgpass, into PGPASSWORD, or into a service file: postgresql:///?service=name. "
    "An @ in any other part of the address is written %40."
)

SESSION: Final = {
    "TimeZone": "UTC",
    "DateStyle": "ISO",
    "IntervalStyle": "iso_8601",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "row_security": "off",  # rows that a policy would hide are an error, not a shorter table
    "synchronize_seqscans": "off",  # a scan begins at the beginning
    "max_parallel_workers_per_gather": "0",  # and keeps its order
}
NETWORK: Final = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}
"""Seconds, and tries, after which a silent server counts as gone; the address may say otherwise."""

REFUSALS: Final = (
    (
        r"no password supplied",
        "The server asks for a password, and none was found.",
        "Put it into the file ~/.pgpass, into PGPASSWORD, or into a service file.",
    ),
    (
        r"password authentication failed",
        "The server does not accept the password, or does not know the user.",
        "Check the user, and the password in ~/.pgpass, in PGPASSWORD or in the service file.",
    ),
    (
        r"definition of service",
        "There is no such service in the service file.",
        "Look into ~/.pg_service.conf, or name another file in PGSERVICEFILE.",
    ),
    (
        r"database .* does not exist",
        "The server has no such database.",
        "Check its name: psql -l lists them.",
    ),
    (
        r"role .* does not exist",
        "The server does not know the user.",
        "Name one: postgresql://user@host/database.",
    ),
    (
        r"pg_hba\.conf|Peer authentication|not permitted to log in|permission denied for database",
        "The server does not let this user into the database.",
        "Ask who keeps the server for the right to connect.",
    ),
    (r"too many (clients|connections)|remaining connection slots", "The server is busy.", "Try again later."),
)
"""What libpq's words mean where it gives no code. They hold names and addresses, so they are not shown."""

CODES: Final = (
    (
        "42501",
        "This user may not read it, or a policy hides some of its rows.",
        "Ask for GRANT SELECT; under row-level security, for BYPASSRLS or a view of what may be read.",
    ),
    ("42P01", "It was removed meanwhile.", "List the tables again."),
    (
        "57014",
        "The reading took longer than the server allows.",
        "Ask for a longer statement_timeout.",
    ),
    ("57P|08", "The connection was lost before the end.", "Read it again when the server is back."),
    ("40", "The server stopped the reading because of other work.", "Read it again."),
    ("53", "The server lacks memory, disk or connections.", "Try again later, or ask who keeps the server."),
    (
        "22",
        "A value in it cannot be worked out.",
        "Look at the view: a cast or a sum in it fails for some row.",
    ),
    (
        "42",
        "It does not fit the tables it is made from.",
        "Look at the view: something it needs is missing.",
    ),
)
"""What PostgreSQL's codes mean, by their beginning; the first that fits."""


def require_no_password(url: str) -> None:
    """Refuse an address with a password in it: addresses are kept in histories, logs and reports.

    Parameters
    ----------
    url : str
        An address that begins with ``postgresql://`` or ``postgres://``.

    Raises
    ------
    UsageError
        It holds a password, or an ``@`` after a colon that looks like one. The error does not repeat it.

    Examples
    --------
    >>> require_no_password("postgresql://reader@server:5432/taxes")
    """
    rest = TAKE.sub("", url)
    before, at, _ = rest.rpartition("@")
    named = {name.lower() for name, _ in parse_qsl(rest.partition("?")[2], keep_blank_values=True)}
    if (at and ":" in before) or named & SECRETS:
        raise UsageError("The address holds a password.", remedy=KEEP_SECRETS_ELSEWHERE)


def database_name(url: str) -> str:
    """Return what a database is called in reports: its name, or that of its service.

    Parameters
    ----------
    url : str
        An address without a password.

    Returns
    -------
    str
        ``postgresql`` where the address names neither.

    Examples
    --------
    >>> database_name("postgresql://reader@server:5432/taxes"), database_name("postgresql:///?service=vat")
    ('taxes', 'vat')
    """
    place, _, query = TAKE.sub("", url).partition("?")
    named = dict(parse_qsl(query))
    return unquote(place.partition("/")[2]) or named.get("dbname") or named.get("service") or "postgresql"


@contextmanager
def connect(url: str, where: str) -> Iterator[psycopg.Connection]:
    """Open a session that reads one snapshot and cannot write, and close it.

    Parameters
    ----------
    url : str
        An address without a password.
    where : str
        What errors call the source.

    Yields
    ------
    psycopg.Connection
        In a read-only, repeatable-read transaction.

    Raises
    ------
    UsageError
        The address holds a password or cannot be read; the extra ``postgresql`` is missing.
    InvalidDataError
        The server cannot be reached or refuses; or, while it is used, whatever the server complains of. No
        message of the server is shown: it may hold values of rows.
    """
    connection = enter(url, where)
    import psycopg  # noqa: PLC0415 - an extra

    try:
        with connection:
            connection.read_only = True
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            for name, value in SESSION.items():
                connection.execute("SELECT pg_catalog.set_config(%s, %s, true)", (name, value))
            yield connection
    except (psycopg.Error, UnicodeDecodeError) as error:
        raise _explain(error, where) from None


def enter(url: str, where: str) -> psycopg.Connection:
    """Open a session, which may write; whoever asked for it closes it.

    Parameters
    ----------
    url : str
        An address without a password, which comes from the environment, ~/.pgpass or a service file.
    where : str
        What errors call the database.

    Returns
    -------
    psycopg.Connection

    Raises
    ------
    UsageError
        The address holds a password or cannot be read; the extra ``postgresql`` is missing.
    InvalidDataError
        The server cannot be reached or refuses.
    """
    require_no_password(url)
    require_driver()
    return _enter(_parameters(url), where)


def require_driver() -> None:
    """Refuse to go on without the extra ``postgresql``.

    Raises
    ------
    UsageError
    """
    try:
        import psycopg  # noqa: F401, PLC0415 - an extra
    except ImportError:
        raise UsageError(
            "PostgreSQL needs the package psycopg, which is not here.",
            remedy='Install the extra: pip install "taxgap[postgresql]"',
        ) from None


def code_of(error: Exception) -> str:
    """Return PostgreSQL's code of an error, five characters; empty where there is none."""
    from psycopg import OperationalError  # noqa: PLC0415

    # A connection that broke off has no code.
    return getattr(error, "sqlstate", None) or ("08000" if isinstance(error, OperationalError) else "")


def _parameters(url: str) -> dict[str, str | int]:
    from psycopg import ProgrammingError  # noqa: PLC0415
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

    try:
        given = conninfo_to_dict(TAKE.sub("postgresql://", url))
    except ProgrammingError:
        raise UsageError(
            "The address of the database cannot be read.",
            remedy="Write it as postgresql://user@host:5432/database or as postgresql:///?service=name.",
        ) from None
    kept = {name: value for name, value in given.items() if value is not None}
    return {**NETWORK, "fallback_application_name": "taxgap", **kept, "client_encoding": "utf8"}


def _enter(parameters: dict[str, str | int], where: str) -> psycopg.Connection:
    import psycopg  # noqa: PLC0415

    try:
        return psycopg.connect("", **parameters)  # type: ignore[arg-type]
    except (psycopg.Error, UnicodeError, ValueError) as error:
        message = str(error)
    for words, sentence, remedy in REFUSALS:
        if re.search(words, message):
            raise InvalidDataError(sentence, where=where, remedy=remedy)
    raise InvalidDataError(
        "The server cannot be reached, or does not let us in.",
        where=where,
        remedy="Check host and port, and try the same address with psql.",
    )


def _explain(error: Exception, where: str) -> TaxGapError:
    code = code_of(error)
    for beginnings, sentence, remedy in CODES:
        if re.match(beginnings, code):
            return InvalidDataError(sentence, where=where, remedy=remedy)
    return InvalidDataError(
        "The server does not give it.",
        where=where,
        remedy="Try SELECT * on it with psql; the server says there what is wrong.",
    )
