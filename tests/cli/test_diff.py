"""``taxgap diff``: text, JSON, the file of changes, and the exit status."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from taxgap.batch import read_scores, write_scores
from taxgap.records import Records
from taxgap.risk import RiskModel

pytestmark = pytest.mark.xdist_group("diff")


@pytest.fixture(scope="module")
def nights(workshop: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two nights of scores; the second night there is room for twice as many cases."""
    out, records = tmp_path_factory.mktemp("nights"), Records.open(workshop.records)
    model = RiskModel.load(workshop.model)
    few: dict[str, Any] = {"validate": False, "reasons": 1, "cutoff": 0.0, "periods": records.periods[-1:]}
    shares = {"monday": 0.05, "tuesday": 0.1}
    first, second = (
        write_scores(records, model, out / name, **few, capacity_share=share)
        for name, share in shares.items()
    )
    return first, second


def test_what_changed_is_shown_without_personal_rows(taxgap: Any, nights: tuple[Path, Path]) -> None:
    run = taxgap("diff", *nights)
    assert run.status == 0
    assert "of the flags after are new." in run.out
    assert "A flag is a reason to look, not a finding." in run.out
    assert not any(name in run.out for name in read_scores(nights[0], ["taxpayer_id"])["taxpayer_id"])
    assert taxgap("diff", *nights, "-q").out == ""


def test_json_is_for_machines(taxgap: Any, nights: tuple[Path, Path]) -> None:
    data = taxgap("diff", *nights, "--json").data
    flags = data["flags"][-1]
    assert flags["kept"] == flags["before"] > 0
    assert flags["new"] == flags["after"] - flags["before"]
    assert data["changed"] == flags["new"]
    assert data["equal"] is data["equal_bytes"] is False


def test_changed_rows_are_written_where_asked(taxgap: Any, nights: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "changed.parquet"
    assert taxgap("diff", *nights, "--out", out).status == 0
    changed = pd.read_parquet(out)
    assert set(changed["flag"]) == {"new"}
    assert {"taxpayer_id", "period", "rank_before", "reason_after"} <= set(changed.columns)
    before = out.read_bytes()
    run = taxgap("diff", *reversed(nights), "--out", out)
    assert run.status == 2
    assert "exists already" in run.err
    assert out.read_bytes() == before
    assert taxgap("diff", *reversed(nights), "--out", out, "--replace").status == 0
    assert set(pd.read_parquet(out)["flag"]) == {"dropped"}


def test_too_many_new_flags_set_the_status(taxgap: Any, nights: tuple[Path, Path]) -> None:
    assert taxgap("diff", *nights, "--max-changed", 0.6).status == 0
    run = taxgap("diff", *nights, "--max-changed", 0.4)
    assert run.status == 5
    assert "of the flags" in run.err
    assert taxgap("diff", *reversed(nights), "--max-changed", 0).status == 0


def test_a_night_and_itself_are_equal(taxgap: Any, nights: tuple[Path, Path]) -> None:
    run = taxgap("diff", nights[0], nights[0], "--max-changed", 0)
    assert run.status == 0
    assert "The two nights are equal: no return changed." in run.out


def test_what_cannot_be_read_is_named(taxgap: Any, nights: tuple[Path, Path], tmp_path: Path) -> None:
    assert taxgap("diff", nights[0], tmp_path).status == 3
    assert taxgap("diff", nights[0]).status == 2
    assert taxgap("diff", *nights, "--max-changed", 2).status == 2


def test_help_has_an_example(taxgap: Any) -> None:
    assert "Example: taxgap diff" in taxgap("diff", "--help").out
