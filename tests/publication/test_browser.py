"""The page in a real browser, on a desk and on a phone: nothing overflows and nothing is missing."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread

REMEDY = "install the Debian package 'chromium' (apt-get install chromium)"
FLAGS = (
    "--headless",
    "--no-sandbox",  # it opens a file of ours, and CI may run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--enable-logging=stderr",
)
HEIGHT = 900
NARROWEST = 500  # no window of the browser is narrower, so the phone is a frame in a wider one
WRAPPER = """<!DOCTYPE html><html lang="en"><title>wrapper</title><body style="margin:0">
<iframe width="{width}" height="{height}" style="border:0;display:block" srcdoc="{page}"></iframe>
<script>
addEventListener("load", () => {{
  const page = document.querySelector("iframe").contentDocument, root = page.documentElement;
  const sticksOut = element => !element.closest(".scroll, .unseen")
    && element.getBoundingClientRect().right > root.clientWidth + 1;
  const measure = () => ({{
    width: root.clientWidth,
    scroll: root.scrollWidth,
    outside: [...page.querySelectorAll("main *")].filter(sticksOut).map(element => element.outerHTML),
    broken: [...page.images].filter(image => !image.complete || !image.naturalWidth).length,
  }});
  const folds = [...page.querySelectorAll("details")], open = folds.map(fold => fold.open);
  const closed = measure();
  folds.forEach(fold => fold.open = true);
  document.body.dataset.measured = JSON.stringify({{closed, open: measure(), images: page.images.length}});
  folds.forEach((fold, place) => fold.open = open[place]);
}});
</script></body></html>
"""


@dataclass(frozen=True)
class Visit:
    """What a browser made of the page."""

    measured: dict[str, Any]
    console: list[str]
    pixels: np.ndarray


@pytest.fixture(scope="module")
def chromium() -> str:
    found = shutil.which("chromium")
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"The page was not looked at: {REMEDY}.")
        pytest.skip(f"THE PAGE WAS NOT LOOKED AT IN A BROWSER: {REMEDY}")
    return found


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_and_shows(page: str, chromium: str, tmp_path: Path, width: int) -> None:
    visit = _visit(page, chromium, tmp_path, width)
    assert visit.console == []
    for state in ("closed", "open"):
        measured = visit.measured[state]
        assert measured["width"] == width
        assert measured["scroll"] <= width
        assert measured["outside"] == []
        assert measured["broken"] == 0
    assert visit.measured["images"] == 12
    shown = visit.pixels[:, :width]
    dark = (shown.mean(axis=2) < 0.5).mean()
    assert 0.01 < dark < 0.5
    assert len(np.unique((shown * 255).astype(int).reshape(-1, 3), axis=0)) > 20


def _visit(page: str, chromium: str, folder: Path, width: int) -> Visit:
    wrapper, shot = folder / "wrapper.html", folder / "shot.png"
    wrapper.write_text(WRAPPER.format(width=width, height=HEIGHT, page=html.escape(page)), "utf-8")
    places = (f"--user-data-dir={folder / 'profile'}", f"--screenshot={shot}")
    window = f"--window-size={max(width, NARROWEST)},{HEIGHT}"
    done = subprocess.run(
        [chromium, *FLAGS, *places, window, "--dump-dom", wrapper.as_uri()],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    found = re.search(r'data-measured="([^"]*)"', done.stdout)
    assert found, f"the browser measured nothing: {done.stderr[-2000:]}"
    complaints = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return Visit(json.loads(html.unescape(found[1])), complaints, imread(shot)[:, :, :3])
