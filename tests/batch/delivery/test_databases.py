"""Scores in a table: all of a run or nothing, once, and beside those of other days."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import psycopg
import pytest

from taxgap.batch.delivery import deliver_scores
from taxgap.batch.delivery.postgresql_session import PostgresSession
from taxgap.errors import BusyError, IncompatibleError, InvalidDataError, TaxGapError, UsageError
from taxgap.records.files import checksum

WORD = "hunter2"


def test_every_row_arrives_with_its_day(make_scores: Any, place: Any) -> None:
    scores = make_scores()
    done = deliver_scores(scores, place.target)
    expected = pd.concat([pd.read_parquet(part) for part in sorted(scores.glob("*.parquet"))])
    found = pd.DataFrame(place.rows(), columns=["as_of", *expected.columns])
    assert set(found.pop("as_of")) == {date(2026, 3, 31)}
    for name in expected:
        left, right = found[name], expected[name].reset_index(drop=True)
        assert left.isna().equals(right.isna()), name
        assert left.dropna().tolist() == right.dropna().tolist(), name
    assert (done.rows, done.changed, done.replaced) == (100, True, None)
    ((table, regime, day, run, model, rows, _),) = place.run("SELECT * FROM taxgap_deliveries")
    assert (table, regime, day, model, rows) == ("scores", "vat", date(2026, 3, 31), "abc", 100)
    assert run == done.run_id == checksum(scores / "_manifest.json")


def test_the_same_run_is_delivered_once(make_scores: Any, place: Any) -> None:
    scores = make_scores()
    deliver_scores(scores, place.target)
    before = place.rows(), place.run("SELECT * FROM taxgap_deliveries")
    again = deliver_scores(scores, place.target)
    assert not again.changed
    assert "Nothing to do" in again.to_text()
    assert (place.rows(), place.run("SELECT * FROM taxgap_deliveries")) == before


def test_another_run_of_the_day_is_exchanged_only_when_asked(make_scores: Any, place: Any) -> None:
    first, second = make_scores(), make_scores(seed=9, rows=40)
    earlier = deliver_scores(first, place.target)
    before = place.rows()
    with pytest.raises(
        UsageError, match=f"another run of vat as of 2026-03-31, {earlier.run_id[:12]}"
    ) as caught:
        deliver_scores(second, place.target)
    assert "--replace" in str(caught.value.remedy)
    assert place.rows() == before
    done = deliver_scores(second, place.target, replace=True)
    assert done.replaced == earlier.run_id
    assert len(place.rows()) == 80
    assert place.run("SELECT run_id FROM taxgap_deliveries") == [(done.run_id,)]


def test_other_days_and_tables_stand_beside_it(make_scores: Any, place: Any) -> None:
    deliver_scores(make_scores("2026-03-30"), place.target)
    deliver_scores(make_scores(), place.target)
    deliver_scores(make_scores(), place.target, table='we"ird; DROP TABLE x %s')
    assert place.run("SELECT as_of, count(*) FROM scores GROUP BY as_of ORDER BY as_of") == [
        (date(2026, 3, 30), 100),
        (date(2026, 3, 31), 100),
    ]
    assert len(place.rows('"we""ird; DROP TABLE x %s"')) == 100
    assert place.run("SELECT count(*) FROM taxgap_deliveries") == [(3,)]


def test_a_schema_may_be_named(make_scores: Any, place: Any) -> None:
    with pytest.raises(UsageError, match="no schema 'risk'"):
        deliver_scores(make_scores(), place.target, table="risk.scores")
    place.run("CREATE SCHEMA risk")
    deliver_scores(make_scores(), place.target, table="risk.scores")
    assert place.run("SELECT count(*) FROM risk.taxgap_deliveries") == [(1,)]


def test_columns_that_are_lacking_or_other_are_named(make_scores: Any, place: Any) -> None:
    place.run(
        "CREATE TABLE scores (as_of DATE, taxpayer_id TEXT, period TEXT, regime TEXT, model_id TEXT, "
        "probability TEXT, own_note TEXT, flagged BOOLEAN, sentence TEXT)"
    )
    with pytest.raises(IncompatibleError) as caught:
        deliver_scores(make_scores(), place.target)
    assert "lacks rank and has of another type probability" in str(caught.value)
    assert "--table" in str(caught.value.remedy)
    assert place.rows() == []


def test_a_table_may_have_more_columns(make_scores: Any, place: Any) -> None:
    deliver_scores(make_scores("2026-03-30"), place.target)
    place.run("ALTER TABLE scores ADD COLUMN own_note TEXT")
    deliver_scores(make_scores(), place.target)
    assert place.run("SELECT count(*), count(own_note) FROM scores") == [(200, 0)]


def test_rows_that_were_lost_or_came_from_elsewhere_are_said(make_scores: Any, place: Any) -> None:
    scores = make_scores()
    deliver_scores(scores, place.target)
    place.run("DELETE FROM scores WHERE rank = 7")
    with pytest.raises(UsageError, match="99 rows of this run, which has 100"):
        deliver_scores(scores, place.target)
    place.run("DELETE FROM taxgap_deliveries")
    with pytest.raises(UsageError, match="99 rows of vat as of 2026-03-31 that no delivery put there"):
        deliver_scores(scores, place.target)
    assert deliver_scores(scores, place.target, replace=True).changed
    assert len(place.rows()) == 100


def test_a_part_that_is_not_what_was_written_leaves_what_was_there(make_scores: Any, place: Any) -> None:
    deliver_scores(make_scores(), place.target)
    before, second = place.rows(), make_scores(seed=4)
    (second / "part-0001.parquet").write_bytes(b"PAR1")
    with pytest.raises(InvalidDataError, match="not the one that was written"):
        deliver_scores(second, place.target, replace=True)
    assert place.rows() == before


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 64, "taxgap_deliveries", ".scores", "risk."])
def test_names_that_no_table_can_have_are_refused(make_scores: Any, tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="can be called"):
        deliver_scores(make_scores(), tmp_path / "night.duckdb", table=name)


def test_a_file_that_was_made_for_nothing_goes(make_scores: Any, tmp_path: Path) -> None:
    scores = make_scores()
    (scores / "part-0001.parquet").unlink()
    with pytest.raises(InvalidDataError):
        deliver_scores(scores, tmp_path / "night.duckdb")
    assert not list(tmp_path.glob("night*"))
    (tmp_path / "own.duckdb").write_text("no database at all")
    with pytest.raises(InvalidDataError, match="no DuckDB file"):
        deliver_scores(make_scores(), tmp_path / "own.duckdb")


def test_a_file_that_is_open_elsewhere_is_busy(make_scores: Any, tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "night.duckdb")), pytest.raises(BusyError, match="open elsewhere"):
        deliver_scores(make_scores(), tmp_path / "night.duckdb")


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
@pytest.mark.xdist_group("postgresql")
class TestServer:
    """What only a server can do."""

    def test_a_connection_that_is_lost_leaves_nothing_and_the_same_command_completes(
        self, make_scores: Any, place: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        scores, append = make_scores(parts=3), PostgresSession.append
        deliver_scores(make_scores("2026-03-30"), place.target)
        parts: list[int] = []

        def lose(session: PostgresSession, table: str, rows: Any) -> None:
            parts.append(len(rows))
            if len(parts) == 2:
                me = session._connection.info.backend_pid
                place.run(f"SELECT pg_terminate_backend({me}, 5000)")
            append(session, table, rows)

        monkeypatch.setattr(PostgresSession, "append", lose)
        with pytest.raises(TaxGapError, match="The connection was lost") as caught:
            deliver_scores(scores, place.target)
        assert "same command again" in str(caught.value.remedy)
        assert len(place.rows()) == 100
        monkeypatch.undo()
        assert deliver_scores(scores, place.target).changed
        assert len(place.rows()) == 250

    def test_rows_that_a_trigger_drops_are_missed(self, make_scores: Any, place: Any) -> None:
        deliver_scores(make_scores("2026-03-30"), place.target)
        place.run(
            "CREATE FUNCTION drop_some() RETURNS trigger LANGUAGE plpgsql AS "
            "'BEGIN IF NEW.rank = 3 THEN RETURN NULL; END IF; RETURN NEW; END'"
        )
        place.run("CREATE TRIGGER loses BEFORE INSERT ON scores FOR EACH ROW EXECUTE FUNCTION drop_some()")
        with pytest.raises(TaxGapError, match="Of 100 rows that were sent 99 are in the table"):
            deliver_scores(make_scores(), place.target)
        assert len(place.rows()) == 100

    def test_a_table_with_rules_of_its_own_gives_no_value_away(self, make_scores: Any, place: Any) -> None:
        deliver_scores(make_scores("2026-03-30"), place.target)
        place.run("ALTER TABLE scores ADD CONSTRAINT few CHECK (rank < 60) NOT VALID")
        with pytest.raises(UsageError, match="rules of its own") as caught:
            deliver_scores(make_scores(), place.target)
        assert "T0000" not in str(caught.value)

    def test_who_may_not_write_is_told_what_to_ask_for(self, make_scores: Any, place: Any) -> None:
        if not place.run("SELECT 1 FROM pg_roles WHERE rolname = 'onlooker'"):
            place.run("CREATE ROLE onlooker LOGIN")
        target = place.target.replace("postgres@", "onlooker@")
        with pytest.raises(UsageError, match="may not write") as caught:
            deliver_scores(make_scores(), target)
        assert "INSERT" in str(caught.value.remedy)

    def test_another_delivery_is_waited_for_but_not_for_ever(
        self, make_scores: Any, place: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("taxgap.batch.delivery.postgresql_session.SESSION", {"lock_timeout": "100ms"})
        with psycopg.connect(place.target) as other:
            other.execute("SELECT pg_advisory_xact_lock(127961980690800)")
            with pytest.raises(BusyError):
                deliver_scores(make_scores(), place.target)

    def test_no_password_is_taken_in_an_address_or_shown(
        self, make_scores: Any, place: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(UsageError, match="holds a password") as caught:
            deliver_scores(make_scores(), f"postgresql://risk:{WORD}@server/night")
        assert WORD not in str(caught.value.to_dict())
        monkeypatch.setenv("PGPASSWORD", WORD)
        done = deliver_scores(make_scores(), place.target)
        assert WORD not in str(done.to_dict())
        assert "/tmp/pg-" not in str(done.to_dict())  # noqa: S108
