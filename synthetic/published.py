"""The published figures and the assumptions about trades, read from the TOML files beside this module."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.schemas.codes import REGIONS


@cache
def published() -> dict[str, dict[str, Any]]:
    """Return every published figure by name, each with its source and basis.

    Returns
    -------
    dict
        The content of ``published.toml``.

    Examples
    --------
    >>> published()["random_enquiries"]["under_declared"]
    0.36
    """
    return _read("published.toml")


@cache
def trades() -> pd.DataFrame:
    """Return the trades, one row each, with `large`: the share of traders above the VAT threshold.

    Returns
    -------
    DataFrame
        Columns as explained at the top of ``trades.toml``, and `large`.
    """
    table = pd.DataFrame(_read("trades.toml")["trade"])
    registered = published()["registered_sole_by_industry"]
    sole = pd.Series(registered["sole"], index=registered["divisions"])
    within = table["small"] / table.groupby("divisions")["small"].transform("sum")
    table["large"] = table["divisions"].map(sole) * within / sole.sum()
    return table


@cache
def regions(kind: str) -> NDArray[np.float64]:
    """Return the share of each region of `taxgap.schemas.codes.REGIONS`, summing to one.

    Parameters
    ----------
    kind : {"resident", "trader", "landlord"}
        Residents: four published shares of taxpayers, the rest divided as registered businesses are
        (derived). Traders above the VAT threshold: registered sole proprietors (found). Landlords: London's
        published share, the rest as residents (derived).
    """
    counts = published()["registered_sole_by_region"]
    table = pd.DataFrame({name: counts[name] for name in ("sole", "total")}, counts["region"], dtype=float)
    table = table.loc[REGIONS]
    if kind == "trader":
        return np.asarray(table["sole"] / table["sole"].sum())
    fixed = published()["taxpayer_regions"]
    shares = _with_fixed(table["total"], dict(zip(fixed["region"], fixed["share"], strict=True)))
    if kind == "landlord":
        shares = _with_fixed(shares, {"London": published()["landlords"]["london_share_2023_24"]})
    return np.asarray(shares)


def _with_fixed(weights: pd.Series, fixed: dict[str, float]) -> pd.Series:
    free = weights.drop(list(fixed))
    free = free / free.sum() * (1 - sum(fixed.values()))
    return pd.concat([free, pd.Series(fixed)]).reindex(weights.index)


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((resources.files("taxgap.synthetic") / name).read_text("utf-8"))
