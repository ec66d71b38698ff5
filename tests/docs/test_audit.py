"""What the page on auditing shows runs, and it names every check with its bound."""

from __future__ import annotations

import csv
import re
import shlex
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from taxgap.cli.main import main
from taxgap.reasons.audit import auditing
from taxgap.reasons.audit.auditing import PARTS, RULES, audit_explanations
from taxgap.reasons.audit.rules import Rule
from taxgap.reasons.audit.settings import AuditSettings

pytestmark = pytest.mark.xdist_group("audit")

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "how-to" / "audit.md").read_text()
BLOCKS = re.findall(r"^```(python|console)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
ENDS = {"value": "", "low": "low end ", "high": "high end "}
SMALL = ["--returns", "300", "--refits", "2", "--cutoff", "0", "--capacity-share", "0.1", "-q"]
FEW = ["--part", "recovery"]


def _rows() -> Iterator[tuple[str, str, str]]:
    """Give the part, the check and the rule of each line of the table of checks."""
    table = PAGE.split("| part | check |", 1)[1].split("\n\n", 1)[0]
    part = ""
    for line in table.splitlines()[2:]:
        own, checks, rule = (cell.strip() for cell in line.split("|")[1:4])
        part = own or part
        yield from ((part, name, rule) for name in re.findall(r"`(\w+)`", checks))


def _say(rule: Rule) -> str:
    return f"{ENDS[rule.of]}{rule.sense} {rule.bound:g}"


def test_every_check_is_on_the_page_with_its_part_and_bound() -> None:
    assert sorted(_rows()) == sorted((rule.part, rule.name, _say(rule)) for rule in RULES)


def test_every_part_is_on_the_page() -> None:
    named = {part for part, _, _ in _rows()}
    assert named == {rule.part for rule in RULES}
    assert all(f"`{part}`" in PAGE for part in set(PARTS) - named)


@pytest.mark.long
def test_the_blocks_run_one_after_another(
    workshop: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "population").symlink_to(workshop.population)
    (tmp_path / "model").symlink_to(workshop.model)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(auditing, "AuditSettings", _be_quick)
    audit = partial(audit_explanations, cutoff=0.0, parts=["recovery"])
    monkeypatch.setattr("taxgap.audit_explanations", audit, raising=False)
    space: dict[str, Any] = {}
    assert len(BLOCKS) == 7
    for language, block in BLOCKS:
        if language == "python":
            exec(compile(block, "audit.md", "exec"), space)  # noqa: S102  the page is ours
        else:
            _run_commands(block)
    _check_files(tmp_path)
    _check_audits(space)


def _be_quick(**settings: Any) -> AuditSettings:
    """Make settings of fewer returns and refits than the page names."""
    few = {"returns": 300, "refits": 2, "draws": 40, "capacity_share": 0.1}
    return AuditSettings(**{**settings, **few})


def _run_commands(block: str) -> None:
    for line in block.splitlines():
        words = shlex.split(line)[1:]
        if "--tasks" in words:
            assert main([*words, "--participants", "3", "--cases", "12"]) == 0
            _answer(Path("kit"), Path("returned"))
        elif "--answers" in words:
            assert main(words) == 0
        else:
            few = [] if "--part" in words else FEW
            assert main([*words, *SMALL, *few]) == (5 if "--fail-on" in words else 0)


def _answer(kit: Path, returned: Path) -> None:
    """Fill in every form: enquire into each case, and ask about no line."""
    returned.mkdir()
    for form in (kit / "for-participants").glob("*/*.csv"):
        shutil.copy(form, returned)
        with (returned / form.name).open(newline="") as file:
            head, *rows = csv.reader(file)
        with (returned / form.name).open("w", newline="") as file:
            csv.writer(file).writerows([head, *([*row[:2], "yes", "none", "3", "2", "", ""] for row in rows)])


def _check_files(folder: Path) -> None:
    assert (folder / "audit" / "audit.html").is_file()
    assert (folder / "audit" / "audit.json").is_file()
    assert (folder / "kit" / "README.txt").is_file()
    assert (folder / "people" / "people.json").is_file()
    assert all((folder / name / "audit.html").is_file() for name in ("checked", "theirs", "planted"))


def _check_audits(space: dict[str, Any]) -> None:
    assert [part.name for part in space["audit"].parts] == ["recovery"]
    assert space["theirs"].about["own_explanations"] is False
    assert "lateness" in set(space["compared"].tables["comparison/methods"]["method"])
    assert space["narrower"].about["evidence"]["honest_error"] == ("change.turnover",)
    assert space["planted"].value("recall@3 of all", group_by="manipulation", group="gifts_invented") >= 0
    assert space["planted"].about["truth"] is False
    assert "completeness" in space["caught"].failed
