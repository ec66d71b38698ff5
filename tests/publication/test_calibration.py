"""The calibration's page: accuracy first, every miss marked, every figure with source and basis."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest

from taxgap.calibration import Calibration
from taxgap.calibration.estimates import estimate_gaps
from taxgap.publication import calibration as calibration_page
from taxgap.publication.calibration import (
    UNEXPLAINED,
    describe_calibration,
    is_unexplained,
    render_calibration,
)
from taxgap.publication.calibration_chapters import CHAPTERS, OTHER, chapter_of
from taxgap.publication.calibration_content import FORMAT, FORMAT_VERSION, accuracy_of, content_of
from taxgap.records.files import write_json
from tests.publication.conftest import Element, read_elements

EXPLAINED = "The published total holds taxes that nobody here pays."
NAN = math.nan


def build_calibration(**changes: Any) -> Calibration:
    rows = [
        ("The tax gap by tax", "VAT", "share", 0.05, 0.055, 0.045, 0.065, 0.01, True, True, ""),
        ("The tax gap by tax", "Employers", "share", 0.01, 0.03, 0.02, 0.04, 0.003, True, False, ""),
        ("The hidden economy", "Ghosts", "GBP", 1e9, 2e9, NAN, NAN, 3e8, True, False, EXPLAINED),
        ("VAT traders by section", "Section A", "share", 0.06, 0.06, 0.05, 0.07, 0.01, True, True, ""),
        ("Net VAT by section", "Section A", "share", -0.01, 0.02, 0.0, 0.04, 0.01, False, False, ""),
        ("Regions of taxpayers", "Wales", "share", 0.04, 0.04, 0.03, 0.05, 0.01, False, True, ""),
    ]
    names = ["group", "target", "unit", "published", "simulated", "low", "high", "tolerance"]
    figures = pd.DataFrame(rows, columns=[*names, "is_target", "within", "explanation"])
    figures["basis"] = np.where(figures["target"] == "Wales", "memory", "found")
    checks = pd.DataFrame(
        [("Agreement", "Turnover to sales", "share", 0.98, 0.97, 0.99, 1.0, "1 if both agree.")],
        columns=["group", "quantity", "unit", "simulated", "low", "high", "reference", "reading"],
    )
    about = {"taxpayers": 50_000, "as_of": "2026-09-30", "periods": ["2023-24"], "seed": 7, "weights": {}}
    parts = {
        "figures": figures.assign(source="A source"),
        "checks": checks,
        "gaps": estimate_gaps(build_sums(), 4),
        "about": about,
    }
    return Calibration(**{**parts, **changes})


def build_sums() -> dict[str, pd.DataFrame]:
    cells = {"returns": 4e6, "declared": 1e10, "cases": 500.0, "k": 1e5, "ky": 2e8, "kk": 2e7}
    index = pd.MultiIndex.from_tuples([("vat", "small")], names=["regime", "cell"])
    wrong = {"n": 90, "lost": 1e6, "found": 5e5, "missed": 9, "aa": 1e10, "ab": 1e10, "bb": 2e10}
    return {
        "cells": pd.DataFrame(cells | {"kky": 4e10, "kkyy": 1e14}, index=index),
        "wrong": pd.DataFrame([wrong], index=pd.Index(["vat"], name="regime")),
    }


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    return build_calibration()


@pytest.fixture(scope="module")
def page(calibration: Calibration) -> str:
    return render_calibration(calibration)


@pytest.fixture(scope="module")
def parts(page: str) -> list[Element]:
    return read_elements(page)


def test_overall_accuracy_comes_first(calibration: Calibration) -> None:
    described = describe_calibration(calibration)
    assert described.lead.startswith("Overall accuracy: 2 of 4 targets within tolerance (50%).")
    assert [figure.number for figure in described.key_figures] == ["2 of 4", "1 of 2", "1 of 2"]


def test_the_first_screen_has_the_accuracy_and_a_picture(parts: list[Element]) -> None:
    opening = next(element for element in parts if "opening" in element.classes)
    inside = [element for element in parts if opening in element.around]
    assert "Overall accuracy" in opening.text
    (image,) = [element for element in inside if element.tag == "img"]
    assert "The tax gap: 1 of 3 targets within tolerance." in image["alt"]


def test_an_unexplained_miss_is_marked_loudly(calibration: Calibration) -> None:
    assert calibration.figures.loc[is_unexplained(calibration.figures), "target"].tolist() == ["Employers"]
    described = describe_calibration(calibration)
    assert described.warning == "1 miss has no explanation yet: The tax gap by tax: Employers."
    rows = {row[0].text: row[4] for row in described.chapters[0].groups[0].table.rows}
    assert rows["Employers"].tag == UNEXPLAINED
    assert (rows["VAT"].text, rows["VAT"].tag) == ("Within", "")


def test_an_explained_miss_says_why(calibration: Calibration) -> None:
    (row,) = describe_calibration(calibration).chapters[0].groups[1].table.rows
    assert (row[4].tag, row[4].note) == ("Outside", EXPLAINED)


def test_when_all_is_explained_nothing_warns(calibration: Calibration) -> None:
    explained = build_calibration(figures=calibration.figures.assign(explanation=EXPLAINED))
    assert describe_calibration(explained).warning == ""
    assert "Not explained" not in render_calibration(explained)


def test_many_unexplained_misses_are_counted_by_chapter(calibration: Calibration) -> None:
    figures = pd.concat([calibration.figures.assign(within=False, explanation="")] * 2, ignore_index=True)
    warning = describe_calibration(build_calibration(figures=figures)).warning
    assert warning == ("8 misses have no explanation yet: 6 under “The tax gap” and 2 under “VAT traders”.")


def test_what_was_no_target_is_never_counted_as_a_miss(calibration: Calibration) -> None:
    rows = describe_calibration(calibration).chapters[1].groups[1].table.rows
    assert (rows[0][0].note, rows[0][4].tag) == ("Not fitted", "Outside")
    assert accuracy_of(calibration.figures)["targets"] == 4


def test_only_found_figures_are_called_published(calibration: Calibration) -> None:
    wales = describe_calibration(calibration).chapters[-1].groups[0].table.rows[0]
    assert wales[1].tag == "From memory"
    assert wales[5].text == "A source"


def test_every_group_of_a_population_has_a_chapter() -> None:
    beginnings = [beginning for group in CHAPTERS.values() for beginning in group]
    assert len(beginnings) == len(set(beginnings))
    assert chapter_of("A group that nobody foresaw") == OTHER


def test_the_assumed_multiplier_is_shown(page: str) -> None:
    assert "an assumption, for no published value could be read" in page
    assert "2.00" in page


def test_the_data_is_plain_and_has_a_format(calibration: Calibration, tmp_path: Any) -> None:
    content = content_of(calibration)
    assert (content["format"], content["format_version"]) == (FORMAT, FORMAT_VERSION)
    write_json(tmp_path / "calibration.json", content)
    text = (tmp_path / "calibration.json").read_text("utf-8")
    read = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert read == content
    assert list(read) == sorted(read)
    assert read["figures"][2]["low"] is None
    assert read["accuracy"]["groups"]["The tax gap by tax"] == {"targets": 2, "within": 1}
    assert read["accuracy"]["unexplained"] == 1


def test_the_same_calibration_gives_the_same_page(calibration: Calibration, page: str) -> None:
    assert render_calibration(calibration) == page


def test_without_the_truth_there_is_a_page(calibration: Calibration) -> None:
    bare = build_calibration(gaps=estimate_gaps({}, 4), checks=calibration.checks.iloc[:0])
    text = render_calibration(bare)
    assert "How the gap is added up" not in text
    assert "Multiplier" not in text


def test_the_page_is_put_together_for_every_reader(parts: list[Element]) -> None:
    levels = [int(element.tag[1]) for element in parts if re.fullmatch("h[1-6]", element.tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert parts[0]["lang"] == "en-GB"
    tags = Counter(element.tag for element in parts)
    assert {tag: tags[tag] for tag in ("main", "nav", "title")} == {"main": 1, "nav": 1, "title": 1}
    ids = Counter(element["id"] for element in parts if element["id"])
    assert ids.most_common(1)[0][1] == 1
    aims = [element["href"][1:] for element in parts if element.tag == "a"]
    aims += [element["aria-labelledby"] for element in parts if element["aria-labelledby"]]
    assert set(aims) <= set(ids)


def test_pictures_have_words_and_tables_have_captions(parts: list[Element]) -> None:
    assert all(len(element["alt"]) > 60 for element in parts if element.tag == "img")
    for table in (element for element in parts if element.tag == "table"):
        inside = [element for element in parts if table in element.around]
        assert [element.tag for element in inside].count("caption") == 1
        assert all(element["scope"] in {"row", "col"} for element in inside if element.tag == "th")


def test_nothing_is_fetched_and_nobody_accused(page: str) -> None:
    aims = re.findall(r"""(?:src|srcset|href|action|poster|data)\s*=\s*["']([^"']*)""", page)
    assert all(re.match("#|data:image/svg", aim) for aim in aims)
    assert not re.search(r"<(script|link|iframe|object|embed)|@import|url\(", page)
    assert not re.search(r"fraud|cheat|evader|suspect|guilty|dishonest", page, re.IGNORECASE)


def test_hostile_text_stays_text(calibration: Calibration) -> None:
    hostile = "</style><script>alert('&')</script>\" onload=\"x {{ title }}"
    figures = calibration.figures.assign(target=hostile, group=hostile, source=hostile, explanation=hostile)
    checks = calibration.checks.assign(quantity=hostile, group=hostile, reading=hostile)
    page = render_calibration(build_calibration(figures=figures, checks=checks))
    assert "<script" not in page
    assert page.count("</style>") == 1


def test_the_file_for_machines_is_named_once() -> None:
    assert calibration_page.DATA == "calibration.json"
