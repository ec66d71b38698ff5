"""What a model says about itself, as plain data, and the name that stands for its content."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from taxgap.errors import UsageError

if TYPE_CHECKING:
    from taxgap.risk.model import RiskModel

FORMAT = "taxgap.risk_model"
VERSION = 2
_LIBRARIES = ("taxgap", "lightgbm", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy")


def build_card(model: RiskModel) -> dict[str, Any]:
    """Return the card of a fitted model.

    Parameters
    ----------
    model : RiskModel
        A fitted model.

    Returns
    -------
    dict
        Plain data: format, model_id, features (name, direction, levels, and what the regime says of
        them), settings, counts, calibration, then the facts given to `RiskModel.annotate`.
    """
    own = {"format": FORMAT, "format_version": VERSION, "model_id": model.model_id}
    rules = None
    if model.style == "scorecard":
        rules = {"base": model.rules_base_, "steps": to_plain(model.rules_.to_dict("records"))}
    return {**own, **_describe(model), "rules": rules, **to_plain(model.notes_)}


def summarise_card(card: Mapping[str, Any]) -> str:
    """Return the card in a few lines, for people.

    Parameters
    ----------
    card : mapping
        As `build_card` gives it.

    Returns
    -------
    str
    """
    counts, training = card["counts"], card.get("training", {})
    window = f" of {', '.join(training['periods'])}" if training.get("periods") else ""
    regime = f" for {card['regime']}" if card.get("regime") else ""
    share, mean = counts["calibration_material_share"], counts.get("calibration_mean_amount")
    weighted = card["settings"].get("calibrate_on") == "weighted"
    found = "" if mean is None else f"; £{mean:,.0f} found on average"
    carried = "all cases, weighted by their probability of being opened" if weighted else "random enquiries"
    kind = "Scorecard" if card["settings"].get("style") == "scorecard" else "Risk model"
    carrying = f"{counts['calibration_cases']:,} {'cases' if weighted else 'random ones'}"
    lines = [
        f"{kind} {card['model_id']}{regime}",
        f"Trained on {counts['cases']:,} closed enquiries{window}; calibrated on {carrying}.",
        f"By {carried}: a material under-declaration in {share:.1%}{found}.",
    ]
    if "evaluation" in card:
        lines += _summarise_evaluation(card["evaluation"], training)
    return "\n".join([*lines, "A high score is a reason to look, not a finding."])


def identify(model: RiskModel) -> str:
    """Return a name that depends on all that the model answers from, and on nothing else.

    Parameters
    ----------
    model : RiskModel
        A fitted model.

    Returns
    -------
    str
        The first 16 hexadecimal digits of a SHA-256 over boosters, features, settings, calibration, regime,
        background rows, and the noise of reasons where it was measured. No clock, library version, metric
        or number of threads enters.
    """
    digest = hashlib.sha256()
    described = _describe(model)
    described["settings"].pop("n_threads")
    described.pop("counts")
    described["regime"] = to_plain(model.notes_.get("regime"))
    if "reason_noise" in model.notes_:
        described["reason_noise"] = to_plain(model.notes_["reason_noise"])
    digest.update(json.dumps(described, sort_keys=True, allow_nan=False).encode())
    for kind in sorted(model.parts_.texts):
        digest.update(model.parts_.texts[kind].encode())
    if model.peer_rows_ is not None:
        for part in _read_bytes(model.peer_rows_):
            digest.update(part)
    return digest.hexdigest()[:16]


def to_plain(value: Any) -> Any:
    """Return a value as JSON can hold it: numpy scalars and dates converted, missing as None.

    Examples
    --------
    >>> to_plain({"window": (date(2024, 4, 6), np.float64("nan")), "cases": np.int64(3)})
    {'window': ['2024-04-06', None], 'cases': 3}
    """
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return to_plain(value.tolist())
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_plain(item) for item in (sorted(value) if isinstance(value, (set, frozenset)) else value)]
    return _to_scalar(value)


def read_versions() -> dict[str, str]:
    """Return the versions of the libraries that a model depends on."""
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found


def _summarise_evaluation(evaluation: Mapping[str, Any], training: Mapping[str, Any]) -> list[str]:
    rows = {(row["ranking"], row["metric"]): row for row in evaluation["metrics"]}
    auc, share = rows["model", "auc"], rows["model", "share_of_gap@5%"]
    others = [
        f"{name} {row['value']:.0%}"
        for (name, metric), row in rows.items()
        if metric == "share_of_gap@5%" and name not in {"model", "probability"} and row["value"] is not None
    ]
    beside = f" ({', '.join(others)})" if others else ""
    period = training.get("evaluation_period", "a later period")
    label = evaluation.get("settings", {}).get("label", "random enquiries")
    return [
        f"Evaluated on {auc['n']:,} {label} of {period}: AUC {_with_interval(auc, '.2f')}.",
        f"The top 5% hold {_with_interval(share, '.0%')} of the tax found there{beside}.",
    ]


def _with_interval(row: Mapping[str, Any], form: str) -> str:
    if None in (row["value"], row["low"], row["high"]):
        return "not measured"
    return f"{row['value']:{form}} ({row['low']:{form}} to {row['high']:{form}})"


def _describe(model: RiskModel) -> dict[str, Any]:
    settings = to_plain(model.get_params(deep=False))
    directions = model.monotone or {}
    features = [{**f, "direction": int(directions.get(f["name"], 0))} for f in model.frame_.to_dict()]
    parts = model.parts_
    calibration = {
        "offsets": to_plain(parts.offsets),
        "probability": parts.curve.to_dict(),
        "amount_errors": None if parts.errors is None else parts.errors.to_dict(),
    }
    return {
        "classes": to_plain(model.classes_),
        "named": model.frame_.named,
        "features": features,
        "settings": settings,
        "counts": to_plain(model.parts_.counts),
        "calibration": calibration,
    }


def _to_scalar(value: Any) -> Any:
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, np.generic):
        return _to_scalar(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    raise UsageError(
        f"A model card cannot hold a {type(value).__name__}.", remedy="Convert it to plain data first."
    )


def _read_bytes(rows: pd.DataFrame) -> Iterable[bytes]:
    for name in rows.columns:
        column = rows[name]
        yield f"{name}:{len(column)};".encode()
        if isinstance(column.dtype, pd.CategoricalDtype):
            yield json.dumps([str(level) for level in column.cat.categories]).encode()
            yield column.cat.codes.to_numpy(dtype="<i4").tobytes()
        elif pd.api.types.is_numeric_dtype(column.dtype):
            values = column.to_numpy(dtype="<f8", na_value=np.nan)
            # Files keep that a number is missing, not which bits said so.
            yield np.where(np.isnan(values), np.nan, values).tobytes()
        else:
            yield json.dumps([None if pd.isna(v) else str(v) for v in column]).encode()
