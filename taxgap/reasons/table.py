"""The reason columns of the scores: codes, contributions, observed values, benchmarks and sentences."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.peers import PeerGroups
from taxgap.reasons.contributions import Contributions
from taxgap.reasons.selection import MOST_REASONS, NONE, Floats, Positions, Selection, select_reasons
from taxgap.reasons.sentences import GROUP_STANDS_OUT, NOTHING_STANDS_OUT, write_sentence
from taxgap.regimes import Regime

PARTS = (
    "code",
    "feature",
    "contribution",
    "observed",
    "peer_low",
    "peer_median",
    "peer_high",
    "sentence",
)
"""What is said of each reason, as ``reason_1_code`` and so on."""

_BENCHMARKS = ("low", "median", "high")


def reason_columns(most: int = MOST_REASONS) -> list[str]:
    """List the columns of so many reasons, in their order."""
    return [f"reason_{k}_{part}" for k in range(1, most + 1) for part in PARTS]


def give_reasons(
    regime: Regime,
    found: Contributions,
    observed: pd.DataFrame,
    peers: PeerGroups,
    *,
    most: int = MOST_REASONS,
) -> pd.DataFrame:
    """Turn contributions into reasons.

    Parameters
    ----------
    regime : Regime
    found : Contributions
    observed : DataFrame
        The measures of the same returns, from `Regime.measure`.
    peers : PeerGroups
    most : int, default 4
        The most reasons a return.

    Returns
    -------
    DataFrame
        `reason_columns` for the index of `observed`, empty where there is no further reason. A return without
        any says so in its first sentence. Codes and features are categoricals with the regime's levels.
    """
    features = list(regime.feature)
    values = observed[features].to_numpy(dtype=np.float64)
    quartiles = peers.quartiles(observed, features)
    ranges = {part: quartiles[:, :, place] for place, part in enumerate(_BENCHMARKS)}
    sides = np.array([feature.side for feature in regime.features])
    # What lies within the peers' middle half is no reason: half of them look like it.
    unusual = np.where(sides > 0, values > ranges["high"], values < ranges["low"])
    visible = pd.DataFrame(unusual, index=observed.index, columns=features)
    chosen = select_reasons(regime, found.values, visible, most=most)
    columns: dict[str, object] = {}
    for k in range(most):
        columns |= _lay_out(regime, chosen, k, values, ranges)
    table = pd.DataFrame(columns, index=observed.index, columns=reason_columns(most))
    return _answer_without_reasons(table, found) if most else table


def _lay_out(
    regime: Regime,
    chosen: Selection,
    k: int,
    values: Floats,
    ranges: dict[str, Floats],
) -> dict[str, object]:
    codes, places = chosen.codes[:, k], chosen.features[:, k]
    shown = {name: _at(array, places) for name, array in {"observed": values, **ranges}.items()}
    return {
        f"reason_{k + 1}_code": pd.Categorical.from_codes(codes, [code.code for code in regime.codes]),
        f"reason_{k + 1}_feature": pd.Categorical.from_codes(places, list(regime.feature)),
        f"reason_{k + 1}_contribution": chosen.contributions[:, k],
        f"reason_{k + 1}_observed": shown["observed"],
        **{f"reason_{k + 1}_peer_{part}": shown[part] for part in _BENCHMARKS},
        f"reason_{k + 1}_sentence": pd.array(
            [
                None if place == NONE else write_sentence(regime.features[place], value, low, high)
                for place, value, low, high in zip(
                    places, shown["observed"], shown["low"], shown["high"], strict=True
                )
            ],
            dtype="str",
        ),
    }


def _at(array: Floats, places: Positions) -> Floats:
    return np.where(places == NONE, np.nan, array[np.arange(len(array)), places])


def _answer_without_reasons(table: pd.DataFrame, found: Contributions) -> pd.DataFrame:
    alone = table["reason_1_code"].isna()
    group = found.group_effect > found.own_effect.clip(lower=0.0)
    answers = pd.Series(np.where(group, GROUP_STANDS_OUT, NOTHING_STANDS_OUT), index=table.index, dtype="str")
    return table.assign(reason_1_sentence=table["reason_1_sentence"].where(~alone, answers))
