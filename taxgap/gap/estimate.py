"""An estimated total with its interval, and how it was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from taxgap.risk.card import to_plain


@dataclass(frozen=True, repr=False)
class Estimate:
    """A total of a population, estimated from cases of known probability.

    Parameters
    ----------
    value : float
        The total, in the unit of the amounts (GBP). Design-unbiased, or nearly so with ``greg``; 0 if
        nothing was found.
    low, high : float
        The interval; NaN where the sample cannot give one.
    standard_error : float
        The square root of the estimated design variance.
    method : str
        ``expansion, difference, prediction_powered, greg`` or ``stratified``.
    n : int
        Cases in the sample.
    level : float
        Confidence, 0 to 1.
    diagnostics : dict
        ``population, design, interval, cases_at_random, certainty_cases, amounts, effective_cases, skewness``
        (of the estimator), ``tail_index, largest_share`` (of the variance in one case)``, weight`` (of the
        score, mean)``, score_use, normal_low, normal_high, cautions``.

    Examples
    --------
    >>> Estimate(8.0, 6.5, 10.5, 1.0, "expansion", 500, 0.95)
    8.00 (95% interval 6.50 to 10.50), expansion, 500 cases
    """

    value: float
    low: float
    high: float
    standard_error: float
    method: str
    n: int
    level: float = 0.95
    diagnostics: Mapping[str, Any] = field(default_factory=dict)

    @property
    def width(self) -> float:
        """The width of the interval, in the unit of the amounts."""
        return self.high - self.low

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, missing limits as None."""
        names = ("value", "low", "high", "standard_error", "method", "n", "level", "diagnostics")
        plain: dict[str, Any] = to_plain({name: getattr(self, name) for name in names})
        return plain

    def to_text(self) -> str:
        """Return the estimate in a line, and what should be known of it."""
        limits = f"{self.level:.0%} interval {self.low:,.2f} to {self.high:,.2f}"
        line = f"{self.value:,.2f} ({limits}), {self.method.replace('_', ' ')}, {self.n:,} cases"
        return "\n".join([line, *self.diagnostics.get("cautions", ())])

    def __repr__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th>{escape(str(name).replace('_', ' '))}</th><td>{escape(_show(value))}</td></tr>"
            for name, value in self.diagnostics.items()
            if name != "cautions"
        )
        first, *cautions = self.to_text().split("\n")
        notes = "".join(f"<p>{escape(caution)}</p>" for caution in cautions)
        return f"<p><strong>{escape(first)}</strong></p>{notes}<table>{rows}</table>"


def _show(value: object) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else str(value)
