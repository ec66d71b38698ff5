"""PostgreSQL: a real server, started for these tests alone, and everything that can go wrong with one."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pytest

from taxgap.errors import InvalidDataError, TaxGapError, UsageError
from taxgap.records.readers.chunks import ROWS
from taxgap.records.readers.databases import open_database
from taxgap.records.readers.postgresql_tables import PostgresReader

pytestmark = pytest.mark.xdist_group("postgresql")

PERSON = "Ermintrude Brown"
WORD = "hunter2"

TABLES = f"""
CREATE TABLE types AS SELECT
    7::smallint AS small, 70000 AS whole, 7000000000::bigint AS large, 12.34::numeric(14, 2) AS pounds,
    1955839661::numeric AS reference, 0.1::float8 AS rate, 0.5::real AS half, true AS yes, 'a, "b"
c'::text AS words, 'ab '::char(5) AS padded, ''::varchar AS nothing, '2024-02-29'::date AS day,
    '2024-02-29 10:11:12.5'::timestamp AS moment, '2024-06-01 23:30:00+00'::timestamptz AS zoned,
    '10:00'::time AS clock, '{{1,2}}'::int[] AS several, '{{"a": 1}}'::jsonb AS json, 'x'::bytea AS bytes,
    '00000000-0000-0000-0000-000000000001'::uuid AS id, '1234.56'::money AS money, NULL::text AS none;
CREATE DOMAIN pence AS numeric(12, 0) CHECK (value >= 0);
CREATE TYPE kind AS ENUM ('b', 'a');
CREATE TABLE own_types (amount pence, kind kind);
INSERT INTO own_types VALUES (1234, 'b'), (NULL, NULL);
CREATE TABLE long AS SELECT i AS number, 'T' || i AS reference FROM generate_series(1, {2 * ROWS + 5}) i;
CREATE INDEX ON long (number, reference);
CREATE TABLE keyed (a int, b int, words text, PRIMARY KEY (b, a));
INSERT INTO keyed SELECT i % 7, -i, 'w' FROM generate_series(1, 100) i;
CREATE TABLE days (day date, moment timestamp, amount numeric(10, 2), any_amount numeric);
INSERT INTO days VALUES ('2024-01-01', '2024-01-01 10:00', 1.5, 1.5), ('infinity', '-infinity', 'NaN', 2),
    ('0044-03-15 BC', NULL, NULL, NULL);
