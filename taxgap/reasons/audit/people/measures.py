"""What is measured of each answer, and what the same would be of an answer by lot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from taxgap.risk.arrays import Bools, Floats


@dataclass(frozen=True)
class Measure:
    """One measure.

    Attributes
    ----------
    name : str
    title : str
        What it is, in plain words.
    unit : str
        ``share``, ``minutes`` or ``number``.
    planned : str
        The pair of arms for whose difference the size of a further study is worked out; empty for none.
    """

    name: str
    title: str
    unit: str = "share"
    planned: str = ""

    @property
    def logs(self) -> bool:
        """Whether the mean is taken of logs: times are skewed, and a geometric mean is near a typical one."""
        return self.unit == "minutes"


_HELP, _HARM = "reasons less score", "wrong_reasons less score"

_ALL = (
    Measure("accuracy", "Right decisions", planned=_HELP),
    Measure("accuracy_of_all", "Right decisions, cases left out taken as mistaken"),
    Measure("opens_wrong", "Enquiries opened into returns that are wrong"),
    Measure("opens_right", "Enquiries opened into returns that are right", planned=_HARM),
    Measure("line_right", "Line asked about is one that is wrong, of wrong returns", planned=_HELP),
    Measure("line_misled", "Line asked about is one that only the wrong reasons point at", planned=_HARM),
    Measure("agrees_when_model_wrong", "Agrees with the model where it is mistaken", planned=_HELP),
    Measure("agrees_when_model_right", "Agrees with the model where it is right"),
    Measure("minutes", "Minutes a case, geometric mean", unit="minutes"),
    Measure("sure", "How sure, 1 to 5", unit="number"),
    Measure("sure_when_mistaken", "How sure, 1 to 5, where the decision is mistaken", unit="number"),
)

MEASURES: dict[str, Measure] = {measure.name: measure for measure in _ALL}
"""Every measure by its name."""


def measure_answers(table: pd.DataFrame, lines: int) -> dict[str, tuple[Floats, Floats]]:
    """Measure every answer.

    Parameters
    ----------
    table : DataFrame
        One row a form and case: the answers, `returned`, and `CASES` of the key but the taxpayer.
    lines : int
        How many lines could be named.

    Returns
    -------
    dict of str to tuple of ndarray
        Measure to its value for each answer, missing where it has none, and what a choice by lot would give:
        yes or no alike, each line alike.

    Notes
    -----
    `line_misled` is taken in every arm, of the same lines of the same cases: what readers of the score alone
    choose anyway is what the arm with wrong reasons is held against.
    """
    said = table["enquiry"].to_numpy(dtype=np.float64)
    wrong, flagged = (table[name].to_numpy(dtype=np.float64) for name in ("wrong", "flagged"))
    right = _where(~np.isnan(said), said == wrong)
    line = table["line"].fillna("").astype("str")
    planted, misled = (_among(line, table[name]) for name in ("planted_lines", "wrong_lines"))
    shares = [_count(table[name]) / lines for name in ("planted_lines", "wrong_lines")]
    agrees = _where(~np.isnan(said), said == flagged)
    half, unknown = np.full(len(table), 0.5), np.full(len(table), np.nan)
    minutes, sure = (table[name].to_numpy(dtype=np.float64) for name in ("minutes", "sure"))
    return {
        "accuracy": (right, half),
        "accuracy_of_all": (_where(table["returned"].to_numpy(), np.nan_to_num(right)), half),
        "opens_wrong": (_where(wrong == 1, said), half),
        "opens_right": (_where(wrong == 0, said), half),
        "line_right": (_where((wrong == 1) & (shares[0] > 0), planted), shares[0]),
        "line_misled": (_where(shares[1] > 0, misled), shares[1]),
        "agrees_when_model_wrong": (_where(flagged != wrong, agrees), half),
        "agrees_when_model_right": (_where(flagged == wrong, agrees), half),
        "minutes": (np.log(minutes), unknown),
        "sure": (sure, unknown),
        "sure_when_mistaken": (_where(right == 0, sure), unknown),
    }


def _where(there: Bools, values: Floats | Bools) -> Floats:
    return np.where(there, np.asarray(values, dtype=np.float64), np.nan)


def _among(line: pd.Series, sets: pd.Series) -> Floats:
    """Tell whether each line is in a set of its own; missing where no line was named."""
    named: Sequence[bool] = [one in many for one, many in zip(line, sets, strict=True)]
    return _where((line != "").to_numpy(), np.array(named))


def _count(sets: pd.Series) -> Floats:
    return np.array([len(each) for each in sets], dtype=np.float64)
