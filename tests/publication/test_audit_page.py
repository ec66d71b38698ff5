"""The page of an audit: verdicts first, every part in words, and nothing of real people."""

from __future__ import annotations

import re
from base64 import b64decode
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import UsageError
from taxgap.publication.audit_page import PARTS, publish_audit, render_audit, write_audit_page
from taxgap.publication.audit_words import CHECKS, METHODS, is_known
from taxgap.reasons.audit import auditing
from taxgap.reasons.audit.faithfulness import randomised
from taxgap.reasons.audit.figures import Estimate, tidy
from taxgap.reasons.audit.part import Part
from taxgap.reasons.audit.recovery import comparison
from taxgap.reasons.audit.result import ExplanationAudit, load_audit
from taxgap.reasons.audit.rules import Check, Rule
from tests.publication.conftest import Element, read_elements
from tests.publication.made_up_audit import ABOUT, KINDS, PERSON, build_audit, figure
from tests.publication.test_browser import _visit, chromium

__all__ = ["chromium"]

HOSTILE = '"><script>alert(1)</script><img src=x onload="x">&amp;'


@pytest.fixture(scope="module")
def audit() -> ExplanationAudit:
    return build_audit()


@pytest.fixture(scope="module")
def text(audit: ExplanationAudit) -> str:
    return render_audit(audit)


@pytest.fixture(scope="module")
def parts_of(text: str) -> list[Element]:
    return read_elements(text)


def find(elements: list[Element], key: str) -> Element:
    (found,) = [element for element in elements if element["id"] == key]
    return found


def test_the_verdicts_come_first_with_failures_at_the_top(parts_of: list[Element]) -> None:
    (lead,) = [element for element in parts_of if "lead" in element.classes]
    assert lead.text == "1 of 2 checks passed; failed: right reasons given."
    sections = [element["id"] for element in parts_of if element.tag == "section" and element["id"]]
    assert sections[0] == "verdicts"
    assert sections[1:] == [*(f"part-{name}" for name in PARTS), "examples", "left-out", "limits", "about"]
    (table,) = [
        e for e in parts_of if e.tag == "table" and "checks" in {c for a in e.around for c in a.classes}
    ]
    verdicts = [line[-1] for line in rows_of(parts_of, table)]
    assert verdicts == ["Failed", "Passed", "Not asked", "Not asked"]
    first = rows_of(parts_of, table)[0]
    assert first[1].startswith("79.6%"), "a figure is written so finely that its side of the bound is seen"
    assert first[2] == "90", "what a verdict rests on stands beside it"
    assert first[3] == "Passes if the figure is at least 80%"


def test_a_check_that_is_not_asked_says_why_and_shows_its_figure(parts_of: list[Element]) -> None:
    (table,) = [
        e for e in parts_of if e.tag == "table" and "checks" in {c for a in e.around for c in a.classes}
    ]
    left_out, few = rows_of(parts_of, table)[2:]
    assert "Fewer than 30 flagged returns are honest." in left_out[3]
    assert few[1].startswith("100%")
    assert few[2] == "4"
    assert "Only 4 returns came to be flagged." in few[3]
    assert "Only 4 returns came to be flagged." in find(parts_of, "left-out").text


def test_the_tile_of_stability_names_the_refits(parts_of: list[Element]) -> None:
    (tile,) = [e for e in parts_of if e.tag == "dd" and "refits" in e.text]
    assert "in at least nine in ten of 4 refits" in tile.text


def test_who_is_flagged_is_said_at_the_top(parts_of: list[Element]) -> None:
    (opening,) = [e for e in parts_of if "opening" in e.classes]
    assert "probability is at least 0.5 and its rank within the first 5% of its tax year" in opening.text
    assert "all 60 flagged returns and 440 of the others" in opening.text


def test_signs_turned_stand_beside_signs_as_they_are(parts_of: list[Element]) -> None:
    said = find(parts_of, "part-randomised").text
    assert "names 70% (66% to 75%) of what was planted, with all signs turned 40% (36% to 45%)" in said
    assert "The model's 70% here need not be the 67% of the first part" in said
    assert "More than 100% means" in said


def test_what_no_flagged_return_shows_is_named(parts_of: list[Element]) -> None:
    assert "My own (0 of 9 flagged)" in find(parts_of, "part-planting").text


