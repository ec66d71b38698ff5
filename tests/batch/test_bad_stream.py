"""A stream with bad rows: each is set aside once with its reason, none is scored, none is lost."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from taxgap.batch import read_accounts, read_scores, write_scores
from taxgap.batch.taking import needed_tables
from taxgap.records import Records
from taxgap.records.files import checksum
from taxgap.records.partitions import part_name
from taxgap.regimes import get_regime
from taxgap.risk.model import RiskModel
from taxgap.synthetic import generate

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("faults"), pytest.mark.usefixtures("counted")]

TAX, REGISTER = "self_assessment", "taxpayers"
SHARE = 0.01
DAY = pd.Timedelta(days=1)

Rows = pd.DataFrame
Frames = dict[str, dict[int, Rows]]
"""By table and partition."""


def _set(column: str, value: Any) -> Callable[[Rows], Rows]:
    return lambda rows: rows.assign(**{column: value})


def _move(column: str, days: int) -> Callable[[Rows], Rows]:
    return lambda rows: rows.assign(**{column: rows[column] + days * DAY})


def _add(column: str, amount: float) -> Callable[[Rows], Rows]:
    return lambda rows: rows.assign(**{column: rows[column].fillna(0.0) + amount})


DAMAGE: dict[str, dict[str, Callable[[Rows], Rows]]] = {
    TAX: {
        "below nothing": _set("turnover", -5.0),
        "no number": _set("interest", np.nan),
        "without end": _set("dividends", np.inf),
        "no label": _set("period", "2023/24"),
        "another year's label": _set("period", "2015-16"),
        "no day": _set("period_start", pd.NaT),
        "a day off": _move("period_end", 1),
        "does not add up": _add("total_income", 1_000.0),
        "nobody's": _set("taxpayer_id", "T99999999"),
        "no name": _set("taxpayer_id", None),
        "white space": lambda rows: rows.assign(taxpayer_id=rows["taxpayer_id"] + " "),
        "too many months": _set("accounts_months", 40.0),
    },
    REGISTER: {
        "no such number": _set("utr", "1234567890"),
        "half a year": _set("birth_year", 1970.5),
        "no industry": _set("sic2007", "x"),
    },
    "third_party": {
        "below nothing": _set("amount", -1.0),
        "more taken off than there was": lambda rows: rows.assign(tax_deducted=rows["amount"] + 10.0),
        "backwards": lambda rows: rows.assign(period_end=rows["period_start"] - DAY),
        "nobody's": _set("taxpayer_id", "T99999998"),
    },
    "obligations": {
        "no day": _set("due_on", pd.NaT),
        "due too early": lambda rows: rows.assign(due_on=rows["period_start"] - 400 * DAY),
        "no label": _set("period", "soon"),
    },
    "registrations": {
        "ends before it begins": lambda rows: rows.assign(deregistered_on=rows["effective_from"] - DAY),
        "no day": _set("effective_from", pd.NaT),
    },
}
"""Kinds of damage by table; a rule rejects each."""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Records:
    """About 50,000 returns."""
    folder = tmp_path_factory.mktemp("large") / "population"
    return generate(folder, taxpayers=21_000, years=3, seed=9)


@pytest.mark.parametrize("seed", range(4))
def test_every_bad_row_is_rejected_once_and_no_other_but_those_that_refer_to_it(
    seed: int, large: Records, model: RiskModel, tmp_path: Path
) -> None:
    records, bad, frames = spoil(large, tmp_path / "records", np.random.default_rng(seed))
    out = write_scores(records, model, tmp_path / "out", reasons=0, max_rejected=0.2)
    accounts = read_accounts(out)
    gone = {
        name
        for part, rows in bad[REGISTER].items()
        for name in frames[REGISTER][part].loc[rows, "taxpayer_id"]
    }
    scored = Counter()
    for table, parts in frames.items():
        found = []
        for part, rows in parts.items():
            own = np.isin(np.arange(len(rows)), bad[table][part])
            referring = rows["taxpayer_id"].isin(gone).to_numpy() & ~own
            path = out / "_rejected" / table / part_name(part)
            rejected = pd.read_parquet(path) if path.is_file() else rows.iloc[:0].assign(rule="", reason="")
            expected = rows[own | referring]
            assert _count(rejected[rows.columns]) == _count(expected), (table, part)
            assert rejected["reason"].str.len().gt(10).all()
            assert rejected["rule"].str.len().gt(3).all()
            found.append(len(rejected))
            if table != REGISTER:  # in the order of the file
                rules = rejected["rule"].to_numpy()[referring[own | referring]]
                assert set(rules) <= {"taxpayer_rejected"}
                assert "taxpayer_rejected" not in set(rejected["rule"].to_numpy()[own[own | referring]])
            if table == TAX:
                kept = rows[~(own | referring)]
                scored.update(set(zip(kept["taxpayer_id"], kept["period"], strict=True)))
        counts = accounts.rows[table]
        assert counts["rejected"] == sum(found)
        assert counts["rejected"] + counts["kept"] + counts["later"] == sum(map(len, parts.values()))
    keys = read_scores(out, ["taxpayer_id", "period"])
    assert Counter(zip(keys["taxpayer_id"], keys["period"], strict=True)) == scored
    assert accounts.returns["scored"] == len(keys) > 40_000


def spoil(records: Records, to: Path, random: np.random.Generator) -> tuple[Records, Any, Frames]:
    """Damage a share of the rows of each table that is read; say which, and what the tables are then."""
    folder = Path(shutil.copytree(records.where, to))
    manifest = json.loads((folder / "manifest.json").read_text())
    frames: Frames = {}
    bad: dict[str, dict[int, np.ndarray[Any, Any]]] = {}
    for table in needed_tables(get_regime(TAX), records):
        frames[table], bad[table] = {}, {}
        for part in records.partitions:
            path = folder / table / part_name(part)
            rows = pd.read_parquet(path)
            chosen = np.flatnonzero(random.random(len(rows)) < SHARE)
            frames[table][part] = spoil_rows(rows, chosen, DAMAGE[table], random)
            bad[table][part] = chosen
            frames[table][part].to_parquet(path, index=False)
            manifest["files"][f"{table}/{path.name}"]["sha256"] = checksum(path)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return Records.open(folder), bad, frames


def spoil_rows(
    rows: Rows,
    chosen: np.ndarray[Any, Any],
    damage: dict[str, Callable[[Rows], Rows]],
    random: np.random.Generator,
) -> Rows:
    kinds = random.integers(len(damage), size=len(chosen))
    for number, change in enumerate(damage.values()):
        own = chosen[kinds == number]
        if len(own):
            new = change(rows.iloc[own])
            for column in new:
                if not new[column].equals(rows[column].iloc[own]):
                    rows.loc[rows.index[own], column] = new[column].astype(rows[column].dtype)
    return rows


def _count(rows: Rows) -> Counter[int]:
    """Count rows by all of their cells."""
    return Counter(pd.util.hash_pandas_object(rows.astype("str").astype(object), index=False).tolist())
