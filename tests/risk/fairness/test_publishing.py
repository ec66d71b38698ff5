"""What may leave the room."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import UsageError
from taxgap.risk.fairness import FairnessPack, measure_fairness
from taxgap.risk.fairness.publishing import WITHHELD


@pytest.fixture(scope="module")
def pack() -> FairnessPack:
    rng = np.random.default_rng(0)
    cases = 2003
    nation = rng.choice(["England", "Scotland", "Wales"], cases, p=[0.8, 0.1, 0.1])
    region = np.where(nation == "England", rng.choice(["North", "South"], cases), nation)
    tax = np.where(rng.random(cases) < 0.4, 2000.0, 0.0)
    groups = pd.DataFrame({"nation": nation, "region": region})
    score = rng.random(cases) - 0.3 * (nation == "Scotland")
    return measure_fairness({"model": score, "lot": rng.random(cases)}, groups, amount=tax, draws=5)


def test_counts_are_rounded_and_rates_are_made_of_them(pack: FairnessPack) -> None:
    table = pack.to_publish()
    for name in ("cases", "taken", "no_change"):
        shown = table.loc[table[name] != WITHHELD, name].str.replace(",", "").astype(int)
        assert (shown % 5 == 0).all()
    for row in table[table["audit_rate"] != WITHHELD].itertuples():
        rate = int(row.taken.replace(",", "")) / int(row.cases.replace(",", ""))
        assert row.audit_rate == f"{rate:.1%}"


def test_few_are_withheld_and_cannot_be_had_by_subtraction(pack: FairnessPack) -> None:
    table = pack.to_publish().set_index(["ranking", "dimension", "level"])
    raw = pack.counts[(pack.counts["ranking"] == "model") & (pack.counts["quantity"] == "all")]
    taken = raw.set_index(["dimension", "level"])["cases"]
    assert taken["nation", "Scotland"] < 10
    assert table.loc[("model", "nation", "Scotland"), "taken"] == WITHHELD
    hidden = (table["taken"] == WITHHELD).groupby(["ranking", "dimension"]).sum()
    assert (hidden != 1).all()
    # A nation that is a region too is withheld in both.
    for name in ("taken", "no_change"):
        for level in ("Scotland", "Wales"):
            by_nation, by_region = (
                table[name].xs((dimension, level), level=("dimension", "level"))
                for dimension in ("nation", "region")
            )
            pd.testing.assert_series_equal(by_nation, by_region)
    assert (table.loc[table["taken"] == WITHHELD, ["no_change", "no_change_rate"]] == WITHHELD).all(axis=None)


def test_a_found_count_that_is_small_withholds_the_rest(pack: FairnessPack) -> None:
    table = pack.to_publish(threshold=500)
    assert set(table["no_change"]) == {WITHHELD}
    assert set(table["no_change_rate"]) == {WITHHELD}


def test_a_threshold_of_nothing_is_refused(pack: FairnessPack) -> None:
    with pytest.raises(UsageError, match="threshold"):
        pack.to_publish(threshold=0)


def test_a_level_too_small_to_measure_hides_its_neighbour() -> None:
    rng = np.random.default_rng(1)
    nation = np.repeat(["England", "Scotland", "Wales"], [700, 288, 12])
    groups = pd.DataFrame({"nation": nation})
    tax = np.where(rng.random(1000) < 0.4, 2000.0, 0.0)
    pack = measure_fairness({"model": rng.random(1000)}, groups, amount=tax, draws=5, budget_share=0.4)
    table = pack.to_publish().set_index(["dimension", "level"])
    for name in ("cases", "taken"):
        assert table.loc[("nation", "Wales"), name] == WITHHELD
        assert (table.loc["nation", name] == WITHHELD).sum() >= 2
