"""The noise band: how large a contribution must be for a refit not to undo it, by reason code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from taxgap.errors import UsageError
from taxgap.reasons.baseline import PeerBaseline
from taxgap.reasons.refits import REFITS, Refits, check_refits, fit_refits
from taxgap.reasons.refitted import contributions_of_refits, sum_by_code
from taxgap.records import Records
from taxgap.risk.model import RiskModel
from taxgap.risk.suitability import peers_of, regime_of

SHARE = 0.9
"""The share of returns in which refitting moves a contribution by less than the noise."""

SAMPLE = 1_000
"""The noise is measured on so many returns, drawn for all that the peers stand for."""


def measure_noise(
    records: Records, model: RiskModel, *, refits: int = REFITS, seed: int = 0, share: float = SHARE
) -> dict[str, float]:
    """Measure how far refitting alone moves the contribution of each reason code.

    Parameters
    ----------
    records : Records
        Those that the model was trained on.
    model : RiskModel
    refits : int, default 20
        How many, at least 2.
    seed : int, default 0
        Seed of everything drawn.
    share : float, default 0.9
        The share of returns in which a contribution moves by less; between 0 and 1.

    Returns
    -------
    dict of str to float
        By reason code, in log units: the third floor of `taxgap.reasons.select_reasons`.

    Raises
    ------
    UsageError
        The share or the number of refits cannot be used.
    IncompatibleError
        The records do not give the cases that the model was trained on.

    Notes
    -----
    The quantile, over returns and refits, of the distance of a contribution from its mean over the refits,
    with the usual correction for that mean, ``sqrt(B / (B - 1))``. Contributions are against peers.
    """
    check_refits(refits)
    return noise_of_refits(fit_refits(records, model, refits=refits, seed=seed), model, share=share)


def noise_of_refits(refits: Refits, model: RiskModel, *, share: float = SHARE) -> dict[str, float]:
    """Measure the noise of refits that were fitted before; see `measure_noise`.

    Parameters
    ----------
    refits : Refits
        Of the model; its seed draws the returns too.
    model : RiskModel
    share : float, default 0.9

    Returns
    -------
    dict of str to float
    """
    if not 0 < share < 1:
        raise UsageError(f"The share must be between 0 and 1, not {share}.", where="share")
    refits.check(model)
    regime, peers = regime_of(model), peers_of(model)
    chance = peers.stands_for / peers.stands_for.sum()
    random = np.random.default_rng([refits.seed, 8])
    places = random.choice(len(chance), size=min(SAMPLE, len(chance)), replace=False, p=chance)
    seen = regime.compare(peers.rows.iloc[np.sort(places)], peers)
    parts = contributions_of_refits(refits, model, seen, baseline=PeerBaseline(model, regime, peers))
    sums = [sum_by_code(regime, values) for values in parts]
    table = np.stack([each.to_numpy() for each in sums])
    # From their own mean, refits lie nearer than from that of all possible ones.
    moved = np.abs(table - table.mean(axis=0)) * np.sqrt(len(refits) / (len(refits) - 1))
    noise = np.quantile(moved, share, axis=(0, 1))
    return {code: float(size) for code, size in zip(sums[0].columns, noise, strict=True)}


def annotate_noise(model: RiskModel, noise: Mapping[str, float], **how: Any) -> RiskModel:
    """Write the noise into the card, where scoring and explaining find it.

    Parameters
    ----------
    model : RiskModel
    noise : mapping of str to float
        From `measure_noise`.
    **how : object
        How it was measured, such as ``refits=20``, for whoever reads the card.

    Returns
    -------
    RiskModel

    Raises
    ------
    UsageError
        A code is not of the model's regime, or its noise is no number from 0 up.

    Notes
    -----
    The model then gives other reasons, so it is another model: its `model_id` changes.
    """
    codes = regime_of(model).code
    wrong = [code for code, size in noise.items() if code not in codes or not 0 <= size < np.inf]
    if wrong:
        raise UsageError(
            f"The noise of '{wrong[0]}' cannot be used: it is no reason of this tax, or no number from 0 up.",
            where="noise",
            available=codes,
        )
    floors = {str(code): float(size) for code, size in noise.items()}
    return model.annotate(reason_noise={"floors": floors, **how})


def noise_of(model: RiskModel) -> dict[str, float] | None:
    """Return the noise that a model's card holds, by reason code, or None.

    Parameters
    ----------
    model : RiskModel

    Returns
    -------
    dict of str to float, or None
    """
    noted = model.notes_.get("reason_noise")
    return None if noted is None else dict(noted["floors"])
