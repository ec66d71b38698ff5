"""The page of a caseload: what it says of the cases, the limits and the burden, and that it shows nobody."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from taxgap.cases import Caseload, select_cases
from taxgap.publication.caseload_files import publish_caseload
from taxgap.publication.caseload_page import render_caseload, write_caseload_page
from taxgap.publication.caseload_pictures import SHOWN, picture_burdens, picture_chances
from taxgap.publication.caseload_tables import tabulate_limits, tabulate_reasons
from taxgap.publication.tables import Table
from tests.publication.conftest import read_elements

HOSTILE = "</style><script>alert(1)</script>"
ROWS = 1_500


def texts(table: Table) -> list[list[str]]:
    return [[cell.text for cell in row] for row in table.rows]


@pytest.fixture(scope="module")
def scores() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "taxpayer_id": [f"T{i:06}" for i in range(ROWS)],
            "period": "2023-24",
            "regime": "self_assessment",
            "probability": rng.random(ROWS),
            "expected_tax": rng.lognormal(6, 1.3, ROWS),
            "region": rng.choice(["Wales", HOSTILE], ROWS),
            "income_decile": rng.integers(1, 11, ROWS).astype(float),
            "office": rng.integers(0, 60, ROWS).astype(str) + "a",
        }
    )


@pytest.fixture(scope="module")
def chosen(scores: pd.DataFrame) -> Caseload:
    caps = {"income_decile": 0.15, "office": 0.2}
    return select_cases(scores, hours=800, case_hours=8, coverage=5, caps=caps)


def test_the_page_is_whole_safe_and_shows_nobody(
    chosen: Caseload, scores: pd.DataFrame, tmp_path: Path
) -> None:
    path = write_caseload_page(tmp_path / "page.html", chosen, synthetic=True)
    page = path.read_text("utf-8")
    assert page == render_caseload(chosen, synthetic=True)
    assert HOSTILE not in page
    elements = read_elements(page)
    keys = [element["id"] for element in elements if element["id"]]
    assert len(keys) == len(set(keys))
    targets = [element["href"][1:] for element in elements if element["href"].startswith("#")]
    assert set(targets) <= set(keys)
    assert not re.search("|".join(scores["taxpayer_id"]), page)
    assert "behind this page is made up" in page
    assert "Totals of real records" in render_caseload(chosen)
    words = " ".join(elements[0].text.split())
    assert "100 of 1,500 returns are to be worked" in words
    assert all(note in words for note in chosen.notes)
    assert "A total can be estimated" in words


def test_reasons_add_up(chosen: Caseload) -> None:
    certain, chance, whole = texts(tabulate_reasons(chosen))
    assert int(certain[1]) + int(chance[1]) == int(whole[1]) == len(chosen.cases)
    assert int(certain[2]) + int(chance[2]) == int(whole[2]) == chosen.hours
    assert certain[-1] == "100%"


def test_limits_that_are_missed_or_close_are_shown_first(chosen: Caseload) -> None:
    limits = chosen.limits.assign(kept=chosen.limits["limit"] != "cap of office 7a")
    missed = Caseload(chosen.frame, chosen.design, chosen.seed, chosen.settings, (), limits)
    table = tabulate_limits(missed)
    assert table is not None
    assert len(limits) == 73
    assert len(table.rows) == 40
    tagged = [row for row in table.rows if row[0].tag]
    assert [(row[0].text, row[0].tag) for row in tagged] == [("Cap of office 7a", "Not kept")]
    rows = {row[0].text: row for row in table.rows}
    decile = chosen.limits.set_index("limit").loc["cap of income_decile 10"]
    assert rows["Cap of income decile 10"][1].text == "at most 120 hours"
    assert rows["Cap of income decile 10"][1].note == "15.0% of all hours"
    assert rows["Cap of income decile 10"][3].text == f"{decile['drawn']:g} hours"
    assert "33 more are kept" in render_caseload(missed)


def test_probabilities_and_burdens_are_those_of_the_frame(chosen: Caseload) -> None:
    frame = chosen.frame
    rows = texts(picture_chances(chosen).table)
    assert sum(int(row[1].replace(",", "")) for row in rows) == ROWS
    assert rows[-1][0] == "Certain"
    assert int(rows[-1][1]) == (frame["inclusion_probability"] == 1).sum() == int(rows[-1][3])
    region, decile, office = picture_burdens(chosen)
    assert (region.title, decile.title, office.title) == ("By region", "By income decile", "By office")
    found = {row[0]: row for row in texts(decile.table)}
    assert list(found) == [str(number) for number in range(1, 11)]
    own = frame[frame["income_decile"] == 4]
    assert int(found["4"][1]) == len(own)
    assert int(found["4"][4]) == own.loc[own["selected"], "hours"].sum()
    part = (own.loc[own["selected"], "hours"].sum() / chosen.hours) / (len(own) / ROWS)
    assert float(found["4"][-1]) == pytest.approx(part, abs=0.006)
    offices = texts(office.table)
    assert (len(offices), offices[-1][0]) == (SHOWN, "All others")
    assert sum(int(row[1].replace(",", "")) for row in offices) == ROWS


def test_a_greedy_list_without_groups_says_what_is_not_known(scores: pd.DataFrame) -> None:
    plain = scores.drop(columns=["region", "income_decile", "office"])
    page = render_caseload(select_cases(plain, hours=80, case_hours=8, design="top_yield"))
    assert "Neither a region nor a group is known" in page
    assert "Enquiry windows are not known" in page
    assert "A total can be estimated" not in page
    assert "No total can be estimated" in page


def test_windows_are_counted_from_the_day(chosen: Caseload) -> None:
    ends = pd.Timestamp("2025-06-30") + pd.to_timedelta(np.arange(ROWS) % 5 * 60 - 60, unit="D")
    frame = chosen.frame.assign(window_ends=ends, discovery=ends < pd.Timestamp("2025-06-30"))
    dated = Caseload(frame, "balanced", 7, {**chosen.settings, "as_of": "2025-06-30"})
    cases = frame[frame["selected"]]
    page = read_elements(render_caseload(dated))
    told = {each.text: page[place + 1].text for place, each in enumerate(page) if each.tag == "dt"}
    assert told["Past the window: as a discovery"] == str(int(cases["discovery"].sum()))
    soon = cases["window_ends"].between(pd.Timestamp("2025-06-30"), pd.Timestamp("2025-09-28"))
    assert told["Of these within 90 days only"] == str(int(soon.sum()))
    assert told["Returns out of time, not considered"] == "0"


def test_the_same_caseload_gives_the_same_folder(chosen: Caseload, tmp_path: Path) -> None:
    for name in ("a", "b"):
        publish_caseload(chosen, tmp_path / name, synthetic=True)
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == ["caseload.parquet", "cases.csv", "index.html", "manifest.json"]
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
