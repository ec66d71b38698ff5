"""The calibration's page in a real browser, on a desk and on a phone."""

from __future__ import annotations

from pathlib import Path

import pytest

from taxgap.publication.calibration import render_calibration
from tests.publication.test_browser import _visit, chromium
from tests.publication.test_calibration import build_calibration

__all__ = ["chromium"]


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_and_shows(chromium: str, tmp_path: Path, width: int) -> None:
    visit = _visit(render_calibration(build_calibration()), chromium, tmp_path, width)
    assert visit.console == []
    for state in ("closed", "open"):
        measured = visit.measured[state]
        assert measured["width"] == width
        assert measured["scroll"] <= width
        assert measured["outside"] == []
        assert measured["broken"] == 0
    assert visit.measured["images"] == 3  # the overview and the two groups of the first chapter
    assert 0.01 < (visit.pixels[:, :width].mean(axis=2) < 0.5).mean() < 0.5
