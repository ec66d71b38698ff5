"""The page of a tax gap estimate: the gap first, what it rests on, the truth if it is known, and bounds."""

from __future__ import annotations

import math
import re
from base64 import b64decode
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
import pytest

from taxgap.gap.chain import GapEstimate, Multiplier
from taxgap.publication.gap_intervals import describe_intervals
from taxgap.publication.gap_page import TITLES, render_gap_page, write_gap_page
from taxgap.publication.gap_words import Unit, choose_unit, name_input, say_years
from taxgap.publication.wording import MINUS
from tests.publication.conftest import Element, read_elements

NAN = math.nan
MILLION = Unit(1e6, "£ million", 1)
HOSTILE = "</style><script>alert('&')</script>\" onload=\"x {{ title }}"
NOTE = (
    "Employer PAYE, 2022-23: One case makes 52% of the variance. Check it, or take such cases with certainty."
)
TRUTH = {"net": 140e6, "gross": 150e6, "under_declared": 120e6, "net: vat": 60e6, "net: employer_paye": 90e6}
YEARS = ["2021-22", "2022-23"]


def build_row(regime: str, year: str, scale: float = 1.0, **changes: Any) -> dict[str, Any]:
    """A row of the table of an estimate: found 20, times 2, non-payment 10, yield 5 (GBP million)."""
    amounts = {
        "gross": 50.0,
        "gross_low": 40.0,
        "gross_high": 70.0,
        "net": 45.0,
        "low": 35.0,
        "high": 65.0,
        "sampling_low": 40.0,
        "sampling_high": 52.0,
        "theoretical": 540.0,
        "found": 20.0,
        "non_payment": 10.0,
        "compliance_yield": 5.0,
    }
    return {
        "regime": regime,
        "year": year,
        **{name: 1e6 * scale * amount for name, amount in amounts.items()},
        "percent": 8.3,
        "percent_low": 6.6,
        "percent_high": 11.5,
        "multiplier": 2.0,
        "cases": 400,
        "open_cases": 12,
        "method": "expansion",
        "scores": "none",
        **changes,
    }


def build_waterfall(scale: float = 1.0, certain: bool = False) -> pd.DataFrame:
    spread = 0.0 if certain else 0.6
    rows = [
        ("settled", "Found in settled random enquiries, for all returns", "step", 18, 18, 0.9 - spread),
        ("projection", "Expected of random enquiries still open", "step", 2, 20, 0.1),
        ("non_detection", "Not detected: the multiplier", "step", 20, 40, spread),
        ("under_declared", "Under-declared tax", "total", 40, 40, 1.0),
        ("non_payment", "Non-payment: written off, and to be", "step", 10, 50, 0.0),
        ("gross", "Gross tax gap", "total", 50, 50, 1.0),
        ("compliance_yield", "Compliance yield: found by enquiries and paid", "step", -5, 45, 0.0),
        ("net", "Net tax gap", "total", 45, 45, 1.0),
    ]
    frame = pd.DataFrame(rows, columns=["step", "name", "kind", "amount", "running", "share_of_variance"])
    return frame.assign(
        amount=1e6 * scale * frame["amount"],
        running=1e6 * scale * frame["running"],
        variance=1e12 * frame["share_of_variance"],
    )


def build_groups() -> pd.DataFrame:
    rows = [
        ("tax", "vat", 45.0, 600.0, 1.0, "own cases"),
        ("tax", "employer_paye", 90.0, 600.0, 1.0, "own cases"),
        ("nation", "England", 120.0, 1_190.0, 0.9, "own cases"),
        ("nation", "Wales", 15.0, 10.0, 0.1, "drawn to the expected"),
        ("trade group", "none", 100.0, 1_000.0, 0.8, "own cases"),
        ("trade group", "food_and_drink", 25.0, 200.0, 0.39, "drawn to the expected"),
        ("trade group", "shops", 10.0, 90.0, 0.4, "drawn to the expected"),
        ("behaviour", "error", 110.0, 300.0, 1.0, "own cases"),
        ("behaviour", "avoidance", 5.0, 12.0, 1.0, "own cases"),
        ("behaviour", "non_payment", 20.0, NAN, NAN, "counted"),
        ("behaviour", "hidden_economy", NAN, NAN, NAN, "not in returns"),
    ]
    frame = pd.DataFrame(rows, columns=["dimension", "group", "amount", "cases", "own_weight", "method"])
    amount = 1e6 * frame["amount"]
    return frame.assign(amount=amount, low=0.7 * amount, high=1.5 * amount, share=amount / 135e6)


