"""What others report of a person: what they would know, when they would say it, with honest differences."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.schemas.codes import REPORT_SOURCES
from taxgap.synthetic.mechanisms import Scene
from taxgap.synthetic.settings import TAX_YEARS

VAT_RATE = 0.20

# Share of a person's savings accounts that are held jointly: the bank reports all of the interest for each
# holder, who declares half (assumption).
_JOINT_ACCOUNTS = 0.24

# Platforms have had to report from the calendar year 2024 on (found); before, only some answered notices
# (assumption).
_PLATFORM_COVER_BEFORE = 0.30
_PLATFORM_COVER = 0.95
_PLATFORM_LEAST_GOODS = 1_700.0


def report(scene: Scene, vat_registered: np.ndarray) -> pd.DataFrame:
    """Make the third-party reports of each person and year.

    Parameters
    ----------
    scene : Scene
        The truth; third parties know nothing of what was declared.
    vat_registered : ndarray of bool
        Rows whose takings include VAT.

    Returns
    -------
    DataFrame
        `row` (position in the scene) and the columns of `taxgap.schemas.ThirdParty` from `source` on.

    Notes
    -----
    Employers and contractors report the tax year, in the year. Banks report the tax year, in the autumn
    after. Platforms and card processors report the calendar year that begins in the tax year before, by the
    end of January: three months of it belong to the year before.
    """
    parts = [
        _employer(scene),
        _bank(scene),
        _contractor(scene),
        _platform(scene),
        _card_processor(scene, vat_registered),
    ]
    reports = pd.concat(parts, ignore_index=True)
    reports["source"] = pd.Categorical(reports["source"], categories=REPORT_SOURCES)
    return reports


def _employer(scene: Scene) -> pd.DataFrame:
    pay, tax = scene.boxes["employment_pay"].to_numpy(), scene.boxes["tax_deducted"].to_numpy()
    rows = np.flatnonzero(pay > 0)
    return _tax_year_reports(scene, rows, "employer", pay[rows], tax=tax[rows], delay_days=14)


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


def _platform(scene: Scene) -> pd.DataFrame:
    gross = _calendar_year(scene, "platform")
    begins = scene.year + 2021  # the calendar year that lies mostly in the tax year
    cover = np.where(begins >= 2024, _PLATFORM_COVER, _PLATFORM_COVER_BEFORE)
    reported = scene.streams.happens(cover, "platform answers") & (gross >= _PLATFORM_LEAST_GOODS)
    rows = np.flatnonzero(reported)
    return _calendar_reports(scene, rows, "platform", gross[rows], basket=35.0)


def _card_processor(scene: Scene, vat_registered: np.ndarray) -> pd.DataFrame:
    takings = (_calendar_year(scene, "card") * np.where(vat_registered, 1 + VAT_RATE, 1.0)).round()
    rows = np.flatnonzero(takings >= 250)
    return _calendar_reports(scene, rows, "card_processor", takings[rows], basket=28.0)


def _calendar_year(scene: Scene, channel: str) -> np.ndarray:
    # Nine months of this tax year and three of the one before, which for a newcomer are empty.
    turnover = 0.75 * scene.activity["annual_turnover"] + 0.25 * scene.activity["turnover_before"]
    noise = np.exp(0.04 * scene.streams.normal(f"{channel} calendar", scene.year))
    return np.asarray((scene.activity[channel] * turnover * noise).round())


def _tax_year_reports(
    scene: Scene, rows: np.ndarray, source: str, amount: np.ndarray, *, delay_days: int, tax: object = 0.0
) -> pd.DataFrame:
    first = pd.to_datetime([f"{2021 + y}-04-06" for y in range(len(TAX_YEARS))]).to_numpy()
    last = pd.to_datetime([f"{2022 + y}-04-05" for y in range(len(TAX_YEARS))]).to_numpy()
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
    scene: Scene, rows: np.ndarray, source: str, amount: np.ndarray, *, basket: float
) -> pd.DataFrame:
    first = pd.to_datetime([f"{2021 + y}-01-01" for y in range(len(TAX_YEARS))]).to_numpy()
    last = pd.to_datetime([f"{2021 + y}-12-31" for y in range(len(TAX_YEARS))]).to_numpy()
    due = pd.to_datetime([f"{2022 + y}-01-31" for y in range(len(TAX_YEARS))]).to_numpy()
    year = scene.year[rows]
    size = basket * np.exp(0.5 * scene.streams[rows].normal(f"{source} basket"))
    return pd.DataFrame(
        {
            "row": rows,
            "source": source,
            "period_start": first[year],
            "period_end": last[year],
            "amount": amount,
            "tax_deducted": 0.0,
            "transactions": np.maximum(1.0, np.round(amount / size)),
            "received_on": due[year],
        }
    )