def rows_of(elements: list[Element], table: Element) -> list[list[str]]:
    lines = [e for e in elements if e.tag == "tr" and table in e.around]
    cells = [[e.text.strip() for e in elements if e.around and e.around[-1] is line] for line in lines]
    return cells[1:]


def test_what_a_failure_means_is_said(text: str) -> None:
    assert "Look by mechanism." in text


@pytest.mark.parametrize("name", list(PARTS))
def test_every_part_says_what_was_asked_and_found(parts_of: list[Element], name: str) -> None:
    section = find(parts_of, f"part-{name}")
    inside = [element for element in parts_of if section in element.around]
    assert [element.tag for element in inside][:2] == ["h2", "p"]
    assert any("found" in element.classes or "left-out" in element.classes for element in inside)


@pytest.mark.parametrize(
    ("name", "pictures"),
    [("recovery", 3), ("faithfulness", 3), ("comparison", 1), ("stability", 1), ("parity", 1)],
)
def test_people_find_pictures_where_they_look(parts_of: list[Element], name: str, pictures: int) -> None:
    section = find(parts_of, f"part-{name}")
    figures = [element for element in parts_of if element.tag == "figure" and section in element.around]
    assert len(figures) == pictures
    for own in figures:
        (image,) = [element for element in parts_of if element.tag == "img" and own in element.around]
        assert len(image["alt"]) > 60


def test_numbers_stand_in_the_sentences(parts_of: list[Element]) -> None:
    said = find(parts_of, "part-recovery").text
    assert "67% (63% to 72%) of what was planted is named by the first 3 reasons" in said
    assert "one ranking for everyone" in said
    assert "33% (29% to 38%)" in said, "specificity stands beside recall"
    assert "“Furthest from similar taxpayers”, has 35%" in said, "and beside that of a naive explanation"
    assert "on 56% (52% to 61%) of the flagged returns" in said
    assert "names 39% (35% to 44%) of the things planted" in said


def test_no_name_of_the_code_is_left(text: str) -> None:
    shown = re.sub(r"<style>.*?</style>|<[^>]*>", " ", text, flags=re.DOTALL)
    assert not re.search(
        r"recall@|stable_share|z_score|path_dependent|cash_sales_omitted|third_party\.", shown
    )


def test_examples_mark_only_reasons_of_what_counts(parts_of: list[Element]) -> None:
    section = find(parts_of, "examples")
    assert PERSON in section.text
    assert "£900 of tax lost" in section.text
    tags = [element for element in parts_of if "tag" in element.classes and section in element.around]
    assert tags == [], "what holds less than a tenth of the tax does not make a reason right"


def test_what_was_left_out_says_why(parts_of: list[Element]) -> None:
    assert "Fewer than 30 flagged returns are honest." in find(parts_of, "left-out").text
    assert "Fewer than 30 flagged returns are honest." in find(parts_of, "part-honest").text


def test_what_is_not_proved_is_said(parts_of: list[Element]) -> None:
    limits = find(parts_of, "limits").text
    for words in ("same people", "Random enquiries miss tax", "same codes of everyone", "Refits understate"):
        assert words in limits


def test_nobody_real_is_shown(audit: ExplanationAudit) -> None:
    real = replace(audit, about=ABOUT | {"synthetic": False})
    page = render_audit(real)
    assert PERSON not in page
    assert "nobody&#39;s reasons are shown" in page or "nobody's reasons are shown" in page
    assert "made up" not in re.sub(r"<[^>]*>", "", page.split("<main")[0])


def test_without_a_truth_the_page_says_so() -> None:
    left = Part("recovery", tidy([]), left_out="What is wrong is not known.")
    about = ABOUT | {"truth": False, "evidence": {}}
    page = render_audit(ExplanationAudit(about, (left,), ()))
    assert "No check could be asked" in page
    assert "What is wrong is not known." in page
    assert "Without a planted truth nobody knows" in page
    assert "specificity stands beside it" not in page
    assert "It was not asked for." in page


@pytest.mark.parametrize("name", list(PARTS))
def test_any_part_may_be_alone_empty_or_unknown(audit: ExplanationAudit, name: str) -> None:
    alone = tuple(part for part in audit.parts if part.name == name)
    unknown = pd.DataFrame(
        tidy([figure(name, "my measure", np.nan), figure(name, "mine@3", 0.5, method="my own")])
    )
    for parts in (alone, (Part(name, tidy([])),), (Part(name, unknown),)):
        page = render_audit(replace(audit, parts=parts))
        assert "<h1" in page
        read_elements(page)


