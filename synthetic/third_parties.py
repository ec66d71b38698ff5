"""What others report of a person: what they would know, when they would say it, with honest differences."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.schemas.codes import REPORT_SOURCES
from taxgap.synthetic.form import Scene
from taxgap.synthetic.identifiers import taxpayer_ids
from taxgap.synthetic.register import Integers, entity_of
from taxgap.synthetic.shocks import Shock, coverage
from taxgap.synthetic.timeline import ALL_YEARS, FIRST

VAT_RATE = 0.20

# Share of a person's savings accounts that are held jointly: the bank reports all of the interest for each
# holder, who declares half (assumption).
_JOINT_ACCOUNTS = 0.24

# Platforms have had to report from the calendar year 2024 on (found); before, only some answered notices
# (assumption).
_PLATFORM_COVER_BEFORE = 0.30
_PLATFORM_COVER = 0.95
_PLATFORM_LEAST_GOODS = 1_700.0

# Share of foreign income that foreign tax authorities report; the rest is in accounts that are not exchanged
# (assumption).
_EXCHANGED = 0.60


def report(
    scene: Scene, vat_registered: np.ndarray, employer: Integers, shocks: tuple[Shock, ...] = ()
) -> pd.DataFrame:
    """Make the third-party reports of each person and year.

    Parameters
    ----------
    scene : Scene
        The truth; third parties know nothing of what was declared.
    vat_registered : ndarray of bool
        Rows whose takings include VAT.
    employer : ndarray of int64
        The company that employs each, by number; -1 where it is not on the register.
    shocks : tuple of Shock
        Those of a kind of reporter say what share of its reports comes in from a year on.

    Returns
    -------
    DataFrame
        `row` (position in the scene) and the columns of `taxgap.schemas.ThirdParty` from `source` on.

    Notes
    -----
    Employers and contractors report the tax year, in the year; a partnership's return states the partners'
    shares as it has them. Banks report the tax year, in the autumn
    after. Platforms and card processors report the calendar year that begins in the tax year before, by the
    end of January: three months of it belong to the year before. Foreign authorities report it in the autumn.
    """
    parts = [
        _employer(scene, employer),
        _bank(scene),
        _contractor(scene),
        _platform(scene, vat_registered, shocks),
        _card_processor(scene, vat_registered),
        _overseas(scene),
        _partnership(scene),
    ]
    reports = pd.concat(parts, ignore_index=True)
    reports = reports[arrives(reports, scene, shocks)].reset_index(drop=True)
    reports["source"] = pd.Categorical(reports["source"], categories=REPORT_SOURCES)
    return reports


def arrives(reports: pd.DataFrame, scene: Scene, shocks: tuple[Shock, ...]) -> np.ndarray:
    """Return which reports come in when shocks change what reporters must report."""
    comes = np.ones(len(reports), dtype=bool)
    row = reports["row"].to_numpy()
    for source in REPORT_SOURCES:
        share = coverage(shocks, source, np.ones(len(ALL_YEARS)))
        if share is not None and source != "platform":  # platforms: see `_platform`
            mine = (reports["source"] == source).to_numpy()
            year = scene.year[row]
            comes &= ~mine | (scene.streams[row].uniform(f"reports {source}", year) < share[year])
    return comes


def _employer(scene: Scene, employer: Integers) -> pd.DataFrame:
    pay, tax = scene.boxes["employment_pay"].to_numpy(), scene.boxes["tax_deducted"].to_numpy()
    rows = np.flatnonzero(pay > 0)
    reports = _tax_year_reports(scene, rows, "employer", pay[rows], tax=tax[rows], delay_days=14)
    owned = scene.panel["company"].to_numpy()
    return _name_reporter(reports, np.where(owned >= 0, owned, employer)[rows], "company")


def _bank(scene: Scene) -> pd.DataFrame:
    interest = scene.boxes["interest"].to_numpy()
    joint = scene.streams.happens(_JOINT_ACCOUNTS, "joint account")
    other_half = 1 + joint * scene.streams.uniform("joint share")
    rows = np.flatnonzero(interest > 0)
    return _tax_year_reports(scene, rows, "bank", (interest * other_half).round()[rows], delay_days=209)


def _contractor(scene: Scene) -> pd.DataFrame:
    paid = (scene.activity["contractor"] * scene.activity["annual_turnover"]).to_numpy().round()
    tax = scene.boxes["cis_deductions"].to_numpy()
    rows = np.flatnonzero((paid >= 100) & (tax > 0))
    return _tax_year_reports(scene, rows, "contractor", paid[rows], tax=tax[rows], delay_days=14)


def _platform(scene: Scene, vat_registered: np.ndarray, shocks: tuple[Shock, ...]) -> pd.DataFrame:
    # Buyers pay the VAT as well, and platforms report what buyers paid.
    gross = (_calendar_year(scene, "platform") * np.where(vat_registered, 1 + VAT_RATE, 1.0)).round()
    begins = FIRST + np.arange(len(ALL_YEARS))  # the calendar year that lies mostly in the tax year
    usual = np.where(begins >= 2024, _PLATFORM_COVER, _PLATFORM_COVER_BEFORE)
    changed = coverage(shocks, "platform", usual)
    cover = usual if changed is None else changed
    reported = scene.streams.happens(cover[scene.year], "platform answers") & (gross >= _PLATFORM_LEAST_GOODS)
    rows = np.flatnonzero(reported)
    return _calendar_reports(scene, rows, "platform", gross[rows], basket=35.0)


def _card_processor(scene: Scene, vat_registered: np.ndarray) -> pd.DataFrame:
    takings = (_calendar_year(scene, "card") * np.where(vat_registered, 1 + VAT_RATE, 1.0)).round()
    rows = np.flatnonzero(takings >= 250)
    return _calendar_reports(scene, rows, "card_processor", takings[rows], basket=28.0)


def _overseas(scene: Scene) -> pd.DataFrame:
    income = scene.boxes["foreign_income"].to_numpy()
    known = scene.streams.happens(_EXCHANGED, "account exchanged")
    # Balances and years differ abroad, and what is reported is before foreign tax.
    amount = (income * np.exp(0.20 * scene.streams.normal("overseas report", scene.year))).round()
    rows = np.flatnonzero(known & (amount >= 50))
    return _calendar_reports(scene, rows, "overseas", amount[rows], basket=0.0, delay_days=273)


def _partnership(scene: Scene) -> pd.DataFrame:
    stated = scene.activity["partnership_stated"].to_numpy()
    rows = np.flatnonzero(stated > 0)
    reports = _tax_year_reports(scene, rows, "partnership", stated[rows], delay_days=301)
    return _name_reporter(reports, scene.panel["partnership"].to_numpy()[rows], "partnership")


def _name_reporter(reports: pd.DataFrame, number: Integers, form: str) -> pd.DataFrame:
    known = number >= 0
    names = np.full(len(reports), None, dtype=object)
    names[known] = taxpayer_ids(entity_of(number[known], form))
    return reports.assign(reporter_id=names)


def _calendar_year(scene: Scene, channel: str) -> np.ndarray:
    # Nine months of this tax year and three of the one before, which for a newcomer are empty.
    turnover = 0.75 * scene.activity["annual_turnover"] + 0.25 * scene.activity["turnover_before"]
    noise = np.exp(0.04 * scene.streams.normal(f"{channel} calendar", scene.year))
    return np.asarray((scene.activity[channel] * turnover * noise).round())


def _tax_year_reports(
    scene: Scene, rows: np.ndarray, source: str, amount: np.ndarray, *, delay_days: int, tax: object = 0.0
) -> pd.DataFrame:
    first = pd.to_datetime([f"{2021 + y}-04-06" for y in range(len(ALL_YEARS))]).to_numpy()
    last = pd.to_datetime([f"{2022 + y}-04-05" for y in range(len(ALL_YEARS))]).to_numpy()
    year = scene.year[rows]
    return pd.DataFrame(
        {
            "row": rows,
            "source": source,
            "period_start": first[year],
            "period_end": last[year],
            "amount": amount,
            "tax_deducted": tax,
            "transactions": np.nan,
            "received_on": last[year] + np.timedelta64(delay_days, "D"),
        }
    )


def _calendar_reports(
    scene: Scene, rows: np.ndarray, source: str, amount: np.ndarray, *, basket: float, delay_days: int = 0
) -> pd.DataFrame:
    first = pd.to_datetime([f"{2021 + y}-01-01" for y in range(len(ALL_YEARS))]).to_numpy()
    last = pd.to_datetime([f"{2021 + y}-12-31" for y in range(len(ALL_YEARS))]).to_numpy()
    due = pd.to_datetime([f"{2022 + y}-01-31" for y in range(len(ALL_YEARS))]).to_numpy()
    year = scene.year[rows]
    size = basket * np.exp(0.5 * scene.streams[rows].normal(f"{source} basket"))
    count = np.maximum(1.0, np.round(amount / size)) if basket else np.nan
    return pd.DataFrame(
        {
            "row": rows,
            "source": source,
            "period_start": first[year],
            "period_end": last[year],
            "amount": amount,
            "tax_deducted": 0.0,
            "transactions": count,
            "received_on": due[year] + np.timedelta64(delay_days, "D"),
        }
    )
