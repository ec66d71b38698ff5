"""Damage to the boxes of returns: they do not add up, or the tax does not fit them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from taxgap.schemas.corporation_tax import COST_LINES
from taxgap.schemas.self_assessment import EXPENSE_BOXES
from tests.validation.corruption import Frames, Kind, Rng, cell, change, columns_of

Row = pd.Series
SA, VAT, COMPANY, PAYE = "self_assessment", "vat", "corporation_tax", "employer_paye"
RETURNS = (SA, VAT, COMPANY, PAYE)
DAY = pd.Timedelta(days=1)


def more(rng: Rng, least: float = 1.02) -> float:
    """Draw pounds that are above what rounding explains."""
    return float(np.round(least + rng.exponential(400.0), 2))


def raise_box(table: str, *boxes: str) -> Any:
    """Make damage that raises one of some boxes, and no other that depends on it."""
    return cell(table, boxes, lambda old, rng: old + more(rng))


def where(table: str, rule: Callable[[pd.DataFrame], Any]) -> Callable[[Frames], Any]:
    """Make eligible the rows of a table that a rule picks."""
    return lambda frames: rule(frames[table])


def _sum(name: str, table: str, damage: Any, finds: Sequence[str], rule: Any = None, **more_: Any) -> Kind:
    eligible = None if rule is None else where(table, rule)
    return Kind(name=name, table=table, damage=damage, finds=tuple(finds), eligible=eligible, **more_)


def _adjusted(boxes: pd.DataFrame | Row) -> Any:
    return boxes["net_profit"] + boxes["basis_adjustment"]


def _computed(lines: pd.DataFrame | Row) -> Any:
    reliefs = lines["capital_allowances"] + lines["rd_relief"]
    return lines["profit_before_tax"] + lines["added_back"] - reliefs


def _sa_losses(row: Row, rng: Rng) -> dict[str, Any]:
    return {"losses_brought_forward": max(_adjusted(row), 0.0) + more(rng)}


def _sa_in_pence(row: Row, _rng: Rng) -> dict[str, Any]:
    amounts = columns_of(SA, "number")
    return {name: 100 * row[name] for name in amounts if name != "accounts_months"}


def _jumps(frames: Frames) -> pd.Series:
    # A year before with a turnover that counts, and now one that, times a hundred, is far above twenty times.
    returns = frames[SA]
    monthly = returns["turnover"] / returns["accounts_months"]
    last = (
        returns.assign(monthly=monthly)
        .sort_values("version")
        .drop_duplicates(["taxpayer_id", "period"], keep="last")
    )
    before = last.assign(period=last["period"].map({"2023-24": "2024-25"})).set_index(
        ["taxpayer_id", "period"]
    )
    earlier = before["monthly"][before.index.get_level_values("period").notna()]
    keys = pd.MultiIndex.from_frame(returns[["taxpayer_id", "period"]])
    of_year_before = earlier.reindex(keys).to_numpy()
    allowances = returns[["trading_allowance", "property_allowance"]].sum(axis=1)
    plain = (allowances == 0) & (returns["total_income"] > 20_000)
    return plain & (of_year_before * 12 > 1_000) & (monthly * 100 > 21 * of_year_before)


SELF_ASSESSMENT = [
    _sum("expense box raised", SA, raise_box(SA, *EXPENSE_BOXES), ["expenses_add_up"]),
    _sum("turnover raised", SA, raise_box(SA, "turnover", "other_business_income"), ["net_profit_adds_up"]),
    _sum(
        "capital allowances raised",
        SA,
        raise_box(SA, "capital_allowances"),
        ["net_profit_adds_up"],
        lambda f: f["trading_allowance"] == 0,
    ),
    _sum(
        "basis adjustment raised",
        SA,
        raise_box(SA, "basis_adjustment"),
        ["trading_profit_adds_up"],
        lambda f: _adjusted(f) >= f["losses_brought_forward"],
    ),
    _sum(
        "trading profit mistyped",
        SA,
        raise_box(SA, "trading_profit"),
        ["trading_profit_adds_up", "total_income_adds_up"],
    ),
    _sum(
        "rents raised",
        SA,
        raise_box(SA, "rents"),
        ["property_profit_adds_up"],
        lambda f: f["property_profit"] > 0,
    ),
    _sum(
        "property profit mistyped",
        SA,
        raise_box(SA, "property_profit"),
        ["property_profit_adds_up", "total_income_adds_up"],
    ),
    _sum(
        "income left out of the total",
        SA,
        raise_box(
            SA, "interest", "dividends", "pension", "foreign_income", "other_income", "partnership_profit"
        ),
        ["total_income_adds_up"],
    ),
    _sum(
        "total income lowered",
        SA,
        change(SA, lambda row, _rng: {"total_income": row["total_income"] / 10}),
        ["total_income_adds_up"],
        lambda f: f["total_income"] > 10,
    ),
    _sum(
        "losses above the profit",
        SA,
        change(SA, _sa_losses),
        ["losses_within_profit", "trading_profit_adds_up"],
        lambda f: f["trading_profit"] > 2,
    ),
    _sum(
        "trading allowance above its limit",
        SA,
        change(SA, lambda _row, rng: {"trading_allowance": 1_000.0 + rng.uniform(0.01, 1.0)}),
        ["trading_allowance_alone"],
        lambda f: f["trading_allowance"] == 1_000,
    ),
    _sum(
        "trading allowance beside costs",
        SA,
        change(SA, lambda _row, rng: {"capital_allowances": rng.uniform(0.01, 0.99)}),
        ["trading_allowance_alone"],
        lambda f: f["trading_allowance"] > 0,
    ),
    _sum(
        "property allowance beside costs",
        SA,
        cell(SA, ["property_repairs", "property_costs"], lambda old, rng: old + rng.uniform(0.01, 0.99)),
        ["property_allowance_alone"],
        lambda f: f["property_allowance"] > 0,
    ),
    _sum(
        "accounts of more than 23 months",
        SA,
        cell(SA, ["accounts_months"], lambda _old, rng: float(rng.integers(24, 100))),
        ["accounts_months"],
    ),
    _sum(
        "tax charged mistyped",
        SA,
        cell(SA, ["tax_charged"], lambda old, _rng: 10 * old),
        ["tax_charged"],
        lambda f: f["tax_charged"] > 1,
        near=("taxpayers",),
    ),
    Kind(
        name="pence for pounds in a row",
        table=SA,
        damage=change(SA, _sa_in_pence),
        near=("taxpayers",),
        finds=("turnover_jump", "tax_charged"),
        eligible=_jumps,
    ),
]


def _vat_total(row: Row, rng: Rng) -> dict[str, Any]:
    add = more(rng)
    return {"total_output_tax": row["total_output_tax"] + add, "net_vat": row["net_vat"] + add}


def _vat_acquired(row: Row, rng: Rng) -> dict[str, Any]:
    return {"acquisition_tax": row["acquisition_tax"] + (add := more(rng)), **_vat_raised(row, add)}


def _vat_raised(row: Row, add: float) -> dict[str, Any]:
    return {"total_output_tax": row["total_output_tax"] + add, "net_vat": row["net_vat"] + add}


def _vat_input(row: Row, rng: Rng) -> dict[str, Any]:
    tax = 0.2 * row["purchases"] + more(rng)
    return {"input_tax": tax, "net_vat": row["total_output_tax"] - tax}


def _vat_output(row: Row, rng: Rng) -> dict[str, Any]:
    tax = 0.2 * (row["sales"] + row["purchases"]) + more(rng)
    return {"output_tax": tax, **_vat_raised(row, tax - row["output_tax"])}


def _on_standard_scheme(frames: Frames) -> pd.Series:
    register = frames["registrations"]
    flat = register.loc[register["scheme"] == "flat_rate", "taxpayer_id"]
    return ~frames[VAT]["taxpayer_id"].isin(flat)


VALUE_ADDED = [
    _sum("box 3 mistyped", VAT, change(VAT, _vat_total), ["total_output_tax_adds_up"]),
    _sum("box 1 raised", VAT, raise_box(VAT, "output_tax"), ["total_output_tax_adds_up"]),
    _sum(
        "box 1 in pence",
        VAT,
        cell(VAT, ["output_tax"], lambda old, _rng: 100 * old),
        ["total_output_tax_adds_up"],
        lambda f: f["output_tax"] > 1,
    ),
    _sum("box 4 raised", VAT, raise_box(VAT, "input_tax"), ["net_vat_adds_up"]),
    _sum("box 5 mistyped", VAT, raise_box(VAT, "net_vat"), ["net_vat_adds_up"]),
    _sum(
        "box 5 without its sign",
        VAT,
        cell(VAT, ["net_vat"], lambda old, _rng: -old),
        ["net_vat_adds_up"],
        lambda f: f["net_vat"].abs() > 1,
    ),
    _sum(
        "box 2 without goods",
        VAT,
        change(VAT, _vat_acquired),
        ["acquisition_tax_without_goods"],
        lambda f: f["goods_from_eu"] == 0,
    ),
    _sum("VAT reclaimed above the rate", VAT, change(VAT, _vat_input), ["input_tax_rate"]),
    Kind(
        name="output tax above the rate",
        table=VAT,
        damage=change(VAT, _vat_output),
        near=("registrations",),
        finds=("output_tax_rate",),
        eligible=_on_standard_scheme,
    ),
]


def _moved_cost(row: Row, rng: Rng) -> dict[str, Any]:
    moved = rng.uniform(1.02, row["other_costs"])
    return {"other_costs": row["other_costs"] - moved, "entertaining": row["entertaining"] + moved}


def _company_losses(row: Row, rng: Rng) -> dict[str, Any]:
    return {"losses_brought_forward": max(_computed(row), 0.0) + more(rng)}


def _company_tax(row: Row, rng: Rng) -> dict[str, Any]:
    add = more(rng)
    return {"corporation_tax": row["corporation_tax"] + add, "tax_charged": row["tax_charged"] + add}


COMPANIES = [
    _sum(
        "cost raised",
        COMPANY,
        raise_box(COMPANY, *[line for line in COST_LINES if line not in ("entertaining", "depreciation")]),
        ["profit_before_tax_adds_up"],
    ),
    _sum(
        "company turnover raised",
        COMPANY,
        raise_box(COMPANY, "turnover", "other_income"),
        ["profit_before_tax_adds_up"],
    ),
    _sum(
        "entertaining not added back",
        COMPANY,
        change(COMPANY, _moved_cost),
        ["added_back_adds_up"],
        lambda f: f["other_costs"] > 3,
    ),
    _sum(
        "taxable profit mistyped", COMPANY, raise_box(COMPANY, "taxable_profit"), ["taxable_profit_adds_up"]
    ),
    _sum(
        "tax chargeable mistyped", COMPANY, raise_box(COMPANY, "tax_charged"), ["company_tax_charged_adds_up"]
    ),
    _sum(
        "tax on loans left out", COMPANY, raise_box(COMPANY, "tax_on_loans"), ["company_tax_charged_adds_up"]
    ),
    _sum(
        "company losses above the profit",
        COMPANY,
        change(COMPANY, _company_losses),
        ["losses_within_profit", "taxable_profit_adds_up"],
        lambda f: f["taxable_profit"] > 2,
    ),
    _sum("Corporation Tax at another rate", COMPANY, change(COMPANY, _company_tax), ["corporation_tax"]),
]

EMPLOYERS = [
    _sum(
        "sum of the employer's year mistyped",
        PAYE,
        raise_box(PAYE, "tax_charged"),
        ["employer_tax_charged_adds_up"],
    ),
    _sum(
        "deductions raised",
        PAYE,
        raise_box(PAYE, "tax_deducted", "employee_nics", "employer_nics", "cis_suffered"),
        ["employer_tax_charged_adds_up"],
    ),
    _sum(
        "directors have more than all",
        PAYE,
        change(PAYE, lambda row, rng: {"directors_pay": row["pay"] + more(rng)}),
        ["directors_pay_within_pay"],
    ),
    _sum(
        "construction deduction above the rate",
        PAYE,
        change(
            PAYE,
            lambda row, rng: {
                "cis_deducted": 0.3 * row["paid_to_subcontractors"] + (add := more(rng)),
                "tax_charged": row["tax_charged"]
                - row["cis_deducted"]
                + 0.3 * row["paid_to_subcontractors"]
                + add,
            },
        ),
        ["construction_deduction"],
    ),
    _sum(
        "pay without employees",
        PAYE,
        cell(PAYE, ["employees"], lambda _old, _rng: 0.0),
        ["pay_without_employees"],
        lambda f: f["pay"] > 0,
    ),
]


def _scaled(table: str) -> Any:
    amounts = columns_of(table, "number", check="greater_than")
    signed = [name for name in columns_of(table, "number") if name not in amounts]
    skipped = ("employees", "associated_companies")
    return change(table, lambda row, _rng: {n: 100 * row[n] for n in (*amounts, *signed) if n not in skipped})


def _follows_smaller(table: str, column: str) -> Callable[[Frames], pd.Series]:
    # Amounts of the first period that count, and now such that a hundred times as much is far above twenty.
    def rule(frames: Frames) -> pd.Series:
        returns = frames[table]
        length = (returns["period_end"] - returns["period_start"]).dt.days + 1
        daily = returns.assign(daily=returns[column] / length)
        order = daily.sort_values(["period_end", "version"], ascending=[True, False])
        first = order.drop_duplicates("taxpayer_id").set_index("taxpayer_id").loc[returns["taxpayer_id"]]
        before = first["daily"].to_numpy()
        next_to = (first["period_end"] + DAY).to_numpy() == returns["period_start"].to_numpy()
        return next_to & (before * 365 > 1_010) & (daily["daily"] * 100 > 21 * before)

    return rule


PENCE = [
    Kind(
        name=f"pence for pounds in a row of {table}",
        table=table,
        damage=_scaled(table),
        finds=(rule,),
        also=("corporation_tax",),
        eligible=_follows_smaller(table, column),
    )
    for table, column, rule in (
        (VAT, "sales", "sales_jump"),
        (COMPANY, "turnover", "turnover_jump"),
        (PAYE, "pay", "pay_jump"),
    )
]

KINDS = [*SELF_ASSESSMENT, *VALUE_ADDED, *COMPANIES, *EMPLOYERS, *PENCE]
