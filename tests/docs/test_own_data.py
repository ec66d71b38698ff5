"""The tutorial for analysts: its commands run, and what was planted in the extracts is what is found."""

from __future__ import annotations

import io
import json
import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from taxgap.cli.main import main
from taxgap.records import Records
from taxgap.regimes import get_regime
from taxgap.validation import validate

pytestmark = pytest.mark.xdist_group("tutorial")

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "tutorial" / "own-data.md").read_text()
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"\d[\d,.]*")
CONSEQUENCES = ("taxpayer_rejected", "return_rejected", "no_return")
KEYS = {
    "taxpayers": ["taxpayer_id"],
    "registrations": ["taxpayer_id", "regime", "effective_from"],
    "vat": ["taxpayer_id", "period", "version"],
    "third_party": ["report_id"],
    "enquiries": ["enquiry_id"],
}


@dataclass(frozen=True)
class Tutorial:
    """The folder that the tutorial leaves, and what its commands printed."""

    folder: Path
    shown: list[tuple[str, str]]

    def json(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text())

    def quarantine(self, table: str) -> pd.DataFrame:
        return pd.concat(pd.read_parquet(path) for path in self.folder.glob(f"trusted/quarantine/{table}/*"))


@pytest.fixture(scope="module")
def tutorial(tmp_path_factory: pytest.TempPathFactory) -> Tutorial:
    folder = tmp_path_factory.mktemp("tutorial") / "own"
    folder.mkdir()
    (folder.parent / "docs").symlink_to(DOCS)
    shown = []
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for language, name, body in BLOCK.findall(PAGE):
            if language == "console":
                printed = "".join(_run(line, patch) for line in body.splitlines())
            elif language == "diff":
                _mend(folder / name, body)
            else:
                shown.append((body, printed))
    return Tutorial(folder, shown)


def _run(line: str, patch: pytest.MonkeyPatch) -> str:
    program, *words = shlex.split(line)
    out = io.StringIO()
    with redirect_stdout(out):
        if program == "taxgap":
            one = ["--workers", "1"] if words[0] in ("ingest", "validate") else []
            assert main([*words, *one]) == 0, line
        elif program == "python":
            patch.setattr(sys, "argv", words)
            runpy.run_path(words[0], run_name="__main__")
        else:
            return subprocess.run([program, *words], check=True, capture_output=True, text=True).stdout
    return out.getvalue()


def _mend(path: Path, changes: str) -> None:
    """Change the lines of a file as a reader does who follows a diff, whatever its comments say."""
    lines, at = path.read_text().splitlines(), 0
    for change in changes.splitlines():
        mark, text = change[0], change[1:]
        if mark == "+":
            lines.insert(at, text)
            at += 1
        else:
            at += [_bare(line) for line in lines[at:]].index(_bare(text))
            at += 1 if mark == " " else 0
            if mark == "-":
                del lines[at]
    path.write_text("\n".join(lines) + "\n")


def _bare(line: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"\s{2,}#.*$", "", line)).strip()


def test_what_the_page_shows_is_printed(tutorial: Tutorial) -> None:
    # Which rejections are printed depends on how many there are; the report has them all.
    rejected = {
        f"reject {each['rule']} in {each['table']}" + (f".{each['column']}" if each["column"] else "")
        for each in tutorial.json("trusted/report.json")["findings"]
    }
    assert set(re.findall(r"^(reject \w+ in [\w.]+):", PAGE, re.MULTILINE)) <= rejected
    found = [
        part
        for body, printed in tutorial.shown
        for part in re.split(r"\n\n|^\.\.\.$", body, flags=re.MULTILINE)
        if _normal(part) not in _normal(printed) and not part.strip().startswith("reject")
    ]
    assert not found, "\n".join(found)


def test_the_draft_needs_no_other_change(tutorial: Tutorial) -> None:
    mapping = tomllib.loads((tutorial.folder / "columns.toml").read_text())
    assert set(mapping["tables"]) == set(KEYS)
    report = tutorial.json("traders/ingest.json")
    assert report["unused"] == []
    absent = {(each["table"], each["column"]) for each in report["absent"]}
    assert {each for each in absent if each[0] in ("registrations", "vat")} == set()


def test_every_row_is_accounted_for(tutorial: Tutorial) -> None:
    planted, report = tutorial.json("planted.json"), tutorial.json("traders/ingest.json")
    rows = pd.DataFrame(report["rows"]).set_index("source")
    assert rows["rows_in"].to_dict() == planted["rows"]
    assert (rows["kept"] + rows["unread"] == rows["rows_in"]).all()
    again = {
        each["source"]: each["count"] for each in report["findings"] if each["code"] == "repeated_header"
    }
    assert again == planted["repeated_headers"]
    checked = pd.DataFrame(tutorial.json("trusted/report.json")["rows"]).set_index("table")
    assert checked["rows_in"].to_dict() == rows.groupby("table")["kept"].sum().to_dict()
    assert (checked["kept"] + checked["quarantined"] == checked["rows_in"]).all()
    quarantined = {table: len(tutorial.quarantine(table)) for table in KEYS}
    assert quarantined == checked["quarantined"].to_dict()


