"""What a regime is: features that measure a return, and the reason codes that put them into words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import pandas as pd

from taxgap.errors import UsageError
from taxgap.peers import GROUPS, PeerGroups
from taxgap.records import Records
from taxgap.regimes.inputs import present_columns, read_inputs
from taxgap.regimes.rules import find_problems

FAMILIES = (
    "third_party",
    "expenses",
    "margin",
    "change",
    "reliefs",
    "property",
    "timing",
    "network",
)
"""The families of reasons; the first part of a reason code names its family."""

UNITS = ("share", "times", "points", "days", "count", "yes_no")
"""What a feature can be measured in.

`share` is a fraction, shown in per cent; `times` a ratio; `points` a difference of fractions, shown in percentage
points; `days` and `count` whole numbers; `yes_no` 1 or 0.
"""

Tables: TypeAlias = Mapping[str, pd.DataFrame]
Compute: TypeAlias = Callable[[Tables, Sequence[str]], pd.DataFrame]


@dataclass(frozen=True)
class Feature:
    """One measure of a return.

    Attributes
    ----------
    name : str
        The column.
    code : str
        The reason code it belongs to.
    unit : str
        One of `UNITS`.
    needs : tuple of str
        The columns it is computed from, as ``table.column``.
    sentence : str
        What a record shows, with ``{observed}`` and ``{peers}`` for the value and the peers' middle half.
    direction : int
        1 or -1 where it is known beforehand that more or less of it means more risk, else 0: the model's
        monotone constraint.
    relative : bool
        Whether the model sees the position among the peers instead of the value.
    side : int
        On which side of the peers' median the sentence makes a reason: 1 above, -1 below.
    """

    name: str
    code: str
    unit: str
    needs: tuple[str, ...]
    sentence: str
    direction: int = 0
    relative: bool = False
    side: int = 1


@dataclass(frozen=True)
class ReasonCode:
    """One reason for which a return can stand out.

    Attributes
    ----------
    code : str
        Family and name, such as ``third_party.takings``.
    title : str
        What it is called, in a few words.
    evidence : str
        What to ask for.
    """

    code: str
    title: str
    evidence: str

    @property
    def family(self) -> str:
        """The family, one of `FAMILIES`."""
        return self.code.split(".")[0]


@dataclass(frozen=True)
class Regime:
    """One tax: how its returns are measured, and the reasons that its features stand for.

    Attributes
    ----------
    name : str
        The regime, as in the column ``regime`` of the records.
    features : tuple of Feature
        In the order of the model's columns.
    codes : tuple of ReasonCode
        In the order in which ties between reasons are settled.
    compute : callable
        ``compute(tables, periods)`` measures the returns of the periods: a frame indexed by (taxpayer_id,
        period) with `trade_group`, `size_band` and one float column a feature. Every table and column that the
        features need is there, empty where the records lack it.

    Raises
    ------
    UsageError
        The declaration breaks a rule of `taxgap.regimes.rules`; all breaches are named at once.
    """

    name: str
    features: tuple[Feature, ...]
    codes: tuple[ReasonCode, ...]
    compute: Compute

    def __post_init__(self) -> None:
        problems = find_problems(self)
        if problems:
            raise UsageError(
                f"The regime '{self.name}' cannot be used: {'; '.join(problems)}.",
                remedy="Correct its declaration.",
            )

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns of the model's frame: the two that define the peers, then the features."""
        return (*GROUPS, *(feature.name for feature in self.features))

    @cached_property
    def feature(self) -> dict[str, Feature]:
        """Each feature by its name."""
        return {feature.name: feature for feature in self.features}

    @cached_property
    def code(self) -> dict[str, ReasonCode]:
        """Each reason code by its name."""
        return {code.code: code for code in self.codes}

    def measure(
        self, records: Records, periods: Sequence[str] | None = None, partition: int | None = None
    ) -> pd.DataFrame:
        """Measure returns as the records show them, each in its latest version.

        Parameters
        ----------
        records : Records
        periods : sequence of str, optional
            The tax years to measure; all when absent. A return is held against that of the year before even
            where that year is not measured.
        partition : int, optional
            One partition; all when absent.

        Returns
        -------
        DataFrame
            Indexed by (taxpayer_id, period), sorted; `columns`, each feature in its own unit, missing where it
            does not apply or needs what the records lack.
        """
        wanted = list(records.periods if periods is None else periods)
        tables = read_inputs(records, self._needs, wanted, partition)
        observed = self.compute(tables, wanted)[list(self.columns)]
        lacking = _lacking(self.features, present_columns(records, self._needs))
        observed[lacking] = np.nan
        return observed

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
        positions = {name: peers.position(observed, name) for name in relative}
        return observed[list(self.columns)].assign(**positions)

    def missing_features(self, records: Records) -> list[str]:
        """List the features that are left out because the records lack what they need."""
        return _lacking(self.features, present_columns(records, self._needs))

    @cached_property
    def _needs(self) -> frozenset[str]:
        return frozenset(need for feature in self.features for need in feature.needs)


def _lacking(features: Sequence[Feature], present: frozenset[str]) -> list[str]:
    return [feature.name for feature in features if not present.issuperset(feature.needs)]
