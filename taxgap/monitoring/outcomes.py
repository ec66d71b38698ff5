"""Outcomes: what closed enquiries found against what the model expected, and what officers answered."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import norm

from taxgap.risk.arrays import Bools, Floats
from taxgap.risk.windows import CLOSED_SHARE
from taxgap.schemas.reviews import MOST_REASONS

TOLERANCE = float(np.log(1.25))
"""A rate or an amount may lie a quarter above, or a fifth below, what was expected."""

FEWEST = 30
"""Fewest cases, and reviews, on which anything is said."""

RECENT_DAYS = 92
"""Answers of so many days before the date are held against earlier ones."""


def judge_outcomes(cases: pd.DataFrame, closed: pd.Series, coverage: float = 0.95) -> pd.DataFrame:
    """Hold what closed enquiries found against what the model expected of the same returns.

    Parameters
    ----------
    cases : DataFrame
        One row a closed enquiry: `period, programme, material, tax_found` (GBP), `probability, expected_tax`
        (GBP) and `weight`, one over the probability of being drawn.
    closed : Series
        Share of the enquiries opened that are closed, by (period, programme).
    coverage : float, default 0.95

    Returns
    -------
    DataFrame
        One row a period, programme and measure (`strike rate` or `tax found`): `cases, closed_share, found,
        expected` (a rate, or GBP a case), `ratio, low, high` and `p` (of so extreme a ratio if the true one
        lies at the edge of 0.8 to 1.25). `p` is missing for enquiries chosen for risk, which the model is
        not calibrated on, where fewer than 30 are closed, and where fewer than 60% are.

    Notes
    -----
    Ratios of weighted sums; the error is that of the linearised ratio, on the log scale.
    """
    rows = []
    for (period, programme), held in cases.groupby(["period", "programme"], observed=True, sort=True):
        share = float(closed.get((period, programme), np.nan))
        told = programme == "random" and len(held) >= FEWEST and share >= CLOSED_SHARE
        weight = held["weight"].to_numpy(dtype=np.float64)
        for measure, seen, wanted in (
            ("strike rate", "material", "probability"),
            ("tax found", "tax_found", "expected_tax"),
        ):
            found, expected = (held[name].to_numpy(dtype=np.float64) for name in (seen, wanted))
            rows.append(
                {
                    "period": period,
                    "programme": programme,
                    "measure": measure,
                    "cases": len(held),
                    "closed_share": share,
                    **_ratio(found, expected, weight, coverage, told=bool(told)),
                }
            )
    names = ["period", "programme", "measure", "cases", "closed_share"]
    return pd.DataFrame(rows, columns=[*names, "found", "expected", "ratio", "low", "high", "p"])


def _ratio(
    found: Floats, expected: Floats, weight: Floats, coverage: float, *, told: bool
) -> dict[str, float]:
    top, bottom, total = (weight * found).sum(), (weight * expected).sum(), weight.sum()
    means = {"found": top / total, "expected": bottom / total}
    if len(found) < 2 or bottom <= 0:
        return {**means, "ratio": np.nan, "low": np.nan, "high": np.nan, "p": np.nan}
    if top <= 0:
        # Nothing found at all: how likely that is where each case finds something with its probability.
        none = np.exp(-expected.sum() * np.exp(-TOLERANCE)) if expected.max() <= 1 else np.nan
        return {**means, "ratio": 0.0, "low": 0.0, "high": np.nan, "p": float(none) if told else np.nan}
    ratio = top / bottom
    spread = weight * (found - ratio * expected)
    error = float(np.sqrt((spread**2).sum() * len(found) / (len(found) - 1)) / top)
    half = norm.ppf(0.5 + coverage / 2) * error
    p = beyond(float(np.log(ratio)), error) if told else np.nan
    return {**means, "ratio": ratio, "low": ratio * np.exp(-half), "high": ratio * np.exp(half), "p": p}


def beyond(difference: float, error: float, tolerance: float = TOLERANCE) -> float:
    """Return the probability of so large a difference where the true one is the tolerance.

    Examples
    --------
    >>> round(beyond(0.9, 0.1, 0.2), 4), round(beyond(0.2, 0.1, 0.2), 4)
    (0.0, 0.5)
    """
    size = abs(difference)
    return float(norm.sf((size - tolerance) / error) + norm.sf((size + tolerance) / error))


ALL_CODES = "all"
"""The code under which answers on all reasons stand."""


def judge_answers(reviews: pd.DataFrame, as_of: pd.Timestamp, coverage: float = 0.95) -> pd.DataFrame:
    """Sum up what officers answered, lately and before.

    Parameters
    ----------
    reviews : DataFrame
        Rows of `taxgap.schemas.Reviews` of one model.
    as_of : Timestamp
    coverage : float, default 0.95

    Returns
    -------
    DataFrame
        One row a measure (`useful`, `overridden`, `minutes`), and `useful` of each reason code: `measure,
        code, reviews, value, low, high` over all reviews; `recent, earlier` (the value in the last three
        months, and before), `p` (of so large a change if the true one is a quarter; missing below 30).
    """
    late = (reviews["received_on"] > as_of - pd.Timedelta(days=RECENT_DAYS)).to_numpy()
    ones = np.ones(len(reviews))
    codes = reviews[[f"reason_{k}_code" for k in range(1, MOST_REASONS + 1)]].to_numpy(dtype=object)
    said = reviews[[f"reason_{k}_useful" for k in range(1, MOST_REASONS + 1)]].astype("object").to_numpy()
    useful, judged = said == "yes", pd.notna(said)
    ratios = {
        ("overridden", ALL_CODES): (reviews["overridden"].to_numpy(dtype=np.float64), ones),
        ("minutes", ALL_CODES): (reviews["minutes"].to_numpy(dtype=np.float64), ones),
        ("useful", ALL_CODES): (useful.sum(axis=1), judged.sum(axis=1)),
    }
    for code in sorted(set(codes[judged])):
        mine = judged & (codes == code)
        ratios["useful", code] = ((useful & mine).sum(axis=1), mine.sum(axis=1))
    rows = [
        {"measure": measure, "code": code, **_mean(top, bottom, late, coverage)}
        for (measure, code), (top, bottom) in ratios.items()
    ]
    table = pd.DataFrame(rows)
    return table.assign(high=table["high"].clip(upper=np.where(table["measure"] == "minutes", np.inf, 1.0)))


def _mean(top: Floats, bottom: Floats, late: Bools, coverage: float) -> dict[str, float]:
    # A ratio over reviews, so that the answers of one review count as one draw.
    has = bottom > 0
    top, bottom, late = top[has].astype(float), bottom[has].astype(float), late[has]
    value, error = _with_error(top, bottom)
    half = norm.ppf(0.5 + coverage / 2) * error
    recent, new = _with_error(top[late], bottom[late])
    earlier, old = _with_error(top[~late], bottom[~late])
    p = np.nan
    if min(late.sum(), (~late).sum()) >= FEWEST and max(recent, earlier) > 0:
        # None at all counts as half a case, so that a fall to nothing can be told.
        after, before = max(recent, 0.5 / late.sum()), max(earlier, 0.5 / (~late).sum())
        p = beyond(float(np.log(after / before)), float(np.hypot(new / after, old / before)))
    return {
        "reviews": len(top),
        "value": value,
        "low": max(value - half, 0.0),
        "high": value + half,
        "recent": recent,
        "earlier": earlier,
        "p": p,
    }


def _with_error(top: Floats, bottom: Floats) -> tuple[float, float]:
    n, total = len(top), float(bottom.sum())
    if n < 2 or not total:
        return np.nan, np.nan
    value = float(top.sum() / total)
    # Where all answers agree the spread is none; one contrary answer in the next is taken into account.
    spread = float(((top - value * bottom) ** 2).sum())
    return value, float(np.sqrt(max(spread, float(bottom.mean()) ** 2 * 0.5) * n / (n - 1)) / total)
