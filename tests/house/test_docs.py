"""The API reference can be built and is complete; what the documents say of files and versions is true."""

from __future__ import annotations

import ast
import inspect
import re
import runpy
import shlex
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import taxgap
from taxgap.cli.main import main
from taxgap.synthetic.mechanisms import mechanisms
from taxgap.synthetic.settings import Settings

LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)
ELSEWHERE = re.compile(r"[a-z]+:|#")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ASSUMPTION = re.compile(r"^\|[^|]*\|([^|]*)\| `([\w/]+\.\w+): ([\w, ]+)` \|", re.MULTILINE)
NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?%?")
COMMAND = ("python", "-m", "taxgap")


@pytest.fixture(scope="module")
def documents(root: Path) -> dict[str, str]:
    paths = [*root.glob("*.md"), *root.glob("docs/**/*.md"), *root.glob("benchmarks/**/*.md")]
    return {str(path.relative_to(root)): path.read_text() for path in sorted(paths)}


def test_the_reference_is_built_and_complete(modules: dict[str, Path], tmp_path: Path) -> None:
    rooms = {".".join(name.split(".")[:2]) for name in modules if not name.startswith("taxgap.__")}
    out = tmp_path / "out"
    command = [sys.executable, "-m", "pdoc", "--docformat", "numpy", "--output-directory", str(out)]
    command += sorted(rooms - {"taxgap.cli"})
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    found = [line for line in answer.stderr.splitlines() if line.startswith("Warn")]
    assert not found, "\n".join(found)
    page = (out / "taxgap.html").read_text()
    found = [name for name in taxgap.__all__ if f'id="{name}"' not in page]
    assert not found, "\n".join(found)


def test_links_lead_to_files(root: Path, documents: dict[str, str]) -> None:
    found = [
        f"{document}: {target}"
        for document, text in documents.items()
        for target in LINK.findall(CODE.sub("", text))
        if not ELSEWHERE.match(target)
        and not (root / document).parent.joinpath(target.split("#")[0]).exists()
    ]
    assert not found, "\n".join(found)


def test_the_changelog_speaks_of_this_version(documents: dict[str, str], pyproject: dict[str, Any]) -> None:
    changelogs = {name: text for name, text in documents.items() if Path(name).stem.upper() == "CHANGELOG"}
    assert changelogs
    headings = ("## [Unreleased]", f"## [{pyproject['project']['version']}]")
    found = [name for name, text in changelogs.items() if not any(each in text for each in headings)]
    assert not found, "\n".join(found)


def test_the_citation_names_this_version(root: Path, pyproject: dict[str, Any]) -> None:
    citation = (root / "CITATION.cff").read_text()
    assert re.findall(r"^version: (.*)$", citation, re.MULTILINE) == [pyproject["project"]["version"]]


def test_the_makefile_explains_every_rule(root: Path) -> None:
    makefile = (root / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    explained = re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE)
    assert sorted(explained) == sorted(phony.split())


def test_links_lead_to_headings(root: Path, documents: dict[str, str]) -> None:
    found = []
    for document, text in documents.items():
        for target in LINK.findall(CODE.sub("", text)):
            name, _, anchor = target.partition("#")
            path = (root / document).parent / name if name else root / document
            if anchor and not target.startswith("http") and path.suffix == ".md":
                anchors = {_anchor(title) for title in HEADING.findall(path.read_text())}
                found += [] if anchor in anchors else [f"{document}: {target}"]
    assert not found, "\n".join(found)


def test_every_page_is_in_the_index(documents: dict[str, str]) -> None:
    pages = {name.removeprefix("docs/") for name in documents if name.startswith("docs/")} - {"README.md"}
    found = sorted(page for page in pages if f"]({page})" not in documents["docs/README.md"])
    assert not found, "\n".join(found)


def test_reference_pages_are_what_the_code_says(root: Path) -> None:
    pages: dict[str, Callable[[], str]] = runpy.run_path(str(root / "docs" / "make_reference.py"))["PAGES"]
    found = [
        name for name, make in pages.items() if (root / "docs" / "reference" / name).read_text() != make()
    ]
    assert not found, f"run docs/make_reference.py: {found}"


