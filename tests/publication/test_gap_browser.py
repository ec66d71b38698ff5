"""The page of a tax gap estimate in a real browser, on a desk and on phones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from taxgap.gap.chain import GapEstimate
from taxgap.publication.gap_page import render_gap_page
from tests.publication.test_browser import _visit, chromium
from tests.publication.test_gap_page import TRUTH, build_bounds, build_estimate

__all__ = ["chromium"]


@pytest.mark.parametrize(("build", "images"), [(build_estimate, 7), (build_bounds, 0)])
@pytest.mark.parametrize("width", [1280, 360])
def test_the_page_fits_and_shows(
    chromium: str, tmp_path: Path, width: int, build: Callable[[], GapEstimate], images: int
) -> None:
    page = render_gap_page(build().beside(TRUTH), synthetic=True)
    visit = _visit(page, chromium, tmp_path, width)
    assert visit.console == []
    for state in ("closed", "open"):
        measured = visit.measured[state]
        assert measured["width"] == width
        assert measured["scroll"] <= width
        assert measured["outside"] == []
        assert measured["broken"] == 0
    assert visit.measured["images"] == images  # the chain, intervals, sensitivity and four breakdowns
    assert 0.01 < (visit.pixels[:, :width].mean(axis=2) < 0.5).mean() < 0.5
