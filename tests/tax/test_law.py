"""Tax years and the parameter files."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import pytest

import taxgap.tax
from taxgap.errors import UsageError
from taxgap.tax import tax_law, tax_years
from taxgap.tax.companies import CompanyLaw
from taxgap.tax.dated import change_days, read_history
from taxgap.tax.law import (
    AllowanceLaw,
    ConstructionLaw,
    EmployerLaw,
    IncomeTaxLaw,
    NationalInsuranceLaw,
    read_figures,
)
from taxgap.tax.vat import VatLaw

PARTS = {
    "income_tax": IncomeTaxLaw,
    "national_insurance": NationalInsuranceLaw,
    "allowances": AllowanceLaw,
    "employers": EmployerLaw,
    "construction": ConstructionLaw,
}
DATED_PARTS = {"companies": CompanyLaw, "vat": VatLaw}
DATED_FIGURES = [(name, figure) for name in DATED_PARTS for figure in read_figures(name)]
FIGURES = [(name, figure) for name in PARTS for figure in read_figures(name)]


def test_public_names_are_sorted_and_exist():
    assert taxgap.tax.__all__ == sorted(taxgap.tax.__all__)
    assert all(hasattr(taxgap.tax, name) for name in taxgap.tax.__all__)


@pytest.mark.parametrize(("name", "figure"), FIGURES)
def test_every_figure_has_a_source_a_basis_and_every_year(name, figure):
    entry = read_figures(name)[figure]
    assert entry["source"].strip()
    assert entry["unit"].strip()
    assert entry["basis"] in {"found", "known"}
    assert sorted(set(entry) - {"source", "unit", "basis"}) == list(tax_years())


@pytest.mark.parametrize("name", PARTS)
def test_every_figure_is_used(name):
    assert set(read_figures(name)) == {field.name for field in fields(PARTS[name])}


@pytest.mark.parametrize(("name", "figure"), DATED_FIGURES)
def test_every_dated_figure_has_a_source_a_basis_and_days(name, figure):
    entry, history = read_figures(name)[figure], read_history(name, figure)
    assert entry["source"].strip()
    assert entry["unit"].strip()
    assert entry["basis"] in {"found", "known", "memory"}
    assert {day.isoformat() for day in history} == set(entry) - {"source", "unit", "basis"}
    assert list(history) == sorted(history)


@pytest.mark.parametrize("name", DATED_PARTS)
def test_every_dated_figure_is_used(name):
    named = {field.name for field in fields(DATED_PARTS[name])} - {"day"}
    assert named == set(read_figures(name)) - {"loan_rate"}


def test_law_changes_on_the_days_of_its_figures():
    assert [str(day) for day in change_days(CompanyLaw, "companies")] == ["2020-04-01", "2023-04-01"]
    assert [str(day) for day in change_days(VatLaw, "vat")] == ["2017-04-01", "2024-04-01"]


@pytest.mark.parametrize("tax_year", tax_years())
def test_scales_rise_and_fit_their_limits(tax_year):
    law = tax_law(tax_year).income_tax
    for scale in (law.main_scale, law.scottish_scale, law.dividend_scale):
        assert len(scale.rates) == len(scale.limits) + 1
        assert list(scale.limits) == sorted(set(scale.limits))
        assert list(scale.rates) == sorted(set(scale.rates))
    assert not tax_law(tax_year).projected


def test_later_year_uses_the_last_enacted_law_and_says_so():
    later = tax_law("2031-32")
    assert later.projected
    assert later.enacted_year == tax_years()[-1]
    assert later.income_tax == tax_law(tax_years()[-1]).income_tax


def test_turn_of_the_century_is_a_tax_year():
    assert tax_law("2099-00").projected


def test_earlier_year_is_refused():
    with pytest.raises(UsageError, match="No tax law is held for 2020-21") as raised:
        tax_law("2020-21")
    assert raised.value.available == tax_years()
    assert raised.value.remedy


@pytest.mark.parametrize(
    "label", ["2023", "2023-25", "2023/24", "23-24", " 2023-24", "2023-24\n", "", 2023, None]
)
def test_malformed_year_is_refused(label):
    with pytest.raises(UsageError, match="is not a tax year"):
        tax_law(label)


def test_law_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        tax_law("2023-24").income_tax.personal_allowance = 0