def build_estimate(**changes: Any) -> GapEstimate:
    """Two taxes, two years each, with breakdowns; all taxes together are three times one row."""
    rows = []
    for tax, scale in (("vat", 1.0), ("employer_paye", 2.0)):
        rows += [build_row(tax, year, scale / 2) for year in YEARS]
        rows.append(build_row(tax, "all years", scale))
    whole = build_row("all", "all years", 3.0, cases=1_200)
    inputs = pd.DataFrame(
        [
            ("random enquiries", 54e6, 64e6, 120e6, 156e6),
            ("non-detection multiplier", 1.6, 2.5, 111e6, 165e6),
            ("compliance yield", 14e6, 16e6, 136e6, 134e6),
        ],
        columns=["input", "low", "high", "gap_low", "gap_high"],
    )
    multiplier = Multiplier(2.0, low=1.6, high=2.5).to_dict()
    parts: dict[str, Any] = {
        **{name: whole[name] for name in ("low", "high", "sampling_low", "sampling_high", "gross")},
        **{name: whole[name] for name in ("gross_low", "gross_high", "percent_low", "percent_high")},
        "value": whole["net"],
        "percent": whole["percent"],
        "table": pd.DataFrame([*rows, whole]),
        "waterfall": build_waterfall(3.0),
        "sensitivity": inputs.assign(swing=(inputs["gap_high"] - inputs["gap_low"]).abs()),
        "groups": build_groups(),
        "waterfalls": {"vat": build_waterfall(), "employer_paye": build_waterfall(2.0)},
        "made": {
            "as_of": "2026-09-30",
            "level": 0.95,
            "draws": 4_000,
            "seed": 3,
            "years": {"vat": YEARS, "employer_paye": YEARS},
            "pool_years": False,
            "multipliers": {"vat": multiplier, "employer_paye": multiplier},
            "detection": {},
            "formula": "net gap = found x multiplier + non-payment - compliance yield",
        },
        "notes": (
            NOTE.replace("Employer PAYE", "employer paye"),
            "The gap by combined authority is not available: the column is empty.",
        ),
    }
    return GapEstimate(**{**parts, **changes})


def build_small() -> GapEstimate:
    """One tax and one year, a few thousand pounds, without breakdowns."""
    whole = build_estimate()
    row = build_row("self_assessment", "2022-23", 1e-3)
    made = {**whole.made, "years": {"self_assessment": ["2022-23"]}, "multipliers": {}}
    names = [name for name in row if name in ("low", "high", "sampling_low", "sampling_high", "gross")]
    return replace(
        whole,
        **{name: row[name] for name in (*names, "gross_low", "gross_high")},
        value=row["net"],
        table=pd.DataFrame([row]),
        waterfall=build_waterfall(1e-3),
        waterfalls={"self_assessment": build_waterfall(1e-3)},
        sensitivity=whole.sensitivity.assign(gap_low=44e3, gap_high=[46e3, 50e3, 45e3]),
        groups=pd.DataFrame(),
        made=made,
        notes=(),
    )


def build_bounds() -> GapEstimate:
    row = {
        "regime": "vat",
        "year": "all years",
        "gross_low": 12e6,
        "gross_high": 92e6,
        "low": 10e6,
        "high": 90e6,
        "non_payment": 4e6,
        "compliance_yield": 2e6,
        "cases": 80,
    }
    empty = pd.DataFrame()
    made = {"as_of": "2026-09-30", "level": 0.95, "formula": "bounds from chosen cases", "multipliers": {}}
    ends = (50e6, 10e6, 90e6, NAN, NAN, 52e6, 12e6, 92e6, 5.0, 1.0, 9.0)
    return GapEstimate(*ends, pd.DataFrame([row]), empty, empty, empty, made=made, bounds=True)


@pytest.fixture(scope="module")
def text() -> str:
    return render_gap_page(build_estimate().beside(TRUTH), synthetic=True)


