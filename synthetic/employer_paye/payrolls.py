"""What an employer truly paid, deducted and owes: its employees, its directors and the allowance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taxgap.synthetic.accounts import SECOND_DIRECTOR
from taxgap.synthetic.form import Bools
from taxgap.synthetic.payroll import payroll_of_directors
from taxgap.synthetic.published import trades
from taxgap.synthetic.register import FORMS
from taxgap.synthetic.streams import Floats, Streams
from taxgap.synthetic.timeline import ALL_YEARS, LOOKBACK
from taxgap.synthetic.trading import Trading
from taxgap.tax import employment_allowance, tax_law

DUE = ("tax_deducted", "employee_nics", "employer_nics")
"""What is due on pay."""

TOO_LARGE = 100_000.0
"""Contributions of the year before, in GBP, from which an employer had no allowance until 2024-25 (National
Insurance Contributions Act 2014 as amended with effect from April 2020; from memory)."""

NO_LIMIT_FROM = "2025-26"
"""The tax year from which large employers have it too (from memory)."""

# Assumptions, set so that honest employers differ from their accounts and from each other as some others do.
_NO_PAY = 0.80  # employers whose accounts have pensions and agency staff among the wages
_MOST_NO_PAY = 0.50  # and the largest share that these are
_TIMING = 0.12  # pay that is accrued, and starters and leavers
_CODES, _CODES_NOW = 0.28, 0.12  # second jobs, tax codes and pay that is spread otherwise than usual
_LETTERS = 0.10  # employees' contributions by category letter
_PART_TIME = 0.22  # heads beside the full-time equivalents of the accounts
_YOUNG = 0.40  # the most that the young and apprentices, free of employer's contributions, take off them

# Assumptions about directors of companies without an owner on the register, and about a spouse.
_PAY_OF_A_DIRECTOR, _MOST_DIRECTORS = 50_000.0, 12
_SPOUSE = 9_100.0

_UMBRELLA = 0.06  # of tiny companies in the trades that supply labour (assumption)
_SUPPLIES_LABOUR = trades()["name"].isin(["cleaning and gardening", "courier", "other services"]).to_numpy()
_TINY = 500_000.0


@dataclass(frozen=True)
class Employers:
    """True amounts of employers, shape (firms, years), GBP.

    Attributes
    ----------
    employees, directors : ndarray of float64
        How many of each are paid.
    wages, directors_pay : ndarray of float64
        Taxable pay of employees and of directors.
    on_wages, on_directors_pay : dict of str to ndarray
        `DUE` on each.
    allowance : ndarray of float64
        The employment allowance it can have.
    claimable : ndarray of float64
        What it could claim whether or not it can have it.
    umbrella : ndarray of bool, shape (firms,)
        One of many tiny companies set up to have the allowance many times.
    """

    employees: Floats
    directors: Floats
    wages: Floats
    directors_pay: Floats
    on_wages: dict[str, Floats]
    on_directors_pay: dict[str, Floats]
    allowance: Floats
    claimable: Floats
    umbrella: Bools

    @property
    def employs(self) -> Bools:
        """In which years each firm is an employer."""
        return np.asarray(self.wages + self.directors_pay > 0)


def work_out_employers(trading: Trading) -> Employers:
    """Work out what employers truly paid and owe, from what the accounts are made of as well.

    Parameters
    ----------
    trading : Trading

    Returns
    -------
    Employers

    Notes
    -----
    Taxable pay differs from the wages of the accounts by pensions, agency staff and timing; what is due on it
    also by tax codes, category letters and employees without employer's contributions (all assumptions).
    The pay of directors who own the company is the same here, in its accounts and on their own returns.
    """
    streams, annual = trading.streams, trading.annual
    differ = _honest_differences(streams, trading.columns)
    # No less than what its employees have on their own returns.
    wages = np.maximum(differ["wages"] * annual["wages"], annual.get("filers_pay", 0.0)).round()
    taxable = np.divide(wages, annual["wages"], out=np.zeros_like(wages), where=annual["wages"] > 0)
    directors_pay = np.where(_owned(trading), 1.0, differ["directors_pay"]) * annual["directors_pay"]
    directors_pay = directors_pay.round()
    on_wages = {name: (taxable * differ[name] * annual[name]).round() for name in DUE}
    directors, others = _directors(trading, directors_pay)
    due = payroll_of_directors(directors_pay, directors, others)
    on_directors_pay = {name: values.round() for name, values in due.items()}
    contributions = on_wages["employer_nics"] + on_directors_pay["employer_nics"]
    umbrella = _umbrella(trading)
    claimable = np.minimum(contributions, employment_allowance(_labels(trading.columns)))
    entitled = _entitled(trading, others, contributions) & ~umbrella[:, None]
    return Employers(
        _heads(annual["employees"], streams),
        directors,
        wages,
        directors_pay,
        on_wages,
        on_directors_pay,
        claimable * entitled,
        claimable * _small_before(contributions),
        umbrella,
    )


def _honest_differences(streams: Streams, columns: int) -> dict[str, Floats]:
    """Return factors on what the accounts have: of pay, and of each of `DUE` beyond it."""

    def yearly(name: str, spread: float) -> Floats:
        return spread * np.column_stack([streams.normal(f"paye {name}", year) for year in range(columns)])

    other = streams.happens(_NO_PAY, "paye no pay") * _MOST_NO_PAY * streams.uniform("paye no pay") ** 1.3
    pensions = _MOST_NO_PAY * streams.uniform("paye pensions of directors")
    young = 1 - _YOUNG * streams.uniform("paye young") ** 2
    own = _CODES * streams.normal("paye codes")
    letters = _LETTERS * streams.normal("paye letters")
    return {
        "wages": (1 - other)[:, None] * np.exp(yearly("timing", _TIMING)),
        "directors_pay": (1 - pensions)[:, None] * np.exp(yearly("timing of directors", _TIMING)),
        "tax_deducted": np.exp(own[:, None] + yearly("codes", _CODES_NOW)),
        "employee_nics": np.exp(letters[:, None] + yearly("letters", 0.5 * _LETTERS)),
        "employer_nics": young[:, None] * np.exp(yearly("young", 0.5 * _LETTERS)),
    }


def _heads(employees: Floats, streams: Streams) -> Floats:
    many = np.round(employees * np.exp(_PART_TIME * streams.normal("paye part time"))[:, None])
    return np.where(employees > 0, np.maximum(many, 1.0), 0.0)


def _owned(trading: Trading) -> Bools:
    return np.asarray(trading.firms["owner"] >= 0)[:, None]


def _directors(trading: Trading, pay: Floats) -> tuple[Floats, Floats]:
    """Return how many directors are paid, and what each but the first has."""
    owned = _owned(trading)
    two = trading.streams.happens(SECOND_DIRECTOR, "second director")[
        :, None
    ]  # the draw that gave the spouse a salary
    spouse = np.where(two, np.minimum(_SPOUSE, 0.5 * pay), 0.0)
    many = np.clip(np.round(pay / _PAY_OF_A_DIRECTOR), 1, _MOST_DIRECTORS)
    number = np.where(owned, np.where(two, 2.0, 1.0), many) * (pay > 0)
    return number, np.where(owned, spouse, np.where(many > 1, pay / many, 0.0))


def _umbrella(trading: Trading) -> Bools:
    firms = trading.firms
    tiny = (firms["legal_form"] == FORMS.index("company")) & (firms["gross"] < _TINY)
    supplies = _SUPPLIES_LABOUR[firms["trade"].to_numpy()] & tiny.to_numpy()
    return np.asarray(supplies & trading.streams.happens(_UMBRELLA, "paye umbrella"))


def _labels(columns: int) -> list[str]:
    return [ALL_YEARS[max(column - LOOKBACK, 0)] for column in range(columns)]


def _small_before(contributions: Floats) -> Bools:
    before = np.concatenate([contributions[:, :1], contributions[:, :-1]], axis=1)
    no_limit = np.array(_labels(contributions.shape[1])) >= NO_LIMIT_FROM
    return np.asarray((before < TOO_LARGE) | no_limit)


def _entitled(trading: Trading, others: Floats, contributions: Floats) -> Bools:
    # Not a company whose only employee above the threshold is its director; one of those that are connected.
    laws = [tax_law(label) for label in _labels(trading.columns)]
    threshold = np.array([law.employers.secondary_threshold for law in laws])
    several = (trading.annual["employees"] > 0) | (others > threshold)
    associated = trading.firms["associated"].to_numpy()
    named = trading.streams.happens(1 / (1 + associated), "paye nominated for the allowance")
    return np.asarray(several & named[:, None] & _small_before(contributions))
