"""What a comparison of two models came to: the measures side by side, and an answer in words."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from taxgap.monitoring.models.agreement import Agreement
from taxgap.risk.card import to_plain

BETTER, WORSE, UNTOLD = "better", "worse", "cannot be told"
"""The answers there are."""

CONFIDENCE = 0.975
"""Of each interval: two measures decide, and together they shall mislead in one of twenty comparisons."""

_WORDS = {
    "share_of_gap": "tax found within capacity, of all found",
    "auc": "AUC",
    "average_precision": "average precision",
    "brier": "Brier score (lower is better)",
    "strike_rate": "cases within capacity in which tax is found",
    "precision": "cases within capacity that are material",
    "yield_per_hour": "pounds an officer's hour within capacity",
}


@dataclass(frozen=True)
class ModelComparison:
    """A challenger beside another model.

    Parameters
    ----------
    challenger, other : str
        Their identifiers.
    regime : str
        The tax.
    as_of : str
        The date at which the records stand.
    periods : tuple of str
        Tax years of the cases.
    left_out : tuple of str
        Later tax years of which too few random enquiries are closed.
    cases : int
        Closed random enquiries that neither model was trained on.
    capacity_share : float
        Share of returns that can be worked.
    verdict : {"better", "worse", "cannot be told"}
        What the challenger is.
    reasons : tuple of str
        Why, in sentences.
    measures : DataFrame
        One row a measure: ``metric, challenger, challenger_low, challenger_high, other, other_low,
        other_high, difference, difference_low, difference_high``; challenger less other, draw by draw.
    agreement : Agreement
        How far they agree on all returns of later tax years.
    """

    challenger: str
    other: str
    regime: str
    as_of: str
    periods: tuple[str, ...]
    left_out: tuple[str, ...]
    cases: int
    capacity_share: float
    verdict: str
    reasons: tuple[str, ...]
    measures: pd.DataFrame
    agreement: Agreement

    def headline(self) -> str:
        """Return the answer in one sentence."""
        answer = "whether it is better cannot be told" if self.verdict == UNTOLD else f"it is {self.verdict}"
        return (
            f"{self.challenger} was compared with {self.other} on {self.cases:,} closed random enquiries of "
            f"{', '.join(self.periods)} that neither was trained on: {answer}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, ready for JSON; None where a measure is not defined."""
        names = (
            *("challenger", "other", "regime", "as_of", "periods", "left_out", "cases", "capacity_share"),
            *("verdict", "reasons"),
        )
        told: dict[str, Any] = to_plain({name: getattr(self, name) for name in names})
        measures = to_plain(self.measures.to_dict("records"))
        return {
            **told,
            "headline": self.headline(),
            "confidence": CONFIDENCE,
            "measures": measures,
            "agreement": self.agreement.to_dict(),
        }

    def to_text(self) -> str:
        """Return one screen for people."""
        lines = [self.headline(), *(f"  {reason}" for reason in self.reasons), ""]
        head = ("measure", "challenger", "other", "difference")
        rows = [
            (
                _name(row["metric"]),
                _tell(row, "challenger"),
                _tell(row, "other"),
                _tell(row, "difference", sign="+"),
            )
            for row in self.measures.to_dict("records")
        ]
        widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
        lines += [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in (head, *rows)
        ]
        lines += [
            "",
            f"Capacity: {self.capacity_share:.1%} of returns. Intervals of {CONFIDENCE:.1%}, paired draws.",
            self.agreement.to_text(),
        ]
        if self.left_out:
            lines.append(f"Too few random enquiries are closed yet of {', '.join(self.left_out)}.")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self.to_text())}</pre>"


def judge(measures: pd.DataFrame) -> tuple[str, tuple[str, ...]]:
    """Say whether the challenger is better, and why.

    Parameters
    ----------
    measures : DataFrame
        As in `ModelComparison`.

    Returns
    -------
    verdict : {"better", "worse", "cannot be told"}
    reasons : tuple of str

    Examples
    --------
    >>> names = ["metric", "difference", "difference_low", "difference_high"]
    >>> rows = [("share_of_gap@5%", 0.04, -0.01, 0.09), ("auc", 0.03, 0.01, 0.05)]
    >>> judge(pd.DataFrame(rows, columns=names))[0]
    'better'
    """
    deciding = measures[measures["metric"].str.startswith(("share_of_gap", "auc"))]
    above, below = deciding["difference_low"] > 0, deciding["difference_high"] < 0
    reasons = tuple(_explain(row) for row in deciding.to_dict("records"))
    if above.any() and below.any():
        return UNTOLD, (*reasons, "The two measures contradict each other.")
    if above.any() or below.any():
        return (BETTER if above.any() else WORSE), reasons
    return UNTOLD, reasons


def _explain(row: dict[str, Any]) -> str:
    name = _name(row["metric"])
    if pd.isna(row["difference"]):
        return f"{name[0].upper()}{name[1:]}: not measured on these cases."
    if row["difference_low"] > 0:
        means = "the challenger is ahead"
    elif row["difference_high"] < 0:
        means = "the challenger is behind"
    else:
        means = "no difference that chance could not make"
    return f"{name[0].upper()}{name[1:]}: {_tell(row, 'difference', sign='+')}; {means}."


def _name(metric: str) -> str:
    return _WORDS.get(metric.split("@", maxsplit=1)[0], metric)


def _tell(row: dict[str, Any], name: str, sign: str = "") -> str:
    value, low, high = row[name], row[f"{name}_low"], row[f"{name}_high"]
    if pd.isna(value):
        return "-" if name == "difference" else "not measured"
    form = f"{sign},.0f" if row["metric"].startswith("yield") else f"{sign}.3f"
    return f"{value:{form}} ({low:{form}} to {high:{form}})"
