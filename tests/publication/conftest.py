"""What the tests of the page share: content made by hand, as the demonstration would fill it in."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pandas as pd
import pytest

from taxgap.publication import ExampleCase, PageContent, render_page

NAN = math.nan
EVIDENCE = "Card terminal, platform and contractor statements, reconciled to the business income declared."
# Title, contribution and sentence of every reason that a case here can have.
REASONS = {
    "Takings that others report": "Card processors, platforms and contractors report 1.4 times the business "
    "income declared; for half of similar traders it is 0.3 to 0.7.",
    "Expenses as a whole": "Expenses are 71% of turnover; half of similar traders report 42% to 58%.",
    "Late return": "The return came 96 days after it was due; for half of similar taxpayers the delay was "
    "0 to 4 days.",
    "Fall in rents": "Rents are 38% of last year's; half of similar taxpayers report 96% to 105%.",
    "No agent": "The return was filed without an agent; at least half of similar taxpayers used one.",
}
SMALL = {
    "Gross profit": -0.21,
    "Travel expenses": 0.08,
    "Office expenses": -0.05,
    "Losses": -0.04,
    "Gift Aid": 0.03,
    "Premises expenses": 0.02,
    "Interest that banks report": -0.02,
}
COMPARED = ["group", "target", "unit", "published", "simulated", "half", "tolerance", "basis", "is_target"]
RANKINGS = ("model", "largest mismatch", "turnover", "random")


@pytest.fixture(scope="session")
def content() -> PageContent:
    """Content of the length that the demonstration has."""
    return build_content()


@pytest.fixture(scope="session")
def page(content: PageContent) -> str:
    return render_page(content)


@pytest.fixture(scope="session")
def short() -> PageContent:
    """Content with one group of figures and one case, for tests that write a page of their own."""
    whole = build_content()
    comparison = whole.comparison[whole.comparison["group"] == "Regions"]
    return replace(whole, comparison=comparison, cases=whole.cases[:1])


@pytest.fixture(scope="session")
def short_page(short: PageContent) -> str:
    return render_page(short)


@pytest.fixture(scope="session")
def elements(page: str) -> list[Element]:
    """Every element of the page, in the order in which they begin."""
    return read_elements(page)


class Element:
    """One element: its tag, attributes, text and the elements around it."""

    def __init__(self, tag: str, attributes: dict[str, str], around: list[Element]) -> None:
        self.tag, self.attributes, self.around = tag, attributes, tuple(around)
        self.text = ""

    def __getitem__(self, name: str) -> str:
        return self.attributes.get(name, "")

    @property
    def classes(self) -> list[str]:
        return self["class"].split()


class _Reader(HTMLParser):
    """Reads well-formed HTML: what is opened must be closed, in order."""

    _ALONE = frozenset({"meta", "link", "img", "source", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[Element] = []
        self.all: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, self.open)
        self.all.append(element)
        if tag not in self._ALONE:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data


def read_elements(page: str) -> list[Element]:
    reader = _Reader()
    reader.feed(page)
    assert not reader.open
    return reader.all


def build_content() -> PageContent:
    tables = ["taxpayers", "self_assessment", "third_party", "enquiries"]
    rows = [50_000, 165_880, 398_112, 15_904]
    return PageContent(
        title="A tax gap that is known to the penny",
        made={
            "taxpayers": 50_000,
            "returns": 163_204,
            "tax_years": ["2021-22", "2022-23", "2023-24", "2024-25"],
            "as_of": "2026-09-30",
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
                (
                    "report_totals",
                    "warn",
                    "self_assessment",
                    412,
                    "Turnover is below half of what others report.",
                ),
                ("late_report", "warn", "third_party", 37, "The report came more than two years late."),
            ],
            columns=["rule", "severity", "table", "count", "sentence"],
        ),
        rows=pd.DataFrame({"table": tables, "rows_in": rows, "kept": rows, "quarantined": 0}),
        evaluation=build_evaluation(),
        gain=build_gain(),
        ceiling={"auc": 0.842, "low": 0.836, "high": 0.848, "meaning": "The dice decide the rest."},
        calibration=build_calibration(),
        taxes=build_taxes(),
        burden=build_burden(),
        cases=[
            build_case("1093485720", 3, {"Takings that others report": 1.52, "Expenses as a whole": 0.61}),
            build_case("4829105536", 41, {"Fall in rents": 0.9, "Late return": 0.3}),
            build_case("5510923847", 388, {"No agent": 0.12}, group_effect=1.9),
            build_case("7746120398", 1_204, {}, group_effect=-0.1, wrong=False),
            build_case("9021774615", 15_880, {"Late return": 0.35}, wrong=False),
        ],
        limits=[
            "The people are made up. How a real population would be ranked is not known from this page.",
            "The share of the tax that officers find is an assumption.",
        ],
        commands=["taxgap demo --taxpayers 50000 --years 4 --seed 7 --out demo"],
    )


def build_comparison() -> pd.DataFrame:
    rows = [*_found_rows(), *_income_rows(), *_band_rows(), *_region_rows()]
    frame = pd.DataFrame(rows, columns=COMPARED)
    frame["low"], frame["high"] = frame["simulated"] - frame["half"], frame["simulated"] + frame["half"]
    frame["within"] = (frame["simulated"] - frame["published"]).abs() <= frame["tolerance"]
    return frame.drop(columns="half").assign(source="HMRC statistics, table 3.6")


def _found_rows() -> Iterator[tuple[Any, ...]]:
    group = "What random enquiries found"
    yield group, "Returns with tax found", "share", 0.36, 0.352, 0.008, 0.03, "found", True
    yield group, "Trade and no property", "share", 0.59, 0.571, 0.011, 0.05, "found", True
    yield group, "Mean tax found", "GBP", 2320, 2510, 190, 350, "found", True
    yield group, "Of these, under £1,000", "share", 0.6, 0.63, 0.016, 0.05, "found", True
    yield group, "Of these, over £10,000", "share", 0.04, 0.052, 0.006, 0.01, "found", True
    yield group, "Share of liability not declared", "share", 0.124, 0.131, 0.006, 0.02, "derived", False


def _income_rows() -> Iterator[tuple[Any, ...]]:
    bands = ("under £10,000", "£10,000 to £20,000", "£20,000 to £30,000", "£30,000 to £50,000")
    numbers = {"Self-employed": (1153e3, 870e3, 637e3, 798e3), "Landlords": (1218e3, 712e3, 263e3, 182e3)}
    for kind, values in numbers.items():
        for band, value, ratio in zip(bands, values, (1.02, 0.97, 1.04, 1.19), strict=True):
            near = (value, value * ratio, value * 0.012, value * 0.1)
            yield (
                "Gross income of sole traders and landlords",
                f"{kind}: {band}",
                "persons",
                *near,
                "found",
                True,
            )


def _band_rows() -> Iterator[tuple[Any, ...]]:
    values = {12_570: 4.81e9, 15_000: 8.03e9, 30_000: 12.6e9, 100_000: 4.98e9, 1_000_000: 19.5e9}
    for (lower, value), ratio in zip(values.items(), (1.08, 0.96, 1.03, 0.91, 0.58), strict=True):
        near = (value, value * ratio, value * 0.03, value * 0.15)
        name = "Self-employment income by band of total income"
        yield name, f"Total income from £{lower:,}", "GBP", *near, "found", lower < 300_000


def _region_rows() -> Iterator[tuple[Any, ...]]:
    for region, value, gap, basis in (
        ("South East", 0.147, 0.003, "found"),
        ("London", 0.132, -0.004, "found"),
        ("Northern Ireland", 0.025, -0.001, "found"),
        ("Scotland", 0.081, 0.004, "derived"),
        ("Wales", 0.045, 0.002, "memory"),
    ):
        yield "Regions", region, "share", value, value + gap, 0.004, 0.01, basis, basis == "found"


def build_evaluation() -> pd.DataFrame:
    values = {
        "auc": (0.791, 0.702, 0.611, 0.5),
        "average_precision": (0.512, 0.381, 0.284, 0.191),
        "share_of_gap@1%": (0.128, 0.071, 0.058, 0.01),
        "share_of_gap@5%": (0.412, 0.249, 0.221, 0.05),
        "strike_rate@5%": (0.684, 0.452, 0.341, 0.191),
    }
    rows = [
        (label, ranking, metric, value * shrink, value * (shrink - half), value * (shrink + half), n)
        for label, n, half, shrink in (("random enquiries", 2_040, 0.08, 0.93), ("truth", 40_801, 0.02, 1.0))
        for metric, each in values.items()
        for ranking, value in zip(RANKINGS, each, strict=True)
    ]
    return pd.DataFrame(rows, columns=["label", "ranking", "metric", "value", "low", "high", "n"])


def build_gain() -> pd.DataFrame:
    at = np.round(np.linspace(0, 1, 101), 2)
    held = {name: at**power for name, power in zip(RANKINGS, (0.32, 0.46, 0.52, 1.0), strict=True)}
    held["ceiling"] = 1 - (1 - at) ** 40
    frames = [
        pd.DataFrame({"ranking": name, "share_examined": at, "share_of_gap": values})
        for name, values in held.items()
    ]
    return pd.concat(frames, ignore_index=True)


def build_burden() -> pd.DataFrame:
    """Ten income deciles, one of them not measured, and two nations."""
    rows = [("income decile", str(tenth), 0.02 * tenth) for tenth in range(1, 11)]
    frame = pd.DataFrame([*rows, ("nation", "England", 0.05), ("nation", "Wales", 0.04)])
    frame.columns = ["dimension", "level", "rate"]
    for name, factor in (("rate", 1.0), ("other_rate", 0.8), ("burden", 20.0), ("no_change", 3.0)):
        value = frame["rate"] * factor
        frame = frame.assign(**{name: value, f"{name}_low": 0.9 * value, f"{name}_high": 1.1 * value})
    frame.loc[3, ["other_rate", "burden", "no_change"]] = np.nan
    return frame.assign(budget=0.05)


def build_taxes() -> pd.DataFrame:
    """Two taxes, one of them with measures that were not taken."""
    names = ["auc", "ceiling_auc", "top", "ceiling_top", "turnover_top"]
    rows = []
    for regime, value in (("self_assessment", 0.4), ("vat", float("nan"))):
        row = {"regime": regime, "period": "2023-24", "returns": 40_000, "material_share": 0.2}
        rows.append(row | {f"{name}{end}": value for name in names for end in ("", "_low", "_high")})
    return pd.DataFrame(rows)


def build_calibration() -> pd.DataFrame:
    predicted = np.array([0.01, 0.02, 0.035, 0.055, 0.08, 0.12, 0.17, 0.25, 0.38, 0.66])
    observed = predicted * np.array([1.4, 0.7, 1.1, 0.95, 1.05, 0.9, 1.1, 0.97, 1.04, 0.96])
    half = 1.96 * np.sqrt(observed * (1 - observed) / 408)
    frame = pd.DataFrame({"decile": range(1, 11), "predicted": predicted, "observed": observed})
    return frame.assign(low=(observed - half).clip(0), high=observed + half, n=408)


def build_case(
    taxpayer: str,
    rank: int,
    gains: dict[str, float],
    *,
    group_effect: float = 0.42,
    wrong: bool = True,
) -> ExampleCase:
    effects = gains | SMALL
    contributions = pd.DataFrame({"title": list(effects), "contribution": list(effects.values())})
    contributions["code"] = contributions["feature"] = contributions["title"].str.lower()
    population = math.log(140)
    score = population + group_effect + float(contributions["contribution"].sum())
    return ExampleCase(
        taxpayer_id=taxpayer,
        period="2024-25",
        score_row={
            "probability": min(0.97, 0.1 + 0.1 * score),
            "expected_tax": math.exp(score),
            "amount_low": math.exp(score - 1.1),
            "amount_high": math.exp(score + 0.9),
            "score": score,
            "population_mean": population,
            "group_effect": group_effect,
            "rank": rank,
        },
        contributions=contributions,
        reasons=_build_reasons(gains),
        declared=pd.DataFrame(
            {
                "item": ["Turnover", "Total expenses", "Bank interest", "Rents"],
                "declared": [31_400.0, 22_310.0, 120.0, 0.0],
                "reported": [44_590.0, NAN, 118.0, NAN],
            }
        ),
        truth=_build_truth() if wrong else _build_truth().iloc[:0],
        officer_would_find=1_810.0 if wrong else 0.0,
        ranked=40_801,
    )


def _build_reasons(gains: dict[str, float]) -> pd.DataFrame:
    peers = {"observed": 1.42, "peer_low": 0.31, "peer_median": 0.55, "peer_high": 0.74}
    rows = [
        {"code": title.lower(), "title": title, "sentence": REASONS[title], "contribution": gain, **peers}
        for title, gain in gains.items()
    ]
    columns = ["code", "title", "sentence", "contribution", *peers]
    return pd.DataFrame(rows, columns=columns).assign(evidence=EVIDENCE)


def _build_truth() -> pd.DataFrame:
    cash = "Sales for cash are left out, which no third party reports"
    private = "Private costs of travel, premises or office are claimed"
    rows = [
        (cash, "turnover", 9_800.0, 2_744.0, True),
        (private, "travel_costs", -1_950.0, 546.0, False),
    ]
    return pd.DataFrame(rows, columns=["title", "field", "amount", "tax_lost", "could_reveal"])
