"""Pictures: drawn without touching the user's settings, and the same for every reader."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import pandas as pd
import pytest

from taxgap.publication import PageContent, theme
from taxgap.publication.curves import draw_gain
from taxgap.publication.picture import to_svg
from taxgap.publication.rows import arrange_rows
from taxgap.publication.theme import COLOURS, NARROW, SIZES, WIDE, Size, drawing
from taxgap.publication.waterfall import draw_waterfall, waterfall_steps


def test_the_users_settings_are_left_alone(content: PageContent) -> None:
    before = dict(mpl.rcParams)
    with drawing(WIDE):
        to_svg(draw_gain(content.gain, WIDE))
    assert dict(mpl.rcParams) == before


def test_no_module_touches_pyplot() -> None:
    sources = Path(theme.__file__).parent.glob("*.py")
    assert [path.name for path in sources if "pyplot" in path.read_text("utf-8")] == []


@pytest.mark.parametrize("size", SIZES, ids=lambda size: size.name)
def test_a_drawing_has_its_width_and_readable_text(content: PageContent, size: Size) -> None:
    with drawing(size):
        svg = to_svg(draw_waterfall(waterfall_steps(content.cases[0]), size))
    assert svg.startswith("<svg")
    assert f'width="{size.width * 0.75:g}pt"' in svg
    assert f"font-size: {size.text * 0.75:g}px" in svg
    assert "multiplies by" in svg or "×" in svg  # noqa: RUF001
    assert "DejaVu" not in svg


def test_dollars_are_no_formula(content: PageContent) -> None:
    steps = waterfall_steps(content.cases[0])
    steps["label"] = "Paid in $ and $"
    with drawing(WIDE):
        assert "Paid in $ and $" in to_svg(draw_waterfall(steps, WIDE))


def test_very_small_and_very_large_scores_can_be_drawn(content: PageContent) -> None:
    steps = waterfall_steps(content.cases[0])
    for factor in (0.001, 3.0):
        scaled = steps.assign(**{name: steps[name] * factor for name in ("size", "before", "after")})
        with drawing(NARROW):
            assert "£" in to_svg(draw_waterfall(scaled, NARROW))


def test_one_line_is_a_curve_too() -> None:
    gain = pd.DataFrame({"ranking": "model", "share_examined": [0.6, 1.0], "share_of_gap": [0.8, 1.0]})
    with drawing(NARROW):
        assert "The model" in to_svg(draw_gain(gain, NARROW))


def test_long_labels_are_broken_and_rows_grow() -> None:
    short = arrange_rows(NARROW, ["Rents"])
    long = arrange_rows(NARROW, ["Returns with tax found, with a trade and no property at all, of any size"])
    assert len(long.labels[0]) > 1
    assert long.step > short.step
    assert arrange_rows(WIDE, [""]).labels == ((" ",),)


@pytest.mark.parametrize("name", ["ink", "quiet", "link", "main", "third"])
@pytest.mark.parametrize("ground", ["paper", "wash"])
def test_text_can_be_read_on_its_ground(name: str, ground: str) -> None:
    lighter, darker = _luminance(COLOURS[ground]), _luminance(COLOURS[name])
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
