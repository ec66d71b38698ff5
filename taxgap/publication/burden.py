"""The section that says who is looked at, who is looked at for nothing, and what another order would do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from taxgap.publication.tables import Cell, Table, make_table
from taxgap.publication.wording import UNKNOWN, decimal, interval, share
from taxgap.risk.fairness import FairnessPack

SHOWN = {
    "income decile": "By declared income, from the lowest tenth to the highest",
    "age band": "By age at the end of the tax year",
    "nation": "By nation",
    "region": "By region",
}
"""What the burden is shown by, and the caption."""

MODEL, OTHER = "expected tax", "probability"
"""The order of the model, and the one that is held beside it."""

_MEASURES = {
    "rate": ("audit_rate", MODEL),
    "other_rate": ("audit_rate", OTHER),
    "burden": ("burden_ratio", MODEL),
    "no_change": ("no_change_rate", MODEL),
}


@dataclass(frozen=True)
class Burden:
    """Who is looked at.

    Attributes
    ----------
    budget : str
        The share of returns that is taken.
    tables : tuple of Table
    """

    budget: str
    tables: tuple[Table, ...]


def gather_burden(pack: FairnessPack) -> pd.DataFrame:
    """Take what the page shows from a fairness pack.

    Parameters
    ----------
    pack : FairnessPack
        With the rankings ``expected tax`` and ``probability``.

    Returns
    -------
    DataFrame
        ``dimension, level, budget``, and for each measure `rate`, `other_rate`, `burden`, `no_change` its
        value and, with `_low` and `_high`, its interval: one row a level, missing where it was not measured.
    """
    measured = pack.by_group[pack.by_group["dimension"].isin(list(SHOWN))]
    table = measured[["dimension", "level"]].drop_duplicates().reset_index(drop=True)
    keys = ["dimension", "level"]
    for name, (metric, ranking) in _MEASURES.items():
        own = measured[(measured["metric"] == metric) & (measured["ranking"] == ranking)]
        named = own.rename(columns={"value": name, "low": f"{name}_low", "high": f"{name}_high"})
        table = table.merge(named[[*keys, name, f"{name}_low", f"{name}_high"]], on=keys, how="left")
    return table.assign(budget=float(pack.settings["budget_share"]))


def describe_burden(burden: pd.DataFrame) -> Burden:
    """Turn it into words and tables.

    Parameters
    ----------
    burden : DataFrame
        As `gather_burden` gives it.

    Returns
    -------
    Burden
    """
    groups = burden.groupby("dimension", sort=False)
    tables = [
        _tabulate(dimension, caption, groups.get_group(dimension))
        for dimension, caption in SHOWN.items()
        if dimension in groups.groups
    ]
    return Burden(share(float(burden["budget"].iloc[0])), tuple(tables))


def _tabulate(dimension: str, caption: str, rows: pd.DataFrame) -> Table:
    heads = [
        dimension.capitalize(),
        "Taken",
        "Taken by probability",
        "Share of cases over share of the tax lost",
        "Taken and nothing amiss",
    ]
    cells: list[list[str | Cell]] = [
        [_level(dimension, str(row["level"])), *_figures(row)] for row in rows.to_dict("records")
    ]
    return make_table(f"burden-{dimension.replace(' ', '-')}", caption, heads, cells)


def _figures(row: Mapping[Any, Any]) -> list[Cell]:
    forms = {"rate": share, "other_rate": share, "burden": decimal, "no_change": share}
    return [_cell(row, name, form) for name, form in forms.items()]


def _cell(row: Mapping[Any, Any], name: str, form: Any) -> Cell:
    value, low, high = row[name], row[f"{name}_low"], row[f"{name}_high"]
    if pd.isna(value):
        return Cell(UNKNOWN)
    return Cell(form(value), note=interval(low, high, form))


def _level(dimension: str, level: str) -> str:
    return f"Tenth {level}" if dimension == "income decile" else level.replace("_", " ")
