"""How good the model is: against later random enquiries, and, where it is known, against the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from taxgap.peers import PeerGroups
from taxgap.publication.burden import MODEL, OTHER, gather_burden
from taxgap.records import Records, Truth
from taxgap.regimes import get_regime
from taxgap.risk import RiskModel, ceiling, evaluate, measure_fairness
from taxgap.risk.evaluation.baselines import rank_naively
from taxgap.risk.fairness import groups_of

_SHOWN = ("auc", "average_precision")
_SHOWN_AT = ("@1%", "@5%", "@10%")
_CURVE_POINTS = 60
CEILING_MEANING = (
    "This is what a model of the same kind reaches when it is trained on the truth about other taxpayers, "
    "from the same records. A model that learns from enquiries cannot be expected to do better."
)


@dataclass(frozen=True)
class Assessment:
    """The measures of a model, as the page shows them.

    Attributes
    ----------
    evaluation, gain, calibration : DataFrame
        As `taxgap.publication.content.PageContent` wants them.
    ceiling : dict
        What a model trained on the truth reaches.
    returns : int
        Returns it was measured on.
    """

    evaluation: pd.DataFrame
    gain: pd.DataFrame
    calibration: pd.DataFrame
    ceiling: dict[str, Any]
    returns: int


def assess(records: Records, truth: Truth, model: RiskModel, *, seed: int = 0) -> Assessment:
    """Measure a model on the period that its card names for evaluation.

    Parameters
    ----------
    records : Records
    truth : Truth
        What was lost on each return: an audit that only a synthetic population allows.
    model : RiskModel
        From `taxgap.risk.train`; its card holds the evaluation on random enquiries.
    seed : int, default 0
        Of the bootstrap draws and the folds.

    Returns
    -------
    Assessment
    """
    period = model.card_["training"]["evaluation_period"]
    X = _features(records, model, period)
    regime = get_regime(model.card_["regime"])
    lost = _tax_lost(truth, regime.name).reindex(X.index).to_numpy()
    by_truth = evaluate(
        pd.Series(model.ranking_score(X), index=X.index),
        amount=lost,
        probability=model.predict_proba(X)[:, 1],
        baselines=rank_naively(records, regime, X, seed=seed),
        material=model.material,
        draws=120,
        seed=seed,
        label="truth",
    )
    by_enquiries = pd.DataFrame(model.card_["evaluation"]["metrics"])
    calibration = pd.DataFrame(model.card_["evaluation"]["calibration"])
    people = X.index.get_level_values("taxpayer_id")
    reached = ceiling(X, lost, people, material=model.material, seed=seed, n_threads=model.n_threads)
    return Assessment(
        evaluation=_shown(pd.concat([by_truth.frame, by_enquiries], ignore_index=True)),
        gain=_thin(pd.concat([by_truth.gain, _best_order(lost)], ignore_index=True)),
        calibration=calibration[calibration["measure"] == "probability"].drop(columns="measure"),
        ceiling={**reached.to_dict(), "meaning": CEILING_MEANING},
        returns=len(X),
    )


def assess_burden(records: Records, truth: Truth, model: RiskModel) -> pd.DataFrame:
    """Measure whom a model would choose, against the truth, on the period that its card names for evaluation.

    Parameters
    ----------
    records : Records
    truth : Truth
    model : RiskModel

    Returns
    -------
    DataFrame
        As `taxgap.publication.burden.gather_burden` gives it.
    """
    X = _features(records, model, model.card_["training"]["evaluation_period"])
    score = pd.Series(model.ranking_score(X), index=X.index)
    pack = measure_fairness(
        {MODEL: score, OTHER: model.predict_proba(X)[:, 1]},
        groups_of(records, X.index, regime=model.card_["regime"]),
        amount=_tax_lost(truth, model.card_["regime"]).reindex(X.index).to_numpy(),
        material=model.material,
        draws=120,
    )
    return gather_burden(pack)


def _features(records: Records, model: RiskModel, period: str) -> pd.DataFrame:
    regime = get_regime(model.card_["regime"])
    peers = PeerGroups(model.peer_rows_)
    parts = [
        regime.compare(regime.measure(records, [period], partition), peers)
        for partition in records.partitions
    ]
    return pd.concat(parts)[list(model.feature_names_in_)]


def _tax_lost(truth: Truth, regime: str) -> pd.Series:
    table = truth.table("enquiries", ["taxpayer_id", "period", "tax_lost"], where={"regime": regime})
    return table.set_index(["taxpayer_id", "period"])["tax_lost"]


def _shown(frame: pd.DataFrame) -> pd.DataFrame:
    wanted = frame["metric"].isin(_SHOWN) | frame["metric"].str.endswith(_SHOWN_AT)
    rows = wanted & frame["ranking"].ne("population")
    return frame.loc[rows, ["label", "ranking", "metric", "value", "low", "high", "n"]]


def _best_order(lost: np.ndarray) -> pd.DataFrame:
    tax = np.sort(np.maximum(lost, 0.0))[::-1]
    share = np.arange(len(tax) + 1) / len(tax)
    return pd.DataFrame(
        {
            "ranking": "ceiling",
            "share_examined": share,
            "share_of_gap": np.concatenate([[0.0], np.cumsum(tax) / tax.sum()]),
        }
    )


def _thin(gain: pd.DataFrame) -> pd.DataFrame:
    # The page draws a line through a few points of each curve, closer together where it bends.
    grid = np.linspace(0, 1, _CURVE_POINTS) ** 2
    parts = [
        pd.DataFrame(
            {
                "ranking": ranking,
                "share_examined": grid,
                "share_of_gap": np.interp(grid, curve["share_examined"], curve["share_of_gap"]),
            }
        )
        for ranking, curve in gain.groupby("ranking", sort=False)
    ]
    return pd.concat(parts, ignore_index=True)
