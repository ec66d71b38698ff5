"""The page as a whole: complete, offline, the same every time, and put together for every reader."""

from __future__ import annotations

import re
from base64 import b64decode
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
import pytest

from taxgap.errors import UsageError
from taxgap.publication import PageContent, render_page, write_page
from taxgap.publication.page import SECTIONS

if TYPE_CHECKING:
    from tests.publication.conftest import Element

HOSTILE = "</style><script>alert('&')</script>\" onload=\"x $\\frac{1}{0}$ {{ title }}"


def test_every_section_is_there_in_order(elements: list[Element]) -> None:
    found = [element["id"] for element in elements if element.tag == "section" and element["id"]]
    assert found == list(SECTIONS)
    headings = [element.text for element in elements if element.tag == "h2"]
    assert headings == ["On this page", *SECTIONS.values()]


def test_the_first_screen_has_a_sentence_and_three_figures(elements: list[Element]) -> None:
    opening = next(element for element in elements if "opening" in element.classes)
    assert "hold 41% of the tax lost" in opening.text
    figures = [element.text for element in elements if element.tag == "dt" and opening in element.around]
    assert figures == ["41%", "68%", "17 of 20"]


def test_it_is_said_plainly_that_nobody_is_real(page: str) -> None:
    assert "No real person is described here." in page
    assert "about 3,800 returns a year" in page
    assert "about 12 million" in page
    assert "30 September 2026" in page
    assert "A flag is a reason to look, not a finding" in page


def test_nobody_is_accused(page: str) -> None:
    assert not re.search(r"fraud|cheat|evader|suspect|guilty|dishonest", page, re.IGNORECASE)


