"""What the tests of the page share: content made by hand, as the demonstration would fill it in."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from taxgap.publication import ExampleCase, PageContent, render_page

NAN = math.nan


@pytest.fixture(scope="session")
def content() -> PageContent:
    return build_content()


@pytest.fixture(scope="session")
def page(content: PageContent) -> str:
    return render_page(content)


@pytest.fixture
def change(content: PageContent) -> Callable[..., PageContent]:
    """Return the content with some fields replaced."""
    return lambda **fields: replace(content, **fields)


def build_content() -> PageContent:
    return PageContent(
        title="A tax gap that is known to the penny",
        made={
            "taxpayers": 50_000,
            "returns": 163_204,
            "tax_years": ["2021-22", "2022-23", "2023-24", "2024-25"],
            "as_of": "30 September 2026",
            "seed": 7,
            "versions": {"taxgap": "0.1.0", "pandas": "3.1.1", "lightgbm": "4.6.0"},
            "random_share": 0.05,
            "risk_share": 0.05,
            "detection": 0.55,
            "multiplier": 1 / 0.55,
            "material": 1_000,
        },
        comparison=build_comparison(),
        validation=pd.DataFrame(
            [
                ("report_totals", "warn", "self_assessment", 412, "Turnover is below half of what others report."),
                ("late_report", "warn", "third_party", 37, "The report came more than two years late."),
            ],
            columns=["rule", "severity", "table", "count", "sentence"],
        ),
        rows=pd.DataFrame(
            {
                "table": ["taxpayers", "self_assessment", "third_party", "enquiries"],
                "rows_in": [50_000, 165_880, 398_112, 15_904],
                "kept": [50_000, 165_880, 398_112, 15_904],
                "quarantined": [0, 0, 0, 0],
            }
        ),
        evaluation=build_evaluation(),
        gain=build_gain(),
        ceiling={
            "auc": 0.842,
            "low": 0.836,
            "high": 0.848,
            "meaning": "That is what a ranking would reach that knew how everyone's chance of leaving something "
            "out was set, but not how the dice fell.",
        },
        calibration=build_calibration(),
        cases=[
            build_case("1093485720", 3, third_party=True),
            build_case("4829105536", 41, gains={"Fall in rents": 0.9, "Property repairs": 0.6}),
            build_case("5510923847", 388, group_effect=1.9, gains={"No agent": 0.12}),
            build_case("7746120398", 1_204, gains={}, truth=False),
            build_case("9021774615", 15_880, gains={"Round expense figures": 0.35}, truth=False),
        ],
        limits=[
            "The people are made up. How a real population would be ranked is not known from this page.",
            "The model is trained and tested on mistakes that we thought of. Real ones may look different.",
            "The share of the tax that officers find is an assumption.",
            "Only Self Assessment is shown: no companies, no VAT, no employers.",
        ],
        commands=["taxgap demo --taxpayers 50000 --years 4 --seed 7 --out demo"],
    )


def build_comparison() -> pd.DataFrame:
    ifs = "IFS Briefing Note 218"
    groups: dict[str, list[tuple[Any, ...]]] = {
        "What random enquiries found": [
            ("Returns with tax under-declared", "share", 0.36, 0.352, 0.008, 0.03, ifs, "found", True),
            ("Self-employed only: under-declared", "share", 0.59, 0.571, 0.011, 0.05, ifs, "found", True),
            ("Mean tax found, pounds of 2004-05", "GBP", 2320, 2510, 190, 350, ifs, "found", True),
            ("Found less than £1,000", "share", 0.6, 0.63, 0.016, 0.05, ifs, "found", True),
            ("Found more than £10,000", "share", 0.04, 0.052, 0.006, 0.01, ifs, "found", True),
            ("Share of tax from over £10,000", "share", 0.42, 0.45, 0.04, 0.06, ifs, "found", True),
            ("Returns with rent: under-declared", "share", 0.25, 0.262, 0.012, 0.04, "New Statesman 2019", "found", True),
            ("Share of liability not declared", "share", 0.124, 0.131, 0.006, 0.02, "Measuring tax gaps 2022", "derived", False),
        ],
        "Gross income of sole traders and landlords": [
            (f"{kind}: {band}", "persons", value, value * ratio, value * 0.012, value * 0.1, "HMRC, Making Tax Digital", "found", True)
            for kind, numbers in {
                "Self-employed": (1153e3, 870e3, 637e3, 798e3, 605e3),
                "Landlords": (1218e3, 712e3, 263e3, 182e3, 118e3),
                "Both": (58e3, 92e3, 75e3, 97e3, 141e3),
            }.items()
            for band, value, ratio in zip(
                ("under £10,000", "£10,000 to £20,000", "£20,000 to £30,000", "£30,000 to £50,000", "over £50,000"),
                numbers,
                (1.02, 0.97, 1.04, 1.01, 0.93 if kind != "Both" else 1.19),
                strict=True,
            )
        ],
        "Self-employment income by band of total income": [
            (f"Total income from £{lower:,}", "GBP", value, value * ratio, value * 0.03, value * 0.15, "Survey of Personal Incomes, table 3.6", "found", lower < 300_000)
            for lower, value, ratio in zip(
                (12570, 15000, 20000, 30000, 40000, 50000, 70000, 100000, 150000, 200000, 300000, 500000, 1000000),
                (4.81e9, 8.03e9, 15.7e9, 12.6e9, 8.73e9, 8.22e9, 5.36e9, 4.98e9, 3.65e9, 4.39e9, 4.84e9, 6.67e9, 19.5e9),
                (1.08, 0.96, 1.03, 1.01, 0.95, 1.02, 1.06, 0.91, 1.09, 0.97, 1.12, 0.86, 0.58),
                strict=True,
            )
        ],
        "Regions": [
            (name, "share", value, value + gap, 0.004, 0.01, source, basis, basis == "found")
            for name, value, gap, source, basis in (
                ("South East", 0.147, 0.003, "HMRC, Income Tax liabilities", "found"),
                ("London", 0.132, -0.004, "HMRC, Income Tax liabilities", "found"),
                ("North East", 0.037, 0.002, "HMRC, Income Tax liabilities", "found"),
                ("Northern Ireland", 0.025, -0.001, "HMRC, Income Tax liabilities", "found"),
                ("Scotland", 0.081, 0.004, "From the totals of the four nations", "derived"),
                ("Wales", 0.045, 0.002, "", "memory"),
            )
        ],
    }  # fmt: skip
    rows = [(target, group, *rest) for group, members in groups.items() for target, *rest in members]
    names = ["target", "group", "unit", "published", "simulated", "half", "tolerance", "source", "basis", "is_target"]
    frame = pd.DataFrame(rows, columns=names)
    frame["low"], frame["high"] = frame["simulated"] - frame["half"], frame["simulated"] + frame["half"]
    frame["within"] = (frame["simulated"] - frame["published"]).abs() <= frame["tolerance"]
    return frame.drop(columns="half")


def build_evaluation() -> pd.DataFrame:
    values = {
        "auc": (0.791, 0.702, 0.611, 0.5),
        "average_precision": (0.512, 0.381, 0.284, 0.191),
        "share_of_gap@1%": (0.128, 0.071, 0.058, 0.01),
        "share_of_gap@5%": (0.412, 0.249, 0.221, 0.05),
        "strike_rate@5%": (0.684, 0.452, 0.341, 0.191),
    }
    rankings = ("model", "largest mismatch", "turnover", "random")
    rows = [
        (label, ranking, metric, value * shrink, value * shrink - half, value * shrink + half, n)
        for label, n, half, shrink in (("random enquiries", 2_040, 0.03, 0.93), ("truth", 40_801, 0.008, 1.0))
        for metric, each in values.items()
        for ranking, value in zip(rankings, each, strict=True)
    ]
    return pd.DataFrame(rows, columns=["label", "ranking", "metric", "value", "low", "high", "n"])


def build_gain() -> pd.DataFrame:
    at = np.round(np.linspace(0, 1, 101), 2)
    powers = {"random": 1.0, "turnover": 0.52, "largest mismatch": 0.46, "model": 0.32}
    frames = [
        pd.DataFrame({"ranking": name, "share_examined": at, "share_of_gap": at**power})
        for name, power in powers.items()
    ]
    best = pd.DataFrame({"ranking": "ceiling", "share_examined": at, "share_of_gap": 1 - (1 - at) ** 40})
    return pd.concat([*frames, best], ignore_index=True)


def build_calibration() -> pd.DataFrame:
    predicted = np.array([0.01, 0.02, 0.035, 0.055, 0.08, 0.12, 0.17, 0.25, 0.38, 0.66])
    observed = predicted * np.array([1.4, 0.7, 1.1, 0.95, 1.05, 0.9, 1.1, 0.97, 1.04, 0.96])
    half = 1.96 * np.sqrt(observed * (1 - observed) / 408)
    return pd.DataFrame(
        {
            "decile": range(1, 11),
            "predicted": predicted,
            "observed": observed,
            "low": np.clip(observed - half, 0, 1),
            "high": np.clip(observed + half, 0, 1),
            "n": 408,
        }
    )


def build_case(
    taxpayer: str,
    rank: int,
    *,
    gains: dict[str, float] | None = None,
    group_effect: float = 0.42,
    third_party: bool = False,
    truth: bool = True,
) -> ExampleCase:
    if third_party or gains is None:
        gains = {"Takings that others report": 1.52, "Expenses as a whole": 0.61, "Late return": 0.22}
    small = {"Gross profit": -0.21, "Travel expenses": 0.08, "Office expenses": -0.05, "Losses": -0.04, "Gift Aid": 0.03}
    small |= {"Premises expenses": 0.02, "Interest that banks report": -0.02}
    effects = {**gains, **small}
    contributions = pd.DataFrame(
        {
            "feature": [title.lower().replace(" ", "_") for title in effects],
            "code": [f"code.{title.lower().replace(' ', '_')}" for title in effects],
            "title": list(effects),
            "contribution": list(effects.values()),
        }
    )
    population = math.log(140)
    score = population + group_effect + float(contributions["contribution"].sum())
    reasons = contributions[contributions["title"].isin(gains)].drop(columns="feature")
    sentences = {
        "Takings that others report": "Card processors, platforms and contractors report 1.42 times the business "
        "income declared; for half of similar traders it is 0.31 to 0.74.",
        "Expenses as a whole": "Expenses are 71% of turnover; half of similar traders report 42% to 58%.",
        "Late return": "The return came 96 days after it was due; for half of similar taxpayers the delay was 0 to 4 days.",
        "Fall in rents": "Rents are 38% of last year's; half of similar taxpayers report 96% to 105%.",
        "Property repairs": "Repairs are 44% of rents; half of similar taxpayers report 6% to 17%.",
        "No agent": "The return was filed without an agent; at least half of similar taxpayers used one.",
    }
    missing = "Of the expense boxes filled in, 83% show round hundreds; for half of similar traders the figure is 17% to 33%."
    reasons = reasons.assign(
        sentence=[sentences.get(title, missing) for title in reasons["title"]],
        observed=1.42,
        peer_low=0.31,
        peer_median=0.55,
        peer_high=0.74,
        evidence="Card terminal, platform and contractor statements and the sales record, reconciled to the "
        "business income declared.",
    )
    planted = pd.DataFrame(
        [
            ("Sales for cash are left out, which no third party reports", "turnover", 9_800.0, 2_744.0, True),
            ("Private costs of travel, premises or office are claimed", "travel_costs", 1_950.0, 546.0, False),
        ],
        columns=["title", "field", "amount", "tax_lost", "could_reveal"],
    )
    return ExampleCase(
        taxpayer_id=taxpayer,
        period="2024-25",
        score_row={
            "probability": min(0.97, 0.1 + 0.12 * score),
            "expected_tax": math.exp(score),
            "amount_low": math.exp(score - 1.1),
            "amount_high": math.exp(score + 0.9),
            "score": score,
            "population_mean": population,
            "group_effect": group_effect,
            "rank": rank,
        },
        contributions=contributions,
        reasons=reasons,
        declared=pd.DataFrame(
            {
                "item": ["Turnover", "Total expenses", "Bank interest", "Rents"],
                "declared": [31_400.0, 22_310.0, 120.0, 0.0],
                "reported": [44_590.0, NAN, 118.0, NAN],
            }
        ),
        truth=planted if truth else planted.iloc[:0],
        officer_would_find=1_810.0 if truth else 0.0,
        ranked=40_801,
    )
