"""Known manipulations in a copy of somebody's records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import InvalidDataError, UsageError
from taxgap.reasons.audit.planting.completion import COMPLETIONS
from taxgap.reasons.audit.planting.planting import (
    SELF_ASSESSMENT_MANIPULATIONS,
    Manipulation,
    Planting,
    plant,
)
from taxgap.reasons.audit.twins.twins import find_changes
from taxgap.records import Records
from taxgap.records.partitions import partition_of
from taxgap.records.sources import FrameSource
from taxgap.regimes import Regime, get_regime
from taxgap.regimes.returns import latest_versions
from taxgap.validation import return_boxes

KEYS = ["taxpayer_id", "period"]


def same_everywhere(one: pd.DataFrame, other: pd.DataFrame) -> pd.Series:
    return pd.Series(~find_changes(one, other).any(axis=1), index=one.index)


SHARE = 0.2


class Split:
    """Frames in memory, in partitions."""

    where = "frames in memory"

    def __init__(self, frames: dict[str, pd.DataFrame], partitions: int) -> None:
        self._frames, self._partitions = frames, partitions

    def has(self, name: str) -> bool:
        return name in self._frames

    def read(self, name: str, model: Any, columns: list[str] | None, partition: int) -> pd.DataFrame:
        frame = self._frames[name]
        home = partition_of(frame["taxpayer_id"], self._partitions)
        return FrameSource({name: frame[home == partition]}).read(name, model, columns, 0)


@pytest.fixture(scope="module")
def records(workshop: Any) -> Records:
    return Records.open(workshop.records)


@pytest.fixture(scope="module")
def planting(records: Records, regime: Regime) -> Planting:
    return plant(records, regime, share=SHARE, seed=5)


@pytest.fixture(scope="module")
def before(records: Records) -> pd.DataFrame:
    return latest_versions(records.read("self_assessment")).set_index(KEYS)


@pytest.fixture(scope="module")
def after(planting: Planting) -> pd.DataFrame:
    return latest_versions(planting.records.read("self_assessment")).set_index(KEYS)


def test_only_planted_returns_say_something_else(
    planting: Planting, before: pd.DataFrame, after: pd.DataFrame
) -> None:
    same = same_everywhere(before, after)
    assert set(same.index[~same]) == set(planting.index)
    assert 100 < len(planting.planted) < 0.25 * len(before)
    assert planting.planted["taxpayer_id"].is_unique
    assert planting.planted["mechanism"].nunique() == len(SELF_ASSESSMENT_MANIPULATIONS)


def test_what_is_measured_changes_for_them_and_what_follows_them(
    planting: Planting, records: Records, regime: Regime
) -> None:
    filed, found = regime.measure(records), regime.measure(planting.records)
    same = same_everywhere(filed, found)
    assert same.reindex(planting.index).mean() < 0.05
    others = filed.index[~same & ~filed.index.isin(planting.index)]
    assert len(others)
    # They are returns of the same people a year later, and differ in what is held against the year before.
    who, year = (others.get_level_values(key) for key in KEYS)
    planted_year = planting.planted.set_index("taxpayer_id")["period"].reindex(who).str[:4].astype(int)
    assert (year.str[:4].astype(int) - planted_year.to_numpy() == 1).all()
    kept = [name for name in regime.feature if not name.endswith(("_change", "_years"))]
    assert same_everywhere(filed.loc[others, kept], found.loc[others, kept]).all()


def test_the_form_still_adds_up(planting: Planting, after: pd.DataFrame) -> None:
    forms = after.loc[planting.index]
    for box in ("total_expenses", "net_profit", "trading_profit", "property_profit", "total_income"):
        should_be = getattr(return_boxes, box)(forms)
        np.testing.assert_allclose(forms[box], should_be, atol=1e-6, err_msg=box)
    assert (forms["losses_brought_forward"] <= return_boxes.adjusted_profit(forms) + 1e-6).all()
    assert (forms["property_allowance"] <= forms["rents"] + 1e-6).all()
    money = forms.select_dtypes("float64").drop(columns=["net_profit", "basis_adjustment"])
    assert (money >= -1e-9).all(axis=None)


def test_the_tax_is_what_the_form_is_charged_less(
    planting: Planting, before: pd.DataFrame, after: pd.DataFrame
) -> None:
    planted = planting.planted
    assert (planted["basis"] == "form").all()
    charged = before.loc[planting.index, "tax_charged"] - after.loc[planting.index, "tax_charged"]
    np.testing.assert_allclose(planted["tax"], charged, atol=0.011)
    assert (planted["tax"] >= 0).all()
    assert planted.groupby("mechanism")["tax"].median().min() > 20
    interest = planted[planted["mechanism"] == "interest_left_out"]
    assert 0.15 < (interest["tax"] / interest["amount"]).median() < 0.5


def test_completion_leaves_true_forms_as_they_are(records: Records, before: pd.DataFrame) -> None:
    form = COMPLETIONS["self_assessment"]
    follows = form.follow(before)
    np.testing.assert_allclose(follows, before[follows.columns], atol=1e-6)
    people = records.read("taxpayers").set_index("taxpayer_id")[["nation", "birth_year"]]
    person = people.reindex(before.index.get_level_values(0)).set_axis(before.index)
    np.testing.assert_allclose(form.charge(before.join(person)), before["tax_charged"], atol=0.011)


@pytest.mark.parametrize("partitions", [1, 3])
def test_partitions_make_no_difference(
    planting: Planting, records: Records, regime: Regime, partitions: int
) -> None:
    names = ("self_assessment", "adjustments", "enquiries", "taxpayers")
    frames = {name: records.read(name).sample(frac=1, random_state=1) for name in names}
    manifest = replace(records.manifest, partitions=partitions)
    again = plant(Records(Split(frames, partitions), manifest), regime, share=SHARE, seed=5)
    pd.testing.assert_frame_equal(again.planted, planting.planted)
    boxes = [
        latest_versions(each.records.read("self_assessment")).set_index(KEYS).loc[planting.index]
        for each in (again, planting)
    ]
    pd.testing.assert_frame_equal(*boxes)


def test_another_seed_draws_others(planting: Planting, records: Records, regime: Regime) -> None:
    other = plant(records, regime, share=SHARE, seed=6)
    assert 0 < other.index.isin(planting.index).mean() < 0.5


def test_a_larger_share_only_adds(planting: Planting, records: Records, regime: Regime) -> None:
    more = plant(records, regime, share=2 * SHARE, seed=5)
    assert planting.index.isin(more.index).all()
    assert len(more.planted) > 1.5 * len(planting.planted)


def test_known_cases_and_what_is_left_out_stay(planting: Planting, records: Records, regime: Regime) -> None:
    settled = pd.MultiIndex.from_frame(records.read("adjustments", KEYS))
    assert len(settled) > 50
    assert not planting.index.isin(settled).any()
    flagged = planting.index[::2]
    again = plant(records, regime, share=SHARE, seed=5, leave_out=flagged)
    assert not again.index.isin(flagged).any()
    year = plant(records, regime, share=SHARE, seed=5, periods=["2023-24"])
    assert set(year.planted["period"]) == {"2023-24"}


DIVIDENDS = Manipulation(
    "dividends_left_out",
    lambda returns, random: returns[["dividends"]] * random.uniform(0, 0.5, (len(returns), 1)),
    ("change.savings",),
    lambda returns: returns["dividends"] > 500,
)


def test_an_evaluators_own_manipulation(records: Records, regime: Regime, before: pd.DataFrame) -> None:
    own = plant(records, regime, [DIVIDENDS], share=1.0)
    assert (before.loc[own.index, "dividends"] > 500).all()
    found = latest_versions(own.records.read("self_assessment")).set_index(KEYS).loc[own.index]
    assert (found["dividends"] <= 0.5 * before.loc[own.index, "dividends"]).all()
    assert set(own.planted["evidence"]) == {("change.savings",)}


def test_a_form_that_nobody_knows_counts_amounts(records: Records) -> None:
    less = Manipulation(
        "less_output_tax",
        lambda returns, _random: 0.5 * returns[["output_tax"]],
        (get_regime("vat").codes[0].code,),
        lambda returns: returns["output_tax"] > 1_000,
    )
    vat = get_regime("vat")
    known = plant(records, vat, [less], share=0.3, seed=1)
    np.testing.assert_allclose(known.planted["tax"], known.planted["amount"], atol=0.011)
    assert (known.planted["basis"] == "form").all()
    boxes = latest_versions(known.records.read("vat")).set_index(KEYS).loc[known.index]
    np.testing.assert_allclose(boxes["net_vat"], boxes["total_output_tax"] - boxes["input_tax"], atol=1e-6)
    pay = get_regime("employer_paye")
    box = str(records.read("employer_paye").select_dtypes("float64").columns[0])
    any_box = Manipulation(
        "less_of_a_box",
        lambda returns, _random: 0.5 * returns[[box]],
        (pay.codes[0].code,),
        lambda returns: returns[box] > 10,
    )
    unknown = plant(records, pay, [any_box], share=0.5, seed=1).planted
    assert (unknown["basis"] == "amount").all()
    np.testing.assert_allclose(unknown["tax"], unknown["amount"], atol=0.011)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: [replace(DIVIDENDS, evidence=("change.nothing",))], "no reason code"),
        (lambda: [DIVIDENDS, DIVIDENDS], "names of their own"),
        (list, "one at least"),
        (
            lambda: [replace(DIVIDENDS, change=lambda returns, _random: returns[["dividends"]].iloc[:0])],
            "index",
        ),
        (lambda: [replace(DIVIDENDS, change=lambda returns, _random: returns[["version"]])], "numbers"),
        (lambda: [replace(DIVIDENDS, applies=lambda _returns: [True])], "whether it applies"),
        (lambda: [replace(DIVIDENDS, evidence=())], "0 codes"),
        (lambda: [replace(DIVIDENDS, evidence=("a", "b", "c", "d"))], "4 codes"),
    ],
)
def test_what_cannot_be_planted_is_refused(
    records: Records, regime: Regime, wrong: Callable[[], list[Manipulation]], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        plant(records, regime, wrong(), share=0.5)


def test_nothing_planted_is_an_error(records: Records, regime: Regime) -> None:
    never = replace(DIVIDENDS, applies=lambda returns: returns["dividends"] < 0)
    with pytest.raises(InvalidDataError, match="Nothing was planted"):
        plant(records, regime, [never])
    with pytest.raises(UsageError, match="share"):
        plant(records, regime, share=0.0)
