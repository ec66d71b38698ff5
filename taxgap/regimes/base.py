"""What a regime is: a tax whose returns are measured, compared with their peers, and put into words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError, UsageError
from taxgap.peers import GROUPS, PeerGroups
from taxgap.records import Records
from taxgap.regimes.declaration import Declaration, Feature, ReasonCode
from taxgap.regimes.inputs import present_columns, read_inputs
from taxgap.regimes.rules import find_problems

Tables: TypeAlias = Mapping[str, pd.DataFrame]
Compute: TypeAlias = Callable[[Tables, Sequence[str]], pd.DataFrame]


@dataclass(frozen=True)
class Regime:
    """One tax: how its returns are measured, and the reasons that its features stand for.

    Parameters
    ----------
    name : str
        The tax, as in the column ``regime`` of the records.
    features : tuple of Feature
        In the order of the model's columns.
    codes : tuple of ReasonCode
        In the order in which ties between reasons are settled.
    compute : callable
        ``compute(tables, periods)`` measures the returns of the periods: a frame indexed by (taxpayer_id,
        period), sorted, with `trade_group`, `size_band` and one float column a feature. The tables that the
        features need are there with every column of their schema, empty where the records lack it.
    groups : mapping of str to tuple of str
        The columns, as ``table.column``, that `trade_group` and `size_band` are computed from.
    reach : tuple of int, default (1, 0)
        How many tax years before and after each one measured `compute` is given too.
    told_first : tuple of str, optional
        Codes that are told before others where reasons are near equals; see `taxgap.reasons.select_reasons`.
    evaluation_cases : int, default 500
        The fewest closed random enquiries of a tax year that can tell how good a model is. Where programmes
        are small, fewer must do, and the intervals are wider.

    Raises
    ------
    UsageError
        The declaration breaks rules of `taxgap.regimes.rules`; all breaches are named at once.
    """

    name: str
    features: tuple[Feature, ...]
    codes: tuple[ReasonCode, ...]
    compute: Compute
    groups: Mapping[str, tuple[str, ...]]
    reach: tuple[int, int] = (1, 0)
    evaluation_cases: int = 500
    told_first: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        problems = find_problems(self.features, self.codes, self.groups, self.told_first)
        if problems:
            raise UsageError(
                f"The regime '{self.name}' cannot be used: {'; '.join(problems)}.",
                remedy="Correct its declaration.",
            )

    @classmethod
    def declared(cls, name: str, declaration: Declaration, compute: Compute, **others: Any) -> Regime:
        """Make a regime from what its file declares and the function that measures."""
        return cls(
            name,
            declaration.features,
            declaration.codes,
            compute,
            declaration.groups,
            told_first=declaration.told_first,
            **others,
        )

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns of the model's frame: the two that define the peers, then the features."""
        return (*GROUPS, *self.feature)

    @cached_property
    def precedence(self) -> tuple[int, ...]:
        """The place of each code, in the order of the codes, where near equals are told: 0 is first."""
        order = {code: place for place, code in enumerate(dict.fromkeys([*self.told_first, *self.code]))}
        return tuple(order[code] for code in self.code)

    @cached_property
    def feature(self) -> dict[str, Feature]:
        """Each feature by its name."""
        return {feature.name: feature for feature in self.features}

    @cached_property
    def code(self) -> dict[str, ReasonCode]:
        """Each reason code by its name."""
        return {code.code: code for code in self.codes}

    @cached_property
    def tables(self) -> tuple[str, ...]:
        """The tables that the features are computed from, and that of the returns."""
        return tuple(sorted({self.name, *(need.split(".")[0] for need in self._needs)}))

    @cached_property
    def directions(self) -> dict[str, int]:
        """Features whose direction is known: 1 where more can only mean more tax at stake, -1 where less.

        A larger return, of those alike in all else, cannot have less at stake.
        """
        known = {name: int(feature.direction) for name, feature in self.feature.items() if feature.direction}
        return {GROUPS[1]: 1, **known}

    def measure(
        self, records: Records, periods: Sequence[str] | None = None, partition: int | None = None
    ) -> pd.DataFrame:
        """Measure returns as the records show them, each in its latest version.

        Parameters
        ----------
        records : Records
        periods : sequence of str, optional
            The tax years to measure, each with the returns whose period ends in it; all when absent. The
            months in which periods end may be named too. A return is held against earlier ones even where
            these are not among them.
        partition : int, optional
            One partition; all when absent.

        Returns
        -------
        DataFrame
            Indexed by (taxpayer_id, period), sorted; `columns`, each feature in its own unit, cut off at its
            limit, missing where it does not apply or needs what the records lack.

        Raises
        ------
        InvalidDataError
            There are no returns, or a table lacks a column of its key.
        """
        if self.name not in records.tables:
            raise InvalidDataError(
                f"The records hold no returns: the table '{self.name}' is missing.", available=records.tables
            )
        wanted = list(records.periods if periods is None else periods)
        tables, present = read_inputs(records, self._needs, wanted, partition, self.reach)
        computed = self.compute(tables, wanted)
        observed = {name: computed[name] for name in GROUPS}
        lacking = set(self._lacking(present))
        for name, feature in self.feature.items():
            values = computed[name].to_numpy(dtype=np.float64)
            cut = (
                np.full(len(values), np.nan)
                if name in lacking
                else np.clip(values, -feature.limit, feature.limit)
            )
            observed[name] = pd.Series(cut, index=computed.index)
        return pd.DataFrame(observed)

    def compare(self, observed: pd.DataFrame, peers: PeerGroups) -> pd.DataFrame:
        """Turn measures into what the model sees: relative features become positions among the peers.

        Parameters
        ----------
        observed : DataFrame
            From `measure`.
        peers : PeerGroups

        Returns
        -------
        DataFrame
            The same rows and columns.
        """
        relative = [feature.name for feature in self.features if feature.relative]
        seen = observed[list(self.columns)].copy()
        seen[relative] = peers.positions(observed, relative)
        return seen

    def missing_features(self, records: Records) -> list[str]:
        """List the features and groups that are left out because the records lack what they need."""
        return list(self._lacking(present_columns(records, self._needs)))

    @cached_property
    def _all_needs(self) -> dict[str, tuple[str, ...]]:
        return {**self.groups, **{feature.name: feature.needs for feature in self.features}}

    @cached_property
    def _needs(self) -> frozenset[str]:
        return frozenset(need for needs in self._all_needs.values() for need in needs)

    def _lacking(self, present: frozenset[str]) -> Iterator[str]:
        return (name for name, needs in self._all_needs.items() if not present.issuperset(needs))
