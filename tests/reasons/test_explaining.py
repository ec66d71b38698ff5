"""Explaining returns of records: parts that add up, in the order asked for, or a refusal with its remedy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import taxgap
from taxgap.errors import UsageError
from taxgap.records import Records
from taxgap.regimes import get_regime
from taxgap.risk import RiskModel
from taxgap.risk.suitability import peers_of

pytestmark = pytest.mark.xdist_group("explain")


@pytest.fixture(scope="module")
def records(workshop) -> Records:
    return Records.open(workshop.records)


@pytest.fixture(scope="module")
def trained(workshop) -> RiskModel:
    return RiskModel.load(workshop.model)


@pytest.fixture(scope="module")
def filers(records: Records) -> list[str]:
    """Taxpayers with a return in every year."""
    years = records.table("self_assessment").groupby("taxpayer_id")["period"].nunique()
    return sorted(years.index[years == len(records.periods)])[:3]


def score_of(trained: RiskModel, records: Records, index: pd.MultiIndex) -> np.ndarray:
    regime = get_regime("self_assessment")
    seen = regime.compare(regime.measure(records), peers_of(trained)).loc[index]
    return trained.ranking_score(seen[list(trained.feature_names_in_)])


def total_of(found: taxgap.Explanation) -> np.ndarray:
    return found.base_values + found.values.sum(axis=1)  # noqa: PD011 - shap's name


@pytest.mark.parametrize("baseline", ["peers", "training"])
def test_the_parts_add_up_to_the_scores(
    baseline: str, records: Records, trained: RiskModel, filers: list[str]
) -> None:
    found = taxgap.explain(records, trained, filers, baseline=baseline)
    assert isinstance(found, taxgap.Explanation)
    np.testing.assert_allclose(total_of(found), score_of(trained, records, found.index), rtol=0, atol=1e-6)
    assert found.baseline == baseline
    assert not {"trade_group", "size_band"} & set(found.feature_names)
    assert ("rung" in found.peers.columns) is (baseline == "peers")


def test_measures_are_shown_and_positions_colour(
    records: Records, trained: RiskModel, filers: list[str]
) -> None:
    found = taxgap.explain(records, trained, filers[0], periods="2023-24")
    measured = get_regime("self_assessment").measure(records, ["2023-24"]).loc[found.index]
    np.testing.assert_array_equal(found.display_data, measured[list(found.feature_names)].to_numpy())
    assert found.shape[0] == 1
    assert found.model_id == trained.model_id


def test_rows_come_in_the_order_asked_for(records: Records, trained: RiskModel, filers: list[str]) -> None:
    asked = [filers[2], filers[0], filers[2]]
    found = taxgap.explain(records, trained, asked)
    assert list(dict.fromkeys(found.index.get_level_values(0))) == [filers[2], filers[0]]
    assert found.index.get_level_values(1).tolist() == records.periods * 2


def test_everyone_is_explained_where_nobody_is_named(records: Records, trained: RiskModel) -> None:
    found = taxgap.explain(records, trained, periods=["2023-24"], engine="lightgbm", baseline="training")
    expected = get_regime("self_assessment").measure(records, ["2023-24"])
    assert found.index.sort_values().equals(expected.index)
    np.testing.assert_allclose(total_of(found), score_of(trained, records, found.index), rtol=0, atol=1e-6)


def test_unknown_taxpayers_are_refused_by_name(
    records: Records, trained: RiskModel, filers: list[str]
) -> None:
    with pytest.raises(UsageError, match=r"returns of nobody\..*leading zeros"):
        taxgap.explain(records, trained, [filers[0], "nobody"])
    many = [f"nobody{i}" for i in range(9)]
    with pytest.raises(UsageError, match=r"nobody4 and 4 more"):
        taxgap.explain(records, trained, many)


def test_whoever_filed_for_other_years_is_told_which(
    records: Records, trained: RiskModel, filers: list[str]
) -> None:
    with pytest.raises(UsageError, match=r"for 2019-20 of .*\(filed for 2022-23, 2023-24, 2024-25\)"):
        taxgap.explain(records, trained, filers[0], periods=["2019-20"])
    with pytest.raises(UsageError, match=r"no self_assessment returns for 2019-20\."):
        taxgap.explain(records, trained, periods=["2019-20"])


def test_what_cannot_be_asked_is_refused(records: Records, trained: RiskModel, filers: list[str]) -> None:
    with pytest.raises(UsageError, match="No taxpayer is named"):
        taxgap.explain(records, trained, [])
    for wrong in ([12], 11724, pd.DataFrame({"taxpayer_id": filers})):
        with pytest.raises(UsageError, match=r"named by text.*list of them"):
            taxgap.explain(records, trained, wrong)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="No taxpayer is named"):
        taxgap.explain(records, trained, "")
    with pytest.raises(UsageError, match=r"No period is named.*2023-24"):
        taxgap.explain(records, trained, filers, periods=[])
    with pytest.raises(UsageError, match="Periods are named by text"):
        taxgap.explain(records, trained, filers, periods=2023)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"no baseline named 'everyone'.*peers, training"):
        taxgap.explain(records, trained, filers, baseline="everyone")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="no engine named"):
        taxgap.explain(records, trained, filers, engine="abacus")


def test_a_path_is_refused_with_the_way_to_open_it(
    records: Records, trained: RiskModel, workshop, filers: list[str]
) -> None:
    with pytest.raises(UsageError, match=r"type Records, not str.*taxgap\.Records\.open\(path\)"):
        taxgap.explain(str(workshop.records), trained, filers)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"type RiskModel, not .*Path.*taxgap\.RiskModel\.load\(path\)"):
        taxgap.explain(records, workshop.model, filers)  # type: ignore[arg-type]


def test_an_engine_that_cannot_names_the_baseline_that_it_can(
    records: Records, trained: RiskModel, filers: list[str]
) -> None:
    with pytest.raises(UsageError, match=r"'lightgbm'.*Take baseline='training', or leave the engine out"):
        taxgap.explain(records, trained, filers, engine="lightgbm")
    found = taxgap.explain(records, trained, filers, engine="lightgbm", baseline="training")
    assert found.engine == "lightgbm"


@pytest.mark.parametrize("baseline", ["peers", "training"])
def test_the_group_is_named(baseline: str, records: Records, trained: RiskModel, filers: list[str]) -> None:
    found = taxgap.explain(records, trained, filers, baseline=baseline)
    measured = get_regime("self_assessment").measure(records).loc[found.index]
    for name in ("trade_group", "size_band"):
        assert found.peers[name].tolist() == measured[name].astype("str").tolist()
        assert set(found.to_frame()[name]) == set(found.peers[name])


def test_reasons_and_what_is_none_are_told(records: Records, trained: RiskModel, filers: list[str]) -> None:
    found = taxgap.explain(records, trained, filers)
    scored = taxgap.score(records, trained, validate=False).set_index(["taxpayer_id", "period"])
    codes = [f"reason_{k}_code" for k in range(1, 5)]
    expected = scored.loc[found.index, codes].astype(object).fillna("")
    assert found.reasons[codes].astype(object).fillna("").to_numpy().tolist() == expected.to_numpy().tolist()
    np.testing.assert_allclose(found.score, scored.loc[found.index, "score"], rtol=0, atol=1e-6)
    rows = found.untold.index[::-1].unique()[:2]
    for key in rows:
        part = found[key]
        told = set(part.reasons[codes].astype(object).to_numpy().ravel())
        assert not told & set(part.untold["code"])
        assert part.untold["sentence"].iloc[0] in repr(part)
        assert part.untold["sentence"].iloc[0] in part._repr_html_().replace("&#x27;", "'")
    assert "Self Assessment" in repr(found).splitlines()[0]


def test_nothing_received_later_is_seen(records: Records, trained: RiskModel, filers: list[str]) -> None:
    early = taxgap.explain(records, trained, filers, as_of="2024-06-30")
    assert set(early.index.get_level_values(1)) == {"2022-23"}
    assert early.about["as_of"] == "2024-06-30"
