"""The estimated gap: table, waterfall, breakdowns, and how it was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any

import pandas as pd

from taxgap.errors import UsageError
from taxgap.gap.chain.groups import DIMENSIONS
from taxgap.risk.card import to_plain

FORMAT = "taxgap-gap-estimate"
FORMAT_VERSION = 1


@dataclass(frozen=True, repr=False)
class GapEstimate:
    """The tax gap of the returns on file, with all that it rests on.

    Parameters
    ----------
    value, low, high : float
        The net tax gap of all taxes and years together (GBP), with its full interval.
    sampling_low, sampling_high : float
        Limits if nothing but the draw of random cases were uncertain: too narrow, and shown to say so.
    gross, gross_low, gross_high : float
        The gross gap: before compliance yield.
    percent, percent_low, percent_high : float
        Net gap over theoretical liability, in percent.
    table : DataFrame
        One row a tax and year, one a tax (``all years``), one for all: ``regime, year, gross, net, low, high,
        sampling_low, sampling_high, percent, percent_low, percent_high, theoretical, found, multiplier,
        non_payment, compliance_yield, cases, open_cases, method, scores``.
    waterfall : DataFrame
        From `build_waterfall`, for all; ``waterfalls`` has one a tax.
    sensitivity : DataFrame
        From `vary_inputs`.
    groups : DataFrame
        From `break_down`; empty if it was not asked for.
    waterfalls : mapping of str to DataFrame
    made : dict
        How it was made: multipliers, level, draws, seed, date, taxes, years, detection-controlled estimates.
    notes : tuple of str
        What the reader should know.
    bounds : bool
        Whether these are bounds from chosen cases: ``value`` is then their middle, and no estimate.
    truth : mapping, optional
        What is true, where somebody who knows it said so (`beside`).
    """

    value: float
    low: float
    high: float
    sampling_low: float
    sampling_high: float
    gross: float
    gross_low: float
    gross_high: float
    percent: float
    percent_low: float
    percent_high: float
    table: pd.DataFrame
    waterfall: pd.DataFrame
    sensitivity: pd.DataFrame
    groups: pd.DataFrame
    waterfalls: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    made: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    bounds: bool = False
    truth: Mapping[str, float] | None = None

    def beside(self, truth: Mapping[str, float]) -> GapEstimate:
        """Return the estimate with the truth beside it, for pages about synthetic records.

        Parameters
        ----------
        truth : mapping of str to float
            GBP by name; ``net`` and ``gross`` are those of the whole, others are shown as they are.
        """
        return replace(self, truth={str(name): float(amount) for name, amount in truth.items()})

    def by(self, dimension: str) -> pd.DataFrame:
        """Return one breakdown.

        Parameters
        ----------
        dimension : str
            ``tax, customer group, trade group, nation, region, combined authority`` or ``behaviour``; case
            does not matter, and ``trade_group`` will do.

        Returns
        -------
        DataFrame
            Empty where the records hold no such groups, or no breakdown was asked for.

        Raises
        ------
        UsageError
            If there is no such breakdown.
        """
        known = list(dict.fromkeys([*DIMENSIONS, *map(str, self.groups.get("dimension", ()))]))
        named = {name.casefold(): name for name in known}
        asked = named.get(str(dimension).casefold().replace("_", " "))
        if asked is None:
            raise UsageError(f"There is no breakdown by {dimension}.", where="dimension", available=known)
        mine = self.groups[self.groups["dimension"] == asked] if len(self.groups) else self.groups
        return mine.reset_index(drop=True)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: everything a page needs, missing values as None."""
        numbers = {name: getattr(self, name) for name in NUMBERS}
        frames = ("table", "waterfall", "sensitivity", "groups")
        plain: dict[str, Any] = to_plain(
            {
                "format": FORMAT,
                "format_version": FORMAT_VERSION,
                **numbers,
                **{name: getattr(self, name).to_dict("records") for name in frames},
                "waterfalls": {name: frame.to_dict("records") for name, frame in self.waterfalls.items()},
                "made": self.made,
                "notes": list(self.notes),
                "bounds": self.bounds,
                "truth": self.truth,
            }
        )
        return plain

    def to_text(self) -> str:
        """Return the estimate as the published tables read, in millions of pounds."""
        level = self.made.get("level", 0.95)
        if self.bounds:
            lines = [
                f"Bounds of the net tax gap, no estimate: {_millions(self.low)} to {_millions(self.high)}."
            ]
            return "\n".join([*lines, *(f"Note: {note}" for note in self.notes)])
        full, alone = (
            f"{_millions(low)} to {_millions(high)}"
            for low, high in ((self.low, self.high), (self.sampling_low, self.sampling_high))
        )
        percent = f"{self.percent:.1f}% of theoretical liability"
        lines = [
            f"Net tax gap: {_millions(self.value)} ({level:.0%} interval {full}), {percent} "  # noqa: ISC004
            f"({self.percent_low:.1f}% to {self.percent_high:.1f}%).",
            f"Gross: {_millions(self.gross)}. Sampling alone would say {alone}.",
            *self._say_multipliers(),
            "",
            _show(self.table, ("regime", "year", "gross", "net", "low", "high", "percent", "cases")),
            "",
            _show(self.waterfall, ("name", "amount", "share_of_variance"), blank="kind"),
        ]
        if self.truth is not None:
            known = ", ".join(
                f"{name.replace('_', ' ')} {_millions(amount)}"
                for name, amount in self.truth.items()
                if name.count(": ") < 2  # those of groups stand on the page, beside theirs
            )
            lines += ["", f"Truth: {known}."]
        return "\n".join([*lines, *(f"Note: {note}" for note in self.notes)])

    def _say_multipliers(self) -> list[str]:
        """Say each multiplier with its limits, and which are assumed for want of an estimate."""
        told = self.made.get("multipliers", {})
        each = [
            f"{tax.replace('_', ' ')} {one['value']:.2f} ({one['low']:.2f} to {one['high']:.2f})"
            for tax, one in told.items()
        ]
        if not each:
            return []
        lines = [f"Multipliers for what officers do not find: {', '.join(each)}."]
        found = self.made.get("detection", {})
        assumed = [tax.replace("_", " ") for tax, control in found.items() if not control["identified"]]
        if assumed:
            lines.append(f"Of these a band that nothing in the data narrows: {', '.join(assumed)}.")
        return lines

    def __repr__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self.to_text())}</pre>"


NUMBERS = (
    *("value", "low", "high", "sampling_low", "sampling_high", "gross", "gross_low", "gross_high"),
    *("percent", "percent_low", "percent_high"),
)
_MONEY = ("gross", "net", "low", "high", "amount")


def _millions(amount: float) -> str:
    return f"{'-' if amount < 0 else ''}£{abs(amount) / 1e6:,.1f}m"


def _show(table: pd.DataFrame, columns: tuple[str, ...], *, blank: str = "") -> str:
    """Write columns of a table; the shares of its totals are blank where a column tells which these are."""
    shown = table[list(columns)].copy()
    totals = table[blank] == "total" if blank else pd.Series(False, index=table.index)
    for name in shown.columns:
        if name in _MONEY:
            shown[name] = shown[name].map(_millions)
        elif name in ("percent", "share_of_variance"):
            scale = 1.0 if name == "percent" else 100.0
            shown[name] = (scale * shown[name]).map("{:.1f}%".format).mask(totals, "")
        elif name == "regime":
            shown[name] = shown[name].str.replace("_", " ")
    return str(shown.to_string(index=False))
