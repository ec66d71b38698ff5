"""The fifth tax year: there when it is asked for, and without a trace when it is not."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import UsageError
from taxgap.records import Records
from taxgap.synthetic import Shock, generate
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.timeline import ALL_YEARS, TAX_YEARS

NEW = ALL_YEARS[-1]


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> Records:
    return generate(tmp_path_factory.mktemp("five") / "p", taxpayers=500, years=5, seed=7)


def test_five_years_end_with_the_projected_one(five: Records) -> None:
    assert five.periods == list(ALL_YEARS)
    assert str(five.as_of.date()) == "2027-09-30"
    for regime in ("self_assessment", "employer_paye"):
        counts = five.table(regime, ["period"])["period"].value_counts()
        assert counts[NEW] == pytest.approx(counts["2024-25"], rel=0.15)
    assert five.table("vat", ["period"])["period"].max() > "2026"
    assert five.table("corporation_tax", ["period"])["period"].max() > "2025-12"
    assert NEW in set(five.table("third_party", ["period"])["period"])


def test_people_come_and_go_in_it_as_in_other_years(five: Records) -> None:
    known = five.table("self_assessment", ["taxpayer_id", "period"]).drop_duplicates()
    years = {label: set(known.loc[known["period"] == label, "taxpayer_id"]) for label in ALL_YEARS[-2:]}
    assert len(years[NEW] - years["2024-25"]) > 5
    assert len(years["2024-25"] - years[NEW]) > 5


@pytest.mark.parametrize("years", [1, 2, 3, 4])
def test_fewer_years_end_with_2024_25(years: int) -> None:
    settings = Settings(years=years)
    assert settings.tax_years == TAX_YEARS[-years:]
    assert settings.as_of == "2026-09-30"


def test_without_it_what_is_made_is_what_it_was(tmp_path: Path) -> None:
    # Digests of tables made before there was a fifth year.
    made = generate(tmp_path / "p", taxpayers=60, years=2, seed=5)
    for name, digest in (("self_assessment", "efe16184265c38a8"), ("vat", "71801d666de1dd14")):
        found = sha256(made.table(name).to_csv(index=False).encode()).hexdigest()
        assert found.startswith(digest), name


def test_a_shock_in_it_leaves_the_earlier_years_alone(five: Records, tmp_path: Path) -> None:
    shock = Shock("reporting", "bank", NEW, 0.0)
    hit = generate(tmp_path / "p", taxpayers=500, years=5, seed=7, shocks=[shock])
    before, after = (records.table("third_party") for records in (five, hit))
    banks = [table[(table["source"] == "bank") & (table["period"] == NEW)] for table in (before, after)]
    assert len(banks[0]) > 50
    assert banks[1].empty
    early = [table[table["period"] < NEW].reset_index(drop=True) for table in (before, after)]
    pd.testing.assert_frame_equal(*early)
    assert np.array_equal(five.table("taxpayers")["taxpayer_id"], hit.table("taxpayers")["taxpayer_id"])


def test_a_shock_in_it_needs_it() -> None:
    with pytest.raises(UsageError, match="No shock in 2025-26"):
        Settings(years=4, shocks=[Shock("reporting", "bank", NEW, 0.0)])
    with pytest.raises(UsageError, match="from 1 to 5"):
        Settings(years=6)
