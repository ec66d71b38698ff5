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
    """Return the trades, one row each, with their shares of the registered firms of each legal form.

    Returns
    -------
    DataFrame
        Columns as explained at the top of ``trades.toml``, and `large` (sole traders above the VAT
        threshold), `company`, `partnership`.
    """
    table = pd.DataFrame(_read("trades.toml")["trade"])
    registered = published()["registered_by_industry"]
    within = table["small"] / table.groupby("divisions")["small"].transform("sum")
    for column, form in (("large", "sole"), ("company", "company"), ("partnership", "partnership")):
        firms = pd.Series(registered[form], index=registered["divisions"], dtype=float)
        table[column] = table["divisions"].map(firms) * within / firms.sum()
    table["company"] *= table["section"].map(_COMPANIES_OF_SECTION)
    table["company"] /= table["company"].sum()
    return table


# The business register and the VAT register put firms into different industries: many more traders are
# retailers and wholesalers on the latter. These factors on the companies of the former were set so that VAT
# traders by section come near the published ones (assumption).
_COMPANIES_OF_SECTION = {
    "A": 1.69,
    "C": 1.12,
    "F": 1.01,
    "G": 1.66,
    "H": 0.89,
    "I": 1.07,
    "J": 0.99,
    "K": 0.75,
    "L": 1.33,
    "M": 0.85,
    "N": 0.72,
    "P": 1.05,
    "Q": 0.49,
    "R": 1.35,
    "S": 0.32,
}


@cache
def regions(kind: str) -> NDArray[np.float64]:
    """Return the share of each region of `taxgap.schemas.codes.REGIONS`, summing to one.

    Parameters
    ----------
    kind : {"resident", "trader", "landlord", "company", "partnership"}
        Companies and partnerships: registered ones (found). Residents: four published shares of taxpayers,
        the rest divided as registered businesses are (derived). Traders above the VAT threshold: registered
        sole proprietors (found). Landlords: London's published share, the rest as residents (derived).
    """
    counts = published()["registered_by_region"]
    table = pd.DataFrame(
        {name: counts[name] for name in ("sole", "company", "partnership", "total")},
        counts["region"],
        dtype=float,
    )
    table = table.loc[REGIONS]
    form = "sole" if kind == "trader" else kind
    if form in table.columns:
        return np.asarray(table[form] / table[form].sum())
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
