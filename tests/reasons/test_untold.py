"""What raises a score and is no reason: the largest of it, and the ground on which it is none."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import UsageError
from taxgap.peers import PeerGroups
from taxgap.reasons import Contributions, give_reasons
from taxgap.reasons.refitted import sum_by_code
from taxgap.reasons.selection import LEAST_LOG_UNITS
from taxgap.reasons.table import NUMBERS
from taxgap.reasons.untold import MOST_UNTOLD, UNTOLD, WHY, list_untold, tell_untold
from taxgap.regimes import Regime, get_regime, regime_names


@pytest.fixture(scope="module")
def untold(
    regime: Regime, found: Contributions, observed: pd.DataFrame, peers: PeerGroups, table: pd.DataFrame
) -> pd.DataFrame:
    return list_untold(regime, found, observed, peers, table)


def codes_of(row: pd.Series) -> set[str]:
    return {row[f"reason_{k}_code"] for k in range(1, 5) if isinstance(row[f"reason_{k}_code"], str)}


def test_they_are_the_largest_that_are_not_told(
    regime: Regime, found: Contributions, untold: pd.DataFrame, table: pd.DataFrame
) -> None:
    sums = sum_by_code(regime, found.values)
    assert len(untold) > 100
    for key, row in table.iterrows():
        left = sums.loc[key].drop(list(codes_of(row)))
        largest = left[left >= LEAST_LOG_UNITS].sort_values(ascending=False).head(MOST_UNTOLD)
        mine = untold.loc[untold.index == key]
        assert mine["code"].astype("str").tolist() == largest.index.tolist()
        np.testing.assert_allclose(mine["contribution"].astype(float), largest.to_numpy())


def test_the_ground_is_where_the_figure_lies(
    regime: Regime, observed: pd.DataFrame, peers: PeerGroups, untold: pd.DataFrame
) -> None:
    assert {"usual", "other_side", "not_known"} <= set(untold["why"])
    for key, row in untold.iterrows():
        name, value = row["feature"], observed.loc[key, row["feature"]]
        assert row["code"] == regime.feature[name].code
        assert (np.isnan(value) and np.isnan(row["observed"])) or value == row["observed"]
        inside = row["peer_low"] <= value <= row["peer_high"]
        beyond = value > row["peer_high"] if regime.feature[name].side > 0 else value < row["peer_low"]
        if row["why"] == "usual":
            assert inside
        elif row["why"] == "other_side":
            assert not inside
            assert not beyond
        elif row["why"] == "not_known":
            assert np.isnan([value, *row[list(NUMBERS)]]).any()
        else:
            assert beyond


def test_what_refits_could_undo_is_said_to_be_so(
    regime: Regime, found: Contributions, observed: pd.DataFrame, peers: PeerGroups, table: pd.DataFrame
) -> None:
    code = table["reason_1_code"].mode()[0]
    noise = {code: 9.0}
    silenced = give_reasons(regime, found, observed, peers, noise=noise)
    rows = list_untold(regime, found, observed, peers, silenced, noise=noise, most=99)
    was = table.index[table["reason_1_code"] == code]
    assert set(rows[rows["code"] == code].loc[was, "why"]) == {"noise"}
    said = tell_untold(regime, rows[rows["why"] == "noise"].head(1))[0]
    assert said.endswith("but fitting the model again can move it as far, so it is no reason.")


def test_without_room_for_reasons_the_rest_is_listed(
    regime: Regime, found: Contributions, observed: pd.DataFrame, peers: PeerGroups, table: pd.DataFrame
) -> None:
    one = give_reasons(regime, found, observed, peers, most=1)
    rows = list_untold(regime, found, observed, peers, one, most=99)
    second = table.index[table["reason_2_code"].notna()][0]
    there = rows.loc[rows.index == second].set_index("code")["why"]
    # Near equals change places, so that either of the first two may be the one that is told.
    left = codes_of(table.loc[second]) - {one.loc[second, "reason_1_code"]}
    assert {there[code] for code in left} == {"most"}


@pytest.mark.parametrize("name", regime_names())
def test_every_feature_has_a_short_sentence_on_every_ground(name: str) -> None:
    regime = get_regime(name)
    rows = pd.DataFrame(
        [
            (feature.code, feature.name, 0.4, value, 0.0, 0.5, 1.0, why)
            for (feature, why), value in product(product(regime.features, WHY), (0.0, 1.0, 12_345.6))
        ],
        columns=list(UNTOLD),
    )
    told = tell_untold(regime, rows)
    assert len(told) == len(rows)
    assert max(len(sentence.split()) for sentence in told) <= 30
    assert all(sentence.endswith(".") and "_" not in sentence for sentence in told)


def test_tables_of_other_returns_are_refused(
    regime: Regime, found: Contributions, observed: pd.DataFrame, peers: PeerGroups, table: pd.DataFrame
) -> None:
    with pytest.raises(UsageError, match="same returns"):
        list_untold(regime, found, observed, peers, table.iloc[::-1])
