"""An estimate as a folder: page, figures and the manifest of the run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from taxgap import __version__
from taxgap.errors import UsageError
from taxgap.publication.gap_files import FILE_NAME, describe_run, publish_gap
from taxgap.records import Records, Truth
from taxgap.records.files import checksum
from taxgap.risk import RiskModel
from tests.publication.test_gap_page import build_bounds, build_small


def test_the_manifest_says_what_was_read_and_how(workshop) -> None:
    records, truth = Records.open(workshop.records), Truth.open(workshop.population / "truth")
    model = RiskModel.load(workshop.model)
    run = describe_run(records, {"level": 0.9, "years": None}, model=model, truth=truth)
    assert run["versions"]["taxgap"] == __version__
    assert run["synthetic"] is True
    assert run["inputs"] == {
        "as_of": records.manifest.as_of,
        "records": checksum(workshop.records / "manifest.json"),
        "model_id": model.model_id,
        "truth": checksum(workshop.population / "truth" / "manifest.json"),
    }
    assert run["options"] == {"level": 0.9, "years": None}
    assert str(workshop.population) not in json.dumps(run)


def test_records_in_memory_have_a_digest_too() -> None:
    one, other = (Records.from_frames({}, as_of=day) for day in ("2025-01-31", "2025-02-28"))
    digests = {describe_run(each, {})["inputs"]["records"] for each in (one, one, other)}
    assert len(digests) == 2
    assert describe_run(one, {})["synthetic"] is False


@pytest.mark.parametrize("build", [build_small, build_bounds])
def test_the_same_estimate_gives_the_same_folder(build, tmp_path: Path) -> None:
    run = {"synthetic": True, "options": {}}
    content = publish_gap(build(), tmp_path / "a", run)
    publish_gap(build(), tmp_path / "b", run)
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == [FILE_NAME, "index.html"]
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    read = json.loads((tmp_path / "a" / FILE_NAME).read_text("utf-8"))
    assert read == content
    assert (read["format"], read["format_version"], read["manifest"]) == ("taxgap-gap-estimate", 1, run)
    assert "made up" in (tmp_path / "a" / "index.html").read_text("utf-8")


def test_only_an_estimate_is_replaced(tmp_path: Path) -> None:
    publish_gap(build_bounds(), tmp_path / "gap", {})
    with pytest.raises(UsageError, match="exists already"):
        publish_gap(build_bounds(), tmp_path / "gap", {})
    publish_gap(build_small(), tmp_path / "gap", {}, replace=True)
    assert "waterfall" in (tmp_path / "gap" / "index.html").read_text("utf-8")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="something else wrote it"):
        publish_gap(build_bounds(), tmp_path / "other", {}, replace=True)
