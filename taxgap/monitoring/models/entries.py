"""One line of the log of a shelf: what was decided, by whom, when and why."""

from __future__ import annotations

import getpass
import hashlib
import json
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from taxgap.errors import IncompatibleError, InvalidDataError, UsageError

FORMAT = 1
"""The number of the format of a line."""

ORIGIN = "0" * 64
"""What stands for the line before the first."""

Action = Literal["add", "promote", "rollback"]
"""What can be done to a model on a shelf."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A line of the log.

    Parameters
    ----------
    action : {"add", "promote", "rollback"}
        What was done. After a promotion or a rollback the model is champion of its regime.
    regime : str
        The tax.
    model_id : str
        The model it was done to; for a rollback the one that is champion again.
    by : str
        Who did it.
    previous_champion : str, optional
        The champion of the regime until then.
    reason : str, optional
        Why, in free text; promotions and rollbacks have one.
    card : str, optional
        SHA-256 of the card of a model that was added.
    note : str, optional
        What the program has to say: how a comparison came out, or that a torn line was dropped.
    time : str
        When (UTC).
    """

    action: Action
    regime: str
    model_id: str
    by: str
    previous_champion: str | None = None
    reason: str | None = None
    card: str | None = None
    note: str | None = None
    time: str = ""

    def to_line(self, sequence: int, before: str) -> bytes:
        """Return the line without its end.

        Parameters
        ----------
        sequence : int
            Its number, from 1.
        before : str
            SHA-256 of the line before.
        """
        text = json.dumps(asdict(self), ensure_ascii=False)
        return begin_line(sequence, before) + text.removeprefix("{").encode()

    @classmethod
    def from_line(cls, line: bytes, sequence: int, before: str, where: str) -> Entry:
        """Read a line, and check that it is the one that belongs there.

        Parameters
        ----------
        line : bytes
            Without its end.
        sequence : int
            The number it must have.
        before : str
            SHA-256 that it must give for the line before.
        where : str
            Names file and line in errors.

        Raises
        ------
        InvalidDataError
            The line was changed, or one before it was changed, added or removed.
        IncompatibleError
            The line is of a newer format.
        """
        content = _read_object(line, where)
        number = content.pop("format", None)
        if isinstance(number, int) and number > FORMAT:
            raise IncompatibleError(
                f"The line has format {number}, newer than {FORMAT}, which this taxgap knows.",
                where=where,
                remedy="Install a newer taxgap.",
            )
        found = content.pop("sequence", None), content.pop("line_before", None)
        if number != FORMAT or found[0] != sequence:
            raise broken(f"Line {sequence} has another number: lines were removed or added", where)
        if found[1] != before:
            what = (
                f"line {sequence - 1} is not the one that was written" if sequence > 1 else "it was changed"
            )
            raise broken(f"Line {sequence} does not follow from what stands before it: {what}", where)
        if set(content) != {field.name for field in fields(cls)} or content["action"] not in get_args(Action):
            raise broken(f"Line {sequence} was changed", where)
        return cls(**content)


def begin_line(sequence: int, before: str) -> bytes:
    """Return how a line begins, which is known before it is written.

    Examples
    --------
    >>> begin_line(2, "ab")
    b'{"format": 1, "sequence": 2, "line_before": "ab", '
    """
    return f'{{"format": {FORMAT}, "sequence": {sequence}, "line_before": "{before}", '.encode()


def hash_line(line: bytes) -> str:
    """Return the SHA-256 of a line without its end, as hexadecimal text."""
    return hashlib.sha256(line).hexdigest()


def broken(what: str, where: str) -> InvalidDataError:
    """Return the error for a log that is not what was written."""
    return InvalidDataError(
        f"The log is not what was written. {what}.",
        where=where,
        remedy="Fetch log.jsonl and log.head of the shelf from a backup; nothing is decided on this log.",
    )


def now() -> str:
    """Return the time (UTC) to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def name_user(by: str | None) -> str:
    """Return who acts: the name given, or the user of the system.

    Raises
    ------
    UsageError
        The system does not know, or the name is empty.
    """
    try:
        name = (getpass.getuser() if by is None else by).strip()
    except (KeyError, OSError, ImportError):  # a container may have users without a name
        name = ""
    if not name:
        raise UsageError("The log must say who decides.", where="by", remedy="Give a name with --by.")
    return name


def read_reason(reason: str) -> str:
    """Return the reason without the space around it.

    Raises
    ------
    UsageError
        It is empty.
    """
    if not reason.strip():
        raise UsageError("The log must say why.", where="reason", remedy="Give a reason in your own words.")
    return reason.strip()


def _read_object(line: bytes, where: str) -> dict[str, Any]:
    try:
        content = json.loads(line)
    except ValueError as error:
        raise broken("The line cannot be read", where) from error
    if not isinstance(content, dict):
        raise broken("The line cannot be read", where)
    return content