def test_headings_never_skip_a_level(elements: list[Element]) -> None:
    levels = [int(element.tag[1]) for element in elements if re.fullmatch("h[1-6]", element.tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_landmarks_language_and_skip_link(elements: list[Element]) -> None:
    tags = Counter(element.tag for element in elements)
    assert {tag: tags[tag] for tag in ("main", "nav", "h1", "title")} == dict.fromkeys(
        ("main", "nav", "h1", "title"), 1
    )
    assert elements[0].tag == "html"
    assert elements[0]["lang"] == "en-GB"
    links = [element for element in elements if element.tag == "a"]
    assert links[0]["href"] == "#main"
    assert all(element["aria-labelledby"] for element in elements if element.tag in {"nav", "article"})


def test_ids_are_unique_and_every_anchor_leads_somewhere(elements: list[Element]) -> None:
    ids = Counter(element["id"] for element in elements if element["id"])
    assert ids.most_common(1)[0][1] == 1
    aims = [element["href"][1:] for element in elements if element.tag == "a"]
    aims += [element["aria-labelledby"] for element in elements if element["aria-labelledby"]]
    assert set(aims) <= set(ids)


def test_every_picture_has_words_and_a_table(elements: list[Element]) -> None:
    figures = [element for element in elements if element.tag == "figure"]
    assert len(figures) == 2 + 5 + 4 + 1  # two curves, five cases, four groups of figures and their overview
    for figure in figures:
        inside = [element for element in elements if figure in element.around]
        (image,) = [element for element in inside if element.tag == "img"]
        assert len(image["alt"]) > 60
        assert {image["width"], image["height"]} & {""} == set()
        assert [element.tag for element in inside].count("table") == 1
        assert [element.tag for element in inside].count("figcaption") == 1


def test_pictures_beside_a_sentence_are_passed_over(elements: list[Element]) -> None:
    drawings = [element for element in elements if element.tag == "svg"]
    assert drawings
    assert all(drawing["aria-hidden"] == "true" for drawing in drawings)


def test_tables_have_captions_scopes_and_a_box_to_scroll_in(elements: list[Element]) -> None:
    tables = [element for element in elements if element.tag == "table"]
    assert len(tables) > 20
    for table in tables:
        inside = [element for element in elements if table in element.around]
        (caption,) = [element for element in inside if element.tag == "caption"]
        assert caption.text
        assert all(element["scope"] in {"row", "col"} for element in inside if element.tag == "th")
        box = table.around[-1]
        assert "scroll" in box.classes
        assert (box["tabindex"], box["role"], box["aria-labelledby"]) == ("0", "region", caption["id"])


def test_nothing_is_fetched(page: str) -> None:
    aims = re.findall(r"""(?:src|srcset|href|action|poster|data)\s*=\s*["']([^"']*)""", page)
    assert all(re.match("#|data:image/svg", aim) for aim in aims)
    assert not re.search(r"<(script|link|iframe|object|embed)|@import|url\(", page)
    for drawing in _drawings(page):
        assert not re.search(r"<script|<image|<!DOCTYPE|@import", drawing)
        assert set(re.findall(r"https?://[^\"']*", drawing)) <= {
            "http://www.w3.org/2000/svg",
            "http://www.w3.org/1999/xlink",
        }
        assert all(aim.startswith("#") for aim in re.findall(r'href="([^"]*)"', drawing))


def test_hostile_text_stays_text(short: PageContent) -> None:
    comparison = short.comparison.assign(target=HOSTILE, group=HOSTILE, source=HOSTILE)
    case = short.cases[0]
    frames = {
        "reasons": case.reasons.assign(title=HOSTILE, sentence=HOSTILE, evidence=HOSTILE),
        "contributions": case.contributions.assign(title=HOSTILE),
        "declared": case.declared.assign(item=HOSTILE),
        "truth": case.truth.assign(title=HOSTILE, field=HOSTILE),
    }
    hostile = replace(
        short,
        title=HOSTILE,
        made={**short.made, "as_of": HOSTILE, "versions": {HOSTILE: HOSTILE}},
        comparison=comparison,
        validation=short.validation.assign(sentence=HOSTILE, table=HOSTILE, severity=HOSTILE),
        rows=short.rows.assign(table=HOSTILE),
        evaluation=short.evaluation.replace({"ranking": {"turnover": HOSTILE}}),
        gain=short.gain.replace({"ranking": {"turnover": HOSTILE}}),
        ceiling={**short.ceiling, "meaning": HOSTILE},
        cases=[replace(case, taxpayer_id=HOSTILE, period=HOSTILE, **frames)],
        limits=[HOSTILE],
        commands=[HOSTILE],
    )
    page = render_page(hostile)
    assert "<script" not in page
    assert page.count("</style>") == 1
    assert 'onload="' not in page
    assert not any("<script" in drawing for drawing in _drawings(page))


def test_the_same_content_gives_the_same_bytes(short: PageContent, short_page: str) -> None:
    with mpl.rc_context(
        {"font.size": 30, "axes.facecolor": "red", "svg.hashsalt": None, "lines.linewidth": 9}
    ):
        assert render_page(short) == short_page
    assert not any(re.search(r"<dc:date>|<metadata", drawing) for drawing in _drawings(short_page))


def test_the_page_is_small(page: str) -> None:
    assert len(page.encode()) < 1_000_000


def test_no_place_of_this_machine_is_in_the_page(page: str) -> None:
    for text in (page, *_drawings(page)):
        assert str(Path(__file__).parents[2]) not in text
        assert str(Path.home()) not in text


def test_write_page_makes_one_whole_file(short: PageContent, short_page: str, tmp_path: Path) -> None:
    path = write_page(tmp_path / "demo" / "page.html", short)
    assert path.read_text("utf-8") == short_page
    assert [file.name for file in path.parent.iterdir()] == ["page.html"]


def test_a_page_that_cannot_be_made_leaves_the_old_one(short: PageContent, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("old")
    case = short.cases[0]
    broken = replace(case, reasons=case.reasons.assign(contribution="much"))
    with pytest.raises(TypeError):
        write_page(path, replace(short, cases=[broken]))
    assert path.read_text() == "old"


def test_a_folder_that_cannot_be_made_is_named(short: PageContent, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be written"):
        write_page(tmp_path / "file" / "page.html", replace(short, cases=[]))


def test_empty_parts_are_left_out(short: PageContent) -> None:
    page = render_page(
        replace(
            short,
            comparison=short.comparison.iloc[:0],
            validation=short.validation.iloc[:0],
            cases=[],
            limits=[],
        )
    )
    assert "Nothing was found. Every row was kept." in page
    assert "How far each figure" not in page


def _drawings(page: str) -> list[str]:
    found = re.findall(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)", page)
    assert found
    return [b64decode(text).decode() for text in found]
