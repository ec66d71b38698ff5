"""Explaining returns of records: measured, compared with their peers, and taken apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from taxgap.errors import UsageError
from taxgap.peers import GROUPS, PeerGroups
from taxgap.reasons.asking import check_material, list_periods, list_taxpayers
from taxgap.reasons.baseline import PeerBaseline
from taxgap.reasons.contributions import Contributions, contributions
from taxgap.reasons.engines import ENGINES
from taxgap.reasons.explained import Explained
from taxgap.reasons.noise import noise_of
from taxgap.reasons.refits import Refits
from taxgap.reasons.table import give_reasons
from taxgap.reasons.uncertainty import find_uncertainty
from taxgap.reasons.untold import list_untold
from taxgap.records import Records
from taxgap.records.partitions import partition_of
from taxgap.regimes import Regime
from taxgap.risk.model import RiskModel
from taxgap.risk.suitability import check_records, peers_of, regime_of

if TYPE_CHECKING:  # it loads shap, which only an explanation needs
    from taxgap.reasons.explanation import Explanation

BASELINES = ("peers", "training")
"""What a return can be compared with: its peers, or the cases the model was trained on."""

Baseline = Literal["peers", "training"]

OTHER_BASELINE = "Take baseline='training', or leave the engine out."
"""What to do where an engine is not right against peers."""

NAMED = 5
"""The most taxpayers that an error names."""


def explain(
    records: Records,
    model: RiskModel,
    taxpayers: Sequence[str] | str | None = None,
    *,
    periods: Sequence[str] | None = None,
    as_of: str | pd.Timestamp | None = None,
    baseline: Baseline = "peers",
    engine: str = "taxgap",
    refits: int | Refits = 0,
) -> Explanation:
    """Say why returns score as they do.

    Parameters
    ----------
    records : Records
        Checked before: `explain` validates nothing.
    model : RiskModel
        Trained for a regime, with its peers.
    taxpayers : sequence of str, optional
        Whose returns are explained, in this order; those of everyone, by partition, when absent.
    periods : sequence of str or str, optional
        The tax years of the returns, or the months in which their periods end; all when absent.
    as_of : str or Timestamp, optional
        Explain what was known at this date; the date of the records when absent.
    baseline : {"peers", "training"}, default "peers"
        What a return is compared with: taxpayers of the same trade and size, or the cases the model was
        trained on.
    engine : str, default "taxgap"
        What works out the contributions: ``taxgap``, exact for either baseline, or ``lightgbm`` or ``shap``,
        which are other people's code, and are refused where they are not right.
    refits : int or Refits, default 0
        So many times the model is fitted again, at least twice, to cases drawn anew, and each reason code
        gets an interval and each first reason a mark: `Explanation.uncertainty`. The records must be those
        that the model was trained on; or give what `taxgap.reasons.refits.fit_refits` found in those.

    Returns
    -------
    Explanation
        A `shap.Explanation`, one row a return, in log pounds of expected tax: the score of a return is the
        mean of the population, plus what its group adds, plus its own contributions. It says the group,
        the reasons, and what raises the score without being one.

    Raises
    ------
    UsageError
        A taxpayer has no such return, a period is not in the records, an option is unknown, or a path is
        given where records or a model are needed.
    IncompatibleError
        The model does not fit its regime or the records.

    Notes
    -----
    Contributions are Shapley values of the score that ranks cases. Against peers, every row of the group is
    used; trade group and size band then contribute nothing. The result holds three numbers for each return
    and feature: of millions of returns, explain some at a time, or use `taxgap.score`. Each refit takes as
    long as an explanation, and holds a number for each return and reason code.
    """
    from taxgap.reasons.explanation import Explanation  # noqa: PLC0415  it loads shap

    check_material(records, model)
    known = records.known_at(as_of)
    observed = measure_returns(known, model, taxpayers, periods=periods)
    regime, peers = regime_of(model), peers_of(model)
    seen = regime.compare(observed, peers)
    found = find_contributions(model, seen, regime, peers, baseline=baseline, engine=engine)
    own = found.values  # noqa: PD011 - a field of ours, not that of pandas
    names = list(own.columns)
    noise = noise_of(model)
    table = give_reasons(regime, found, observed, peers, noise=noise)
    explained = replace(
        _describe(found, observed, model, regime, str(known.as_of.date())),
        uncertainty=find_uncertainty(records, model, observed, found, refits=refits),
        reasons=table,
        untold=list_untold(regime, found, observed, peers, table, noise=noise),
    )
    return Explanation(
        own.to_numpy(dtype=np.float64),
        observed[names].to_numpy(dtype=np.float64),
        seen[names].to_numpy(dtype=np.float64),
        explained,
    )


def find_contributions(
    model: RiskModel,
    seen: pd.DataFrame,
    regime: Regime,
    peers: PeerGroups,
    *,
    baseline: Baseline = "peers",
    engine: str = "taxgap",
) -> Contributions:
    """Take scores apart against a baseline that is named.

    Parameters
    ----------
    model : RiskModel
    seen : DataFrame
        From `Regime.compare`.
    regime : Regime
    peers : PeerGroups
    baseline, engine : str
        As for `explain`.

    Returns
    -------
    Contributions

    Raises
    ------
    UsageError
        The baseline or the engine is unknown, or they do not go together.
    """
    against = make_baseline(model, regime, peers, baseline)
    return split_against(model, seen, against, engine=engine)


def make_baseline(
    model: RiskModel, regime: Regime, peers: PeerGroups, baseline: Baseline
) -> PeerBaseline | None:
    """Make the baseline that is named; there is none to make for the cases trained on.

    Raises
    ------
    UsageError
        The baseline is unknown.
    """
    if baseline not in BASELINES:
        raise UsageError(f"There is no baseline named '{baseline}'.", where="baseline", available=BASELINES)
    return PeerBaseline(model, regime, peers) if baseline == "peers" else None


def split_against(
    model: RiskModel, seen: pd.DataFrame, against: PeerBaseline | None, *, engine: str = "taxgap"
) -> Contributions:
    """Take scores apart against a baseline, or with the remedy where the engine cannot.

    Raises
    ------
    UsageError
        The engine is unknown, or does not go together with the baseline.
    """
    try:
        # To the bit as scoring does.
        return contributions(model, seen, baseline=against, engine=engine, alike=True)
    except UsageError as error:
        if error.where != "engine" or against is None or engine not in ENGINES:
            raise
        # Here a baseline is named, and peers are the default: to leave it out would change nothing.
        raise UsageError(error.message, where="engine", remedy=OTHER_BASELINE) from error


def measure_returns(
    records: Records,
    model: RiskModel,
    taxpayers: Sequence[str] | str | None = None,
    *,
    periods: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Measure the returns of some taxpayers, reading no more partitions than they are in.

    Parameters
    ----------
    records : Records
    model : RiskModel
    taxpayers, periods : sequence of str, optional
        As for `explain`.

    Returns
    -------
    DataFrame
        From `Regime.measure`, in the order of the taxpayers named.

    Raises
    ------
    UsageError, IncompatibleError
        As `explain`.
    """
    regime = regime_of(model)
    check_records(records, regime, model)
    periods = None if periods is None else list_periods(periods, records)
    wanted = None if taxpayers is None else list_taxpayers(taxpayers)
    observed = pd.concat(_measure(records, regime, wanted, periods))
    if wanted is not None:
        _refuse_unknown(wanted, observed, records, regime, periods)
        # Stable, so that the returns of each taxpayer stay in the order of their periods.
        order = np.argsort(pd.Index(wanted).get_indexer(observed.index.get_level_values(0)), kind="stable")
        observed = observed.iloc[order]
    elif observed.empty:
        raise UsageError(
            f"The records hold no {_returns_of(regime, periods)}.", where="periods", available=records.periods
        )
    return observed


