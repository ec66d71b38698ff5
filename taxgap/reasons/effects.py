"""What a contribution does to the tax expected: a factor, and pounds."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from taxgap.errors import UsageError
from taxgap.reasons.selection import MOST_REASONS
from taxgap.risk.arrays import Floats


def effect_factor(contribution: ArrayLike) -> Floats:
    r"""Turn contributions into factors of the tax expected.

    Parameters
    ----------
    contribution : array_like of float
        In log units of expected tax.

    Returns
    -------
    ndarray of float64
        Above 1 for what raises the tax expected, below 1 for what lowers it; missing where it is.

    Notes
    -----
    .. math:: \text{factor} = e^{\varphi}

    Factors of several contributions are multiplied.

    Examples
    --------
    >>> effect_factor([0.588, -0.51, 0.0]).round(2).tolist()
    [1.8, 0.6, 1.0]
    """
    factor: Floats = np.exp(np.asarray(contribution, dtype=np.float64))
    return factor


def effect_pounds(expected_tax: ArrayLike, contribution: ArrayLike) -> Floats:
    r"""Say how many of the pounds expected are put down to a contribution.

    Parameters
    ----------
    expected_tax : array_like of float
        The tax expected of the return, in pounds.
    contribution : array_like of float
        In log units of expected tax.

    Returns
    -------
    ndarray of float64
        Pounds; below zero for what lowers the tax expected; missing where either is.

    Raises
    ------
    UsageError
        Tax expected is below zero.

    Notes
    -----
    .. math:: \text{pounds} = T - T e^{-\varphi} = T (1 - e^{-\varphi})

    with T the tax expected: T less T divided by the factor. The pounds of several reasons overlap, as factors
    multiply, and do not add up; all of them together come to what their summed contributions give. It shares
    out what the model expects. It is no amount found or owed, and does not say what would be expected with
    another figure: the model has to be asked that anew.

    Examples
    --------
    >>> effect_pounds(2_700.0, [0.588, 0.51, 0.588 + 0.51, -0.51]).round().tolist()
    [1200.0, 1079.0, 1799.0, -1796.0]
    """
    expected = np.asarray(expected_tax, dtype=np.float64)
    if (expected < 0).any():
        raise UsageError("Tax expected is pounds, from 0 up.", where="expected_tax")
    pounds: Floats = -expected * np.expm1(-np.asarray(contribution, dtype=np.float64))
    return pounds


def reason_effects(table: pd.DataFrame, expected_tax: ArrayLike) -> pd.DataFrame:
    """Work out the effect of every reason in a table.

    Parameters
    ----------
    table : DataFrame
        With the columns of `taxgap.reasons.give_reasons`.
    expected_tax : array_like of float
        The tax expected of each row, in pounds.

    Returns
    -------
    DataFrame
        ``reason_1_factor, reason_1_pounds`` and so on for the reasons that the table has, on its index;
        missing where there is no reason.

    Examples
    --------
    >>> table = pd.DataFrame({"reason_1_contribution": [0.588, float("nan")]})
    >>> reason_effects(table, [2_700.0, 90.0]).round(1).to_dict("list")
    {'reason_1_factor': [1.8, nan], 'reason_1_pounds': [1200.3, nan]}
    """
    effects = {}
    for k in range(1, MOST_REASONS + 1):
        if f"reason_{k}_contribution" in table.columns:
            parts = table[f"reason_{k}_contribution"].to_numpy(dtype=np.float64)
            effects[f"reason_{k}_factor"] = effect_factor(parts)
            effects[f"reason_{k}_pounds"] = effect_pounds(expected_tax, parts)
    return pd.DataFrame(effects, index=table.index)
