"""What lowers concern: measures in line with the peers, or on the better side, that bring the score down."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.peers import PeerGroups
from taxgap.reasons.contributions import Contributions
from taxgap.reasons.selection import NONE, Selection, check_most, select
from taxgap.reasons.sentences import write_sentences
from taxgap.reasons.table import NUMBERS, PARTS, check_same_returns, is_unusual, look_up, read_numbers
from taxgap.regimes import Feature, Regime
from taxgap.risk.arrays import Bools, Floats

MOST_LOWERING = 3
"""So many things that lower concern are listed for a return."""

_VERDICTS = {
    -1: "This is lower than for most similar {whom}.",
    0: "This is in line with similar {whom}.",
    1: "This is higher than for most similar {whom}.",
}


def list_lowering(
    regime: Regime,
    found: Contributions,
    observed: pd.DataFrame,
    peers: PeerGroups,
    *,
    most: int = MOST_LOWERING,
) -> pd.DataFrame:
    """List what lowers the score of each return.

    Parameters
    ----------
    regime : Regime
    found : Contributions
    observed : DataFrame
        The measures of the same returns in the same order, from `Regime.measure`.
    peers : PeerGroups
    most : int, default 3
        The most things a return, from 0 to 3.

    Returns
    -------
    DataFrame
        `taxgap.reasons.table.PARTS`, one row a return and thing on the index of `observed`, in its order, the
        strongest first; the contribution is below zero, in log units. A return without any has no row. Codes
        and features are categoricals with the regime's levels.

    Raises
    ------
    UsageError
        Too many are asked for, or the contributions and the measures are not of the same returns.

    Notes
    -----
    The rules of `taxgap.reasons.select_reasons`, mirrored. The contributions of a code must bring the score
    down by both floors, the relative one being a share of all that lowers it; at most two codes are of one
    family. A feature is named if it lowers the score and its value lies in the peers' middle half or beyond
    it, on the side away from concern. So no code is both a reason and on this list. It says what the
    model sees, and clears nobody.
    """
    check_most(most, MOST_LOWERING)
    check_same_returns(found, observed)
    own = -found.values  # noqa: PD011 - a field of ours, not that of pandas
    tables = [
        _lay_out(regime, observed.index[:0], Selection.empty(0, most), np.zeros((len(NUMBERS), 0, most)))
    ]
    for rows, values, quartiles in look_up(regime, observed, peers):
        calm = pd.DataFrame(_is_calm(regime, values, quartiles), columns=list(regime.feature))
        chosen = select(regime, own.iloc[rows], calm, most=most)
        numbers = read_numbers(chosen.features, values, quartiles)
        tables.append(_lay_out(regime, observed.index[rows], chosen, numbers))
    return pd.concat([table for table in tables if len(table)] or tables[:1])


def lowering_sentences(feature: Feature, observed: Floats, low: Floats, high: Floats) -> NDArray[Any]:
    """Write what is said of a measure that lowers concern, return by return.

    Parameters
    ----------
    feature : Feature
    observed : array of float, shape (n_returns,)
        The taxpayers' values, in the unit of the feature.
    low, high : array of float, shape (n_returns,)
        The peers' quartiles.

    Returns
    -------
    array of str, shape (n_returns,)
        What the records show, and how that compares with the peers.

    Examples
    --------
    >>> from taxgap.regimes import get_regime
    >>> expenses = get_regime("self_assessment").feature["expenses_to_turnover"]
    >>> written = lowering_sentences(expenses, *np.array([[0.2], [0.24], [0.35]]))
    >>> written[0].removeprefix("Expenses are 20% of turnover; ")
    'half of similar traders report 24% to 35%. This is lower than for most similar traders.'
    """
    places = np.where(observed < low, -1, np.where(observed > high, 1, 0))
    texts = np.full(len(observed), None, dtype=object)
    for place in np.unique(places).tolist():
        rows = places == place
        form = f"{feature.otherwise or feature.sentence}{_verdict(feature, place)}"
        texts[rows] = write_sentences(feature, observed[rows], low[rows], high[rows], sentence=form)
    return texts


def _is_calm(regime: Regime, values: Floats, quartiles: Floats) -> Bools:
    known = np.isfinite(values) & np.isfinite(quartiles).all(axis=2)
    # Yes is never listed: only the other answer has a sentence here.
    said = np.array([feature.unit != "yes_no" or bool(feature.otherwise) for feature in regime.features])
    is_yes = np.array([feature.unit == "yes_no" for feature in regime.features]) & (values != 0)
    calm: Bools = known & said & ~is_yes & ~is_unusual(regime, values, quartiles)
    return calm


def _lay_out(regime: Regime, index: pd.Index, chosen: Selection, numbers: Floats) -> pd.DataFrame:
    at, k = np.nonzero(chosen.codes != NONE)
    features, (observed, low, _, high) = chosen.features[at, k], numbers[:, at, k]
    texts = np.full(len(at), None, dtype=object)
    for place in np.unique(features).tolist():
        rows = np.flatnonzero(features == place)
        texts[rows] = lowering_sentences(regime.features[place], observed[rows], low[rows], high[rows])
    columns = (
        pd.Categorical.from_codes(chosen.codes[at, k], list(regime.code)),
        pd.Categorical.from_codes(features, list(regime.feature)),
        -chosen.contributions[at, k],
        *numbers[:, at, k],
        pd.array(texts, dtype="str"),
    )
    return pd.DataFrame(dict(zip(PARTS, columns, strict=True)), index=index[at])


def _verdict(feature: Feature, place: int) -> str:
    # Beyond the middle half of a yes or no there is nothing to compare, and it may be said of nobody.
    named = re.search(r"similar (\w+)", feature.sentence)
    if named is None or (place and feature.unit == "yes_no"):
        return ""
    return f" {_VERDICTS[place].format(whom=named[1])}"
