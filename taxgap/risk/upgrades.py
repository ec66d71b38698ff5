"""Cards of older formats, brought forward step by step: a model that was saved once can always be read."""

from __future__ import annotations

from typing import Any

from taxgap.errors import IncompatibleError
from taxgap.risk.card import VERSION

# Counts took the name of what carries the calibration when that could be other than the random programme.
_RENAMED = {
    "random_cases": "calibration_cases",
    "random_material_cases": "calibration_material_cases",
    "random_material_share": "calibration_material_share",
    "random_mean_tax_found": "calibration_mean_amount",
}


def bring_forward(card: dict[str, Any]) -> dict[str, Any]:
    """Return a card in the format of today.

    Parameters
    ----------
    card : dict
        As it was read, in this format or an older one.

    Returns
    -------
    dict
        With the note ``former_model_id`` where the format is older: a model's name depends on it.

    Raises
    ------
    IncompatibleError
        If the format is none that ever was.

    Examples
    --------
    >>> bring_forward({"format_version": 2})
    {'format_version': 2}
    """
    version = int(card["format_version"])
    if version == VERSION:
        return card
    if version != 1:
        raise IncompatibleError(f"There never was a version {version} of the format.", where="card.json")
    return _from_first(card)


def _from_first(card: dict[str, Any]) -> dict[str, Any]:
    """Version 2 has ordered levels, labels of any kind, several offsets, and models without amounts."""
    calibration = dict(card["calibration"])
    calibration["offsets"] = {"expected_tax": calibration.pop("offset")}
    return {
        **card,
        "format_version": 2,
        "former_model_id": card["model_id"],
        "classes": [False, True],
        "named": True,
        "calibration": calibration,
        "counts": {_RENAMED.get(name, name): count for name, count in card["counts"].items()},
    }