def test_the_assumptions_are_those_of_the_code(root: Path, documents: dict[str, str]) -> None:
    rows = ASSUMPTION.findall(documents["docs/explanation/economy.md"])
    assert len(rows) > 80
    found = []
    for value, place, names in rows:
        constants = {name: _find(root, place, name) for name in names.split(", ")}
        found += [f"{place}: there is no {name}" for name, constant in constants.items() if constant is None]
        known = np.fromiter(_numbers(constants), dtype=np.float64)
        written = [number.replace(",", "") for number in NUMBER.findall(re.sub(r"\(http.*?\)", "", value))]
        for number in written:
            wanted = float(number.removesuffix("%")) / (100 if number.endswith("%") else 1)
            if not np.isclose(known, wanted).any():
                found.append(f"{place}: {names}: {number} in '{value.strip()}'")
    assert not found, "\n".join(found)


def test_the_worked_mechanism_runs(
    documents: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = _run_page(documents["docs/how-to/add-a-mechanism.md"], tmp_path, monkeypatch)
    planted = shown["mine"]
    assert len(planted) >= 5
    assert set(planted["field"]) == {"travel_costs"}
    assert (planted["amount"] < 0).all()
    assert "expenses.travel" in shown["titles"]
    assert 0.05 < shown["rate"] < 0.6
    assert (tmp_path / "calibration" / "index.html").is_file()


def test_the_settings_of_the_guide_can_be_used(
    documents: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = documents["docs/how-to/generate.md"]
    shown = _run_page(page, tmp_path, monkeypatch, only_try=True)
    assert shown["truth"].read("misreporting")["tax_lost"].sum() > 0
    for language, name, body in BLOCK.findall(page):
        if language == "toml":
            content = tomllib.loads(body)
            chosen = Settings.from_mapping(content.get("generate", content))
            assert mechanisms(chosen), name


def test_own_records_are_read_as_the_page_says(
    documents: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = _run_page(documents["docs/how-to/own-records.md"], tmp_path, monkeypatch)
    assert shown["report"].passed
    assert shown["records"].table("vat")["output_tax"].tolist() == [1200.0, 500.0]
    assert len(taxgap.Records.open(tmp_path / "again" / "records").table("taxpayers")) == 60
    fixed = taxgap.Records.open(tmp_path / "register" / "records").table("taxpayers")
    assert fixed["legal_form"].tolist() == ["company", "individual"]


def _run_page(
    text: str, folder: Path, monkeypatch: pytest.MonkeyPatch, *, only_try: bool = False
) -> dict[str, Any]:
    """Run the blocks of a page in order: files are written, commands run, Python shares its names."""
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(folder)
    names: dict[str, Any] = {}
    for position, (language, name, body) in enumerate(BLOCK.findall(text)):
        if name:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(body)
        elif language == "console":
            for line in body.splitlines():
                words = shlex.split(line)
                words = words[len(COMMAND) if tuple(words[: len(COMMAND)]) == COMMAND else 1 :]
                assert main([*words, *(["--dry-run"] if only_try else [])]) == 0, line
        else:
            assert language == "python", language
            path = folder / f"block_{position}.py"
            path.write_text(body)
            names |= runpy.run_path(str(path), init_globals=names)
    sys.modules.pop("my_mechanisms", None)
    return names


def _anchor(title: str) -> str:
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def _find(root: Path, place: str, name: str) -> Any:
    if place.endswith(".toml"):
        return tomllib.loads((root / "synthetic" / place).read_text()).get(name)
    module = "taxgap.synthetic." + place.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return getattr(import_module(module), name, None)


def _numbers(value: Any) -> Iterator[float]:
    """Give the size of every number in a constant, or in the text of a function or class."""
    if isinstance(value, np.timedelta64):
        yield float(value / np.timedelta64(1, "D"))
    elif isinstance(value, int | float | np.number) and not isinstance(value, bool):
        yield abs(float(value))
    else:
        for part in _parts(value):
            yield from _numbers(part)


def _parts(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    if isinstance(value, list | tuple | np.ndarray):
        return list(value)
    if is_dataclass(value) and not isinstance(value, type):
        constants = (getattr(value, field.name) for field in fields(value))
        return [constant for constant in constants if not callable(constant)]
    if callable(value):
        tree = ast.parse(textwrap.dedent(inspect.getsource(value)))
        return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return []
