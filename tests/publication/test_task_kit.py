"""The kit for people: what participants get tells neither truth nor arm, and the key tells both."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from taxgap.errors import IncompatibleError, InvalidDataError, UsageError
from taxgap.publication.task_kit import FOR_PARTICIPANTS, README, write_tasks
from taxgap.publication.task_sheets import suit_title
from taxgap.reasons.audit.people import ARMS, COLUMNS, KEY_NAME, Key, score_answers
from taxgap.records import Records, Truth
from taxgap.regimes import get_regime
from taxgap.risk import RiskModel
from taxgap.synthetic.mechanisms import mechanisms
from tests.publication.conftest import read_elements
from tests.publication.test_browser import _visit, chromium

__all__ = ["chromium"]

pytestmark = pytest.mark.xdist_group("case_file")

PARTICIPANTS, CASES = 3, 12


@pytest.fixture(scope="module")
def parts(workshop: Any) -> tuple[Records, RiskModel, Truth]:
    truth = Truth.open(workshop.population / "truth")
    return Records.open(workshop.records), RiskModel.load(workshop.model), truth


@pytest.fixture(scope="module")
def kit(parts: tuple[Records, RiskModel, Truth], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kit") / "tasks"
    return write_tasks(folder, *parts, participants=PARTICIPANTS, cases=CASES, seed=2)


@pytest.fixture(scope="module")
def key(kit: Path) -> Key:
    return Key.read(kit)


@pytest.fixture(scope="module")
def sheets(kit: Path, key: Key) -> dict[tuple[str, int], str]:
    """The HTML of each sheet, by form and position."""
    return {
        (form, number): part
        for form in key.forms
        for number, part in enumerate(_split(_page(kit, form, "sheets")), start=1)
    }


def _page(kit: Path, form: str, name: str) -> str:
    return (kit / FOR_PARTICIPANTS / f"form-{form}" / f"{name}-{form}.html").read_text("utf-8")


def _split(page: str) -> Iterator[str]:
    yield from re.findall(r'<section class="sheet".*?</section>', page, flags=re.DOTALL)


def _reasons(sheet: str) -> list[str]:
    return re.findall(r"<li>.*?</li>", sheet, flags=re.DOTALL)


def _without_reasons(sheet: str) -> str:
    bare = re.sub(r"<h3>Reasons for the score</h3>.*?</ol>", "", sheet, flags=re.DOTALL)
    bare = re.sub(r"(case|history|reports)-\d+", r"\1", bare)
    return re.sub(r"\s+", " ", re.sub(r"Case \d+|form [\w-]+", "", bare))


def test_the_kit_holds_a_folder_a_participant_and_the_key_apart(kit: Path, key: Key) -> None:
    assert {path.name for path in kit.iterdir()} == {FOR_PARTICIPANTS, KEY_NAME, README}
    assert "not-for-participants" in KEY_NAME
    read_me = (kit / README).read_text("utf-8")
    assert f"NOT FOR PARTICIPANTS: this file, and {KEY_NAME}" in read_me
    folders = sorted((kit / FOR_PARTICIPANTS).iterdir())
    assert [folder.name for folder in folders] == [f"form-{form}" for form in key.forms]
    for folder in folders:
        assert len(list(folder.iterdir())) == 3
    assert len(key.forms) == PARTICIPANTS


def test_sheets_tell_no_truth_and_no_arm(kit: Path, key: Key) -> None:
    secret = {
        *ARMS[2:],
        "planted",
        "mechanism",
        "wrong_reasons",
        "misreport",
        *mechanisms(),
        *key.cases["kind"],
    }
    secret |= {mechanism.title for mechanism in mechanisms().values()}
    secret |= {*key.cases["taxpayer_id"], *key.cases["case"].map('"{}"'.format), key.model_id}
    for path in (kit / FOR_PARTICIPANTS).rglob("*"):
        if path.is_file():
            text = path.read_text("utf-8")
            found = [word for word in secret if word in text]
            assert not found, (path.name, found)


def test_who_is_flagged_is_said_on_the_sheets_and_to_the_evaluator(kit: Path, key: Key) -> None:
    rule = "and the rank is within the first 5% of the tax year."
    texts = [_page(kit, form, "sheets") for form in key.forms] + [(kit / README).read_text("utf-8")]
    assert all("Flagged if the probability is at least" in text and rule in text for text in texts)


@pytest.mark.parametrize(
    ("title", "feature", "observed", "said"),
    [
        ("Fall in savings", "interest_change", 1.45, "Small rise in savings"),
        ("Fall in savings", "interest_change", 0.4, "Fall in savings"),
        ("Interest", "interest_change", 1.45, "Interest"),
    ],
)
def test_a_title_agrees_with_its_sentence(title: str, feature: str, observed: float, said: str) -> None:
    own = get_regime("self_assessment").feature[feature]
    assert suit_title(title, own, observed) == said


def test_arms_differ_in_the_reasons_alone(sheets: dict[tuple[str, int], str], key: Key) -> None:
    for _, rows in key.layout.groupby("case"):
        by_arm = {row.arm: sheets[row.form, row.position] for row in rows.itertuples(index=False)}
        assert len({_without_reasons(sheet) for sheet in by_arm.values()}) == 1
        assert not _reasons(by_arm["score"])
        real, wrong = (_reasons(by_arm[arm]) for arm in ("reasons", "wrong_reasons"))
        assert len(real) == len(wrong) > 0
        effects = [re.findall(r'class="effect">([^<]+)', "".join(items)) for items in (real, wrong)]
        assert effects[0] == effects[1]
        assert real != wrong


def test_wrong_reasons_are_never_in_the_evidence(key: Key) -> None:
    known = mechanisms()
    assert key.cases["mechanisms"].map(len).sum() > 0
    for row in key.cases.itertuples(index=False):
        evidence = {code for name in row.mechanisms for code in known[name].evidence}
        assert row.wrong_codes
        assert not set(row.wrong_codes) & evidence
        assert not set(row.wrong_codes) & set(row.reason_codes)
        assert not set(row.wrong_lines) & set(row.planted_lines)
        assert len(row.wrong_codes) == len(row.reason_codes)


def test_the_key_tells_the_truth(key: Key, parts: tuple[Records, RiskModel, Truth]) -> None:
    records, model, truth = parts
    table = truth.table("misreporting", where={"regime": "self_assessment"})
    lost = table.groupby(["taxpayer_id", "period"])["tax_lost"].sum()
    for row in key.cases.itertuples(index=False):
        there = (row.taxpayer_id, row.period) in lost.index
        assert there == row.wrong
        assert row.tax_lost == pytest.approx(lost.get((row.taxpayer_id, row.period), 0.0), abs=0.01)
        assert row.wrong == (row.tax_lost >= model.material)
        assert bool(row.planted_lines) == row.wrong
        assert row.kind == f"{'flagged' if row.flagged else 'passed'}_{'wrong' if row.wrong else 'right'}"
    assert key.cases["taxpayer_id"].is_unique
    assert key.cases["wrong"].sum() == CASES / 2
    opened = records.table("enquiries", ["taxpayer_id", "period", "regime"])
    opened = opened[opened["regime"] == "self_assessment"]
    cases = set(zip(key.cases["taxpayer_id"], key.cases["period"], strict=True))
    assert not cases & set(zip(opened["taxpayer_id"], opened["period"], strict=True))


def test_pages_are_whole_and_need_nothing_else(kit: Path, key: Key) -> None:
    for name in ("sheets", "answers"):
        page = _page(kit, key.forms[0], name)
        elements = read_elements(page)
        tags = {element.tag for element in elements}
        assert "script" not in tags
        assert not re.search(r'(?:src|href)="(?!#)', page)
        assert "default-src 'none'" in page
        ids = [element["id"] for element in elements if element["id"]]
        assert len(ids) == len(set(ids))
        named = {one for element in elements for one in element["aria-labelledby"].split()}
        assert named <= set(ids)
        heads = [element for element in elements if element.tag == "th"]
        assert all(head["scope"] for head in heads)
        assert sum(element.tag == "h1" for element in elements) == 1
        assert next(element for element in elements if element.tag == "html")["lang"] == "en-GB"


@pytest.mark.parametrize(("name", "width"), [("sheets", 1280), ("sheets", 390), ("answers", 390)])
def test_pages_fit_a_desk_and_a_phone(
    kit: Path, chromium: str, tmp_path: Path, name: str, width: int
) -> None:
    page = next(kit.rglob(f"{name}-*.html")).read_text("utf-8")
    visit = _visit(page, chromium, tmp_path, width)
    assert visit.console == []
    measured = visit.measured["closed"]
    assert measured["width"] == width
    assert measured["scroll"] <= width
    assert measured["outside"] == []
    assert 0.005 < (visit.pixels[:, :width].mean(axis=2) < 0.5).mean() < 0.5


def test_the_empty_form_asks_for_every_case_and_is_read_back(kit: Path, key: Key) -> None:
    paths = sorted(kit.rglob("*.csv"))
    assert len(paths) == PARTICIPANTS
    with paths[0].open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == list(COLUMNS)
    assert [row["case"] for row in rows] == [str(number) for number in range(1, CASES + 1)]
    result = score_answers(kit / FOR_PARTICIPANTS, kit)
    assert (result.forms, result.returned, result.cases) == (PARTICIPANTS, 0, CASES)
    filled = pd.read_csv(paths[0], dtype="str").assign(enquiry="yes", line="L4", sure="3", minutes="2")
    filled.to_csv(paths[0].parent.parent.parent / "back.csv", index=False)
    again = score_answers(kit / "back.csv", key)
    (kit / "back.csv").unlink()
    assert again.returned == 1
    assert again.figure("opens_right", "score")["value"] == 1


def test_the_same_seed_gives_the_same_kit(
    kit: Path, parts: tuple[Records, RiskModel, Truth], tmp_path: Path
) -> None:
    other = write_tasks(tmp_path / "again", *parts, participants=PARTICIPANTS, cases=CASES, seed=2)
    for path in kit.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (other / path.relative_to(kit)).read_bytes(), path.name


def test_records_of_people_are_refused_by_name(
    parts: tuple[Records, RiskModel, Truth], tmp_path: Path, workshop: Any
) -> None:
    records, model, truth = parts
    folder = workshop.copy_records(tmp_path)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    (folder / "manifest.json").write_text(json.dumps(manifest | {"synthetic": False}), "utf-8")
    with pytest.raises(UsageError, match="not marked synthetic") as error:
        write_tasks(tmp_path / "kit", Records.open(folder), model, truth)
    assert str(folder) in str(error.value)
    assert not (tmp_path / "kit").exists()
    held = records.hold(["self_assessment"], 0)
    other = Records(held._source, replace(held.manifest, seed=99), held.as_of)
    with pytest.raises(IncompatibleError, match="not that of the records"):
        write_tasks(tmp_path / "kit", other, model, truth)


def test_numbers_and_folders_that_will_not_do_are_refused_first(
    kit: Path, parts: tuple[Records, RiskModel, Truth], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="exists already"):
        write_tasks(kit, *parts)
    with pytest.raises(UsageError, match="participants"):
        write_tasks(tmp_path / "kit", *parts, participants=4)
    with pytest.raises(UsageError, match="cases"):
        write_tasks(tmp_path / "kit", *parts, cases=10)


def test_too_few_cases_are_named_by_kind(parts: tuple[Records, RiskModel, Truth], tmp_path: Path) -> None:
    with pytest.raises(InvalidDataError, match=r"flagged and right: \d+ of 300"):
        write_tasks(tmp_path / "kit", *parts, cases=1_200)