def test_an_audit_without_anything_is_a_page() -> None:
    read_elements(render_audit(ExplanationAudit({}, (), ())))


def test_hostile_text_stays_text(audit: ExplanationAudit) -> None:
    rule = Rule(HOSTILE, "recovery", HOSTILE, "at least", 0.8, fails=HOSTILE)
    recovery = audit.parts[0]
    tables = {
        "confusion": recovery.tables["confusion"].assign(mechanism=HOSTILE),
        "split": recovery.tables["split"].replace({"group": {KINDS[0]: HOSTILE}}),
    }
    figures = recovery.figures.assign(measure=HOSTILE, method=HOSTILE, level=HOSTILE)
    example = {**audit.examples[0], "title": HOSTILE, "taxpayer_id": HOSTILE}
    page = render_audit(
        ExplanationAudit(
            ABOUT | {"model_id": HOSTILE, "evidence": {HOSTILE: (HOSTILE,)}},
            (replace(recovery, figures=figures, tables=tables), Part("honest", tidy([]), left_out=HOSTILE)),
            (Check(rule, Estimate(0.1, 0.0, 0.2, 5)),),
            (example,),
        )
    )
    assert "<script" not in page
    assert 'onload="' not in page
    for drawing in re.findall(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)", page):
        assert "<script" not in b64decode(drawing).decode()


def test_ids_are_unique_and_every_anchor_leads_somewhere(parts_of: list[Element]) -> None:
    ids = Counter(element["id"] for element in parts_of if element["id"])
    assert ids.most_common(1)[0][1] == 1
    aims = [element["href"][1:] for element in parts_of if element.tag == "a"]
    aims += [element["aria-labelledby"] for element in parts_of if element["aria-labelledby"]]
    assert set(aims) <= set(ids)
    regions = [element["aria-labelledby"] for element in parts_of if element["role"] == "region"]
    names = Counter(find(parts_of, key).text for key in regions)
    assert names.most_common(1)[0][1] == 1, "boxes that scroll are told apart by their names"
    headings = [int(element.tag[1]) for element in parts_of if re.fullmatch("h[1-6]", element.tag)]
    assert all(after <= before + 1 for before, after in pairwise(headings))


def test_nothing_is_fetched_and_nothing_runs(text: str) -> None:
    aims = re.findall(r"""(?:src|srcset|href|action|poster|data)\s*=\s*["']([^"']*)""", text)
    assert all(re.match("#|data:image/svg", aim) for aim in aims)
    assert not re.search(r"<(script|link|iframe|object|embed)|@import|url\(", text)


def test_the_same_audit_gives_the_same_bytes(audit: ExplanationAudit, text: str, tmp_path: Path) -> None:
    path = write_audit_page(tmp_path / "new" / "audit.html", audit)
    assert path.read_text("utf-8") == text


def test_an_audit_is_published_whole(audit: ExplanationAudit, text: str, tmp_path: Path) -> None:
    page = publish_audit(audit, tmp_path / "audit")
    assert page == tmp_path / "audit" / "audit.html"
    assert page.read_text("utf-8") == text
    assert load_audit(tmp_path / "audit")[0]["notes"] == {"planting": list(audit.notes["planting"])}
    with pytest.raises(UsageError):
        publish_audit(audit, tmp_path / "audit")
    assert publish_audit(audit, tmp_path / "audit", replace=True) == page


def test_every_part_check_and_method_has_words() -> None:
    assert list(PARTS) == list(auditing.PARTS)
    assert {rule.name for rule in auditing.RULES} <= set(CHECKS)
    assert {*comparison.METHODS, comparison.PEERS, *randomised.KINDS} <= set(METHODS)
    assert is_known("gap of recall like for like")
    assert not is_known("my measure")


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_and_shows(text: str, chromium: str, tmp_path: Path, width: int) -> None:
    visit = _visit(text, chromium, tmp_path, width)
    assert visit.console == []
    for state in ("closed", "open"):
        measured = visit.measured[state]
        assert measured["width"] == width
        assert measured["scroll"] <= width
        assert measured["outside"] == []
        assert measured["broken"] == 0
    assert visit.measured["images"] == text.count("<figure")
    assert 0.01 < (visit.pixels[:, :width].mean(axis=2) < 0.5).mean() < 0.5
