"""The published figures: each says where it comes from, and hangs together with the others."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from taxgap.schemas.codes import REGIONS
from taxgap.schemas.self_assessment import EXPENSE_BOXES
from taxgap.synthetic.published import published, regions, trades
from taxgap.synthetic.settings import TAX_YEARS

CHANNELS = ["card", "platform", "contractor", "cash"]
ABOUT = {"source", "basis", "unit", "period"}


@pytest.mark.parametrize("name", published())
def test_every_table_says_where_it_comes_from(name: str) -> None:
    table = published()[name]
    assert set(table) >= ABOUT
    assert table["basis"] in {"found", "memory", "derived"}


@pytest.mark.parametrize("name", published())
def test_every_number_is_finite_and_not_negative(name: str) -> None:
    signed = {"net_vat"}  # some trades are repaid more than they pay
    figures = [value for key, value in published()[name].items() if key not in ABOUT | signed]
    flat = itertools.chain.from_iterable(value if isinstance(value, list) else [value] for value in figures)
    for value in flat:
        assert isinstance(value, str) or (np.isfinite(value) and value >= 0)


@pytest.mark.parametrize(
    ("name", "lists"),
    [
        ("gross_income", ["lower", "self_employed", "landlord", "both"]),
        (
            "income_by_band",
            [
                "lower",
                *(
                    f"{source}_{what}"
                    for source in ("self_employment", "property", "dividend", "interest")
                    for what in ("count", "amount")
                ),
            ],
        ),
        ("registered_by_region", ["region", "sole", "total"]),
        ("registered_by_industry", ["divisions", "industry", "sole"]),
        ("price_index", ["tax_year", "index"]),
    ],
)
def test_the_columns_of_a_table_are_equally_long(name: str, lists: list[str]) -> None:
    assert len({len(published()[name][column]) for column in lists}) == 1


@pytest.mark.parametrize("name", ["gross_income", "income_by_band"])
def test_bands_ascend(name: str) -> None:
    assert (np.diff(published()[name]["lower"]) > 0).all()


def test_the_mean_of_every_income_band_is_positive_and_rises_at_the_top() -> None:
    table = published()["income_by_band"]
    for source in ("self_employment", "property", "dividend", "interest"):
        means = np.array(table[f"{source}_amount"]) / np.array(table[f"{source}_count"])
        assert (means > 0).all()
        assert means[-1] == means.max()


def test_every_simulated_year_has_a_price_index() -> None:
    assert set(published()["price_index"]["tax_year"]) >= set(TAX_YEARS)


def test_the_random_enquiries_are_as_the_briefing_note_gives_them() -> None:
    figures: dict[str, Any] = published()["random_enquiries"]
    assert figures["under_declared"] == 0.36
    assert figures["under_declared_self_employed_only"] == 0.59
    assert figures["found_under_1000"] == 0.60
    assert figures["found_over_10000"] == 0.04
    assert figures["tax_share_over_10000"] == 0.42


def test_trades_have_distinct_names_and_five_digit_codes() -> None:
    assert trades()["name"].is_unique
    assert trades()["sic2007"].is_unique
    assert trades()["sic2007"].str.fullmatch(r"[0-9]{5}").all()


def test_trade_shares_above_the_threshold_are_those_of_registered_sole_proprietors() -> None:
    table = published()["registered_by_industry"]
    of_division = trades().groupby("divisions")["large"].sum()
    for division, sole in zip(table["divisions"], table["sole"], strict=True):
        assert of_division.get(division, 0.0) == pytest.approx(sole / sum(table["sole"]))
    assert trades()["large"].sum() == pytest.approx(1)


def test_the_trade_of_a_code_belongs_to_its_divisions() -> None:
    for code, divisions in zip(trades()["sic2007"], trades()["divisions"], strict=True):
        first, _, last = divisions.partition("-")
        assert int(first) <= int(code[:2]) <= int(last or first)


def test_customers_pay_at_most_the_whole_turnover() -> None:
    assert trades()[CHANNELS].min().min() >= 0
    assert (trades()[CHANNELS].sum(axis=1) <= 1).all()


def test_expenses_divide_over_all_boxes() -> None:
    assert all(len(mix) == len(EXPENSE_BOXES) and sum(mix) == 100 for mix in trades()["mix"])
    assert trades()["costs"].between(0.05, 0.95).all()


@pytest.mark.parametrize("kind", ["resident", "trader", "landlord"])
def test_region_shares_sum_to_one(kind: str) -> None:
    assert len(regions(kind)) == len(REGIONS)
    assert regions(kind).sum() == pytest.approx(1)
    assert (regions(kind) > 0).all()


def test_published_region_shares_are_kept() -> None:
    fixed = published()["taxpayer_regions"]
    for name, share in zip(fixed["region"], fixed["share"], strict=True):
        assert regions("resident")[REGIONS.index(name)] == pytest.approx(share)
    assert regions("landlord")[REGIONS.index("London")] == pytest.approx(0.17)