def _measure(
    records: Records, regime: Regime, wanted: list[str] | None, periods: Sequence[str] | None
) -> Iterator[pd.DataFrame]:
    chosen = None if periods is None else list(periods)
    if wanted is None:
        yield from (regime.measure(records, chosen, partition) for partition in records.partitions)
        return
    home = partition_of(wanted, len(records.partitions))
    for partition in sorted(set(home.tolist())):
        measured = regime.measure(records, chosen, partition)
        yield measured[measured.index.get_level_values(0).isin(wanted)]


def _refuse_unknown(
    wanted: list[str],
    observed: pd.DataFrame,
    records: Records,
    regime: Regime,
    periods: Sequence[str] | None,
) -> None:
    there = set(observed.index.get_level_values(0))
    unknown = [name for name in wanted if name not in there]
    if not unknown:
        return
    filed = _filed(records, regime, unknown)
    known = [f"{name} (filed for {', '.join(filed[name])})" if name in filed else name for name in unknown]
    more = f" and {len(unknown) - NAMED} more" if len(unknown) > NAMED else ""
    raise UsageError(
        f"The records hold no {_returns_of(regime, periods)} of {', '.join(known[:NAMED])}{more}.",
        where="taxpayers",
        remedy=f"Name taxpayers as the table '{regime.name}' does, with leading zeros, and periods that they "
        "filed for.",
    )


def _filed(records: Records, regime: Regime, taxpayers: list[str]) -> dict[str, list[str]]:
    """List the periods for which taxpayers did file, whatever periods were asked for."""
    parts = [
        records.read(regime.name, ["taxpayer_id", "period"], partition=int(partition))
        for partition in sorted(set(partition_of(taxpayers, len(records.partitions)).tolist()))
    ]
    returns = pd.concat(parts)
    returns = returns[returns["taxpayer_id"].isin(taxpayers)].drop_duplicates().sort_values("period")
    return {str(name): list(own) for name, own in returns.groupby("taxpayer_id")["period"]}


def _returns_of(regime: Regime, periods: Sequence[str] | None) -> str:
    when = "" if periods is None else f" for {', '.join(periods)}"
    return f"{regime.name} returns{when}"


def _describe(
    found: Contributions, observed: pd.DataFrame, model: RiskModel, regime: Regime, as_of: str
) -> Explained:
    own = found.values  # noqa: PD011 - a field of ours, not that of pandas
    groups = observed[list(GROUPS)].astype("str").reset_index(drop=True)
    return Explained(
        index=own.index,
        codes={str(name): regime.feature[name].code for name in own.columns},
        population_mean=found.population_mean,
        group_effect=found.group_effect.to_numpy(dtype=np.float64),
        peers=pd.concat([groups, found.peers.reset_index(drop=True)], axis=1),
        baseline=found.baseline,
        engine=found.engine,
        model_id=model.model_id,
        regime=regime.name,
        as_of=as_of,
    )
