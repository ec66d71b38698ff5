"""The reason columns of the scores: codes, contributions, observed values, benchmarks and sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.errors import UsageError
from taxgap.peers import GROUPS, PeerGroups
from taxgap.reasons.contributions import Contributions
from taxgap.reasons.selection import (
    MOST_REASONS,
    NONE,
    Positions,
    Selection,
    check_most,
    select_reasons,
)
from taxgap.reasons.sentences import GROUP_STANDS_OUT, NOTHING_STANDS_OUT, number_alike, write_sentences
from taxgap.regimes import Regime
from taxgap.risk.arrays import Bools, Floats

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

NUMBERS = PARTS[3:7]
"""The parts that are measured, in the unit of the feature."""

BLOCK = 16_384
"""Returns at a time: what is looked up for every feature is held for these alone."""


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
    noise: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Turn contributions into reasons.

    Parameters
    ----------
    regime : Regime
    found : Contributions
    observed : DataFrame
        The measures of the same returns in the same order, from `Regime.measure`.
    peers : PeerGroups
    most : int, default 4
        The most reasons a return.
    noise : mapping of str to float, optional
        By reason code, the least contribution in log units that fitting the model again cannot undo; see
        `taxgap.reasons.select_reasons`.

    Returns
    -------
    DataFrame
        `reason_columns` for the index of `observed`, empty where there is no further reason. A return without
        any says so in its first sentence. Codes and features are categoricals with the regime's levels.

    Raises
    ------
    UsageError
        Too many reasons are asked for, the noise is of an unknown code, negative or missing, or the
        contributions and the measures are not of the same returns.
    """
    table = ReasonTable(regime, peers, len(observed), most=most, noise=noise)
    table.add(np.arange(len(observed)), found, observed)
    return table.to_frame(observed.index)


class ReasonTable:
    """The reasons of some returns, filled in a few returns at a time.

    What is held are the reasons, not the contributions that they were chosen from; sentences are written
    last.

    Parameters
    ----------
    regime, peers, most, noise
        As for `give_reasons`.
    rows : int
        How many returns there are.

    Raises
    ------
    UsageError
        Too many reasons are asked for.
    """

    def __init__(
        self,
        regime: Regime,
        peers: PeerGroups,
        rows: int,
        *,
        most: int = MOST_REASONS,
        noise: Mapping[str, float] | None = None,
    ) -> None:
        check_most(most, MOST_REASONS)
        self.regime, self.peers, self.most, self.noise = regime, peers, most, noise
        self._chosen = Selection.empty(rows, most)
        self._numbers = np.full((len(NUMBERS), rows, most), np.nan)
        self._group_stands_out = np.zeros(rows, dtype=np.bool_)

    def add(self, places: Positions, found: Contributions, observed: pd.DataFrame) -> None:
        """Choose the reasons of some returns.

        Parameters
        ----------
        places : ndarray of int64
            Their rows in the table.
        found : Contributions
        observed : DataFrame
            The measures of the same returns in the same order.

        Raises
        ------
        UsageError
            The contributions and the measures are not of the same returns, or the noise cannot be used.
        """
        check_same_returns(found, observed)
        parts = found.values  # noqa: PD011 - a field of ours, not that of pandas
        for rows, values, quartiles in look_up(self.regime, observed, self.peers):
            # What lies within the peers' middle half is no reason: half of them look like it.
            unusual = is_unusual(self.regime, values, quartiles)
            visible = pd.DataFrame(unusual, columns=list(self.regime.feature))
            part = select_reasons(self.regime, parts.iloc[rows], visible, most=self.most, noise=self.noise)
            self._chosen.fill(places[rows], part)
            self._numbers[:, places[rows]] = read_numbers(part.features, values, quartiles)
        self._group_stands_out[places] = found.group_effect > found.own_effect.clip(lower=0.0)

    def to_frame(self, index: pd.Index) -> pd.DataFrame:
        """Lay the reasons out as `give_reasons` does, for an index of so many returns."""
        columns: dict[str, object] = {}
        for k in range(self.most):
            columns |= self._lay_out(k)
        table = pd.DataFrame(columns, index=index, columns=reason_columns(self.most))
        return self._answer_without_reasons(table) if self.most else table

    def _lay_out(self, k: int) -> dict[str, object]:
        regime, chosen, numbers = self.regime, self._chosen, self._numbers[:, :, k]
        texts = write_texts(regime, chosen.features[:, k], numbers)
        parts: dict[str, object] = {
            "code": pd.Categorical.from_codes(chosen.codes[:, k], list(regime.code)),
            "feature": pd.Categorical.from_codes(chosen.features[:, k], list(regime.feature)),
            "contribution": chosen.contributions[:, k],
            **dict(zip(NUMBERS, numbers, strict=True)),
            "sentence": pd.array(texts, dtype="str"),
        }
        return {f"reason_{k + 1}_{part}": column for part, column in parts.items()}

    def _answer_without_reasons(self, table: pd.DataFrame) -> pd.DataFrame:
        alone = table["reason_1_code"].isna()
        answers = np.where(self._group_stands_out, GROUP_STANDS_OUT, NOTHING_STANDS_OUT)
        said = table["reason_1_sentence"].where(~alone, pd.Series(answers, index=table.index, dtype="str"))
        return table.assign(reason_1_sentence=said)