CREATE TABLE lonely (words text);
INSERT INTO lonely VALUES ('a'), (NULL), (''), ('\\.'), (E'x\\ny');
CREATE TABLE empty (a int, b text);
CREATE TABLE bare ();
CREATE TABLE parts (year int, box int) PARTITION BY LIST (year);
CREATE TABLE parts_2024 PARTITION OF parts FOR VALUES IN (2024);
CREATE TABLE parts_2023 PARTITION OF parts FOR VALUES IN (2023);
INSERT INTO parts VALUES (2024, 1), (2023, 2), (2024, 3);
CREATE SCHEMA own;
CREATE TABLE own.vat AS SELECT 1 AS box;
CREATE TABLE vat AS SELECT 2 AS box;
CREATE TABLE "we""ird; DROP TABLE vat" AS SELECT 3 AS "a ""b"" %s";
CREATE VIEW upside_down AS SELECT number, reference FROM long WHERE number < 100 ORDER BY number DESC;
CREATE VIEW fails AS SELECT CASE WHEN number > {ROWS + 5} THEN '{PERSON}'::text::int END AS x FROM long;
CREATE FUNCTION intrude() RETURNS int LANGUAGE sql AS 'INSERT INTO vat VALUES (9) RETURNING 1';
CREATE VIEW writes AS SELECT intrude() AS box;
CREATE ROLE reader LOGIN;
CREATE ROLE outsider LOGIN PASSWORD '{WORD}';
CREATE ROLE stranger LOGIN;
CREATE TABLE watched AS SELECT '{PERSON}' AS name;
ALTER TABLE watched ENABLE ROW LEVEL SECURITY;
CREATE POLICY none ON watched USING (false);
GRANT SELECT ON long, watched TO reader;
ALTER ROLE reader SET extra_float_digits = -5;
ALTER ROLE reader SET DateStyle = 'German';
"""  # noqa: S608


@dataclass(frozen=True)
class Server:
    """A server of our own, on a socket in a folder of its own."""

    folder: Path

    def url(self, user: str = "postgres", database: str = "taxes", **more: str) -> str:
        query = "&".join(f"{name}={value}" for name, value in {"host": str(self.folder), **more}.items())
        return f"postgresql://{user}@/{database}?{query}"

    def run(self, statement: str, database: str = "taxes") -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url(database=database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="session")
def server(postgresql: Any) -> Server:
    found = Server(postgresql.folder)
    found.run("CREATE DATABASE taxes", database="postgres")
    found.run(TABLES)
    return found


@pytest.fixture(autouse=True)
def no_settings_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("PG"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


def _rows(url: str, table: str) -> pa.Table:
    return pa.concat_tables([chunk.table for chunk in PostgresReader(url, table).chunks()])


def _failure(url: str, table: str = "vat", kind: type[TaxGapError] = InvalidDataError) -> TaxGapError:
    """Every error says what to do, and no address, no password and no value of a row."""
    with pytest.raises(kind) as caught:
        _rows(url, table)
    error = caught.value
    assert error.remedy
    assert error.__suppress_context__ or error.__context__ is None
    for hidden in (PERSON, WORD, "/tmp/pg-", "SQLSTATE", "FATAL", "ERROR", "LINE 1"):  # noqa: S108
        assert hidden not in str(error)
    return error


def test_columns_come_in_their_own_types(server: Server) -> None:
    table = _rows(server.url(), "types")
    assert PostgresReader(server.url(), "types").columns() == table.column_names
    assert {field.name: str(field.type) for field in table.schema} == {
        "small": "int16",
        "whole": "int32",
        "large": "int64",
        "pounds": "decimal128(14, 2)",
        "reference": "int64",
        "rate": "double",
        "half": "float",
        "yes": "bool",
        "day": "date32[day]",
        "moment": "timestamp[us]",
        "zoned": "timestamp[us]",
        "money": "double",
        **dict.fromkeys(["words", "padded", "nothing", "clock", "several", "json", "bytes"], "string"),
        **dict.fromkeys(["id", "none"], "string"),
    }
    (row,) = table.to_pylist()
    assert (row["pounds"], row["reference"], row["money"]) == (Decimal("12.34"), 1955839661, 1234.56)
    assert (row["words"], row["padded"], row["nothing"], row["none"]) == ('a, "b"\nc', "ab", "", None)
    assert row["day"] == date(2024, 2, 29)
    assert row["moment"] == datetime(2024, 2, 29, 10, 11, 12, 500000)  # noqa: DTZ001
    assert row["zoned"] == datetime(2024, 6, 2, 0, 30)  # noqa: DTZ001 - the next day, in British summer
    assert (row["yes"], row["several"], row["json"], row["bytes"]) == (True, "{1,2}", '{"a": 1}', "\\x78")


def test_types_that_an_administration_made_come_as_what_they_are_made_from(server: Server) -> None:
    table = _rows(server.url(), "own_types")
    assert [str(kind) for kind in table.schema.types] == ["decimal128(12, 0)", "string"]
    assert table.to_pylist() == [{"amount": Decimal(1234), "kind": "b"}, {"amount": None, "kind": None}]


def test_pence_of_numbers_without_a_scale_are_exact(server: Server) -> None:
    server.run("CREATE TABLE pounds AS SELECT (i / 100.0)::numeric AS any FROM generate_series(1, 5000) i")
    assert (_rows(server.url(), "pounds")["any"].to_numpy() == np.arange(1, 5001) / 100).all()


def test_rows_come_in_chunks_as_they_lie(server: Server) -> None:
    chunks = list(PostgresReader(server.url(), "long").chunks())
    assert [len(chunk.table) for chunk in chunks] == [ROWS, ROWS, 5]
    lines = np.concatenate([chunk.lines for chunk in chunks])
    assert lines.dtype == np.int64
    assert (lines == np.arange(1, 2 * ROWS + 6)).all()
    assert (np.concatenate([chunk.table["number"] for chunk in chunks]) == lines).all()


def test_rows_come_by_the_primary_key(server: Server) -> None:
    table = _rows(server.url(), "keyed")
    assert table["b"].to_pylist() == list(range(-100, 0))
    server.run("UPDATE keyed SET words = 'x' WHERE b = -50")
    server.run("VACUUM FULL keyed")
    assert _rows(server.url(), "keyed").drop_columns("words").equals(table.drop_columns("words"))


def test_rows_of_a_view_come_sorted(server: Server) -> None:
    assert _rows(server.url(), "upside_down")["number"].to_pylist() == list(range(1, 100))


def test_a_partitioned_table_is_one_table(server: Server) -> None:
    assert _rows(server.url(), "parts")["box"].to_pylist() == [2, 1, 3]


def test_days_out_of_range_come_as_text(server: Server) -> None:
    table = _rows(server.url(), "days")
    assert table["day"].to_pylist() == ["2024-01-01", "infinity", "0044-03-15 BC"]
    assert table["moment"].to_pylist() == ["2024-01-01 10:00:00", "-infinity", None]
    amounts = table["amount"].to_pylist()
    assert (amounts[0], str(amounts[1]), amounts[2]) == (1.5, "nan", None)
    assert table["any_amount"].to_pylist() == [1.5, 2.0, None]


def test_a_null_is_no_empty_text(server: Server) -> None:
    assert _rows(server.url(), "lonely")["words"].to_pylist() == ["a", None, "", "\\.", "x\ny"]


def test_an_empty_table_has_columns_and_no_chunk(server: Server) -> None:
    reader = PostgresReader(server.url(), "empty")
    assert reader.columns() == ["a", "b"]
    assert list(reader.chunks()) == []
    assert _failure(server.url(), "bare").message == "The table has no columns."


def test_tables_are_found_by_their_names(server: Server) -> None:
    assert _rows(server.url(), "vat")["box"].to_pylist() == [2]
    assert _rows(server.url(), "public.vat")["box"].to_pylist() == [2]
    assert _rows(server.url(), "own.vat")["box"].to_pylist() == [1]
    assert _rows(server.url(), "VAT")["box"].to_pylist() == [2]
    assert _rows(server.url(), 'we"ird; DROP TABLE vat').to_pylist() == [{'a "b" %s': 3}]
    assert _rows(server.url(options="-csearch_path%3Down"), "vat")["box"].to_pylist() == [1]


def test_a_missing_table_lists_those_there_are(server: Server) -> None:
    error = _failure(server.url(), "vat; DROP TABLE vat")
    assert error.message == "There is no table 'vat; DROP TABLE vat'."
    database = open_database(server.url())
    assert database.where == error.where == "taxes"
    assert list(error.available) == database.tables()
    assert {"vat", "own.vat", "upside_down", "parts"} <= set(error.available)
    assert not [name for name in error.available if name.startswith(("pg_", "information_schema"))]


def test_settings_of_the_role_change_nothing(server: Server) -> None:
    server.run("GRANT SELECT ON types TO reader")
    assert _rows(server.url("reader"), "types").equals(_rows(server.url(), "types"))


def test_a_table_is_read_as_it_stood(server: Server) -> None:
    server.run(f"CREATE TABLE growing AS SELECT i FROM generate_series(1, {ROWS + 1}) i")  # noqa: S608
    chunks = PostgresReader(server.url(), "growing").chunks()
    first = next(chunks)
    server.run("INSERT INTO growing VALUES (0)")
    assert len(first.table) + sum(len(chunk.table) for chunk in chunks) == ROWS + 1


def test_nothing_can_be_written(server: Server) -> None:
    _failure(server.url(), "writes")
    assert _rows(server.url(), "vat")["box"].to_pylist() == [2]


def test_a_reader_left_early_ends_its_session(server: Server) -> None:
    chunks = PostgresReader(server.url(application_name="early"), "long").chunks()
    next(chunks)
    chunks.close()  # type: ignore[attr-defined]
    sessions = "SELECT pid FROM pg_stat_activity WHERE application_name = 'early'"
    for _ in range(50):
        if not server.run(sessions):
            return
        time.sleep(0.1)
    pytest.fail("The session is still there.")


def test_a_view_that_fails_gives_no_value_away(server: Server) -> None:
    assert _failure(server.url(), "fails").message == "A value in it cannot be worked out."


def test_a_server_that_goes_away_is_an_error(server: Server) -> None:
    server.run(f"CREATE TABLE wide AS SELECT repeat('x', 200) AS words FROM generate_series(1, {2 * ROWS}) i")  # noqa: S608
    chunks = PostgresReader(server.url(application_name="victim"), "wide").chunks()
    next(chunks)
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'victim'"
    assert server.run(end) == [(True,)]
    with pytest.raises(InvalidDataError, match="The connection was lost before the end") as caught:
        list(chunks)
    assert caught.value.where == "taxes: wide"
    assert caught.value.remedy


def test_a_server_that_takes_too_long_is_an_error(server: Server) -> None:
    server.run("CREATE VIEW slow AS SELECT pg_sleep(60)::text AS x")
    url = server.url(options="-cstatement_timeout%3D100")
    assert _failure(url, "slow").message == "The reading took longer than the server allows."


def test_what_may_not_be_read_is_named(server: Server) -> None:
    assert "may not read it" in _failure(server.url("reader"), "vat").message
    assert "policy hides" in _failure(server.url("reader"), "watched").message
    assert len(_rows(server.url("reader"), "long")) == 2 * ROWS + 5


def test_a_password_is_taken_from_where_passwords_are_kept(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = server.url("outsider")
    assert "asks for a password" in _failure(url, "types").message
    monkeypatch.setenv("PGPASSWORD", "wrong-" + WORD)
    assert "does not accept the password" in _failure(url, "types").message
    monkeypatch.setenv("PGPASSWORD", WORD)
    assert open_database(url).tables()
    monkeypatch.delenv("PGPASSWORD")
    services = tmp_path / "services"
    services.write_text(f"[own]\nhost={server.folder}\nuser=outsider\ndbname=taxes\npassword={WORD}\n")
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    database = open_database("postgresql:///?service=own")
    assert database.where == "own"
    assert "vat" in database.tables()
    assert "no such service" in _failure("postgresql:///?service=other").message


def test_who_is_not_let_in_is_told_why(server: Server) -> None:
    assert "no such database" in _failure(server.url(database="taxis")).message
    assert "does not know the user" in _failure(server.url("nobody_here")).message
    assert "does not let this user" in _failure(server.url("stranger")).message


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://reader@127.0.0.1:1/taxes",
        "postgresql://reader@/taxes?host=/tmp/pg-nowhere",
        "postgresql://reader@no-such-host.invalid/taxes",
    ],
)
def test_a_server_out_of_reach_is_an_error(url: str) -> None:
    assert "cannot be reached" in _failure(url).message


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://reader:{WORD}@server/taxes",
        f"POSTGRES://reader:{WORD}@server/taxes",
        f"postgresql://reader:a/{WORD}@server/taxes",
        f"postgresql://reader:a@{WORD}@server/taxes",
        f"postgresql://reader:a?{WORD}@server/taxes",
        f"postgresql://reader:a#{WORD}@server/taxes",
        f"postgresql://:{WORD}@server/taxes",
        f"postgresql:///taxes?user=reader&password={WORD}",
        f"postgresql:///taxes?user=reader&p%61ssword={WORD}",
        f"postgresql:///taxes?sslpassword={WORD}",
    ],
)
def test_an_address_with_a_password_is_refused_and_not_repeated(url: str) -> None:
    for ask in (open_database, lambda url: PostgresReader(url, "vat")):
        with pytest.raises(UsageError, match="holds a password") as caught:
            ask(url)
        assert WORD not in str(caught.value)
        assert ".pgpass" in str(caught.value.remedy)


@pytest.mark.parametrize("end", ["?nonsense=hunter2", "%zzhunter2", "?host", ":hunter2"])
def test_an_address_that_cannot_be_read_is_not_repeated(end: str) -> None:
    error = _failure(f"postgresql://server{end}", kind=TaxGapError)
    assert WORD not in str(error)


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    error = _failure("postgresql://server/taxes", kind=UsageError)
    assert 'pip install "taxgap[postgresql]"' in str(error.remedy)
