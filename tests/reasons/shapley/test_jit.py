"""Compiled code: kept where the user may write, in memory where he may not, and never stale."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from taxgap.reasons.shapley import jit

TRY = """
import os, sys, warnings
import numba.core.caching
import numpy as np
from taxgap.reasons.shapley import arrays, plan  # what is imported as root need not be readable for others

numba.njit(lambda words: words.sum() + np.unique(words).size)(np.arange(3))
del sys.modules["taxgap.reasons.shapley.plan"]
if os.geteuid() == 0:  # as nobody, who may write little
    os.setgid(65_534)
    os.setuid(65_534)
os.environ.update(HOME=sys.argv[1], TAXGAP_CACHE_DIR=sys.argv[2])
from taxgap.reasons.shapley import jit
jit.find_folder.cache_clear()
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")

    @jit.kernel
    def double(number):
        return 2 * number

    print(double(21))
print(*[warning.message for warning in told if warning.category is RuntimeWarning])
"""
ROOT = Path(__file__).parents[3]


def run(home: Path, cache: Path) -> tuple[str, str]:
    """Compile a function as another user, where the tests run as root; return its result and the warning."""
    script = home / "kept.py"  # numba keeps what stands in a file
    script.write_text(TRY, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script), str(home), str(cache)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    number, warning = done.stdout.split("\n")[:2]
    return number, warning


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for folder in (tmp_path, *tmp_path.parents):
        if not folder.stat().st_mode & 0o001:
            if folder.parent == folder or folder.stat().st_uid != os.geteuid():
                pytest.skip(f"another user cannot pass {folder}")
            folder.chmod(folder.stat().st_mode | 0o011)
    return tmp_path


def test_compiled_code_is_kept_in_a_folder_of_the_user(home: Path) -> None:
    cache = home / "cache"
    cache.mkdir(mode=0o777)
    cache.chmod(0o777)
    assert run(home, cache) == ("42", "")
    assert list(cache.glob("kernels-*/**/*.nbi"))


def test_where_no_folder_can_be_written_it_is_kept_in_memory_with_a_warning(home: Path) -> None:
    blocked = home / "file"
    blocked.write_text("", encoding="utf-8")
    number, warning = run(home, blocked / "inside")
    assert number == "42"
    assert "cannot be kept" in warning
    assert "TAXGAP_CACHE_DIR" in warning


def test_importing_compiles_nothing() -> None:
    probe = (
        "from taxgap.reasons.shapley import evaluation; print(len(evaluation.add_contributions.signatures))"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"


def test_the_fingerprint_is_of_all_sources() -> None:
    assert jit._fingerprint() == jit._fingerprint()
    assert len(jit._fingerprint()) == 16


def test_without_a_home_it_is_kept_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(jit, "_find_parent", no_home)
    monkeypatch.setattr(jit._settings, "CACHE_DIR", "")
    jit.find_folder.cache_clear()
    try:
        with pytest.warns(RuntimeWarning, match="home directory"):
            assert jit.find_folder() is None
    finally:
        jit.find_folder.cache_clear()


def test_what_other_versions_kept_goes_when_nobody_uses_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, recent = tmp_path / "kernels-old", tmp_path / "kernels-recent"
    old.mkdir()
    recent.mkdir()
    os.utime(old, (0, 0))
    monkeypatch.setenv(jit.FOLDER, str(tmp_path))
    monkeypatch.setattr(jit._settings, "CACHE_DIR", "")
    jit.find_folder.cache_clear()
    try:
        assert jit.find_folder() == str(tmp_path / f"kernels-{jit._fingerprint()}")
    finally:
        jit.find_folder.cache_clear()
    assert not old.exists()
    assert recent.exists()