@pytest.fixture(scope="module")
def real() -> str:
    """The page of records of real people, without a truth."""
    return render_gap_page(build_estimate())


@pytest.fixture(scope="module")
def parts_of(text: str) -> list[Element]:
    return read_elements(text)


def find(elements: list[Element], key: str) -> Element:
    return next(element for element in elements if element["id"] == key)


def plain(text: str) -> str:
    """Return the words of a page, without its pictures, in one line."""
    return re.sub(r"\s+", " ", next(each for each in read_elements(text) if each.tag == "main").text)


def test_the_gap_stands_first_with_its_interval_and_percent(parts_of: list[Element]) -> None:
    lead = next(element for element in parts_of if "lead" in element.classes)
    assert re.sub(r"\s+", " ", lead.text) == (
        "The net tax gap of the 2 tax years 2021-22 to 2022-23 is £135 million (95% interval £105 million to "
        "£195 million): 8.3% of theoretical liability (6.6% to 11.5%)."
    )
    opening = next(element for element in parts_of if "opening" in element.classes)
    numbers = [element.text for element in parts_of if element.tag == "dt" and opening in element.around]
    assert numbers == ["£135 million", "8.3%", "£150 million"]
    assert "From 1,200 enquiries into VAT and Employer PAYE, opened at random" in re.sub(
        r"\s+", " ", opening.text
    )


def test_sections_stand_in_order(parts_of: list[Element]) -> None:
    found = [element["id"] for element in parts_of if element.tag == "section" and element["id"]]
    assert found == ["table", "chain", "interval", "sensitivity", "groups", "making", "limits"]


def test_the_table_reads_as_publications_do(parts_of: list[Element]) -> None:
    caption = find(parts_of, "gap-table")
    table = caption.around[-1]
    rows = [element for element in parts_of if element.tag == "tr" and table in element.around]
    cells = [
        [each.text for each in parts_of if each.tag in {"th", "td"} and row in each.around] for row in rows
    ]
    assert len(cells) == 1 + 3 + 3 + 1
    assert cells[3][:4] == ["VAT, all years", "540.0", "40.0", "10.0"]
    assert cells[3][4] == "50.0 40.0 to 70.0"
    assert cells[3][6:] == ["45.0 35.0 to 65.0", "8.3% 6.6% to 11.5%", "400 12 open"]
    assert cells[-1][0] == "All taxes, all years"
    assert ["sum" in row.classes for row in rows[1:]] == [False, False, True, False, False, True, True]


def test_the_waterfall_says_what_each_link_adds_to_the_variance(parts_of: list[Element]) -> None:
    figure = find(parts_of, "waterfall")
    image = next(each for each in parts_of if each.tag == "img" and figure in each.around)
    assert "Not detected: the multiplier: £60 million, 60% of the variance." in image["alt"]
    assert "Net tax gap: £135 million." in image["alt"]
    assert f"Compliance yield: {MINUS}£15 million, 0% of the variance." in image["alt"]
    links = {row[0]: row for row in rows_of(parts_of, "waterfall-table")}
    assert links["Not detected: the multiplier"][-1] == "60%"
    assert {name: row[-1] for name, row in links.items() if name.endswith("A sum")} == {
        "Under-declared tax A sum": "",
        "Gross tax gap A sum": "",
        "Net tax gap A sum": "",
    }
    chains = find(parts_of, "links-table").around[-1]
    heads = [each.text for each in parts_of if each["scope"] == "col" and chains in each.around]
    assert heads == ["Link", "VAT", "Employer PAYE"]


@pytest.mark.parametrize(
    ("net", "says", "warned"),
    [
        (140e6, "It lies in the full interval, and in the one of sampling alone.", False),
        (180e6, "It lies in the full interval, and outside the one of sampling alone.", False),
        (300e6, "It lies outside both intervals. The estimate is too low", True),
        (50e6, "It lies outside both intervals. The estimate is too high", True),
    ],
)
def test_where_the_truth_lies_is_said_plainly(net: float, says: str, warned: bool) -> None:
    found = describe_intervals(build_estimate().beside({"net": net}), MILLION)
    assert says in found.verdicts[0]
    assert found.outside == warned
    assert len(found.verdicts) == 1  # the truth of single taxes was not told


