"""``taxgap calibrate``: a page and data of a population, made in one go."""

import json

import pytest

from taxgap.cli.main import main
from taxgap.publication.calibration import UNEXPLAINED
from taxgap.synthetic import generate


@pytest.fixture(scope="module")
def population(tmp_path_factory):
    folder = tmp_path_factory.mktemp("calibrate") / "population"
    generate(folder, taxpayers=600, years=1, random_share=0.5)
    return folder


def test_it_writes_a_page_and_data(population, tmp_path, capsys):
    out = tmp_path / "calibration"
    assert main(["calibrate", str(population), "--out", str(out), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    read = json.loads((out / "calibration.json").read_text("utf-8"))
    assert said["targets"] == read["accuracy"]["targets"] > 50
    assert read["format"] == "taxgap-calibration"
    assert "Overall accuracy" in (out / "index.html").read_text("utf-8")


def test_it_replaces_only_when_asked(population, tmp_path):
    arguments = ["calibrate", str(population), "--out", str(tmp_path / "calibration"), "-q"]
    assert main(arguments) == 0
    first = (tmp_path / "calibration" / "index.html").read_bytes()
    assert main(arguments) == 2
    assert main([*arguments, "--replace"]) == 0
    assert (tmp_path / "calibration" / "index.html").read_bytes() == first


def test_a_folder_without_a_population_is_refused(tmp_path, capsys):
    assert main(["calibrate", str(tmp_path), "--out", str(tmp_path / "out")]) == 3
    assert "There are no records here" in capsys.readouterr().err


def test_every_miss_is_explained_or_marked(population, tmp_path):
    out = tmp_path / "calibration"
    assert main(["calibrate", str(population), "--out", str(out), "-q"]) == 0
    read = json.loads((out / "calibration.json").read_text("utf-8"))
    missed = [row for row in read["figures"] if row["is_target"] and not row["within"]]
    unexplained = [row for row in missed if not row["explanation"]]
    assert 0 < len(unexplained) == read["accuracy"]["unexplained"] < len(missed)
    page = (out / "index.html").read_text("utf-8")
    assert page.count(UNEXPLAINED) == len(unexplained)
    assert "have no explanation yet" in page
