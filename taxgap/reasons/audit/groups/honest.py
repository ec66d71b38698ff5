"""What the library says about honest people whom it flags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from taxgap.reasons.audit.bands import FEWEST
from taxgap.reasons.audit.figures import Bootstrap, Estimate, Figure, draw_figure, tidy
from taxgap.reasons.audit.material import Material
from taxgap.reasons.audit.part import Part
from taxgap.reasons.audit.rules import Rule
from taxgap.reasons.audit.stability.naming import count_reasons, given_codes
from taxgap.reasons.selection import NONE, Positions
from taxgap.risk.arrays import Bools, Floats
from taxgap.risk.evaluation.intervals import find_percentiles

NAME = "honest"

RULES = (
    Rule(
        "honest_no_reason",
        NAME,
        "How many honest people are flagged without any reason that could be told them?",
        "at most",
        0.10,
        fails="Whoever is flagged must be told why. Without a reason there is nothing to clear up: do not "
        "flag such returns, or find what carries their score.",
    ),
    Rule(
        "honest_one_code",
        NAME,
        "Are honest people who are flagged told more than one thing?",
        "at most",
        0.50,
        fails="One feature misleads the model about honest people. See which others report what makes it "
        "so: a third party's error, or a lawful habit of a trade.",
    ),
)
"""The checks of this part, with their bounds, assumptions of what is bearable."""

NO_TRUTH = "Without a truth nobody knows who is honest."
NOBODY = f"Fewer than {FEWEST} flagged returns are honest: too few to say anything of them."


@dataclass(frozen=True, eq=False)
class Kind:
    """Flagged returns of one kind.

    Attributes
    ----------
    name : str
    rows : ndarray of bool
    """

    name: str
    rows: Bools


def measure_honest(material: Material) -> Part:
    r"""Measure what reasons are given of flagged returns in which nothing was planted.

    Parameters
    ----------
    material : Material

    Returns
    -------
    Part
        Left out without a truth, or where too few honest returns are flagged.

    Notes
    -----
    Entropy is :math:`-\sum_c p_c \log_2 p_c` over the first codes, in bits, returns without a reason left
    out. The chance beside it is the most it could be, the logarithm of the number of codes. In small samples
    it comes out too low, by about (codes seen - 1) / (2 n ln 2). Honest means: no tax lost in this return;
    the person may have understated another.
    """
    if material.planted is None:
        return Part(NAME, tidy(()), left_out=NO_TRUTH)
    honest = material.flagged & (material.planted.tax == 0)
    if np.count_nonzero(honest) < FEWEST:
        return Part(NAME, tidy(()), left_out=NOBODY)
    codes = given_codes(material)
    kinds = (Kind("honest", honest), Kind("true", material.flagged & ~honest))
    flags = material.bootstrap.mean(np.where(material.flagged, honest, np.nan))
    figures = [_figure("share of flags", flags, "honest")]
    for kind in kinds:
        figures += _say(material, kind, codes)
    first = codes[:, 0]
    named = np.bincount(first[honest & (first != NONE)], minlength=1)
    findings = {
        "honest_no_reason": material.bootstrap.mean(np.where(honest, first == NONE, np.nan)),
        "honest_one_code": material.bootstrap.mean(np.where(honest, first == named.argmax(), np.nan)),
    }
    return Part(NAME, tidy(figures), {"codes": _compare_codes(material, kinds, first)}, findings)


def find_entropy(draws: Bootstrap, codes: Positions, rows: Bools, size: int) -> Estimate:
    """Return the entropy of codes in bits, over some returns.

    Parameters
    ----------
    draws : Bootstrap
    codes : ndarray of int64
        One a return; -1 is left out.
    rows : ndarray of bool
    size : int
        How many codes there are.

    Returns
    -------
    Estimate

    Examples
    --------
    >>> draws = Bootstrap(pd.RangeIndex(8), np.ones(8), draws=20)
    >>> find_entropy(draws, np.array([0, 0, 1, 1, 2, 2, 3, 3]), np.ones(8, dtype=bool), 4).value
    2.0
    """
    named = rows & (codes != NONE)
    cell = draws.clusters[named] * size + codes[named]
    people = draws.counts.shape[1]
    table = np.bincount(cell, draws.weight[named], people * size).reshape(people, size)
    value = float(_entropy(table.sum(axis=0)[np.newaxis])[0])
    low, high = find_percentiles(_entropy(draws.counts @ table), draws.confidence)
    return Estimate(value, low, high, int(named.sum()))


def _entropy(table: Floats) -> Floats:
    total = table.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = table / total
        terms = np.where(share > 0, share * np.log2(share), 0.0)
    return np.where(total[:, 0] > 0, -terms.sum(axis=1), np.nan)


def _say(material: Material, kind: Kind, codes: Positions) -> list[Figure]:
    draws, size = material.bootstrap, len(material.regime.codes)
    strength = material.reasons["reason_1_contribution"].to_numpy(dtype=np.float64)

    def among(values: Floats | Bools) -> Floats:
        return np.where(kind.rows, values, np.nan)

    entropy = find_entropy(draws, codes[:, 0], kind.rows, size)
    return [
        _figure("entropy of the first code", entropy, kind.name, unit="number", chance=float(np.log2(size))),
        _figure("no reason", draws.mean(among(codes[:, 0] == NONE)), kind.name),
        _figure("reasons", draws.mean(among(count_reasons(codes)), share=False), kind.name, unit="number"),
        _figure("first contribution", draws.mean(among(strength), share=False), kind.name, unit="log"),
    ]


def _compare_codes(material: Material, kinds: tuple[Kind, ...], first: Positions) -> pd.DataFrame:
    """Say how often each code comes first among both kinds, and how much more often among the honest."""
    draws, lines = material.bootstrap, []
    honest, true = (kind.rows for kind in kinds)
    for number, code in enumerate(material.regime.code):
        named = first == number
        if np.count_nonzero(named & (honest | true)) < FEWEST:
            continue
        found = {kind.name: draws.mean(np.where(kind.rows, named, np.nan)) for kind in kinds}
        found["true_given_code"] = draws.mean(np.where((honest | true) & named, true, np.nan))
        ends = {
            f"{name}{end}": getattr(estimate, part)
            for name, estimate in found.items()
            for end, part in (("", "value"), ("_low", "low"), ("_high", "high"))
        }
        lines.append({"code": code, **ends})
    measured = [*(kind.name for kind in kinds), "true_given_code"]
    columns = ["code", *(f"{name}{end}" for name in measured for end in ("", "_low", "_high"))]
    table = pd.DataFrame(lines, columns=columns)
    return table.sort_values("honest", ascending=False, kind="stable").reset_index(drop=True)


def _figure(measure: str, found: Estimate, kind: str, **where: Any) -> Figure:
    return draw_figure(NAME, measure, found, level="code", group_by="kind", group=kind, **where)
