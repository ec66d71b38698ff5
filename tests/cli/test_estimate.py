"""``taxgap estimate``: a page and data of the tax gap, with a manifest; the truth where it is given."""

import json

import pytest

from taxgap.cli.estimate import read_hidden
from taxgap.errors import UsageError

ONE = ("--regime", "self_assessment", "--pool-years", "--no-groups")
STATED = ("--non-detection", "1.9,1.5,2.3")


def test_help_says_what_is_written(taxgap):
    run = taxgap("estimate", "--help")
    assert run.status == 0
    for word in ("index.html", "estimate.json", "--truth", "--bounds", "--non-detection"):
        assert word in run.out


def test_a_run_writes_a_page_and_data_with_a_manifest(taxgap, workshop, tmp_path):
    verb = ("estimate", workshop.records, *ONE, *STATED, "--year", "2022-23", "--level", "90%")
    run = taxgap(*verb, "--out", tmp_path / "gap")
    assert run.status == 0, run.err
    assert "Net tax gap" in run.out
    assert f"Open {tmp_path / 'gap' / 'index.html'} in a browser." in run.out
    read = json.loads((tmp_path / "gap" / "estimate.json").read_text("utf-8"))
    assert (read["format"], read["format_version"], read["truth"]) == ("taxgap-gap-estimate", 1, None)
    assert read["manifest"]["synthetic"]
    options = read["manifest"]["options"]
    assert (options["non_detection"], options["level"], options["years"]) == ("1.9,1.5,2.3", 0.9, ["2022-23"])
    page = (tmp_path / "gap" / "index.html").read_text("utf-8")
    assert "The net tax gap of the tax year 2022-23 is" in page
    assert "90% interval" in page
    again = taxgap(*verb, "--out", tmp_path / "again", "--json")
    assert again.data == read
    for name in ("estimate.json", "index.html"):
        assert (tmp_path / "gap" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_the_truth_stands_beside_the_estimate(taxgap, workshop, tmp_path):
    given = ("estimate", workshop.records, *ONE, *STATED, "--truth", workshop.population / "truth")
    run = taxgap(*given, "--out", tmp_path / "gap", "--json")
    assert run.status == 0, run.err
    assert set(run.data["truth"]) == {"net", "gross", "under_declared", "net: self_assessment"}
    assert run.data["truth"]["gross"] > run.data["truth"]["net"] > 0
    assert len(run.data["manifest"]["inputs"]["truth"]) == 64
    assert "The true net gap is" in (tmp_path / "gap" / "index.html").read_text("utf-8")


def test_bounds_are_called_bounds(taxgap, workshop, tmp_path):
    given = ("estimate", workshop.records, "--regime", "vat", "--bounds", *STATED)
    run = taxgap(*given, "--truth", workshop.population / "truth", "--out", tmp_path / "gap")
    assert run.status == 0, run.err
    assert "no estimate" in run.out
    page = (tmp_path / "gap" / "index.html").read_text("utf-8")
    assert "These are bounds, and no estimate." in page
    assert "<img" not in page


def test_an_existing_folder_is_refused_before_anything_is_read(taxgap, tmp_path):
    (tmp_path / "gap").mkdir()
    run = taxgap("estimate", tmp_path / "nothing", *STATED, "--out", tmp_path / "gap", "--json")
    assert run.status == 2
    assert "exists already" in run.error["message"]
    (tmp_path / "gap" / "mine.txt").write_text("mine")
    run = taxgap("estimate", tmp_path / "nothing", *STATED, "--out", tmp_path / "gap", "--replace", "--json")
    assert (run.status, "something else wrote it" in run.error["message"]) == (2, True)


@pytest.mark.parametrize("text", ["some", "1.9,1.5", "0.5", "1.9,2.5,2.3"])
def test_what_is_no_multiplier_is_refused(taxgap, workshop, tmp_path, text):
    run = taxgap("estimate", workshop.records, "--non-detection", text, "--out", tmp_path / "gap", "--json")
    assert run.status == 2
    assert not (tmp_path / "gap").exists()


def test_a_folder_that_is_no_truth_is_refused(taxgap, workshop, tmp_path):
    given = ("estimate", workshop.records, *ONE, *STATED, "--truth", tmp_path)
    run = taxgap(*given, "--out", tmp_path / "gap", "--json")
    assert run.status == 3
    assert not (tmp_path / "gap").exists()


def test_hidden_amounts_are_read_or_refused_with_their_option() -> None:
    assert read_hidden(None) is None
    assert read_hidden("2e9").limits == (2e9, 2e9)
    assert read_hidden("2e9,1e9,3e9").limits == (1e9, 3e9)
    for text in ("much", "1,2"):
        with pytest.raises(UsageError, match="neither one number nor three") as caught:
            read_hidden(text)
        assert caught.value.where == "--hidden"
