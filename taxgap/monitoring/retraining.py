"""When to train again: a rule in words."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pandas as pd

from taxgap.risk.reference import ALL
from taxgap.tax import tax_law, vat_law

OLDEST = 3
"""Tax years after the last that trained from which a model is old."""

FAR = 0.25
"""A stability index of the score from which one period is enough (the usual rule of thumb)."""


def advise(
    alarms: pd.DataFrame, drift: pd.DataFrame, trained: str, regime: str
) -> tuple[bool, tuple[str, ...]]:
    """Say whether to train again, and why.

    Parameters
    ----------
    alarms, drift : DataFrame
        As in `MonitoringReport`.
    trained : str
        The last tax year that trained.
    regime : str

    Returns
    -------
    retrain : bool
    reasons : tuple of str

    Notes
    -----
    Train again when enquiries find more or less than expected; when the score has moved in the same
    direction in two periods that follow each other, or by 0.25 in one; when the law has changed and a feature
    has moved with it; or when the latest returns are of the third tax year after the last that trained.
    """
    why = list(_why(alarms, drift, trained, regime))
    return bool(why), tuple(why) or ("Nothing that was compared calls for it.",)


def _why(alarms: pd.DataFrame, drift: pd.DataFrame, trained: str, regime: str) -> Iterator[str]:
    if (alarms["family"] == "outcomes").any():
        yield "Enquiries found more, or less, than the model expected."
    scores = drift[(drift["what"] == "score") & (drift["kind"] == ALL)].sort_values("period")
    moved = scores[scores["alarm"]]
    if (moved["low"] >= FAR).any():
        yield f"The score has moved by more than {FAR} in one period."
    same = moved["shift"].gt(0).astype(int).diff().eq(0) & moved["period"].str[:4].astype(int).diff().eq(1)
    if same.any():
        yield "The score has moved in the same direction in two periods running."
    periods = sorted(drift["period"].unique())
    latest = periods[-1] if periods else trained
    if int(latest[:4]) - int(trained[:4]) >= OLDEST:
        yield f"The model last trained on {trained}; returns of {latest} have come in."
    changed = changed_law(regime, trained, latest)
    if changed and (alarms["family"] != "answers").any():
        yield f"The law changed after {trained} ({', '.join(changed)}), and what comes in moved."


def changed_law(regime: str, before: str, after: str) -> list[str]:
    """List what the law has otherwise in a later tax year; nothing for taxes whose law goes by day.

    Examples
    --------
    >>> changed_law("vat", "2022-23", "2024-25")[:1]
    ['deregistration_limit']
    """
    if regime == "vat":
        old, new = (_flat(vat_law(label)) for label in (before, after))
    elif regime in ("self_assessment", "employer_paye"):
        old, new = (_flat(tax_law(label)) for label in (before, after))
    else:
        return []
    return sorted(name for name in new if old.get(name) != new[name])


def _flat(law: Any) -> dict[str, Any]:
    values = dataclasses.asdict(law)
    labels = ("tax_year", "enacted_year", "day")
    return {name: value for name, value in values.items() if name not in labels}
