"""The reason columns: complete where there is a reason, empty where there is none, and said in words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import UsageError
from taxgap.peers import PeerGroups
from taxgap.reasons import (
    GROUP_STANDS_OUT,
    NOTHING_STANDS_OUT,
    Contributions,
    give_reasons,
    reason_columns,
    write_sentence,
)
from taxgap.reasons import table as reasons_table
from taxgap.regimes import Regime


def made_up(observed: pd.DataFrame, own: float, group: float) -> Contributions:
    values = pd.DataFrame({"interest_unmatched": own}, index=observed.index)
    return Contributions(values, 1.0, pd.Series(group, index=observed.index), "made up")


def test_the_columns_are_those_of_the_design(table: pd.DataFrame, regime: Regime) -> None:
    assert table.columns.tolist() == reason_columns()
    assert reason_columns(1) == [
        *("reason_1_code", "reason_1_feature", "reason_1_contribution", "reason_1_observed"),
        *("reason_1_peer_low", "reason_1_peer_median", "reason_1_peer_high", "reason_1_sentence"),
    ]
    for k in range(1, 5):
        assert table[f"reason_{k}_code"].cat.categories.tolist() == list(regime.code)
        assert table[f"reason_{k}_feature"].cat.categories.tolist() == list(regime.feature)
        assert table[f"reason_{k}_contribution"].dtype == np.float64
        assert table[f"reason_{k}_sentence"].dtype == "str"


def test_a_reason_is_whole_or_absent(table: pd.DataFrame) -> None:
    for k in range(1, 5):
        present = table[[name for name in reason_columns() if name.startswith(f"reason_{k}_")]].notna()
        if k == 1:  # where there is no reason, the first sentence says so
            present = present.drop(columns="reason_1_sentence")
        assert (present.all(axis=1) == present.any(axis=1)).all()
    assert table["reason_1_code"].notna().any()
    assert table["reason_1_sentence"].notna().all()


def test_a_reason_states_what_was_observed_and_what_peers_report(
    table: pd.DataFrame, regime: Regime, observed: pd.DataFrame, peers: PeerGroups
) -> None:
    for key, row in table[table["reason_2_code"].notna()].head(30).iterrows():
        feature = regime.feature[row["reason_2_feature"]]
        bench = peers.benchmarks(observed.loc[[key]], feature.name).iloc[0]
        value = observed.loc[key, feature.name]
        assert feature.code == row["reason_2_code"]
        assert row["reason_2_observed"] == value
        assert row[["reason_2_peer_low", "reason_2_peer_median", "reason_2_peer_high"]].tolist() == [
            *bench[["low", "median", "high"]]
        ]
        assert row["reason_2_sentence"] == write_sentence(feature, value, bench["low"], bench["high"])
        assert (value - bench["median"]) * feature.side > 0


def test_a_code_adds_up_the_contributions_of_its_features(
    table: pd.DataFrame, regime: Regime, found: Contributions
) -> None:
    parts = found.values  # noqa: PD011 - a field of ours, not that of pandas
    sums = parts.T.groupby([regime.feature[name].code for name in parts.columns]).sum().T
    chosen = table[table["reason_1_code"].notna()].head(50)
    expected = [sums.loc[key, code] for key, code in chosen["reason_1_code"].items()]
    np.testing.assert_allclose(chosen["reason_1_contribution"], expected, rtol=1e-12)


def test_no_single_reason_stands_out_is_an_answer(
    regime: Regime, observed: pd.DataFrame, peers: PeerGroups
) -> None:
    table = give_reasons(regime, made_up(observed, own=0.01, group=-0.2), observed, peers)
    assert table["reason_1_sentence"].unique().tolist() == [NOTHING_STANDS_OUT]
    assert table.drop(columns="reason_1_sentence").isna().all().all()


def test_where_the_group_explains_the_score_that_is_said(
    regime: Regime, observed: pd.DataFrame, peers: PeerGroups
) -> None:
    table = give_reasons(regime, made_up(observed, own=0.01, group=0.2), observed, peers)
    assert table["reason_1_sentence"].unique().tolist() == [GROUP_STANDS_OUT]


def test_a_value_within_the_peers_middle_half_or_missing_is_no_reason(
    regime: Regime, observed: pd.DataFrame, peers: PeerGroups
) -> None:
    table = give_reasons(regime, made_up(observed, own=0.5, group=0.0), observed, peers)
    high = peers.benchmarks(observed, "interest_unmatched")["high"]
    assert (table["reason_1_code"].notna() == (observed["interest_unmatched"] > high)).all()


def test_what_refitting_could_undo_is_left_out(
    regime: Regime, observed: pd.DataFrame, peers: PeerGroups
) -> None:
    made = made_up(observed, own=0.5, group=0.0)
    steady = give_reasons(regime, made, observed, peers, noise={"third_party.interest": 0.4})
    assert steady["reason_1_code"].notna().any()
    undone = give_reasons(regime, made, observed, peers, noise={"third_party.interest": 0.6})
    assert undone["reason_1_code"].isna().all()
    assert undone["reason_1_sentence"].unique().tolist() == [NOTHING_STANDS_OUT]


def test_returns_are_worked_on_in_blocks_without_a_trace(
    regime: Regime,
    found: Contributions,
    observed: pd.DataFrame,
    peers: PeerGroups,
    table: pd.DataFrame,
    *,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reasons_table, "BLOCK", 77)
    pd.testing.assert_frame_equal(give_reasons(regime, found, observed, peers), table)


def test_a_return_of_an_unknown_trade_is_held_against_wider_peers(
    regime: Regime, observed: pd.DataFrame, peers: PeerGroups
) -> None:
    strange = observed.assign(trade_group=None)
    given = give_reasons(regime, made_up(strange, own=0.5, group=0.0), strange, peers)
    high = peers.benchmarks(strange, "interest_unmatched")["high"]
    named = given["reason_1_code"].notna()
    assert named.any()
    pd.testing.assert_series_equal(given["reason_1_peer_high"][named], high[named], check_names=False)


def test_fewer_reasons_are_the_first_ones(
    regime: Regime, found: Contributions, observed: pd.DataFrame, peers: PeerGroups, table: pd.DataFrame
) -> None:
    for most in (1, 3):
        fewer = give_reasons(regime, found, observed, peers, most=most)
        pd.testing.assert_frame_equal(fewer, table[reason_columns(most)])
    assert give_reasons(regime, found, observed, peers, most=0).shape == (len(observed), 0)


def test_no_returns_give_no_rows_but_the_same_columns(
    regime: Regime, observed: pd.DataFrame, peers: PeerGroups, table: pd.DataFrame
) -> None:
    nobody = observed.iloc[:0]
    empty = give_reasons(regime, made_up(nobody, own=0.5, group=0.0), nobody, peers)
    pd.testing.assert_frame_equal(empty, table.iloc[:0])


def test_measures_of_other_returns_or_in_another_order_are_refused(
    regime: Regime, found: Contributions, observed: pd.DataFrame, peers: PeerGroups
) -> None:
    for other in (observed.iloc[::-1], observed.iloc[1:]):
        with pytest.raises(UsageError, match="not of the same returns"):
            give_reasons(regime, found, other, peers)
