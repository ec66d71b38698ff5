"""What was found: waived, noted, or all named in one error."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from taxgap.errors import LeakError, UsageError

COLUMNS = ["feature", "check", "value", "limit", "standing"]

MEANINGS = {
    "auc": "area under the ROC curve of it alone",
    "purity": "share of cases with one of its values that are material",
    "correlation": "rank correlation with the tax found",
    "equality": "share of cases with tax found that it equals",
    "multiple": "share of cases with tax found of which it is one fixed multiple",
    "function": "area under the ROC curve of this function, on cases held out",
    "together": "area of a small model on cases held out, which these carry",
    "recorded late": "share of cases in which it was recorded after the enquiry was opened",
    "key": "share of values that name one row or one taxpayer",
    "row order": "rank correlation with the order of the rows, which tells the label",
}
"""What the value of each check is."""

WHOLE_ROWS = "whole rows"
"""What the finding is called where one day holds for a whole row."""

_OPERATORS = re.compile(r" [-+*/&] ")
_AROUND = re.compile(r"^(?:[(\-|\s]|\d+(?:\.\d+)?(?:e[-+]?\d+)? \* )*|[)|\s]*$")


@dataclass(frozen=True)
class Finding:
    """One relation that gives the label away, or that is worth a note.

    Parameters
    ----------
    features : tuple of str
        The features it is made of.
    name : str
        The feature, or the function of features, as in ``a - b``.
    check : str
        The check, one of `MEANINGS`, or ``selection``.
    value, limit : float
        What was measured, and from which value on it is found.
    noted : bool, default False
        Whether it stops nothing.
    """

    features: tuple[str, ...]
    name: str
    check: str
    value: float
    limit: float
    noted: bool = False

    def note(self) -> Finding:
        """Return it as one that stops nothing."""
        return replace(self, noted=True)


def check_waived(waive: Sequence[str], features: Sequence[str]) -> None:
    """Refuse a waived name that is neither a feature nor a function of features."""
    known = {*features, WHOLE_ROWS}
    unknown = sorted(name for name in waive if name not in known and not set(_split(name)) <= known)
    if unknown:
        raise UsageError(
            f"No such feature to waive: {', '.join(unknown)}.", where="waive", available=features
        )


def _split(name: str) -> list[str]:
    return [_AROUND.sub("", part) for part in _OPERATORS.split(name)]


def settle(findings: Sequence[Finding], waive: Sequence[str]) -> pd.DataFrame:
    """Raise for all that is found and not waived; return the rest.

    Parameters
    ----------
    findings : sequence of Finding
        What the checks found.
    waive : sequence of str
        Names of features, which waive functions of them where all are named; or of functions.

    Returns
    -------
    DataFrame
        ``feature, check, value, limit, standing``; standing is ``waived`` or ``noted``.
    """
    names = set(waive)
    waived = [f for f in findings if not f.noted and (f.name in names or set(f.features) <= names)]
    open_ = [f for f in findings if not f.noted and f not in waived]
    if open_:
        raise _describe(open_)
    noted = [f for f in findings if f.noted]
    rows = [
        (f.name, f.check, f.value, f.limit, standing)
        for standing, part in (("waived", waived), ("noted", noted))
        for f in part
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _describe(findings: Sequence[Finding]) -> LeakError:
    told: dict[str, list[str]] = {}
    for finding in findings:
        told.setdefault(finding.name, []).append(f"{finding.check} {finding.value:.3f}")
    parts = [f"{name} ({', '.join(checks)})" for name, checks in told.items()]
    meanings = [f"{check}: {MEANINGS[check]}" for check in dict.fromkeys(f.check for f in findings)]
    return LeakError(
        f"{len(parts)} feature(s) give the label away: {'; '.join(parts)}. Here {'; '.join(meanings)}.",
        where="X",
        remedy="Leave them out (of a function, one of its columns or more) and check again; or waive them by "
        "name if they were truly known before the enquiry.",
    )
