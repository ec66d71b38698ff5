"""The tables of a fairness pack, from sums on the cases as they are and on the draws."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from taxgap.errors import UsageError
from taxgap.risk.arrays import Floats, Integers
from taxgap.risk.evaluation.metrics import divide
from taxgap.risk.fairness.departures import COLUMNS, count_looks, find_p, hold_against_rest
from taxgap.risk.fairness.equity import ALL, Curve, draw_curve, draw_falls, measure_falls, measure_slope
from taxgap.risk.fairness.inputs import Request
from taxgap.risk.fairness.intervals import find_intervals, widen, widen_differences, widen_upwards
from taxgap.risk.fairness.rates import COMPARED, find_worth, rate_population, rate_selection
from taxgap.risk.fairness.totals import POPULATION, Totals

_Block = tuple[tuple[str, ...], tuple[Floats, ...]]

# Of fewer cases with, or without, what a proportion counts, the draws of a difference hardly vary.
_FEW = 10

_LOOKED_AT = {"audit_rate": ("weight", POPULATION, "weight"), "no_change_rate": ("none", "", "weight")}


@dataclass(frozen=True, kw_only=True, eq=False)
class Tables:
    """Everything measured, ready to be listed.

    Parameters
    ----------
    request : Request
    totals, counts : Totals
        From `Cases.draw` and `Cases.count`.
    references : mapping of str to str
        Dimension to the level that others are held against.
    confidence : float
    seed : int
    """

    request: Request
    totals: Totals
    counts: Totals
    references: Mapping[str, str]
    confidence: float
    seed: int

    @cached_property
    def selections(self) -> list[str]:
        """Rankings and selections made, in their order."""
        return list(self.request.cases.selections)

    @cached_property
    def rates(self) -> dict[str, dict[str, Floats]]:
        """Measures by selection, one row a draw (the first: the cases as they are), one column a level."""
        own = {s: rate_selection(self.totals, s, self._reference) for s in self.selections}
        return {POPULATION: rate_population(self.totals), **own}

    @cached_property
    def overall(self) -> dict[str, dict[str, Floats]]:
        """Measures of everybody by selection, one value a draw."""
        return {name: {**self._over_income(name), **self._falls(name)} for name in self.rates}

    def list_groups(self) -> pd.DataFrame:
        """Return ``ranking, dimension, level, metric, value, low, high, n, taken, reason``."""
        levels = len(self.request.names)
        blocks: list[_Block] = []
        for name, rates in self.rates.items():
            taken = np.full(levels, np.nan)
            if name != POPULATION:
                taken = self.counts[name, "weight"][0, :levels]
            for metric, values in rates.items():
                low, high = self._interval(name, metric, values[:, :levels])
                blocks.append(((name, metric), (values[0, :levels], low, high, taken)))
        table = self._stack(["ranking", "metric"], ["value", "low", "high", "taken"], blocks)
        reason = np.where(table["value"].isna(), "nothing to divide by", "")
        small = [
            {"ranking": "", "dimension": d, "level": level, "metric": "", "n": n, "reason": "too few cases"}
            for (d, level), n in self.request.small.items()
        ]
        listed = pd.concat([table.assign(reason=reason), pd.DataFrame(small)], ignore_index=True)
        columns = ["ranking", "dimension", "level", "metric", "value", "low", "high", "n", "taken", "reason"]
        return listed[columns]

    def list_differences(self, reference: str) -> pd.DataFrame:
        """Return ``ranking, less, dimension, level, metric, value, low, high, n``: draw by draw."""
        levels = len(self.request.names)
        columns = ["ranking", "less", "dimension", "level", "metric", "value", "low", "high", "n"]
        first = self.rates[reference]
        blocks: list[_Block] = []
        for name in (other for other in self.selections if other != reference):
            apart = {
                metric: (self.rates[name][metric] - first[metric])[:, :levels]
                for metric in COMPARED
                if metric in first
            }
            for metric, values in self.overall[name].items():
                if not metric.startswith("falls_by_chance"):
                    apart[metric] = (values - self.overall[reference][metric])[:, None]
            for metric, values in apart.items():
                low, high = self._difference(name, reference, metric, values)
                blocks.append(((name, reference, metric), (values[0], low, high)))
        if not blocks:
            return pd.DataFrame(columns=columns)
        return self._stack(["ranking", "less", "metric"], ["value", "low", "high"], blocks)[columns]

    def list_summary(self) -> pd.DataFrame:
        """Return ``ranking, metric, value, low, high, n``: measures of everybody."""
        parts = []
        for name, rates in self.rates.items():
            # Ratios of everybody to everybody are 1.
            own = {m: v[:, :1] for m, v in rates.items() if not m.endswith(("_ratio", "_share"))}
            own |= {m: v[:, :1] for m, v in rates.items() if m in ("any_share", "material_share")}
            for metric, values in own.items():
                low, high = self._interval(name, metric, values)
                parts.append((name, metric, values[0, 0], low[0], high[0], self._cases[0]))
            for metric, drawn in self.overall[name].items():
                low, high = find_intervals(drawn[1:, None], self.confidence)
                parts.append((name, metric, drawn[0], low[0], high[0], self._cases[0]))
        return pd.DataFrame(parts, columns=["ranking", "metric", "value", "low", "high", "n"])

    def list_curves(self, minimum: int) -> pd.DataFrame:
        """Return the curves over income; see `taxgap.risk.fairness.FairnessPack`."""
        parts = []
        for name in self.selections:
            for curve in self.request.curves:
                values = self.rates[name]["audit_rate"][:, curve.columns]
                low, high = self._interval(name, "audit_rate", values, curve.columns)
                rows = draw_curve(curve, values[0], low, high, self._cases[curve.columns])
                few = (rows["n"] < minimum).to_numpy()
                rows.loc[few, ["value", "low", "high"]] = np.nan
                reason = np.where(few, "too few cases", "")
                parts.append(rows.assign(ranking=name, reason=reason))
        if not parts:
            return pd.DataFrame()
        table = pd.concat(parts, ignore_index=True)
        return table[["ranking", *(c for c in table.columns if c != "ranking")]]

    def list_departures(self, rate: float) -> pd.DataFrame:
        """Return the levels held against the rest, with the number of looks counted."""
        names = self.request.names
        dimensions = pd.Series([dimension for dimension, _ in names])
        # A dimension with one level has no rest.
        looked = np.flatnonzero(dimensions.map(dimensions.value_counts()).gt(1) & (dimensions != ALL))
        parts = [self._look(name, metric).iloc[looked] for name in self.selections for metric in _LOOKED_AT]
        if not len(looked):
            return pd.DataFrame(columns=list(COLUMNS))
        return count_looks(pd.concat(parts, ignore_index=True), rate)

    def list_counts(self) -> pd.DataFrame:
        """Return ``ranking, dimension, level, quantity, cases, weight``: what rates are made of."""
        levels = len(self.request.names)
        rows = pd.DataFrame(self.request.names, columns=["dimension", "level"])
        parts = [
            rows.assign(
                ranking=name,
                quantity=quantity,
                cases=self.counts[name, counted][0, :levels],
                weight=self.counts[name, summed][0, :levels],
            )
            for name in self.rates
            for quantity, counted, summed in (("all", "weight", "sum"), ("found", "any", "sum_any"))
        ]
        # Levels too small to be measured are there without a count: they are withheld, and hide the next.
        small = pd.DataFrame(list(self.request.small), columns=["dimension", "level"])
        parts += [
            small.assign(ranking=name, quantity=quantity, cases=0.0, weight=0.0)
            for name in self.rates
            for quantity in ("all", "found")
        ]
        return pd.concat([part for part in parts if len(part)], ignore_index=True)

    @cached_property
    def _cases(self) -> Integers:
        counted: Integers = self.counts[POPULATION, "weight"][0].astype(np.int64)
        return counted

    @cached_property
    def _reference(self) -> Integers:
        columns = np.zeros(len(self.request.cases.members), dtype=np.int64)
        place = {name: column for column, name in enumerate(self.request.names)}
        for dimension, level in self.references.items():
            if (dimension, level) not in place:
                raise UsageError(
                    f"The level {level!r} of {dimension!r} is not measured and cannot be a reference.",
                    where="reference_levels",
                    available=[known for group, known in place if group == dimension],
                )
            for name, column in place.items():
                if name[0] == dimension:
                    columns[column] = place[dimension, level]
        return columns

    def _interval(
        self, name: str, metric: str, values: Floats, columns: slice | None = None
    ) -> tuple[Floats, Floats]:
        low, high = find_intervals(values[1:], self.confidence)
        columns = slice(values.shape[1]) if columns is None else columns
        if metric in ("yield_per_audit", "yield_per_hour", "mean_tax"):
            return low, widen_upwards(high, values, self._error(name, values, columns), self.confidence)
        worth = find_worth(self.counts, name, metric)
        return (low, high) if worth is None else widen(low, high, values[0], worth[columns], self.confidence)

    def _error(self, name: str, values: Floats, columns: slice) -> Floats:
        """Return the standard error of mean amounts on each draw, scaled to the measure."""
        weight, tax, squares = (self.totals[name, q][:, columns] for q in ("weight", "tax", "squares"))
        mean = divide(tax, weight)
        spread = np.sqrt(np.maximum(divide(squares, weight) - mean**2, 0.0))
        cases = divide(self.counts[name, "sum"] ** 2, self.counts[name, "square"])[:, columns]
        error = divide(spread, np.sqrt(cases * divide(weight, weight[:1])))
        scaled: Floats = error * divide(values, mean)
        return scaled

    def _difference(self, name: str, less: str, metric: str, apart: Floats) -> tuple[Floats, Floats]:
        low, high = find_intervals(apart[1:], self.confidence)
        pairs = []
        for who in (name, less):
            worth = find_worth(self.counts, who, metric)
            if worth is None or metric not in self.rates[who]:
                return low, high
            values = self.rates[who][metric][:, : apart.shape[1]]
            events = worth[: apart.shape[1]] * np.minimum(values[0], 1 - values[0])
            pairs.append((events, (values[0], *self._interval(who, metric, values))))
        (events, first), (others, second) = pairs
        wide_low, wide_high = widen_differences((low, high), first, second)
        few = np.fmin(events, others) < _FEW
        return np.where(few, wide_low, low), np.where(few, wide_high, high)

    def _stack(self, titles: list[str], measures: list[str], blocks: list[_Block]) -> pd.DataFrame:
        # One frame at the end: thousands of small ones take longer than all the measuring.
        names = np.array(self.request.names, dtype=object)
        sizes = [len(values[0]) for _, values in blocks]
        columns: dict[str, Any] = {
            title: np.repeat(np.array([keys[place] for keys, _ in blocks], dtype=object), sizes)
            for place, title in enumerate(titles)
        }
        for place, title in enumerate(("dimension", "level")):
            columns[title] = np.concatenate([names[:size, place] for size in sizes])
        for place, title in enumerate(measures):
            columns[title] = np.concatenate([values[place] for _, values in blocks])
        columns["n"] = np.concatenate([self._cases[:size] for size in sizes])
        return pd.DataFrame(columns).astype(dict.fromkeys([*titles, "dimension", "level"], "str"))

    def _look(self, name: str, metric: str) -> pd.DataFrame:
        levels = len(self.request.names)
        above_of, whose, below_of = _LOOKED_AT[metric]
        below = self.totals[whose or name, below_of][:, :levels]
        taken = {q: self.totals[name, q][:, :levels] for q in ("weight", "any")}
        above = taken["weight"] - taken["any"] if above_of == "none" else taken["weight"]
        apart = hold_against_rest(above, below)
        low, high = find_intervals(apart[1:], self.confidence)
        worth = find_worth(self.counts, name, metric)
        share = float(self.rates[name][metric][0, 0])
        p = find_p(apart, share, np.zeros(levels) if worth is None else worth[:levels])
        rows = pd.DataFrame(self.request.names, columns=["dimension", "level"])
        return rows.assign(ranking=name, metric=metric, difference=apart[0], low=low, high=high, p=p)

    def _over_income(self, name: str) -> dict[str, Floats]:
        if (name, "income_rank") not in self.totals:
            return {}
        # Twice the covariance of selection and place by income, over the mean selection.
        index = 2 * self.totals[name, "income_rank"][:, 0] - 1
        if name == POPULATION:
            return {"gap_concentration": index}
        gap = 2 * self.totals[POPULATION, "income_rank"][:, 0] - 1
        return {"concentration": index, "concentration_less_gap": index - gap}

    def _falls(self, name: str) -> dict[str, Floats]:
        if name == POPULATION or not self.request.curves:
            return {}
        found: dict[str, Floats] = {}
        for end, curves in self._conditions():
            above, below = (self._bins(who, "weight", curves) for who in (name, POPULATION))
            falls = measure_falls(above, below)
            cases = np.stack([self._cases[curve.columns] for curve in curves])
            chance = draw_falls(above[0], below[0], cases, len(falls) - 1, self.seed)
            found[f"slope{end}"] = measure_slope(above, below, curves[0].middle)
            # Every draw adds falls of its own: they are centred on what was measured.
            centred = np.maximum(falls[1:] - np.nanmean(falls[1:]) + falls[0], 0.0)
            found[f"falls{end}"] = np.append(falls[0], centred)
            found[f"falls_by_chance{end}"] = np.append(np.nanmean(chance), chance)
        return found

    def _conditions(self) -> Iterator[tuple[str, list[Curve]]]:
        yield "", [curve for curve in self.request.curves if curve.condition == ALL]
        yield "_given_amount", [curve for curve in self.request.curves if curve.condition != ALL]

    def _bins(self, name: str, quantity: str, curves: list[Curve]) -> Floats:
        values = self.totals[name, quantity]
        return np.stack([values[:, curve.columns] for curve in curves], axis=1)


def choose_references(request: Request, asked: Mapping[str, str]) -> dict[str, str]:
    """Return the reference level of each dimension: the one asked for, or that with most cases."""
    size = {
        name: float(inside.sum())
        for name, inside in zip(request.names[1:], request.cases.members[1:], strict=False)
    }
    largest: dict[str, str] = {}
    for (dimension, level), cases in size.items():
        if dimension not in largest or cases > size[dimension, largest[dimension]]:
            largest[dimension] = level
    unknown = sorted(set(asked) - set(largest))
    if unknown:
        raise UsageError(
            f"There is no dimension {', '.join(unknown)} to give a reference level for.",
            where="reference_levels",
            available=largest,
        )
    return {**largest, **asked}
