"""The cases of a study: returns whose truth is known, drawn by lot, with real and wrong reasons."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError, UsageError
from taxgap.reasons.audit.people.design import count_kinds
from taxgap.reasons.audit.people.lines import with_totals
from taxgap.reasons.audit.people.wrong_reasons import count_reasons, find_wrong_reasons, keep_first
from taxgap.reasons.audit.planted import check_same_population
from taxgap.reasons.explaining import find_contributions, measure_returns
from taxgap.reasons.noise import noise_of
from taxgap.reasons.table import give_reasons
from taxgap.records import Records, Truth
from taxgap.records.periods import tax_year_of
from taxgap.risk import RiskModel
from taxgap.risk.suitability import peers_of, regime_of
from taxgap.synthetic.mechanisms import mechanisms

MOST_SHOWN = 3
"""The most reasons that a sheet shows; the real and the wrong ones of a case are as many."""

ENOUGH = 2
"""Cases with so many reasons come first."""

NEAREST = 0.25
"""Cases that are not flagged rank within this share of their tax year: not far from being flagged."""

TRIED = 8
"""For each case wanted, so many returns of its kind are looked at: not all have enough reasons."""

INDEX = ["taxpayer_id", "period"]
FACTS = ("rank", "ranked", "flagged", "expected_tax", "probability", "flag_rule")

ScoreYear = Callable[[str], pd.DataFrame]


@dataclass(frozen=True, eq=False)
class TaskCases:
    """Cases with what their sheets say of them; all frames have one row a case, in the same order.

    Attributes
    ----------
    facts : DataFrame
        Indexed by (taxpayer_id, period): `kind, wrong, tax_lost, mechanisms, fields, costly` (those
        of the fields that lose tax) and `FACTS`.
    observed : DataFrame
        From `Regime.measure`.
    given, misleading : DataFrame
        Real and wrong reasons, in the columns of `taxgap.reasons.reason_columns`.
    """

    facts: pd.DataFrame
    observed: pd.DataFrame
    given: pd.DataFrame
    misleading: pd.DataFrame

    def take(self, rows: pd.Index) -> TaskCases:
        """Return some of the cases."""
        return TaskCases(*(frame.loc[rows] for frame in self._frames()))

    def join(self, other: TaskCases) -> TaskCases:
        """Return these cases and then the others."""
        pairs = zip(self._frames(), other._frames(), strict=True)
        return TaskCases(*(pd.concat(pair) for pair in pairs))

    def _frames(self) -> tuple[pd.DataFrame, ...]:
        return self.facts, self.observed, self.given, self.misleading


def check_synthetic(records: Records, truth: Truth) -> None:
    """Refuse records of real people, whose rows may not leave, and a truth of other records.

    Raises
    ------
    UsageError
        The records are not marked synthetic; it names them.
    IncompatibleError
        Records and truth are not of the same population.
    """
    if not records.manifest.synthetic:
        raise UsageError(
            f"The records '{records.where}' are not marked synthetic: no sheets are made of them, since no "
            "row of a person may leave.",
            where=records.where,
            remedy="Use records that `taxgap generate` wrote.",
        )
    check_same_population(records, truth)


def choose_cases(
    records: Records, model: RiskModel, truth: Truth, score_year: ScoreYear, *, cases: int, seed: int
) -> TaskCases:
    """Choose cases by lot, the latest tax year first.

    Parameters
    ----------
    records : Records
    model : RiskModel
    truth : Truth
    score_year : callable
        Tax year to its scores, from `taxgap.score`.
    cases, seed : int

    Returns
    -------
    TaskCases
        Cases in an order drawn by lot, each of another taxpayer.

    Raises
    ------
    UsageError
        There are not enough cases of a kind, or the truth names an unknown mechanism.

    Notes
    -----
    A return is wrong if the tax lost on it is material to the model, and right if nothing at all was planted
    in it; what lies between is no case. Returns into which an enquiry was opened are no cases either. Every
    case has at least one reason, and as many wrong ones.
    """
    wanted = count_kinds(cases)
    random = np.random.default_rng([seed, 0])
    regime = regime_of(model).name
    opened = _opened(records, regime)
    planted = truth.table("misreporting", [*INDEX, "mechanism", "field", "tax_lost"], {"regime": regime})
    lost = planted.groupby(INDEX)["tax_lost"].sum()
    found: TaskCases | None = None
    for year in reversed(records.periods):
        pool = _label(score_year(year), lost, opened, model.material)
        if found is not None:
            pool = pool[~pool.index.get_level_values(0).isin(found.facts.index.get_level_values(0))]
        tried = _draw(pool, {kind: TRIED * number for kind, number in wanted.items()}, random)
        if len(tried):
            more = _describe(records, model, _name_planted(tried, planted))
            found = more if found is None else found.join(more)
        if found is not None and not _missing(found.facts["kind"], wanted):
            break
    return _take(found, wanted, random)


def _name_planted(tried: pd.DataFrame, planted: pd.DataFrame) -> pd.DataFrame:
    """Add what was planted in a few returns: mechanisms, fields, and the fields that lose tax."""
    mine = planted[pd.MultiIndex.from_frame(planted[INDEX]).isin(tried.index)]
    costly = mine[mine["tax_lost"] > 0]
    return tried.assign(
        mechanisms=_gather(mine, "mechanism", tried.index),
        fields=_gather(mine, "field", tried.index),
        costly=_gather(costly, "field", tried.index),
    )


def _gather(table: pd.DataFrame, column: str, index: pd.Index) -> list[tuple[str, ...]]:
    names: dict[tuple[str, str], set[str]] = {key: set() for key in index}
    for taxpayer, period, name in table[[*INDEX, column]].itertuples(index=False):
        names[taxpayer, period].add(str(name))
    return [tuple(sorted(each)) for each in names.values()]


def _label(scores: pd.DataFrame, lost: pd.Series, opened: pd.MultiIndex, material: float) -> pd.DataFrame:
    """Say of which kind each return is, and leave out what is no case."""
    ranked = scores.groupby(tax_year_of(scores["period"]).to_numpy())["rank"].transform("size")
    table = scores.assign(ranked=ranked).set_index(INDEX)[list(FACTS)].join(lost)
    honest = table["tax_lost"].isna()
    wrong = table["tax_lost"] >= material
    kind = np.where(table["flagged"], "flagged_", "passed_") + np.where(wrong, "wrong", "right").astype(
        object
    )
    near = table["flagged"] | (table["rank"] <= NEAREST * table["ranked"])
    table = table.assign(kind=kind, wrong=wrong, tax_lost=table["tax_lost"].fillna(0.0))
    return table[(honest | wrong) & near & ~table.index.isin(opened)]


def _opened(records: Records, regime: str) -> pd.MultiIndex:
    """List the returns into which an enquiry was opened."""
    if "enquiries" not in records.tables:
        return pd.MultiIndex.from_arrays([[], []], names=INDEX)
    return pd.MultiIndex.from_frame(records.table("enquiries", INDEX, {"regime": regime}))


def _draw(pool: pd.DataFrame, number: Mapping[str, int], random: np.random.Generator) -> pd.DataFrame:
    shuffled = pool.iloc[random.permutation(len(pool))]
    shuffled = shuffled[~shuffled.index.get_level_values(0).duplicated()]
    place = shuffled.groupby("kind").cumcount()
    return shuffled[place < shuffled["kind"].map(number)]


def _describe(records: Records, model: RiskModel, tried: pd.DataFrame) -> TaskCases:
    """Give real and wrong reasons, as many of each, to the returns that have both."""
    regime, peers = regime_of(model), peers_of(model)
    taxpayers = tried.index.get_level_values(0)
    periods = sorted(set(tried.index.get_level_values(1)))
    observed = measure_returns(records, model, list(taxpayers), periods=periods).loc[tried.index]
    found = find_contributions(model, regime.compare(observed, peers), regime, peers)
    given = give_reasons(regime, found, observed, peers, most=MOST_SHOWN, noise=noise_of(model))
    misleading = find_wrong_reasons(
        regime,
        observed,
        peers,
        given,
        forbidden=[_evidence(names) for names in tried["mechanisms"]],
        planted=[with_totals(names, regime.name) for names in tried["fields"]],
    )
    shown = np.minimum(count_reasons(given), count_reasons(misleading))
    whole = TaskCases(
        tried.assign(shown=shown), observed, keep_first(given, shown), keep_first(misleading, shown)
    )
    return whole.take(tried.index[shown.to_numpy() > 0])


def _evidence(names: tuple[str, ...]) -> set[str]:
    known = mechanisms()
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(
            f"The truth names a mechanism that is not known: {unknown[0]}.",
            where="misreporting",
            available=known,
            remedy="Use a population without plug-ins, whose evidence this kit cannot know.",
        )
    return {code for name in names for code in known[name].evidence}


def _missing(kinds: pd.Series, wanted: Mapping[str, int]) -> dict[str, int]:
    there = kinds.value_counts()
    return {kind: int(there.get(kind, 0)) for kind, number in wanted.items() if there.get(kind, 0) < number}


def _take(found: TaskCases | None, wanted: Mapping[str, int], random: np.random.Generator) -> TaskCases:
    kinds = pd.Series(dtype="str") if found is None else found.facts["kind"]
    missing = _missing(kinds, wanted)
    if missing or found is None:
        lack = ", ".join(
            f"{kind.replace('_', ' and ')}: {n} of {wanted[kind]}" for kind, n in missing.items()
        )
        raise InvalidDataError(
            f"There are not enough cases with reasons of each kind ({lack}).",
            where="cases",
            remedy="Ask for fewer cases, or use a larger population.",
        )
    ordered = found.facts.assign(few=found.facts["shown"] < ENOUGH).sort_values("few", kind="stable")
    place = ordered.groupby("kind").cumcount()
    chosen = ordered[place < ordered["kind"].map(wanted)].index
    return found.take(chosen[random.permutation(len(chosen))])
