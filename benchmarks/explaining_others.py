"""Other packages that explain trees, woodelf-explainer and fasttreeshap-fixed, each where it runs.

Run as a script by that environment's Python, it measures one package on one model and prints a line of JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import time
import venv
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

# Their other requirements are ours as well, or are not used by what is measured here.
PACKAGES = ("woodelf-explainer", "fasttreeshap-fixed", "treelite")
ROWS = 4_000
LONGEST = 300


def build_environment(folder: Path) -> Path | None:
    """Build it beside our own packages and return its Python, or None where the packages cannot be had."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    own = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    Path(own, "ours.pth").write_text(sysconfig.get_paths()["purelib"])
    answer = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--no-deps", *PACKAGES],
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode:
        print(f"The other packages cannot be installed: {answer.stderr.strip().splitlines()[-1]}")
        return None
    return python


def run_others(python: Path, booster: Any, X: np.ndarray, folder: Path) -> None:
    """Measure every package on a model, each in a process of its own, and print a line of each."""
    booster.save_model(folder / "other.txt")
    np.save(folder / "other.npy", X[:ROWS])
    for name in MEASURED:
        command = [python, __file__, name, folder / "other.txt", folder / "other.npy"]
        try:
            answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LONGEST)
        except subprocess.TimeoutExpired:
            print(f"{name:<30}did not finish {min(ROWS, len(X)):,} rows in {LONGEST} s")
            continue
        last = (answer.stdout.strip().splitlines() or [""])[-1]
        found = json.loads(last) if last.startswith("{") else {"failed": answer.stderr.strip()[-120:]}
        print(f"{name:<30}{describe(found)}", flush=True)


def describe(found: dict[str, Any]) -> str:
    if "failed" in found:
        return f"fails: {found['failed']}"
    numbers = (
        f"{found['rows']:>9,}{found['by_wall']:>11,.0f}{'':>9}{found['by_cpu']:>12,.0f}{found['ratio']:>8.1f}"
    )
    return f"{numbers}{found['furthest']:>10.1e}"


def by_woodelf(booster: Any, X: np.ndarray) -> np.ndarray:
    import pandas as pd  # noqa: PLC0415
    from woodelf import WoodelfExplainer  # noqa: PLC0415

    frame = pd.DataFrame(X, columns=booster.feature_name())
    return np.asarray(WoodelfExplainer(booster).shap_values(frame, verbose=False))


def by_fasttreeshap(booster: Any, X: np.ndarray, version: str) -> np.ndarray:
    import fasttreeshap_fixed  # noqa: PLC0415

    explainer = fasttreeshap_fixed.TreeExplainer(booster, algorithm=version, n_jobs=1)
    return np.asarray(explainer.shap_values(X, check_additivity=False))


MEASURED: dict[str, Callable[[Any, np.ndarray], np.ndarray]] = {
    "woodelf-explainer": by_woodelf,
    "fasttreeshap-fixed v1": lambda booster, X: by_fasttreeshap(booster, X, "v1"),
    "fasttreeshap-fixed v2": lambda booster, X: by_fasttreeshap(booster, X, "v2"),
}


def main() -> None:
    import lightgbm as lgb  # noqa: PLC0415

    warnings.simplefilter("ignore")
    name, model, rows = sys.argv[1:]
    booster, X = lgb.Booster(model_file=model), np.load(rows)
    few = X[:200]
    try:
        MEASURED[name](booster, few)
        wall, cpu = time.perf_counter(), time.process_time()
        parts = MEASURED[name](booster, X)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    except Exception as error:  # noqa: BLE001  whatever goes wrong in a stranger's code is the answer
        print(json.dumps({"failed": f"{type(error).__name__}: {error}".splitlines()[0][:150]}))
        return
    start = time.process_time()
    wanted = np.asarray(booster.predict(few, pred_contrib=True, num_threads=1))
    rate = len(few) / (time.process_time() - start)
    found = {"rows": len(X), "by_wall": len(X) / wall, "by_cpu": len(X) / cpu}
    found["furthest"] = float(np.abs(parts[: len(few)] - wanted[:, :-1]).max())
    print(json.dumps(found | {"ratio": found["by_cpu"] / rate}))


if __name__ == "__main__":
    main()
