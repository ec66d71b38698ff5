"""Features that give the label away: a model trained on one would look brilliant and find nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from taxgap.errors import LeakError, UsageError
from taxgap.risk.arrays import Bools, Column, Floats, split_bins, to_flags, to_floats
from taxgap.risk.evaluation.metrics import Ranking

# One feature alone. Honest ones measured in simulation stay below 0.80.
AUC_LIMIT = 0.95
# A value, or a twentieth of the range, that is material in nearly every case and holds a good part of them.
PURITY_LIMIT = 0.99
PURE_SHARE = 0.1
# Among cases in which tax was found: rank correlation with the amount, and share that equals it.
CORRELATION_LIMIT = 0.95
EQUAL_SHARE = 0.1
# Whole numbers or levels that nearly never repeat name the row.
KEY_LIMIT = 0.99
_FEWEST = 20
_BINS = 20

COLUMNS = ["feature", "check", "value", "limit"]


def check_leaks(
    X: pd.DataFrame, y: Column, amount: Column | None = None, *, waive: Sequence[str] = ()
) -> pd.DataFrame:
    """Refuse features that give the label away.

    Parameters
    ----------
    X : DataFrame
        Features.
    y : array-like of bool
        Whether a material under-declaration was found.
    amount : array-like, optional
        Tax found (GBP).
    waive : sequence of str
        Features to let pass; each waived finding is in the result, for the card.

    Returns
    -------
    DataFrame
        ``feature, check, value, limit`` of the waived findings, one row each; empty if there are none.

    Raises
    ------
    LeakError
        Naming every feature found and not waived, and why.
    UsageError
        If a waived name is no feature.

    Notes
    -----
    Five checks of each feature by itself: AUC of at least 0.95, in either direction or by value (missing is a
    value of its own); a value that is material in 99% of its cases and holds a tenth of all material ones;
    rank correlation of 0.95 with the amount where something was found; equality with the amount in a tenth of
    those cases; whole numbers or levels of which 99% occur once, which name the row. Passing is no proof that
    there is no leak: two features together may still tell.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"margin": rng.normal(size=300)})
    >>> found = rng.random(300) < 0.3
    >>> len(check_leaks(X, found))
    0
    >>> check_leaks(X.assign(outcome=found * 2.0), found)
    Traceback (most recent call last):
    ...
    taxgap.errors.LeakError: 1 feature(s) give the label away: outcome (auc 1.000, purity 1.000). ...
    """
    unknown = sorted(set(waive) - set(X.columns))
    if unknown:
        raise UsageError(
            f"No such feature to waive: {', '.join(unknown)}.", where="waive", available=X.columns
        )
    material = to_flags(y, "y", index=X.index)
    found = None if amount is None else to_floats(amount, "amount", index=X.index)
    findings = pd.DataFrame(
        [(name, *finding) for name in X.columns for finding in _examine(X[name], material, found)],
        columns=COLUMNS,
    )
    waived = findings["feature"].isin(list(waive))
    _raise_for(findings[~waived])
    return findings[waived].reset_index(drop=True)


def _raise_for(findings: pd.DataFrame) -> None:
    if findings.empty:
        return
    parts = [
        f"{name} ({', '.join(f'{check} {value:.3f}' for check, value in zip(f.check, f.value, strict=True))})"
        for name, f in findings.groupby("feature", sort=False)[["check", "value"]]
    ]
    raise LeakError(
        f"{len(parts)} feature(s) give the label away: {'; '.join(parts)}.",
        where="X",
        remedy="Leave them out, or waive them by name if they were truly known before the enquiry.",
    )


def _examine(column: pd.Series, material: Bools, found: Floats | None) -> Iterator[tuple[str, float, float]]:
    categorical = isinstance(column.dtype, pd.CategoricalDtype)
    values = _to_values(column, categorical)
    checks = [("key", _measure_key(values, categorical), KEY_LIMIT)]
    if material.any() and not material.all():
        label = _label_values(values)
        checks.append(("auc", _measure_auc(values, label, material), AUC_LIMIT))
        checks.append(("purity", _measure_purity(label, material), PURITY_LIMIT))
    if found is not None and not categorical:
        both = (found > 0) & ~np.isnan(values)
        if both.sum() >= _FEWEST:
            checks.append(("correlation", _measure_correlation(values[both], found[both]), CORRELATION_LIMIT))
            equal = np.isclose(values[both], found[both], rtol=1e-6, atol=0.01)
            checks.append(("equality", float(equal.mean()), EQUAL_SHARE))
    yield from (check for check in checks if check[1] >= check[2])


def _to_values(column: pd.Series, categorical: bool) -> Floats:
    if categorical:
        codes = column.cat.codes.to_numpy(dtype=np.float64)
        return np.where(codes < 0, np.nan, codes)
    values: Floats = column.to_numpy(dtype=np.float64, na_value=np.nan)
    return values


def _label_values(values: Floats) -> Floats:
    """Give each value, or each twentieth of the range where there are many, a label; missing has its own."""
    known = ~np.isnan(values)
    label = np.full(len(values), -1.0)
    if known.any():
        distinct = np.unique(values[known])
        bins = split_bins(values[known], np.ones(int(known.sum())), _BINS)
        label[known] = np.searchsorted(distinct, values[known]) if len(distinct) <= _BINS else bins
    return label


def _measure_auc(values: Floats, label: Floats, material: Bools) -> float:
    # Missing values in the lowest place, in the highest; and labels by how often each is material.
    _, position = np.unique(label, return_inverse=True)
    share = np.bincount(position, weights=material) / np.bincount(position)
    known = values[~np.isnan(values)]
    low, high = (known.min() - 1.0, known.max() + 1.0) if len(known) else (0.0, 0.0)
    scores = (np.nan_to_num(values, nan=low), np.nan_to_num(values, nan=high), share[position])
    areas = [_area(score, material) for score in scores]
    return max(max(area, 1.0 - area) for area in areas)


def _area(score: Floats, material: Bools) -> float:
    ranking = Ranking(score, np.arange(len(score)), material.astype(np.float64), 1.0)
    return float(ranking.measure(np.ones((1, len(score))), [])["auc", None][0])


def _measure_purity(label: Floats, material: Bools) -> float:
    _, position = np.unique(label, return_inverse=True)
    size, hits = np.bincount(position), np.bincount(position, weights=material)
    enough = (hits >= _FEWEST) & (hits >= PURE_SHARE * material.sum())
    return float((hits / size)[enough].max(initial=0.0))


def _measure_correlation(values: Floats, found: Floats) -> float:
    ranks = np.stack([pd.Series(v).rank().to_numpy() for v in (values, found)])
    if (ranks.std(axis=1) == 0).any():
        return 0.0
    return float(abs(np.corrcoef(ranks)[0, 1]))


def _measure_key(values: Floats, categorical: bool) -> float:
    known = values[~np.isnan(values)]
    if len(known) < _FEWEST or not (categorical or (known == np.round(known)).all()):
        return 0.0
    _, counts = np.unique(known, return_counts=True)
    return float((counts == 1).sum() / len(known))
