"""Rules on the register: what is known of a person, and what of a firm."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.validation.context import Context
from taxgap.validation.rule import Mask, Rule, as_mask


def _birth_year_fails(register: pd.DataFrame, _context: Context) -> pd.Series:
    return (register["legal_form"] == "individual") != register["birth_year"].notna()


def _birth_year_is_broken(register: pd.DataFrame, _context: Context) -> pd.Series:
    return register["birth_year"] % 1 > 0


def _company_number_fails(register: pd.DataFrame, _context: Context) -> pd.Series:
    form, numbered = register["legal_form"], register["company_number"].notna()
    return ((form == "company") & ~numbered) | ((form == "individual") & numbered)


def _is_born_later(register: pd.DataFrame, _context: Context) -> pd.Series:
    return register["birth_year"] > register["received_on"].dt.year


def _is_of_another_year(identities: pd.DataFrame, context: Context) -> Mask:
    register = context.kept("taxpayers", "birth_year")
    keys, asked = context.kept_key("taxpayers", "taxpayer"), context.key("identities", "taxpayer")
    known = context.look_up(register["birth_year"], keys, asked).to_numpy()
    return as_mask(np.abs(identities["birth_date"].dt.year.to_numpy() - known) > 0)


RULES = (
    Rule(
        code="birth_year_to_come",
        table="taxpayers",
        severity="warn",
        columns=("birth_year", "received_on"),
        sentence="The taxpayer was on the register before the year of birth.",
        remedy="Mend the year of birth, or the day of receipt.",
        check=_is_born_later,
    ),
    Rule(
        code="birth_years_differ",
        table="identities",
        severity="warn",
        columns=("birth_date", "taxpayer_id"),
        needs=("taxpayers",),
        sentence="The date of birth is not of the year that the register has.",
        remedy="Mend one of the two: records are matched by them.",
        check=_is_of_another_year,
    ),
    Rule(
        code="birth_year_whole",
        table="taxpayers",
        columns=("birth_year",),
        sentence="The year of birth is no whole year.",
        remedy="Write the year alone.",
        check=_birth_year_is_broken,
    ),
    Rule(
        code="birth_year_of_person",
        table="taxpayers",
        severity="warn",
        columns=("birth_year", "legal_form"),
        sentence="An individual has no year of birth, or a firm has one.",
        remedy="Compare with the register: one of the two may be mistyped.",
        check=_birth_year_fails,
    ),
    Rule(
        code="company_number_of_company",
        table="taxpayers",
        severity="warn",
        columns=("company_number", "legal_form"),
        sentence="A company has no number at the companies register, or an individual has one.",
        remedy="Compare with the companies register.",
        check=_company_number_fails,
    ),
)
