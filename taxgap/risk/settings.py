"""What the settings of a model may be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from numbers import Integral, Real
from typing import Any

from taxgap.errors import UsageError
from taxgap.risk.boosting import Growth

_CHOICES: dict[str, tuple[object, ...]] = {
    "style": ("ensemble", "scorecard"),
    "calibrate_on": ("random", "weighted"),
    "allow_constant": (True, False),
}

# Setting: least value, whether that is allowed itself, greatest value (allowed), whole numbers only.
_RANGES: dict[str, tuple[float, bool, float, bool]] = {
    "material": (0.0, False, float("inf"), False),
    "n_estimators": (1, True, 100_000, True),
    "num_leaves": (2, True, 4096, True),
    "learning_rate": (0.0, False, 1.0, False),
    "min_child_samples": (1, True, 1_000_000, True),
    # LightGBM reads a smoothing of 0 as none.
    "path_smooth": (0.0, True, float("inf"), False),
    "feature_fraction": (0.0, False, 1.0, False),
    "bagging_fraction": (0.0, False, 1.0, False),
    "max_bin": (2, True, 255, True),
    "amount_cap_quantile": (0.0, False, 1.0, False),
    "weight_power": (0.0, True, 1.0, False),
    "weight_cap_quantile": (0.0, False, 1.0, False),
    "threshold": (0.0, True, 1.0, False),
    "folds": (2, True, 100, True),
    "rules": (1, True, 100, True),
    "fewest_cases": (2, True, 1_000_000, True),
    "random_state": (0, True, 2**31 - 1, True),
    "n_threads": (1, True, 1024, True),
}


def check_settings(settings: Mapping[str, Any]) -> Growth:
    """Check every setting at once and return those that grow the trees.

    Parameters
    ----------
    settings : mapping
        The constructor parameters of a `RiskModel`.

    Returns
    -------
    Growth

    Raises
    ------
    UsageError
        Naming each setting that cannot be used, and what it may be.

    Examples
    --------
    >>> check_settings({"n_estimators": 50}).n_estimators
    50
    """
    problems = [
        f"{name} must be {_describe(name)}, not {value!r}"
        for name, value in settings.items()
        if name in _RANGES and not _fits(name, value)
    ]
    problems += [
        f"{name} must be {' or '.join(map(repr, choices))}, not {settings[name]!r}"
        for name, choices in _CHOICES.items()
        if name in settings and settings[name] not in choices
    ]
    if problems:
        raise UsageError(f"{'; '.join(problems)}.", where="settings")
    names = {field.name for field in fields(Growth)}
    return Growth(**{name: value for name, value in settings.items() if name in names})


def _fits(name: str, value: object) -> bool:
    least, reached, most, whole = _RANGES[name]
    if isinstance(value, bool) or not isinstance(value, Integral if whole else Real):
        return False
    number = float(value)
    return math.isfinite(number) and (number >= least if reached else number > least) and number <= most


def _describe(name: str) -> str:
    least, reached, most, whole = _RANGES[name]
    kind = "a whole number" if whole else "a number"
    upper = "" if most == float("inf") else f" and at most {most:g}"
    return f"{kind} {'of at least' if reached else 'above'} {least:g}{upper}"
