"""The cases that two models are compared on: random enquiries that neither was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from taxgap.errors import IncompatibleError, NotIdentifiedError
from taxgap.records import Records
from taxgap.regimes import Regime
from taxgap.risk.cases import Part
from taxgap.risk.labels import build_labels
from taxgap.risk.model import RiskModel
from taxgap.risk.observing import measure_cases, years_of
from taxgap.risk.suitability import check_records, peers_of, regime_of
from taxgap.risk.windows import CLOSED_SHARE, closed_share


@dataclass(frozen=True)
class Trial:
    """What two models are compared on.

    Parameters
    ----------
    records : Records
        As they stand.
    regime : Regime
        The tax.
    later : tuple of str
        Tax years after all that either model was trained on.
    judged : tuple of str
        Those of them of which enough random enquiries are closed.
    observed : DataFrame
        Measures of the cases as known when opened, indexed by (taxpayer_id, period).
    labels : DataFrame
        What was found, on the same rows.
    """

    records: Records
    regime: Regime
    later: tuple[str, ...]
    judged: tuple[str, ...]
    observed: pd.DataFrame
    labels: pd.DataFrame

    def part_for(self, model: RiskModel) -> Part:
        """Return the cases with the features of a model, made with its own peers."""
        X = self.regime.compare(self.observed, peers_of(model))
        return Part(X[[str(name) for name in model.feature_names_in_]], self.labels, weighted=False)


def check_pair(challenger: RiskModel, other: RiskModel) -> Regime:
    """Refuse two models that cannot be held against each other.

    Returns
    -------
    Regime
        That of both.

    Raises
    ------
    IncompatibleError
        They are of different regimes, or material means another amount.
    """
    regimes = [regime_of(model) for model in (challenger, other)]
    if regimes[0].name != regimes[1].name:
        raise IncompatibleError(
            f"One model is of {regimes[0].name}, the other of {regimes[1].name}.",
            remedy="Compare models of one regime.",
        )
    if challenger.material != other.material:
        raise IncompatibleError(
            f"Material is {challenger.material:,.0f} GBP in one, {other.material:,.0f} GBP in the other.",
            remedy="Train both with the same amount.",
        )
    return regimes[0]


def gather_trial(
    records: Records, regime: Regime, models: Sequence[RiskModel], *, evaluation_cases: int | None
) -> Trial:
    """Gather the closed random enquiries that none of the models was trained on.

    Parameters
    ----------
    records : Records
        As they stand; nothing later is seen.
    regime : Regime
        That of the models.
    models : sequence of RiskModel
        From `taxgap.train`, whose card says which tax years trained.
    evaluation_cases : int or None
        The fewest cases; what the regime asks for where None.

    Returns
    -------
    Trial

    Raises
    ------
    NotIdentifiedError
        A card does not say what trained the model, or too few random enquiries are closed of the tax years
        that came later.
    IncompatibleError
        The records lack what a model relies on.

    Notes
    -----
    A whole tax year is left out if either model was trained on it. So is one of which fewer than 60% of the
    random enquiries are closed: the first to close are not like the rest.
    """
    view = records.known_at(None)
    last = max(_last_trained(model) for model in models)
    fewest = regime.evaluation_cases if evaluation_cases is None else evaluation_cases
    later = tuple(str(year) for year in view.periods if year > last)
    enquiries = _read_enquiries(view, regime)
    drawn = closed_share(enquiries)
    judged = tuple(year for year in later if drawn.get(year, 0.0) >= CLOSED_SHARE)
    if not judged:
        listed = "; ".join(f"{year}: {drawn.get(year, 0.0):.0%} closed" for year in later)
        raise _too_few(0, fewest, f"of the tax years after {last} ({listed or 'the records hold none'})")
    for model in models:
        check_records(view, regime, model)
    labels = build_labels(
        enquiries,
        regime=regime.name,
        as_of=view.as_of,
        periods=judged,
        programmes=["random"],
        material=models[0].material,
    )
    labels = labels[years_of(labels.index).isin(judged).to_numpy()]
    observed = measure_cases(view, regime, labels["opened_on"], judged)
    if len(observed) < fewest:
        raise _too_few(len(observed), fewest, f"of {', '.join(judged)}")
    return Trial(view, regime, later, judged, observed, labels.loc[observed.index])


def _read_enquiries(records: Records, regime: Regime) -> pd.DataFrame:
    if "enquiries" not in records.tables:
        raise NotIdentifiedError("The records hold no enquiries to compare on.", available=records.tables)
    enquiries = records.read("enquiries")
    return enquiries[enquiries["regime"] == regime.name]


def _last_trained(model: RiskModel) -> str:
    periods = (model.card_.get("training") or {}).get("periods")
    if not periods:
        raise NotIdentifiedError(
            f"The card of {model.model_id} does not say on which tax years it was trained, so that no case "
            "is known to be new to it.",
            where="training",
            remedy="Train it with taxgap.train, which records them.",
        )
    return str(max(periods))


def _too_few(found: int, fewest: int, where: str) -> NotIdentifiedError:
    return NotIdentifiedError(
        f"A comparison needs {fewest} closed random enquiries that neither model was trained on; there are "
        f"{found} {where}.",
        where="enquiries",
        remedy="Wait until more are closed, and give records that hold them (taxgap record-outcomes). "
        "Without them nobody can tell which model is better.",
    )
