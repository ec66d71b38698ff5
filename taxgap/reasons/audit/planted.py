"""What was planted in returns, and which reasons could reveal it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from taxgap.errors import IncompatibleError, UsageError
from taxgap.records import Records, Truth
from taxgap.regimes import Regime
from taxgap.risk.arrays import Bools, Floats
from taxgap.synthetic.mechanisms import mechanisms

MOST_EVIDENCE = 3
"""So many codes at most can reveal a mechanism; more would make hits cheap."""

LEAST_SHARE = 0.1
"""A mechanism counts where it holds at least this share of the tax lost on the return."""

LEVELS = ("code", "field", "family")
"""What reasons and mechanisms are compared by."""

COLUMNS = ("row", "mechanism", "behaviour", "tax", "fields")


@dataclass(frozen=True, eq=False)
class Planted:
    """The mechanisms planted in some returns.

    Attributes
    ----------
    regime : Regime
    cases : DataFrame
        One row a return and mechanism: `row` (its place among the returns), `mechanism`, `behaviour` (the one
        with most tax), `tax` lost (GBP) and `fields`, the boxes that it changed.
    evidence : mapping of str to tuple of str
        Mechanism to the reason codes that can reveal it.
    rows : int
        How many returns there are.
    blind : frozenset of str
        Mechanisms that the library does not know: no feature or reason was made with them in mind.
    """

    regime: Regime
    cases: pd.DataFrame
    evidence: Mapping[str, tuple[str, ...]]
    rows: int
    blind: frozenset[str] = frozenset()

    @cached_property
    def tax(self) -> Floats:
        """Tax lost on each return (GBP), all of its mechanisms together."""
        total: Floats = np.bincount(self.cases["row"], self.cases["tax"], self.rows).astype(np.float64)
        return total

    @cached_property
    def counted(self) -> pd.DataFrame:
        """The cases that recall is measured on: known to the library, and large enough."""
        return self._large[~self._large["mechanism"].isin(list(self.blind))].reset_index(drop=True)

    @cached_property
    def unforeseen(self) -> pd.DataFrame:
        """The cases of mechanisms that the library does not know, and that are large enough."""
        return self._large[self._large["mechanism"].isin(list(self.blind))].reset_index(drop=True)

    @cached_property
    def _large(self) -> pd.DataFrame:
        """The cases that hold at least `LEAST_SHARE` of their return's tax."""
        of_return = self.tax[self.cases["row"].to_numpy()]
        own = self.cases["tax"].to_numpy()
        return self.cases[(own > 0) & (own >= LEAST_SHARE * of_return)]

    def relevant(self, level: str, cases: pd.DataFrame | None = None) -> Bools:
        """Tell what can reveal each case: one row a case, one column a code, feature or family.

        Parameters
        ----------
        level : {"code", "field", "family"}
            ``code``: the evidence map. ``family``: the families of those codes. ``field``: the features that
            are computed from a box that the mechanism changed.
        cases : DataFrame, optional
            Rows of `cases`; those of `counted` when absent.

        Returns
        -------
        ndarray of bool, shape (cases, choices)
            Columns in the order of the regime's codes, of its features, or of its families by name.
        """
        chosen = self.counted if cases is None else cases
        if level == "field":
            kinds, lines = pd.factorize(chosen["fields"])
            own: Bools = self._by_box(list(lines))[kinds]
            return own
        kinds, names = pd.factorize(chosen["mechanism"])
        every = [code.code for code in self.regime.codes]
        named = [set(self.evidence.get(str(name), ())) for name in names]
        if level == "family":
            of = {code.code: code.family for code in self.regime.codes}
            every = sorted(set(of.values()))
            named = [{of[code] for code in codes} for codes in named]
        table = np.array([[name in codes for name in every] for codes in named], dtype=np.bool_)
        relevant: Bools = table.reshape(len(named), len(every))[kinds]
        return relevant

    def _by_box(self, lines: Sequence[tuple[str, ...]]) -> Bools:
        needs = [
            {need.partition(".")[2] for need in feature.needs if need.startswith(f"{self.regime.name}.")}
            for feature in self.regime.features
        ]
        table = np.array([[bool(boxes & set(line)) for boxes in needs] for line in lines], dtype=np.bool_)
        relevant: Bools = table.reshape(len(lines), len(needs))
        return relevant


