"""One taxpayer's case: what the model says of a return and why, gathered for a screen or a page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import pandas as pd

from taxgap.peers import GROUPS, PeerGroups
from taxgap.publication.case_file_history import gather_enquiries
from taxgap.reasons.asking import check_material
from taxgap.reasons.baseline import PeerBaseline
from taxgap.reasons.contributions import Contributions
from taxgap.reasons.explaining import Baseline, make_baseline, measure_returns, split_against
from taxgap.reasons.families import families_disagree, family_values, first_family, sum_families
from taxgap.reasons.lowering import list_lowering
from taxgap.reasons.noise import noise_of
from taxgap.reasons.refits import Refits
from taxgap.reasons.table import NUMBERS, give_reasons
from taxgap.reasons.telling import ReasonText, describe_lowering, describe_reasons
from taxgap.reasons.uncertainty import OF_CODE, Uncertainty, find_uncertainty
from taxgap.reasons.untold import list_untold, tell_untold
from taxgap.records import Records
from taxgap.regimes import Regime
from taxgap.risk import RiskModel
from taxgap.risk.suitability import peers_of, regime_of

VALUES = ("value", "peer_low", "peer_median", "peer_high")
REASONS = (*(field.name for field in fields(ReasonText)), "contribution", *VALUES)
"""What is said of a reason, as `taxgap.reasons.telling.ReasonText` has it, and the numbers behind it."""

WHAT_IF = ("title", "observed", "median", "expected_tax", "factor")


@dataclass(frozen=True, eq=False)
class Case:
    """What the model says of one return, and why.

    Attributes
    ----------
    taxpayer_id, period, regime, model_id, as_of : str
    synthetic : bool
        Whether the taxpayer is made up.
    baseline, engine : str
        What the return is compared with, and what worked out the contributions.
    trade_group, size_band : str
        Of the return; empty where not known.
    rung : str
        How wide the peers had to be; empty against the cases trained on.
    peers : int
        How many there are; 0 against the cases trained on.
    numbers : mapping of str to float
        `score, population_mean, group_effect, trade_effect` (log pounds)`, expected_tax, amount_low,
        amount_high` (pounds)`, probability, cutoff, material` (pounds from which tax found is material). The
        trade effect is the part of the group effect that everyone of the trade has, whatever their size; it
        is missing against the cases trained on, and where the trade is not known.
    contributions : DataFrame
        Every own contribution: `feature, code, title, contribution`, the largest first.
    reasons : DataFrame
        `REASONS`, the strongest first; empty where none stands out. With refits also
        `taxgap.reasons.uncertainty.OF_CODE`: the interval of the contribution (log units), and the shares of
        the refits in which the reason is the first, and one of the first four.
    outcome : str
        What is said where no reason stands out; may be empty.
    untold : DataFrame
        `taxgap.reasons.untold.UNTOLD` and a `sentence`: what raises the score most without being a reason.
    lowering : DataFrame
        What lowers concern, the same columns.
    what_if : DataFrame
        `WHAT_IF`: what would be expected with the figure of each reason at the peers' median, and in the last
        row with all of them.
    enquiries : DataFrame
        Enquiries into the taxpayer's returns of this tax, from
        `taxgap.publication.case_file_history.gather_enquiries`.
    refits : int
        How often the model was fitted again; 0 if it was not.
    stability : float
        The share of the refits with the same first reason; missing without any.
    first_family : str
        The family that raises the score most as one player, where neither the sums over features nor the
        reasons have it first; else, and against the cases trained on, empty.
    """

    taxpayer_id: str
    period: str
    regime: str
    model_id: str
    as_of: str
    synthetic: bool
    baseline: Baseline
    engine: str
    trade_group: str
    size_band: str
    rung: str
    peers: int
    numbers: Mapping[str, float]
    contributions: pd.DataFrame
    reasons: pd.DataFrame
    outcome: str
    untold: pd.DataFrame
    lowering: pd.DataFrame
    what_if: pd.DataFrame
    enquiries: pd.DataFrame
    refits: int = 0
    stability: float = math.nan
    first_family: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the case as plain data, for machines."""
        names = ("taxpayer_id", "period", "regime", "model_id", "as_of", "synthetic", "baseline", "engine")
        group = ("trade_group", "size_band", "rung", "peers")
        frames = ("contributions", "reasons", "untold", "lowering", "what_if", "enquiries")
        told = {"refits": self.refits, "stability": self.stability} if self.refits else {}
        return {
            **{name: getattr(self, name) for name in (*names, *group, "outcome", "first_family")},
            **told,
            **{name: _or_none(value) for name, value in self.numbers.items()},
            **{name: [_plain(row) for row in getattr(self, name).to_dict("records")] for name in frames},
        }


