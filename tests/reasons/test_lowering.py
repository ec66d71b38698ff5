"""What lowers concern: the rules of reasons, mirrored."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import UsageError
from taxgap.peers import PeerGroups
from taxgap.reasons import Contributions, give_reasons
from taxgap.reasons import table as reasons_table
from taxgap.reasons.lowering import MOST_LOWERING, list_lowering, lowering_sentences
from taxgap.reasons.selection import LEAST_LOG_UNITS, LEAST_SHARE, MOST_OF_A_FAMILY
from taxgap.reasons.table import PARTS
from taxgap.regimes import Regime


@pytest.fixture(scope="module")
def spread(regime: Regime, observed: pd.DataFrame) -> Contributions:
    """Contributions of every feature, drawn: both signs, many of each."""
    random = np.random.default_rng(8)
    values = random.choice([-0.3, -0.1, 0.0, 0.1, 0.2], (len(observed), len(regime.features)))
    return made_up(pd.DataFrame(values, index=observed.index, columns=list(regime.feature)))


def made_up(values: pd.DataFrame) -> Contributions:
    return Contributions(values, 1.0, pd.Series(0.0, index=values.index), "made up")


def one(observed: pd.DataFrame, **values: float) -> pd.DataFrame:
    """Take one return with some measures of its own."""
    return observed.head(1).assign(**values)


def test_what_is_listed_keeps_the_rules(
    regime: Regime, spread: Contributions, observed: pd.DataFrame, peers: PeerGroups
) -> None:
    table = list_lowering(regime, spread, observed, peers)
    parts = spread.values  # noqa: PD011 - a field of ours, not that of pandas
    sums = parts.T.groupby([regime.feature[name].code for name in parts.columns]).sum().T
    floor = np.maximum(LEAST_LOG_UNITS, -LEAST_SHARE * sums.clip(upper=0).sum(axis=1))
    assert table.columns.tolist() == list(PARTS)
    assert len(table) > 300
    for key, rows in table.groupby(level=[0, 1]):
        assert len(rows) <= MOST_LOWERING
        assert rows["contribution"].is_monotonic_increasing
        assert not rows["code"].duplicated().any()
        families = [regime.code[code].family for code in rows["code"]]
        assert max(map(families.count, families)) <= MOST_OF_A_FAMILY
        assert (rows["contribution"] <= -floor[key] * (1 - 1e-12)).all()
        np.testing.assert_allclose(rows["contribution"], sums.loc[key, rows["code"].tolist()], rtol=1e-12)


def test_a_measure_that_is_named_lies_with_the_peers_or_on_the_better_side(
    regime: Regime, spread: Contributions, observed: pd.DataFrame, peers: PeerGroups
) -> None:
    table = list_lowering(regime, spread, observed, peers)
    sides = table["feature"].map({name: f.side for name, f in regime.feature.items()}).astype(int)
    above, below = table["observed"] > table["peer_high"], table["observed"] < table["peer_low"]
    assert not ((sides > 0) & above).any()
    assert not ((sides < 0) & below).any()
    assert table[list(PARTS[2:7])].notna().all().all()
    assert (above | below).any()
    assert (~above & ~below).any()


def test_no_code_is_both_a_reason_and_on_the_list(
    regime: Regime, spread: Contributions, observed: pd.DataFrame, peers: PeerGroups
) -> None:
    given = give_reasons(regime, spread, observed, peers)
    listed = list_lowering(regime, spread, observed, peers)
    pairs = {(key, str(code)) for key, code in listed["code"].items()}
    for k in range(1, 5):
        assert not pairs & {(key, str(code)) for key, code in given[f"reason_{k}_code"].dropna().items()}


def test_a_model_gives_such_a_list(
    regime: Regime, found: Contributions, observed: pd.DataFrame, peers: PeerGroups
) -> None:
    table = list_lowering(regime, found, observed, peers)
    assert len(table)
    row = table.iloc[0]
    numbers = [row[[name]].to_numpy(float) for name in ("observed", "peer_low", "peer_high")]
    assert [row["sentence"]] == lowering_sentences(regime.feature[row["feature"]], *numbers).tolist()
    assert observed.loc[table.index[0], row["feature"]] == row["observed"]


def test_the_order_of_the_returns_stays_and_blocks_leave_no_trace(
    regime: Regime,
    spread: Contributions,
    observed: pd.DataFrame,
    peers: PeerGroups,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = list_lowering(regime, spread, observed, peers)
    places = observed.index.get_indexer(whole.index)
    assert (np.diff(places) >= 0).all()
    monkeypatch.setattr(reasons_table, "BLOCK", 77)
    pd.testing.assert_frame_equal(list_lowering(regime, spread, observed, peers), whole)


def test_what_is_missing_or_raises_or_is_weak_is_not_listed(
    regime: Regime, observed: pd.DataFrame, peers: PeerGroups
) -> None:
    middle = peers.benchmarks(observed.head(1), "gross_margin")["median"].iloc[0]
    for value, part, listed in ((middle, -0.2, 1), (np.nan, -0.2, 0), (middle, 0.2, 0), (middle, -0.02, 0)):
        own = one(observed, gross_margin=value)
        values = pd.DataFrame({"gross_margin": part}, index=own.index)
        assert len(list_lowering(regime, made_up(values), own, peers)) == listed


@pytest.mark.parametrize(("value", "listed"), [(0.0, 1), (1.0, 0)])
def test_of_yes_and_no_only_no_is_listed(
    regime: Regime, observed: pd.DataFrame, peers: PeerGroups, value: float, listed: int
) -> None:
    own = one(observed, no_agent=value)
    table = list_lowering(regime, made_up(pd.DataFrame({"no_agent": -0.3}, index=own.index)), own, peers)
    assert len(table) == listed
    assert table["sentence"].str.startswith("An agent filed the return.").all()


@pytest.mark.parametrize(
    ("feature", "numbers", "expected"),
    [
        ("days_late", (0.0, 0.0, 3.0), "The return came 0 days after it was due; for half of similar"),
        ("days_late", (0.0, 0.0, 3.0), "This is in line with similar taxpayers."),
        ("gross_margin", (0.7, 0.4, 0.6), "This is higher than for most similar traders."),
        ("expenses_to_turnover", (0.1, 0.2, 0.3), "This is lower than for most similar traders."),
        ("reports_uncovered", (0.0, 0.0, 0.1), "covers all but 0% of the takings that others report"),
    ],
)
def test_a_sentence_says_how_it_compares(
    regime: Regime, feature: str, numbers: tuple[float, float, float], expected: str
) -> None:
    assert expected in lowering_sentences(regime.feature[feature], *np.array(numbers)[:, None])[0]


def test_an_answer_beyond_the_peers_is_not_compared(regime: Regime) -> None:
    numbers = np.array([[0.0], [1.0], [1.0]])
    assert lowering_sentences(regime.feature["no_agent"], *numbers) == "An agent filed the return."


def test_no_returns_give_no_rows_but_the_same_columns(
    regime: Regime, spread: Contributions, observed: pd.DataFrame, peers: PeerGroups
) -> None:
    table = list_lowering(regime, spread, observed, peers)
    nobody = observed.iloc[:0]
    nothing = made_up(pd.DataFrame({"days_late": 0.0}, index=nobody.index))
    pd.testing.assert_frame_equal(list_lowering(regime, nothing, nobody, peers), table.iloc[:0])
    assert list_lowering(regime, spread, observed, peers, most=0).empty


def test_the_list_is_short(
    regime: Regime, spread: Contributions, observed: pd.DataFrame, peers: PeerGroups
) -> None:
    with pytest.raises(UsageError, match="0 to 3"):
        list_lowering(regime, spread, observed, peers, most=4)


def test_measures_of_other_returns_or_in_another_order_are_refused(
    regime: Regime, spread: Contributions, observed: pd.DataFrame, peers: PeerGroups
) -> None:
    for other in (observed.iloc[::-1], observed.iloc[1:]):
        with pytest.raises(UsageError, match="not of the same returns"):
            list_lowering(regime, spread, other, peers)
