"""Damage to the periods of returns: labels that do not fit, days that cannot follow each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from tests.validation.corruption import Findings, Frames, Kind, Labels, Rng, cell, change, put
from tests.validation.corruption_of_returns import COMPANY, DAY, PAYE, RETURNS, SA, VAT, where

Row = pd.Series


def _swapped(row: Row, _rng: Rng) -> dict[str, Any]:
    return {"period_start": row["period_end"], "period_end": row["period_start"]}


def _years_back(label: str, rng: Rng) -> str:
    years = int(rng.integers(8, 12))
    later = f"{int(label[5:]) - years:02d}" if len(label) == 7 and int(label[5:]) > 12 else label[5:]
    return f"{int(label[:4]) - years}-{later}"


def _has_one_before(table: str) -> Callable[[Frames], pd.Series]:
    # On the days before the period begins there is another return of the same taxpayer.
    def rule(frames: Frames) -> pd.Series:
        returns = frames[table]
        first = returns.groupby("taxpayer_id")["period_end"].transform("min")
        return first + DAY == returns["period_start"]

    return rule


def _is_first(table: str) -> Callable[[Frames], pd.Series]:
    def rule(frames: Frames) -> pd.Series:
        returns = frames[table]
        return returns["period_end"] == returns.groupby("taxpayer_id")["period_end"].transform("min")

    return rule


def _early(row: Row, rng: Rng) -> dict[str, Any]:
    return {"received_on": row["period_end"] - int(rng.integers(60)) * DAY}


def _periods(table: str) -> list[Kind]:
    return [
        Kind(
            name=f"first and last day swapped in {table}",
            table=table,
            damage=change(table, _swapped),
            finds=("period_dates",),
            near=("enquiries",),
        ),
        Kind(
            name=f"label of another year in {table}",
            table=table,
            damage=cell(table, ["period"], _years_back),
            finds=("period_dates",),
            near=("enquiries", "adjustments"),
        ),
    ]


def _year_of_two(old: str, rng: Rng) -> str:
    return [f"{old[:5]}{int(old[5:]) + 1:02d}", f"{old[:5]}07"][int(rng.integers(2))]


def _gap(frames: Frames, rows: Labels, rng: Rng) -> Findings:
    # What is found is what follows from the days, as for registrations.
    for label in rows:
        start = frames[COMPANY].loc[label, "period_start"]
        put(frames[COMPANY], label, "period_start", start + int(rng.integers(2, 25)) * DAY)
    return {(COMPANY, "gap_between_periods"): rows}


def _one_of_a_kind(frames: Frames) -> pd.Series:
    # A quarter that is neither the first nor the last of a registration, and of which there is one version.
    returns = frames[VAT].reset_index()
    spans = frames["registrations"].loc[lambda table: table["regime"] == VAT]
    pairs = returns.merge(spans, on="taxpayer_id", how="left")
    inner = (pairs["effective_from"] < pairs["period_start"]) & ~(
        pairs["deregistered_on"] <= pairs["period_end"]
    )
    fit = inner & (pairs["frequency"] == "quarterly")
    good = pairs.assign(fit=fit).groupby("index")["fit"].all()
    return good.reindex(frames[VAT].index, fill_value=False)


KINDS = [
    *(kind for table in RETURNS for kind in _periods(table)),
    *(
        Kind(
            name=f"label that is no tax year in {table}",
            table=table,
            damage=cell(table, ["period"], _year_of_two),
            finds=("period_label",),
            near=("enquiries",),
        )
        for table in (SA, PAYE)
    ),
    *(
        Kind(
            name=f"received within the period in {table}",
            table=table,
            damage=change(table, _early),
            finds=("received_in_period",),
        )
        for table in (SA, VAT, COMPANY)
    ),
    *(
        Kind(
            name=f"period overlaps the one before in {table}",
            table=table,
            finds=("periods_overlap",),
            damage=cell(table, ["period_start"], lambda old, rng: old - int(rng.integers(1, 20)) * DAY),
            eligible=lambda frames, table=table: (
                _has_one_before(table)(frames)
                & ((frames[table]["period_end"] - frames[table]["period_start"]).dt.days < 335)
            ),
        )
        for table in (VAT, COMPANY)
    ),
    Kind(
        name="accounts of thirteen months",
        table=COMPANY,
        finds=("accounting_period_length",),
        damage=change(
            COMPANY, lambda row, rng: {"period_start": row["period_end"] - int(rng.integers(367, 400)) * DAY}
        ),
        eligible=_is_first(COMPANY),
    ),
    Kind(
        name="days that no accounts cover",
        table=COMPANY,
        damage=_gap,
        eligible=_has_one_before(COMPANY),
        also=("corporation_tax",),
    ),
    Kind(
        name="quarter of two months",
        table=VAT,
        finds=("period_length",),
        near=("registrations",),
        damage=cell(VAT, ["period_start"], lambda old, rng: old + int(rng.integers(26, 40)) * DAY),
        eligible=_one_of_a_kind,
    ),
    Kind(
        name="last day outside the month of the label",
        table=VAT,
        finds=("period_dates",),
        damage=cell(VAT, ["period_end"], lambda old, rng: old - int(rng.integers(32, 60)) * DAY),
        eligible=where(VAT, lambda f: f["period_end"].dt.is_month_end),
    ),
    Kind(
        name="last day off by one in a tax year",
        table=SA,
        finds=("period_dates",),
        damage=cell(
            SA, ["period_end", "period_start"], lambda old, rng: old + int(rng.choice([-1, 1])) * DAY
        ),
    ),
    Kind(
        name="amendment before the original",
        table=SA,
        damage=change(SA, lambda row, _rng: {"received_on": row["period_end"] + DAY}),
        finds=("version_order",),
        eligible=where(SA, lambda f: f["version"] == 1),
    ),
]
