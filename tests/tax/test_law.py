"""Tax years and the parameter files."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import pytest

import taxgap.tax
from taxgap.errors import UsageError
from taxgap.tax import tax_law, tax_years
from taxgap.tax.law import AllowanceLaw, IncomeTaxLaw, NationalInsuranceLaw, read_figures

PARTS = {"income_tax": IncomeTaxLaw, "national_insurance": NationalInsuranceLaw, "allowances": AllowanceLaw}
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