def find_planted(
    truth: Truth, regime: Regime, index: pd.MultiIndex, evidence: Mapping[str, Sequence[str]]
) -> Planted:
    """Look up what the generator planted in some returns.

    Parameters
    ----------
    truth : Truth
    regime : Regime
    index : MultiIndex
        (taxpayer_id, period) of the returns.
    evidence : mapping of str to sequence of str
        Mechanism to at most three reason codes that can reveal it. A mechanism that is not named has none,
        so that no reason is right.

    Returns
    -------
    Planted

    Raises
    ------
    UsageError
        A mechanism has more than three codes, or one that the regime does not have.
    """
    parts = [_read(truth, regime.name, partition, index) for partition in truth.partitions]
    cases = pd.concat(parts, ignore_index=True)
    unknown = frozenset(cases["mechanism"]) - frozenset(mechanisms())
    return replace(planted_in(regime, cases, len(index), evidence), blind=unknown)


def planted_in(
    regime: Regime, cases: pd.DataFrame, rows: int, evidence: Mapping[str, Sequence[str]]
) -> Planted:
    """Make it of cases that are known: `row`, `mechanism`, `behaviour`, `tax` and `fields`."""
    known = {name: tuple(codes) for name, codes in evidence.items()}
    check_evidence(regime, known)
    return Planted(regime, cases[list(COLUMNS)].reset_index(drop=True), known, rows)


def check_same_population(records: Records, truth: Truth) -> None:
    """Refuse a truth of other records.

    Raises
    ------
    IncompatibleError
    """
    if not truth.manifest.synthetic or truth.manifest.seed != records.manifest.seed:
        raise IncompatibleError(
            "The truth is not that of the records.",
            where=truth.where,
            remedy="Name the folder 'truth' beside the folder 'records' of the same population.",
        )


def check_evidence(regime: Regime, evidence: Mapping[str, Sequence[str]]) -> None:
    """Refuse an evidence map that the regime cannot answer, or that makes hits cheap.

    Raises
    ------
    UsageError
    """
    for name, codes in evidence.items():
        unknown = [code for code in codes if code not in regime.code]
        if unknown:
            raise UsageError(
                f"The mechanism '{name}' is to be revealed by '{unknown[0]}', which is no reason code.",
                where="evidence",
                available=regime.code,
            )
        if len(set(codes)) > MOST_EVIDENCE:
            raise UsageError(
                f"The mechanism '{name}' is to be revealed by {len(set(codes))} codes.",
                where="evidence",
                remedy=f"Name at most {MOST_EVIDENCE}, and fix them before any training.",
            )


def _read(truth: Truth, regime: str, partition: int, index: pd.MultiIndex) -> pd.DataFrame:
    lines = truth.read("misreporting", partition=partition)
    lines = lines[lines["regime"] == regime]
    lines = lines.assign(row=index.get_indexer(pd.MultiIndex.from_frame(lines[["taxpayer_id", "period"]])))
    lines = lines[lines["row"] >= 0].astype({"mechanism": "str", "behaviour": "str", "field": "str"})
    by = lines.groupby(["row", "mechanism"], sort=True)
    # Plain tuples of the boxes that were changed: few differ, and they are looked up once each.
    cases = by.agg(behaviour=("behaviour", "first"), tax=("tax_lost", "sum")).reset_index()
    boxes = lines.sort_values(["row", "mechanism", "field"]).drop_duplicates(["row", "mechanism", "field"])
    joined = boxes.groupby(["row", "mechanism"], sort=True)["field"].agg(",".join)
    cases["fields"] = [tuple(str(line).split(",")) for line in joined]
    return cases[list(COLUMNS)]
