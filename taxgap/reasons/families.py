"""Families of reasons: their contributions, as sums over features or exactly, as players of the game."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.errors import IncompatibleError, UsageError
from taxgap.peers import GROUPS
from taxgap.reasons.baseline import PeerBaseline
from taxgap.reasons.contributions import check_sum
from taxgap.reasons.shapley import compile_model
from taxgap.regimes import Regime
from taxgap.risk.arrays import Floats
from taxgap.risk.model import RiskModel

CLOSE = 1e-9
"""Families whose values differ by less, in log units, come first together."""

Positions: TypeAlias = NDArray[np.int64]


def family_of(regime: Regime) -> dict[str, str]:
    """Name the family of each feature, in the order of the features.

    Examples
    --------
    >>> from taxgap.regimes import get_regime
    >>> family_of(get_regime("self_assessment"))["gross_margin"]
    'margin'
    """
    return {feature.name: regime.code[feature.code].family for feature in regime.features}


def sum_families(regime: Regime, values: pd.DataFrame) -> pd.DataFrame:
    """Add up the contributions of each family's features.

    Parameters
    ----------
    regime : Regime
    values : DataFrame
        Contributions, one column a feature, in log units, as of `taxgap.reasons.Contributions`.

    Returns
    -------
    DataFrame
        One column a family, in the order in which the regime names them; zero where the model uses none of
        its features. Rows add up to what the rows of `values` do.

    Raises
    ------
    UsageError
        A column is no feature of the regime.

    Notes
    -----
    The sum is fast, and equals the value of the family as one player except for what its features do together
    with those of other families; `family_values` has that exactly.

    Examples
    --------
    >>> from taxgap.regimes import get_regime
    >>> values = pd.DataFrame({"gross_margin": [0.3], "vat_threshold_years": [0.1], "days_late": [-0.2]})
    >>> sums = sum_families(get_regime("self_assessment"), values)
    >>> sums.loc[0, ["margin", "timing"]].tolist()
    [0.4, -0.2]
    """
    families = family_of(regime)
    unknown = [str(name) for name in values.columns if name not in families]
    if unknown:
        raise UsageError(f"'{unknown[0]}' is no feature of {regime.name}.", available=families)
    sums = pd.DataFrame(0.0, index=values.index, columns=list(dict.fromkeys(families.values())))
    for name in values.columns:
        sums[families[name]] += values[name].to_numpy(dtype=np.float64)
    return sums


def family_values(
    model: RiskModel,
    regime: Regime,
    seen: pd.DataFrame,
    *,
    baseline: PeerBaseline,
    threads: int | None = None,
) -> pd.DataFrame:
    """Work out the exact Shapley values of the families, each of which plays as one.

    Parameters
    ----------
    model : RiskModel
    regime : Regime
    seen : DataFrame
        The returns, from `Regime.compare`.
    baseline : PeerBaseline
        The peers to compare with.
    threads : int, optional
        As for `taxgap.reasons.compile_model`.

    Returns
    -------
    DataFrame
        One column a family, as from `sum_families`, in log units of expected tax. Rows add up to the score
        less the mean of the peers, as the contributions of the features do.

    Raises
    ------
    InvalidDataError
        There are no returns.
    IncompatibleError
        The values do not add up, or what defines the peers has a value other than zero.

    Notes
    -----
    The players are the families, and one more for trade group and size band, which all peers share with the
    return, so that its value is exactly zero. A family that joins brings all of its features at once: what
    they do together counts for it alone, and what it does with another family is halved between the two.
    """
    names = list(model.feature_names_in_)
    families = family_of(regime)
    players = list(dict.fromkeys(families.get(name, GROUPS[0]) for name in names))
    numbers = np.array([players.index(families.get(name, GROUPS[0])) for name in names], dtype=np.int64)
    compiled = compile_model(model.booster("expected_tax"), players=numbers)
    matrix = model.encode(seen[names])
    found = np.zeros((len(matrix), len(players) + 1))
    groups = baseline.place(seen)
    baseline.hold(groups)
    for rows, parts in compiled.explain_groups(matrix, groups, baseline.background, threads=threads):
        found[rows] = parts
    _check(found, compiled.predict(matrix, threads=threads), players)
    columns = list(dict.fromkeys(families.values()))
    exact = pd.DataFrame(found[:, :-1], index=seen.index, columns=players)
    return exact.reindex(columns=columns, fill_value=0.0)


def first_family(values: pd.DataFrame) -> pd.Series:
    """Name the family that raises each score most.

    Parameters
    ----------
    values : DataFrame
        From `sum_families` or `family_values`.

    Returns
    -------
    Series of category
        Of families that raise it equally, the first column; missing where none raises it.
    """
    table = values.to_numpy(dtype=np.float64)
    first = np.where((table > 0).any(axis=1), table.argmax(axis=1), -1)
    return pd.Series(pd.Categorical.from_codes(first, list(values.columns)), index=values.index)


def families_disagree(sums: pd.DataFrame, exact: pd.DataFrame) -> pd.Series:
    """Tell where the sum over features and the exact value put different families first.

    Parameters
    ----------
    sums, exact : DataFrame
        From `sum_families` and `family_values`, of the same returns.

    Returns
    -------
    Series of bool
        True where the first family of one is not first, or first together with another to within `CLOSE`, in
        the other; or where only one of them has a family that raises the score.

    Raises
    ------
    UsageError
        The two are not of the same returns and families.

    Examples
    --------
    >>> sums = pd.DataFrame({"margin": [0.3, 0.3], "timing": [0.2, 0.1]})
    >>> exact = pd.DataFrame({"margin": [0.2, 0.3], "timing": [0.3, 0.1]})
    >>> families_disagree(sums, exact).tolist()
    [True, False]
    """
    if not (sums.index.equals(exact.index) and sums.columns.equals(exact.columns)):
        raise UsageError("Sums and exact values must be of the same returns and families.")
    one, other = (np.maximum(frame.to_numpy(dtype=np.float64), 0.0) for frame in (sums, exact))
    either = [_tops(one) & _tops(other), (one <= CLOSE) & (other <= CLOSE)]
    agree = either[0].any(axis=1) | either[1].all(axis=1)
    return pd.Series(~agree, index=sums.index)


def _tops(values: Floats) -> NDArray[np.bool_]:
    largest = values.max(axis=1, keepdims=True, initial=0.0)
    top: NDArray[np.bool_] = (values >= largest - CLOSE) & (largest > CLOSE)
    return top


def _check(found: Floats, score: Floats, players: list[str]) -> None:
    check_sum(found.sum(axis=1), score)
    if GROUPS[0] in players and found[:, players.index(GROUPS[0])].any():
        raise IncompatibleError(
            "Trade group and size band have a value of their own, so these are no peers.",
            where="baseline",
            remedy="Make the baseline with the peers that the model was trained with.",
        )