def gather_case(
    records: Records,
    model: RiskModel,
    taxpayer: str,
    *,
    period: str | None = None,
    as_of: str | pd.Timestamp | None = None,
    baseline: Baseline = "peers",
    engine: str = "taxgap",
    refits: int | Refits = 0,
) -> Case:
    """Gather what a model says of one return, and why.

    Parameters
    ----------
    records : Records
    model : RiskModel
    taxpayer : str
    period : str, optional
        The tax year of the return, or the month in which its period ends; the latest return when absent. Of
        several returns of a tax year, the latest.
    as_of, baseline, engine, refits
        As for `taxgap.explain`.

    Returns
    -------
    Case

    Raises
    ------
    UsageError, IncompatibleError
        As `taxgap.explain`.
    """
    check_material(records, model)
    known = records.known_at(as_of)
    regime, peers = regime_of(model), peers_of(model)
    every = measure_returns(known, model, [taxpayer], periods=None if period is None else [period])
    observed = every.iloc[[-1]]
    seen = regime.compare(observed, peers)
    against = make_baseline(model, regime, peers, baseline)
    found = split_against(model, seen, against, engine=engine)
    numbers = _numbers(model, seen, found) | {"trade_effect": _part_of_trade(against, found)}
    table = give_reasons(regime, found, observed, peers, noise=noise_of(model))
    sure = find_uncertainty(records, model, observed, found, refits=refits)
    expected = numbers["expected_tax"]
    told = describe_reasons(regime, table.iloc[0], expected)
    reasons = _tabulate(told, [_part(table.iloc[0], k) for k in range(1, len(told) + 1)])
    lowering = list_lowering(regime, found, observed, peers)
    return Case(
        taxpayer_id=taxpayer,
        period=str(observed.index[0][1]),
        regime=regime.name,
        model_id=model.model_id,
        as_of=str(known.as_of.date()),
        synthetic=bool(known.manifest.synthetic),
        baseline=baseline,
        engine=found.engine,
        **_place(observed, found),
        numbers=numbers,
        contributions=tabulate_contributions(found, regime),
        reasons=_add_refits(reasons, sure),
        outcome="" if len(reasons) else str(table["reason_1_sentence"].iloc[0]),
        untold=_list_untold(model, regime, found, observed, table),
        lowering=_tabulate(describe_lowering(regime, lowering, expected), lowering.to_dict("records")),
        what_if=_try_medians(model, regime, peers, observed, reasons),
        enquiries=gather_enquiries(known, regime.name, taxpayer),
        refits=0 if sure is None else sure.refits,
        stability=math.nan if sure is None else float(sure.stability[0]),
        first_family="" if against is None else _find_family(model, seen, found, reasons["code"], against),
    )


def tabulate_contributions(found: Contributions, regime: Regime) -> pd.DataFrame:
    """List the own contributions of the first return: `feature, code, title, contribution`, largest first."""
    values = found.values.iloc[0]  # noqa: PD011 - a frame of contributions, not the array
    codes = [regime.feature[name].code for name in values.index]
    table = pd.DataFrame({"feature": values.index, "code": codes, "contribution": values.to_numpy()})
    table.insert(2, "title", [regime.code[code].title for code in codes])
    order = table["contribution"].abs().sort_values(ascending=False, kind="stable").index
    return table.loc[order].reset_index(drop=True)


def _numbers(model: RiskModel, seen: pd.DataFrame, found: Contributions) -> dict[str, float]:
    X = seen[list(model.feature_names_in_)]
    interval = model.amount_interval(X).iloc[0]
    score = float(model.ranking_score(X)[0])
    return {
        "score": score,
        "population_mean": found.population_mean,
        "group_effect": float(found.group_effect.iloc[0]),
        "expected_tax": math.exp(score),
        "amount_low": float(interval["amount_low"]),
        "amount_high": float(interval["amount_high"]),
        "probability": float(model.predict_proba(X)[0, 1]),
        "cutoff": float(model.threshold),
        "material": float(model.material),
    }


