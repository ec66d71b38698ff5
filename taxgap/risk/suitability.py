"""Whether a model fits: its regime, its features, its peers, and what the records hold."""

from __future__ import annotations

from taxgap.errors import IncompatibleError
from taxgap.peers import PeerGroups
from taxgap.records import Records
from taxgap.regimes import Regime, get_regime
from taxgap.risk.model import RiskModel
from taxgap.risk.predicting import Kind

_KINDS: tuple[Kind, ...] = ("expected_tax", "probability")


def regime_of(model: RiskModel) -> Regime:
    """Return the regime a model was trained for, after checking that it builds the model's features.

    Raises
    ------
    IncompatibleError
        The model names no regime, or has features that its regime does not build.
    """
    name = model.card_.get("regime")
    if not name:
        raise IncompatibleError(
            "The model does not say which regime it was trained for.",
            remedy="Train it with taxgap.train, which records the regime in its card.",
        )
    regime = get_regime(str(name))
    unknown = [str(feature) for feature in model.feature_names_in_ if feature not in regime.columns]
    if unknown:
        raise IncompatibleError(
            f"The model has features that the regime '{regime.name}' does not build: {', '.join(unknown)}.",
            available=regime.columns,
            remedy="Train it again with this version of the regime.",
        )
    return regime


def peers_of(model: RiskModel) -> PeerGroups:
    """Return the peers that a model was trained with.

    Raises
    ------
    IncompatibleError
        The model has none.
    """
    if isinstance(model.peers_, PeerGroups):
        return model.peers_
    if model.peer_rows_ is None:
        raise IncompatibleError(
            "The model carries no peers, with which its features and reasons are made.",
            remedy="Train it with taxgap.train, or attach them with attach_peers.",
        )
    return PeerGroups(model.peer_rows_)


def check_records(records: Records, regime: Regime, model: RiskModel) -> None:
    """Refuse records that lack what a feature needs on which the model relies.

    Raises
    ------
    IncompatibleError
        Naming the features. Features that no tree looks at may be missing.
    """
    relied_on = {
        str(name)
        for kind in _KINDS
        for name, splits in zip(
            model.feature_names_in_, model.booster(kind).feature_importance("split"), strict=True
        )
        if splits > 0
    }
    missing = [name for name in regime.missing_features(records) if name in relied_on]
    if missing:
        raise IncompatibleError(
            f"The records lack what the model relies on: {', '.join(missing)}.",
            where=", ".join(records.tables),
            remedy="Add the tables and columns these features need, or train a model without them.",
        )