def test_taxes_whose_truth_is_missed_are_named(text: str) -> None:
    words = plain(text)
    assert "The truth lies outside" not in words
    assert (
        "Of 2 taxes, the full interval holds the truth of 2, and the one of sampling alone that of 1."
        in words
    )
    missed = describe_intervals(build_estimate().beside({**TRUTH, "net: vat": 80e6}), MILLION).verdicts
    assert missed[-1] == (
        "Outside the full interval: VAT (true £80 million, interval £35 million to £65 million)."
    )


def test_what_is_true_stands_beside_what_is_estimated(parts_of: list[Element]) -> None:
    assert rows_of(parts_of, "truth-table")[1:] == [
        ["Net tax gap", "£140 million", "£135 million £105 million to £195 million"],
        ["Gross tax gap", "£150 million", "£150 million £120 million to £210 million"],
        ["Under-declared tax", "£120 million", "£120 million"],
    ]


def test_an_interval_of_sampling_alone_is_called_too_short(text: str) -> None:
    assert "The interval of sampling alone is too short" in plain(text)
    assert "That uncertainty makes 60% of the variance here." in plain(text)
    certain = build_estimate(waterfall=build_waterfall(3.0, certain=True))
    said = " ".join(describe_intervals(certain, MILLION).sentences)
    assert "too short: it takes the multiplier" not in said
    assert "give it limits, or the interval is too short" in said


def test_without_the_truth_nothing_is_said_of_it(real: str) -> None:
    assert not re.search(r"\btruth\b|\btrue\b", plain(real), re.IGNORECASE)


def test_only_made_up_records_are_called_made_up(text: str, real: str) -> None:
    assert "Every taxpayer behind this page is made up" in text
    assert "made up" not in real
    assert "synthetic" not in real
    assert "Before this page leaves the house, it needs the checks of publication" in plain(real)
    assert "the smallest group on this page has 10 cases" in plain(real)


def test_thin_groups_are_marked(text: str, parts_of: list[Element]) -> None:
    rows = {row[0]: row for row in rows_of(parts_of, "groups-nation-picture-table")}
    assert rows["Wales Few cases"][-1] == "Drawn to what is expected"
    assert rows["England"][1:] == [
        "120.0 84.0 to 180.0",
        "89%",
        "1,190",
        "90%",
        "Its own random cases count most",
    ]
    assert "1 of 2 groups is drawn to what is expected. 1 group has fewer than 30 cases." in plain(text)
    trades = [row[0] for row in rows_of(parts_of, "groups-trade-group-picture-table")]
    assert trades[1:] == ["No trade", "Food and drink Drawn to expected", "Shops Half and half"]


def test_what_is_missing_is_named_and_is_not_zero(text: str, parts_of: list[Element]) -> None:
    rows = {row[0]: row for row in rows_of(parts_of, "groups-behaviour-picture-table")}
    assert rows["Hidden economy"][1:] == ["Missing", "", "", "", "Not in returns: missing, not zero"]
    assert rows["Non-payment"][3] == ""
    assert rows["Avoidance Few cases"][3] == "12"
    words = plain(text)
    assert "Missing, which does not mean zero: Hidden economy." in words
    assert "By combined authority Not available, which does not mean zero. The gap by combined" in words
    assert "By customer group Not available, which does not mean zero." in words


def test_the_breakdown_by_tax_has_the_intervals_of_the_table(parts_of: list[Element]) -> None:
    rows = rows_of(parts_of, "groups-tax-picture-table")
    assert rows[1][:2] == ["VAT", "45.0 35.0 to 65.0"]


def rows_of(elements: list[Element], key: str) -> list[list[str]]:
    table = find(elements, key).around[-1]
    rows = [element for element in elements if element.tag == "tr" and table in element.around]
    return [
        [" ".join(each.text.split()) for each in elements if each.tag in {"th", "td"} and row in each.around]
        for row in rows
    ]


def test_how_it_was_made_is_told(text: str) -> None:
    words = plain(text)
    assert "net gap = found × multiplier + non-payment − compliance yield" in words  # noqa: RUF001
    for said in ("Draws of the chain 4,000", "Seed 3", "30 September 2026", "2021-22 and 2022-23", NOTE):
        assert said in words, said
    assert "VAT 2.00 1.60 to 2.50 95% lie between Stated" in words
    assert "a random programme cannot tell how large it is" in words