def test_the_sum_of_the_page_adds_up(tutorial: Tutorial) -> None:
    shown = re.search(r"([\d,]+) rows in = (\d+) not read \+ (\d+) in quarantine \+ ([\d,]+) trusted", PAGE)
    assert shown is not None
    rows = pd.DataFrame(tutorial.json("traders/ingest.json")["rows"])
    checked = pd.DataFrame(tutorial.json("trusted/report.json")["rows"])
    found = [rows["rows_in"].sum(), rows["unread"].sum(), checked["quarantined"].sum(), checked["kept"].sum()]
    assert [int(number.replace(",", "")) for number in shown.groups()] == found


def test_what_cannot_be_read_is_set_aside_with_its_line(tutorial: Tutorial) -> None:
    unread = pd.concat(pd.read_parquet(path) for path in tutorial.folder.glob("traders/unread/*/*.parquet"))
    found = unread[["taxgap_source", "taxgap_line", "taxgap_fault"]].to_numpy().tolist()
    wanted = [
        [each["file"], each["line"], ": ".join(filter(None, (each["column"], each["fault"])))]
        for each in tutorial.json("planted.json")["unread"]
    ]
    assert sorted(found) == sorted(wanted)


def test_broken_rules_are_found_and_nothing_else_is_rejected(tutorial: Tutorial) -> None:
    planted: dict[tuple[str, str], list[list[str]]] = {}
    warned = []
    for each in tutorial.json("planted.json")["rules"]:
        if each["severity"] == "reject":
            planted.setdefault((each["table"], each["rule"]), []).extend(each["rows"])
        else:
            warned += each["rows"]
    found: dict[tuple[str, str], list[list[str]]] = {}
    for table, key in KEYS.items():
        rejected = tutorial.quarantine(table)
        keys = rejected[key].astype("str").to_numpy().tolist()
        for rules, row in zip(rejected["rule"], keys, strict=True):
            own = [rule for rule in re.split(r"\W+", rules) if rule not in CONSEQUENCES]
            for rule in own:
                found.setdefault((table, rule), []).append(row)
    assert {place: sorted(rows) for place, rows in found.items()} == {
        place: sorted(rows) for place, rows in planted.items()
    }
    records = Records.open(tutorial.folder / "traders" / "records")
    kept = validate(records, tables=records.tables, workers=1).failing("vat", "warn")
    outside = kept[kept["rule"].str.contains("outside_registration")]
    assert {tuple(row) for row in warned} <= set(
        outside[KEYS["vat"]].astype("str").itertuples(index=False, name=None)
    )


def test_what_follows_from_a_rejection_does_follow(tutorial: Tutorial) -> None:
    rejected = set(tutorial.quarantine("taxpayers")["taxpayer_id"])
    for table in ("registrations", "vat", "third_party", "enquiries"):
        rows = tutorial.quarantine(table)
        along = rows[rows["rule"].str.contains("taxpayer_rejected")]
        assert set(along["taxpayer_id"]) <= rejected
        trusted = Records.open(tutorial.folder / "trusted" / "records").table(table)
        assert not set(trusted["taxpayer_id"]) & rejected
    shown = re.search(r"reports and visits along, (\d+) rows", PAGE)
    count = sum(tutorial.quarantine(table)["rule"].str.contains("taxpayer_rejected").sum() for table in KEYS)
    assert shown is not None
    assert int(shown[1]) == count


def test_every_trusted_return_is_scored(tutorial: Tutorial) -> None:
    key = ["taxpayer_id", "period"]
    returns = Records.open(tutorial.folder / "trusted" / "records").table("vat")[key].drop_duplicates()
    scores = pd.concat(pd.read_parquet(path) for path in tutorial.folder.glob("scores/part-*.parquet"))
    assert sorted(scores[key].to_numpy().tolist()) == sorted(returns.to_numpy().tolist())
    assert 10 < scores["flagged"].sum() < 0.05 * len(scores)
    assert scores.loc[scores["flagged"], "reason_1_sentence"].notna().mean() > 0.8


def test_the_card_names_what_is_left_out(tutorial: Tutorial) -> None:
    card = tutorial.json("model/card.json")
    records = Records.open(tutorial.folder / "trusted" / "records")
    missing = card["training"]["missing_features"]
    assert missing == get_regime("vat").missing_features(records)
    rows = re.findall(r"^\| [^|`]+ \| (`[^|]+) \|$", PAGE, re.MULTILINE)
    assert sorted(re.findall(r"`(\w+)`", " ".join(rows))) == sorted(missing)


def _normal(text: str) -> str:
    return " ".join(NUMBER.sub("#", text).split())