def _place(observed: pd.DataFrame, found: Contributions) -> dict[str, Any]:
    """Say whom a return is compared with."""
    trade, size = (observed[name].astype("object").iloc[0] for name in GROUPS)
    first = found.peers.iloc[0]
    return {
        "trade_group": trade if isinstance(trade, str) else "",
        "size_band": size if isinstance(size, str) else "",
        "rung": str(first.get("rung", "")),
        "peers": int(first.get("peers", 0)),
    }


def _part_of_trade(against: PeerBaseline | None, found: Contributions) -> float:
    """Say how much of the group effect everyone of the trade has, whatever their size."""
    if against is None:
        return math.nan
    return against.mean_over_trade(int(found.peers["number"].iloc[0])) - found.population_mean


def _list_untold(
    model: RiskModel, regime: Regime, found: Contributions, observed: pd.DataFrame, table: pd.DataFrame
) -> pd.DataFrame:
    rows = list_untold(regime, found, observed, peers_of(model), table, noise=noise_of(model))
    said = pd.array(tell_untold(regime, rows), dtype="str")
    return (
        rows.reset_index(drop=True)
        .astype({"code": "str", "feature": "str", "why": "str"})
        .assign(sentence=said)
    )


def _part(row: pd.Series, k: int) -> dict[Any, Any]:
    return {name: row[f"reason_{k}_{name}"] for name in ("contribution", *NUMBERS)}


def _tabulate(told: Sequence[ReasonText], parts: Sequence[Mapping[Any, Any]]) -> pd.DataFrame:
    rows = [
        {
            **asdict(text),
            "contribution": float(part["contribution"]),
            **{name: float(part[source]) for name, source in zip(VALUES, NUMBERS, strict=True)},
        }
        for text, part in zip(told, parts, strict=True)
    ]
    return pd.DataFrame(rows, columns=list(REASONS))


def _find_family(
    model: RiskModel, seen: pd.DataFrame, found: Contributions, codes: pd.Series, against: PeerBaseline
) -> str:
    """Name the family that comes first as one player, if nothing else that is said has it first."""
    if codes.empty:
        return ""
    regime = regime_of(model)
    exact = family_values(model, regime, seen, baseline=against)
    sums = sum_families(regime, found.values)
    first = str(first_family(exact).astype("object").fillna("").iloc[0])
    told = regime.code[codes.iloc[0]].family
    return first if first != told and bool(families_disagree(sums, exact).iloc[0]) else ""


def _add_refits(reasons: pd.DataFrame, sure: Uncertainty | None) -> pd.DataFrame:
    if sure is None:
        return reasons
    codes = list(reasons["code"])
    return reasons.assign(**{name: getattr(sure, name).iloc[0][codes].to_numpy() for name in OF_CODE})


def _try_medians(
    model: RiskModel, regime: Regime, peers: PeerGroups, observed: pd.DataFrame, reasons: pd.DataFrame
) -> pd.DataFrame:
    """Ask the model again with the figure of each reason at the peers' median, and with all of them."""
    tries = list(reasons.itertuples(index=False))
    asked = pd.concat([observed] * (len(tries) + 1), ignore_index=True)
    for row, reason in enumerate(tries):
        asked.loc[[row, len(tries)], reason.feature] = reason.peer_median
    seen = regime.compare(asked, peers)
    before = model.ranking_score(regime.compare(observed, peers)[list(model.feature_names_in_)])[0]
    after = model.ranking_score(seen[list(model.feature_names_in_)])
    rows = [
        (reason.title, reason.observed, reason.median, math.exp(score), math.exp(score - before))
        for reason, score in zip(tries, after, strict=False)
    ]
    if len(tries) > 1:
        rows.append(("All of these together", "", "", math.exp(after[-1]), math.exp(after[-1] - before)))
    return pd.DataFrame(rows, columns=list(WHAT_IF))


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _or_none(value) for name, value in row.items()}


def _or_none(value: Any) -> Any:
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value
