"""What every check of an audit looks at: returns drawn, scored and explained, and the truth of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError
from taxgap.reasons.audit.figures import Bootstrap
from taxgap.reasons.audit.planted import Planted, find_planted
from taxgap.reasons.audit.settings import AuditSettings
from taxgap.reasons.audit.subject import Subject
from taxgap.reasons.contributions import Contributions
from taxgap.reasons.refitted import sum_by_code
from taxgap.reasons.table import give_reasons
from taxgap.records import Records, Truth
from taxgap.records.partitions import partition_of
from taxgap.records.periods import tax_year_of
from taxgap.regimes import Regime
from taxgap.risk.arrays import Bools, Floats
from taxgap.risk.fairness.groups import groups_of
from taxgap.risk.flagging import rank_within, within_share

FLAGGED_AT_MOST = 0.6
"""The share of the returns drawn that may be flagged ones."""

SCORES = ("score", "probability", "rank", "flagged")


@dataclass(frozen=True, eq=False)
class Material:
    """Returns that are audited.

    Attributes
    ----------
    records : Records
    subject : Subject
    settings : AuditSettings
    observed, seen : DataFrame
        From `Regime.measure` and `Regime.compare`, by (taxpayer_id, period).
    scores : DataFrame
        On the same index: `score`, what ranks; `probability`; `rank` within the tax year, of all its returns;
        `flagged`.
    cut : ndarray of float64
        The least score of a flagged return of the same tax year; infinite where none is flagged.
    weight : ndarray of float64
        How many returns each stands for: flagged ones are drawn more often.
    contributions : DataFrame
        By feature, as the subject explains.
    reasons : DataFrame
        As the library gives them from these contributions: `taxgap.reasons.reason_columns`.
    counts : mapping of str to int
        `returns` and `flagged` in the records.
    every_flagged : MultiIndex
        All flagged returns of the records, drawn or not.
    planted : Planted or None
    noise : mapping of str to float or None
        By code, the floor below which contributions are chance.
    """

    records: Records
    subject: Subject
    settings: AuditSettings
    observed: pd.DataFrame
    seen: pd.DataFrame
    scores: pd.DataFrame
    cut: Floats
    weight: Floats
    contributions: pd.DataFrame
    reasons: pd.DataFrame
    counts: Mapping[str, int]
    every_flagged: pd.MultiIndex
    planted: Planted | None
    noise: Mapping[str, float] | None = None

    def __len__(self) -> int:
        """Return how many returns were drawn."""
        return len(self.observed)

    @property
    def regime(self) -> Regime:
        """The tax."""
        return self.subject.regime

    @property
    def index(self) -> pd.MultiIndex:
        """(taxpayer_id, period) of the returns."""
        index: pd.MultiIndex = self.observed.index
        return index

    @property
    def flagged(self) -> Bools:
        """Which returns are flagged."""
        flagged: Bools = self.scores["flagged"].to_numpy(dtype=np.bool_)
        return flagged

    @property
    def score(self) -> Floats:
        """What ranks them."""
        score: Floats = self.scores["score"].to_numpy(dtype=np.float64)
        return score

    @cached_property
    def by_code(self) -> pd.DataFrame:
        """The contributions summed by reason code, one column a code of the regime in its order."""
        return self.sum_codes(self.contributions)

    @cached_property
    def groups(self) -> pd.DataFrame:
        """Income decile, nation, trade group and the like, for measuring only; none without a register."""
        try:
            return groups_of(self.records, self.index, regime=self.regime.name)
        except InvalidDataError:
            return pd.DataFrame(index=self.index)

    @cached_property
    def bootstrap(self) -> Bootstrap:
        """Draws of taxpayers, shared by all figures."""
        own = self.settings
        return Bootstrap(self.index, self.weight, own.draws, own.seed, own.confidence)

    def sum_codes(self, contributions: pd.DataFrame) -> pd.DataFrame:
        """Sum contributions by feature to one column a code of the regime, zero where the model has none."""
        known = [name for name in contributions.columns if name in self.regime.feature]
        return sum_by_code(self.regime, contributions[known]).reindex(
            columns=list(self.regime.code), fill_value=0.0
        )

    def name_reasons(self, observed: pd.DataFrame, contributions: pd.DataFrame) -> pd.DataFrame:
        """Give reasons by the library's own rules for other returns, or other contributions."""
        return name_reasons(self.subject, observed, contributions, self.noise)

    def cut_of(self, index: pd.Index) -> Floats:
        """Return the least score of a flagged return of the tax year of each of some returns."""
        own = tax_year_of(self.index.get_level_values("period").to_series()).to_numpy()
        years = tax_year_of(index.get_level_values("period").to_series()).to_numpy()
        known = dict(zip(own.tolist(), self.cut.tolist(), strict=True))
        return np.array([known.get(year, np.inf) for year in years], dtype=np.float64)