def test_a_hidden_economy_that_was_estimated_stands_on_the_page() -> None:
    estimate = build_estimate()
    row = build_row("hidden_economy", "all years", 0.2, gross=9e6, gross_low=8e6, gross_high=11e6, net=9e6)
    row |= {"low": 8e6, "high": 11e6, "non_payment": 0.0, "cases": 0, "percent": 100.0, "method": "stated"}
    table = pd.concat([estimate.table.iloc[:-1], pd.DataFrame([row]), estimate.table.iloc[-1:]])
    table.loc[table["regime"] == "all", "gross"] += 9e6
    groups = estimate.groups.fillna({"amount": 9e6, "low": 8e6, "high": 11e6})
    groups["method"] = groups["method"].replace("not in returns", "stated")
    hidden = {"value": 9e6, "low": 8e6, "high": 11e6, "source": "a survey"}
    given = replace(estimate, table=table, groups=groups, made={**estimate.made, "hidden": hidden})
    text = render_gap_page(given)
    words, rows = plain(text), rows_of(read_elements(text), "gap-table")
    assert rows[-2][0] == "Hidden economy, all years"
    assert rows[-2][2:] == ["", "", "9.0 8.0 to 11.0", "", "9.0 8.0 to 11.0", "", ""]
    assert rows[-1][2] == "120.0"  # under-declared in returns, without the hidden economy
    assert "Hidden economy £9 million (£8 million to £11 million), a survey" in words
    assert "Missing, which does not mean zero: Hidden" not in words
    assert "The hidden economy:" not in words
    assert "The gap is that of the returns on file" not in words
    assert "into VAT and Employer PAYE, opened" in words
    assert "Gross gap = under-declared + non-payment + hidden economy." in words


def test_a_run_of_one_year_speaks_of_that_year() -> None:
    whole = build_estimate()
    hidden = build_row("hidden_economy", "all years", 0.2, cases=0)
    table = whole.table[whole.table["year"] == "all years"]
    made = {**whole.made, "years": {"vat": ["2022-23"], "employer_paye": ["2022-23"]}}
    notes = ("vat, all years: Pool years.",)
    one = replace(whole, table=pd.concat([table, pd.DataFrame([hidden])]), made=made, notes=notes)
    text = render_gap_page(one.beside(TRUTH))
    rows = [row[0] for row in rows_of(read_elements(text), "gap-table")[1:]]
    assert rows[-1] == "Hidden economy, 2022-23"
    assert "VAT, 2022-23: Pool years." in plain(text)
    assert not re.search("all years|years are taken together", text, re.IGNORECASE)


def test_one_tax_and_one_year_without_groups() -> None:
    text = render_gap_page(build_small().beside({"net": 46e3}), synthetic=True)
    words = plain(text)
    assert "The net tax gap of the tax year 2022-23 is £45,000 (95% interval £35,000 to £65,000)" in words
    assert "No breakdown was asked for." in words
    assert "The tax gap by tax and year (£ thousand)" in words
    assert 'id="links-table"' not in text
    assert rows_of(read_elements(text), "gap-table")[1][0] == "Self Assessment, 2022-23"


def test_bounds_are_no_estimate() -> None:
    text = render_gap_page(build_bounds())
    words = plain(text)
    assert TITLES[True] in words
    assert "lies between £10 million and £90 million, if the assumptions below hold" in words
    assert "These are bounds, and no estimate." in words
    assert "<img" not in text
    assert not re.search(r"95% interval|\bnan\b|£50 million|waterfall|breakdown", words, re.IGNORECASE)
    assert rows_of(read_elements(text), "gap-table")[1] == [
        "VAT",
        "4.0",
        "12.0 to 92.0",
        "2.0",
        "10.0 to 90.0",
        "80",
    ]


@pytest.mark.parametrize(
    ("net", "says"),
    [(30e6, "It lies between the bounds."), (95e6, "above the upper bound"), (5e6, "below the lower bound")],
)
def test_the_truth_beside_bounds(net: float, says: str) -> None:
    assert says in plain(render_gap_page(build_bounds().beside({"net": net})))


