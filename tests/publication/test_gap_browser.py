"""The page of a tax gap estimate in a real browser, on a desk and on phones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from taxgap.gap.chain import GapEstimate
from taxgap.publication.gap_page import render_gap_page
from tests.publication import test_browser
from tests.publication.test_browser import _visit, chromium
from tests.publication.test_gap_page import TRUTH, YEARS, build_bounds, build_estimate

__all__ = ["chromium"]


@pytest.mark.parametrize(("build", "images"), [(build_estimate, 7), (build_bounds, 0)])
@pytest.mark.parametrize("width", [1280, 1100, 360])
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


def build_wide() -> GapEstimate:
    """Figures as wide as they come: billions in millions, hundreds of open cases, names of two words."""
    estimate = build_estimate()
    table = estimate.table.replace({"regime": {"vat": "self_assessment"}})
    amounts = table.select_dtypes("float").columns.difference(["percent", "percent_low", "percent_high"])
    table[amounts] *= 40
    table = table.assign(open_cases=489, cases=2_806, percent_low=24.4, percent_high=56.6)
    groups = estimate.groups.assign(
        **{name: 40 * estimate.groups[name] for name in ("amount", "low", "high")}
    )
    ends = {name: 40 * getattr(estimate, name) for name in ("value", "low", "high", "gross")}
    made = {**estimate.made, "years": {"self_assessment": YEARS, "employer_paye": YEARS}}
    return replace(estimate, table=table, groups=groups, made=made, **ends)  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [1280, 1100, 1024])
def test_no_column_is_cut_off_beside_the_contents(
    chromium: str, tmp_path: Path, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tables may be scrolled on a phone; on a desk every column is seen, the last one too."""
    cut = "cut: [...page.querySelectorAll('.scroll')].filter(box => box.scrollWidth > box.clientWidth + 1)"
    cut += ".map(box => box.getAttribute('aria-labelledby')), outside:"
    monkeypatch.setattr(test_browser, "WRAPPER", test_browser.WRAPPER.replace("outside:", cut))
    page = render_gap_page(build_wide().beside(TRUTH | {"net: nation: England": 130e6}), synthetic=True)
    visit = _visit(page, chromium, tmp_path, width)
    assert [visit.measured[state]["cut"] for state in ("closed", "open")] == [[], []]