def name_reasons(
    subject: Subject,
    observed: pd.DataFrame,
    contributions: pd.DataFrame,
    noise: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Turn contributions into reasons by the library's rules, whoever worked them out."""
    known = [name for name in contributions.columns if name in subject.regime.feature]
    own = contributions[known].set_axis(observed.index)
    found = Contributions(own, 0.0, pd.Series(0.0, index=observed.index), "audited")
    return give_reasons(subject.regime, found, observed, subject.peers, noise=noise)


def gather_material(
    records: Records,
    subject: Subject,
    settings: AuditSettings,
    *,
    truth: Truth | None = None,
    evidence: Mapping[str, Sequence[str]] | None = None,
    noise: Mapping[str, float] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Material:
    """Score all returns, draw those that are audited, and explain them.

    Parameters
    ----------
    records : Records
        As they stood when the returns were scored.
    subject : Subject
    settings : AuditSettings
    truth : Truth, optional
        What was planted, where it is known.
    evidence : mapping, optional
        Mechanism to the codes that can reveal it; as `find_planted`.
    noise : mapping of str to float, optional
        As for `taxgap.reasons.give_reasons`.
    say : callable, optional
        Told what is being done.

    Returns
    -------
    Material

    Raises
    ------
    InvalidDataError
        The records hold no returns of these periods, or none is flagged.

    Notes
    -----
    Ranks need all returns, so these are measured twice, partition by partition, and only what is drawn is
    held. They are drawn in the order of a hash of their names, so that neither partitions nor their order
    matter. Flagged returns make up to 60% of the draw, so each return carries a weight: how many it stands
    for.
    """
    periods = list(records.periods if settings.periods is None else settings.periods)
    say("Scoring all returns")
    scores = _score_all(records, subject, periods)
    scores = _flag(scores, subject, settings.capacity_share)
    if not scores["flagged"].any():
        raise InvalidDataError(
            f"None of {len(scores):,} returns is flagged, so there are no reasons to audit.",
            remedy="Lower the cut-off, raise the capacity share, or audit other periods.",
        )
    drawn, weight = _draw(scores["flagged"].to_numpy(), settings)
    say(f"Explaining {len(drawn):,} returns")
    scores = scores.assign(weight=np.nan, cut=_cuts(scores))
    scores.loc[scores.index[drawn], "weight"] = weight
    chosen = scores.iloc[drawn]
    observed = _measure(records, subject.regime, periods, chosen.index)
    observed = observed.loc[chosen.index]
    seen = subject.regime.compare(observed, subject.peers)
    contributions = subject.explain(seen)
    index: pd.MultiIndex = observed.index
    return Material(
        records,
        subject,
        settings,
        observed,
        seen,
        chosen[list(SCORES)],
        chosen["cut"].to_numpy(dtype=np.float64),
        chosen["weight"].to_numpy(dtype=np.float64),
        contributions,
        name_reasons(subject, observed, contributions, noise),
        {"returns": len(scores), "flagged": int(scores["flagged"].sum())},
        scores.index[scores["flagged"]],
        None if truth is None else find_planted(truth, subject.regime, index, evidence or {}),
        noise,
    )


def _score_all(records: Records, subject: Subject, periods: list[str]) -> pd.DataFrame:
    parts = []
    for partition in records.partitions:
        seen = subject.regime.compare(subject.regime.measure(records, periods, partition), subject.peers)
        scored = subject.score(seen)
        parts.append(
            pd.DataFrame({"score": scored.score, "probability": scored.probability}, index=seen.index)
        )
    scores = pd.concat(parts)
    lots = pd.util.hash_pandas_object(scores.index.to_frame(index=False).astype("str"), index=False)
    scores = scores.iloc[np.argsort(lots.to_numpy(), kind="stable")]
    if scores.empty:
        raise InvalidDataError(
            f"The records hold no {subject.regime.name} returns of {', '.join(periods)}.",
            available=records.periods,
        )
    return scores


def _flag(scores: pd.DataFrame, subject: Subject, share: float) -> pd.DataFrame:
    keys = scores.index.to_frame(index=False)
    years = tax_year_of(keys["period"])
    ranks = rank_within(years, scores["score"].reset_index(drop=True), keys["taxpayer_id"])
    likely = scores["probability"].to_numpy() >= subject.cutoff
    return scores.assign(rank=ranks, flagged=within_share(years, ranks, share) & likely)


def _cuts(scores: pd.DataFrame) -> Floats:
    years = tax_year_of(scores.index.get_level_values("period").to_series()).to_numpy()
    least = scores["score"].where(scores["flagged"], np.inf).groupby(years).transform("min")
    cuts: Floats = least.to_numpy(dtype=np.float64)
    return cuts


def _draw(flagged: Bools, settings: AuditSettings) -> tuple[np.ndarray, Floats]:
    """Draw places of returns, flagged ones first, and give each its weight."""
    random = np.random.default_rng([settings.seed, 5])
    first, others = np.flatnonzero(flagged), np.flatnonzero(~flagged)
    of_first = min(len(first), max(int(FLAGGED_AT_MOST * settings.returns), settings.returns - len(others)))
    of_others = min(len(others), settings.returns - of_first)
    chosen = [
        np.sort(random.choice(places, size, replace=False))
        for places, size in ((first, of_first), (others, of_others))
    ]
    weights = [
        np.full(size, len(places) / max(size, 1)) for places, size in ((first, of_first), (others, of_others))
    ]
    return np.concatenate(chosen), np.concatenate(weights)


def measure_some(records: Records, regime: Regime, wanted: pd.MultiIndex) -> pd.DataFrame:
    """Measure some returns, reading of the records only what is of their taxpayers.

    Parameters
    ----------
    records : Records
    regime : Regime
    wanted : MultiIndex
        (taxpayer_id, period) of the returns.

    Returns
    -------
    DataFrame
        From `Regime.measure`, partition by partition.
    """
    people = wanted.get_level_values("taxpayer_id")
    periods = list(wanted.get_level_values("period").unique())
    home = partition_of(people, len(records.partitions))
    parts = []
    for partition in np.unique(home).tolist():
        held = records.hold(regime.tables, partition, people[home == partition])
        measured = regime.measure(held, periods)
        parts.append(measured[measured.index.isin(wanted)])
    return pd.concat(parts)


def _measure(records: Records, regime: Regime, periods: list[str], wanted: pd.Index) -> pd.DataFrame:
    parts = []
    for partition in records.partitions:
        measured = regime.measure(records, periods, partition)
        parts.append(measured[measured.index.isin(wanted)])
    return pd.concat(parts)
