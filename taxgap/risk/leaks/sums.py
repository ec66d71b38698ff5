"""Linear combinations of several columns that are the tax found, as accounts add up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from taxgap.risk.arrays import Floats
from taxgap.risk.leaks.evidence import Evidence
from taxgap.risk.leaks.operations import choose_columns
from taxgap.risk.leaks.report import Finding

SUM_SHARE = 0.5
"""Share of the cases with tax found, held out, that the combination equals."""

_MOST_COLUMNS = 100
_ROWS = 1000
_STEPS = 20
_NEAREST = 0.6
_SLIGHT = 1e-3


def examine_sums(evidence: Evidence, columns: Sequence[int]) -> Iterator[Finding]:
    """Yield a linear combination that equals the tax found in most cases in which any was.

    Parameters
    ----------
    evidence : Evidence
        The cases.
    columns : sequence of int
        Columns that may take part.

    Yields
    ------
    Finding

    Notes
    -----
    Least absolute deviations, by reweighted least squares, then least squares on the nearest cases again and
    again: where most cases follow the combination exactly, the others do not move it.
    """
    if evidence.found is None:
        return
    chosen = choose_columns(evidence, columns)[:_MOST_COLUMNS]
    whole = [i for i in chosen if np.isfinite(evidence.numbers[evidence.found > 0, i]).mean() >= SUM_SHARE]
    search, confirm = (evidence.draw(half, _ROWS, where=evidence.found > 0) for half in (0, 1))
    if len(whole) < 2 or min(len(search), len(confirm)) < max(20, 2 * len(whole)):
        return
    # A missing value is as good as any other here: where it matters, the sum does not hold in that case.
    numbers = np.where(np.isfinite(evidence.numbers[:, whole]), evidence.numbers[:, whole], 0.0)
    fitted = _fit(numbers[search], evidence.found[search])
    values, amounts = numbers[confirm], evidence.found[confirm]
    weight = np.abs(fitted) * values.std(axis=0)
    told = [k for k in np.argsort(-weight, kind="stable") if weight[k] > _SLIGHT * weight.max()]
    share = float(np.isclose(values @ fitted, amounts, rtol=1e-4, atol=0.02).mean())
    if share >= SUM_SHARE and len(told) > 1:
        names = tuple(evidence.names[whole[k]] for k in told)
        yield Finding(names, _write(fitted[told], names), "equality", share, SUM_SHARE)


def _fit(values: Floats, amounts: Floats) -> Floats:
    scale = np.maximum(np.abs(values).max(axis=0), 1e-12)
    scaled, weight = values / scale, np.ones(len(amounts))
    floor = 1e-8 * np.abs(amounts).max()
    fitted = np.zeros(values.shape[1])
    for _ in range(_STEPS):
        fitted = np.linalg.lstsq(scaled * weight[:, None], amounts * weight, rcond=1e-10)[0]
        weight = 1.0 / np.sqrt(np.maximum(np.abs(amounts - scaled @ fitted), floor))
    for _ in range(_STEPS):
        rest = np.abs(amounts - scaled @ fitted)
        nearest = rest <= np.quantile(rest, _NEAREST)
        fitted = np.linalg.lstsq(scaled[nearest], amounts[nearest], rcond=1e-10)[0]
    result: Floats = fitted / scale
    return result


def _write(fitted: Floats, names: Sequence[str]) -> str:
    text = ""
    for factor, name in zip(fitted, names, strict=True):
        size = "" if np.isclose(abs(factor), 1.0, rtol=1e-3) else f"{abs(factor):.3g} * "
        sign = "-" if factor < 0 else "+"
        text += f" {sign} {size}{name}" if text else f"{'-' if factor < 0 else ''}{size}{name}"
    return text