@pytest.mark.parametrize("build", [None, build_small, build_bounds])
def test_the_page_is_put_together_for_every_reader(build: Any, parts_of: list[Element]) -> None:
    elements = read_elements(render_gap_page(build().beside({"net": 40e6}))) if build else parts_of
    levels = [int(element.tag[1]) for element in elements if re.fullmatch("h[1-6]", element.tag)]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    tags = Counter(element.tag for element in elements)
    assert (tags["main"], tags["nav"], tags["title"], elements[0]["lang"]) == (1, 1, 1, "en-GB")
    ids = Counter(element["id"] for element in elements if element["id"])
    assert ids.most_common(1)[0][1] == 1
    aims = {element["href"][1:] for element in elements if element.tag == "a"}
    aims |= {element["aria-labelledby"] for element in elements if element["aria-labelledby"]}
    assert aims <= set(ids)
    assert all(element["aria-labelledby"] for element in elements if element.tag in {"section", "nav"})
    for table in (element for element in elements if element.tag == "table"):
        inside = [element for element in elements if table in element.around]
        (caption,) = [element for element in inside if element.tag == "caption"]
        assert all(element["scope"] in {"row", "col"} for element in inside if element.tag == "th")
        box = table.around[-1]
        assert (box["tabindex"], box["role"], box["aria-labelledby"]) == ("0", "region", caption["id"])
    for figure in (element for element in elements if element.tag == "figure"):
        inside = [element for element in elements if figure in element.around]
        (image,) = [element for element in inside if element.tag == "img"]
        assert len(image["alt"]) > 60
        assert [element.tag for element in inside].count("table") == 1


def test_nothing_is_fetched_and_nobody_is_accused(text: str) -> None:
    aims = re.findall(r"""(?:src|srcset|href|action|poster|data)\s*=\s*["']([^"']*)""", text)
    assert all(re.match("#|data:image/svg", aim) for aim in aims)
    assert not re.search(r"<(script|link|iframe|object|embed)|@import|url\(", text)
    assert not re.search(r"fraud|cheat|evader|suspect|guilty|dishonest", text, re.IGNORECASE)
    assert len(text.encode()) < 1_000_000


def test_hostile_text_stays_text() -> None:
    estimate = build_estimate()
    hostile = replace(
        estimate,
        groups=estimate.groups.replace({"group": {"Wales": HOSTILE}, "dimension": {"tax": HOSTILE}}),
        made={**estimate.made, "formula": HOSTILE, "as_of": HOSTILE},
        notes=(HOSTILE,),
        sensitivity=estimate.sensitivity.replace({"input": {"random enquiries": HOSTILE}}),
    )
    text = render_gap_page(hostile.beside({"net": 140e6, HOSTILE: 1.0}), synthetic=True)
    drawings = [b64decode(each).decode() for each in re.findall(r"base64,([A-Za-z0-9+/=]+)", text)]
    assert drawings
    assert not any("<script" in each for each in (text, *drawings))
    assert text.count("</style>") == 1
    assert 'onload="' not in text


def test_the_same_estimate_gives_the_same_bytes(text: str, tmp_path: Path) -> None:
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "svg.hashsalt": None}):
        path = write_gap_page(tmp_path / "new" / "gap.html", build_estimate().beside(TRUTH), synthetic=True)
    assert path.read_text("utf-8") == text
    assert [file.name for file in path.parent.iterdir()] == ["gap.html"]


def test_the_unit_follows_the_size_of_the_gap() -> None:
    def unit_of(scale: float) -> Unit:
        estimate = build_estimate()
        scaled: Mapping[str, float] = {
            name: scale * getattr(estimate, name) for name in ("value", "high", "gross")
        }
        return choose_unit(replace(estimate, **scaled))  # type: ignore[arg-type]

    assert (unit_of(1.0).name, unit_of(1.0).digits) == ("£ million", 1)
    assert (unit_of(300.0).name, unit_of(300.0).digits) == ("£ million", 0)
    assert unit_of(1e-3).name == "£ thousand"
    assert unit_of(1e-6).name == "£"


def test_names_of_years_and_inputs() -> None:
    assert say_years(["2020-21", "2022-23"]) == "the 2 tax years 2020-21 and 2022-23"
    assert name_input("something new") == "Something new"