def check_same_returns(found: Contributions, observed: pd.DataFrame) -> None:
    """Refuse measures that are not those of the returns whose scores were taken apart, row by row.

    Raises
    ------
    UsageError
    """
    if not found.values.index.equals(observed.index):  # noqa: PD011 - a field of ours, not that of pandas
        raise UsageError(
            "The contributions and the measures are not of the same returns in the same order.",
            where="observed",
            remedy="Give the measures by the index of the contributions: observed.loc[found.values.index].",
        )


def look_up(
    regime: Regime, observed: pd.DataFrame, peers: PeerGroups
) -> Iterator[tuple[slice, Floats, Floats]]:
    """Yield, by block of returns, its rows, its measures and its peers' quartiles, one a feature."""
    features = list(regime.feature)
    # Quartiles are looked up once a group of peers, not once a return.
    which, first = number_alike([pd.factorize(observed[name])[0] for name in GROUPS])
    benchmarks = peers.quartiles(observed.iloc[first], features)
    for start in range(0, len(observed), BLOCK):
        rows = slice(start, start + BLOCK)
        yield rows, observed.iloc[rows][features].to_numpy(dtype=np.float64), benchmarks[which[rows]]


def is_unusual(regime: Regime, values: Floats, quartiles: Floats) -> Bools:
    """Tell where a measure lies beyond the peers' middle half, on the side that its sentence speaks of."""
    sides = np.array([feature.side for feature in regime.features])
    unusual: Bools = np.where(sides > 0, values > quartiles[:, :, 2], values < quartiles[:, :, 0])
    return unusual


def read_numbers(features: Positions, values: Floats, quartiles: Floats) -> Floats:
    """Read `NUMBERS` of the features that are named, missing where none is."""
    rows = np.arange(len(values))[:, np.newaxis]
    shown = [values[rows, features], *np.moveaxis(quartiles[rows, features], -1, 0)]
    return np.where(features == NONE, np.nan, np.array(shown))


def write_texts(regime: Regime, features: Positions, numbers: Floats) -> NDArray[Any]:
    """Write the sentence of each named feature, and None where none is named; in the shape of `features`."""
    places, (observed, low, _, high) = features.ravel(), numbers.reshape(len(numbers), -1)
    texts = np.full(places.shape, None, dtype=object)
    for place in np.unique(places[places != NONE]).tolist():
        rows = np.flatnonzero(places == place)
        texts[rows] = write_sentences(regime.features[place], observed[rows], low[rows], high[rows])
    return texts.reshape(features.shape)
