"""Thirty companies that obey every rule: their registrations, returns, links and what others say of them.

Read by ``conftest.py``, which holds the people and turns rows into frames.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from stdnum.gb import utr

from taxgap.schemas.corporation_tax import COST_LINES
from taxgap.tax import company_tax

Row = dict[str, Any]

FIRMS = [f"F{number:04d}" for number in range(30)]
TRADERS = FIRMS[:20]  # registered for VAT
EMPLOYERS = [*FIRMS[:10], *FIRMS[20:]]
NEWCOMER, FLAT, YEARLY, MONTHLY = FIRMS[14:18]  # to VAT; the others file each quarter by the standard scheme
SPLIT = FIRMS[4::5]  # accounts of eighteen months: a return of twelve and one of six
AMENDED = FIRMS[7]
YEARS = {"2022-23": 2022, "2023-24": 2023}


def day(text: str) -> pd.Timestamp:
    return pd.Timestamp(text).as_unit("ms")


def after(date: pd.Timestamp, months: int) -> pd.Timestamp:
    return (date + pd.Timedelta(days=1) + pd.DateOffset(months=months)).as_unit("ms")


def period(start: str, end: str) -> Row:
    return {"period": end[:7], "period_start": day(start), "period_end": day(end)}


def tax_year(label: str) -> Row:
    year = YEARS[label]
    return {"period": label, "period_start": day(f"{year}-04-06"), "period_end": day(f"{year + 1}-04-05")}


QUARTERS = [
    period("2023-04-01", "2023-06-30"),
    period("2023-07-01", "2023-09-30"),
    period("2023-10-01", "2023-12-31"),
    period("2024-01-01", "2024-03-31"),
]


def vat_periods(firm: str) -> list[Row]:
    months = [
        period(f"2023-{month:02d}-01", f"2023-{month:02d}-{last}") for month, last in ((4, 30), (5, 31))
    ]
    short = period("2023-05-15", "2023-06-30")
    of_firm = {
        NEWCOMER: [short, *QUARTERS[1:]],
        YEARLY: [period("2023-04-01", "2024-03-31")],
        MONTHLY: months,
    }
    return of_firm.get(firm, QUARTERS)


def accounting_periods(firm: str) -> list[Row]:
    second = "2023-09-30" if firm in SPLIT else "2024-03-31"
    return [period("2022-04-01", "2023-03-31"), period("2023-04-01", second)]


def register() -> list[Row]:
    rows = []
    for number, firm in enumerate(FIRMS):
        digits = f"{223456780 + number:09d}"
        rows.append(
            {
                "taxpayer_id": firm,
                "utr": utr.calc_check_digit(digits) + digits,
                "company_number": f"{99_000_000 + number:08d}",
                "legal_form": "company",
                "sic2007": "43210",
                "region": "Wales",
                "nation": "Wales",
                "received_on": day("2021-04-06"),
            }
        )
    return rows


def registrations() -> list[Row]:
    since = day("2021-04-06")
    base = {"applied_on": since, "effective_from": since, "received_on": since, "basis": "compulsory"}
    rows = [{**base, "taxpayer_id": firm, "regime": "corporation_tax"} for firm in FIRMS]
    rows += [{**base, "taxpayer_id": firm, "regime": "employer_paye"} for firm in EMPLOYERS]
    frequencies = {YEARLY: "annual", MONTHLY: "monthly"}
    for firm in TRADERS:
        row = {**base, "taxpayer_id": firm, "regime": "vat", "frequency": frequencies.get(firm, "quarterly")}
        row |= {"scheme": "flat_rate", "flat_rate": 0.12} if firm == FLAT else {"scheme": "standard"}
        rows.append(row | ({"effective_from": day("2023-05-15")} if firm == NEWCOMER else {}))
    return [row | {"late": False} for row in rows]


def filed(firm: str, of_period: Row, months: int) -> Row:
    received = after(of_period["period_end"], months)
    return {"taxpayer_id": firm, **of_period, "version": 0, "by_agent": False, "received_on": received}


def vat() -> list[Row]:
    rows = []
    for number, firm in enumerate(TRADERS):
        for of_period in vat_periods(firm):
            sales, purchases = (20_000.0 + 1_000 * number) * (4 if firm == YEARLY else 1), 9_000.0
            output = (0.12 if firm == FLAT else 0.2) * sales
            bought = {"acquisition_tax": 200.0, "goods_from_eu": 1_000.0} if number == 2 else {}
            total = output + bought.get("acquisition_tax", 0.0)
            boxes = {"output_tax": output, "acquisition_tax": 0.0, "total_output_tax": total}
            boxes |= {
                "input_tax": 1_500.0,
                "net_vat": total - 1_500.0,
                "sales": sales,
                "purchases": purchases,
            }
            boxes |= {"goods_to_eu": 0.0, "goods_from_eu": 0.0, **bought}
            rows.append(filed(firm, of_period, 1) | boxes)
    return rows


def corporation_tax() -> list[Row]:
    rows = []
    for number, firm in enumerate(FIRMS):
        for of_period in accounting_periods(firm):
            rows.append(filed(firm, of_period, 9) | computation(number))
            if firm == AMENDED:
                rows.append({**rows[-1], "version": 1, "received_on": after(of_period["period_end"], 10)})
    names = ["period_start", "period_end", "associated_companies"]
    frame = pd.DataFrame(rows)
    charged = company_tax(frame[names].assign(profit=frame["taxable_profit"])).round(2)
    for row, tax, relief in zip(rows, charged["corporation_tax"], charged["marginal_relief"], strict=True):
        row |= {"corporation_tax": tax, "marginal_relief": relief, "tax_charged": tax + row["tax_on_loans"]}
    return rows


def computation(number: int) -> Row:
    costs = dict(
        zip(COST_LINES, (9_000.0, 12_000.0, 8_000.0, 4_000.0, 900.0, 2_000.0, 300.0, 700.0), strict=True)
    )
    turnover, loan = 30_000.0 + 9_000 * number, 1_000.0 * (number == 3)
    profit = turnover + 50.0 - sum(costs.values())
    before_losses = max(profit + 1_000.0 - 600.0, 0.0)
    losses = min(before_losses, 5_000.0) if number % 4 == 0 else 0.0
    return {
        "turnover": turnover,
        "other_income": 50.0,
        **costs,
        "profit_before_tax": profit,
        "added_back": 1_000.0,
        "capital_allowances": 600.0,
        "rd_relief": 0.0,
        "losses_brought_forward": losses,
        "taxable_profit": before_losses - losses,
        "associated_companies": float(number % 2),
        "loan_to_directors": loan,
        "tax_on_loans": 0.3375 * loan,
        "dividends_paid": 5_000.0,
        "net_assets": -2_000.0 + 500 * number,
        "employees": 3.0,
    }


def employer_paye() -> list[Row]:
    rows = []
    for number, firm in enumerate(EMPLOYERS):
        paid = 10_000.0 * (number % 3)
        row = {"employees": 2.0, "pay": 40_000.0, "directors_pay": 12_000.0, "tax_deducted": 4_000.0}
        row |= {"employee_nics": 1_800.0, "employer_nics": 3_000.0, "employment_allowance": 3_000.0}
        row |= {"paid_to_subcontractors": paid, "cis_deducted": 0.2 * paid, "cis_suffered": 100.0}
        row["tax_charged"] = 5_700.0 + 0.2 * paid
        rows += [filed(firm, tax_year(label), 1) | row for label in YEARS]
    return rows


def obligations() -> list[Row]:
    due = [(firm, "vat", of_period, 1) for firm in TRADERS for of_period in vat_periods(firm)]
    due += [
        (firm, "corporation_tax", of_period, 12) for firm in FIRMS for of_period in accounting_periods(firm)
    ]
    due += [(firm, "employer_paye", tax_year(label), 1) for firm in EMPLOYERS for label in YEARS]
    rows = []
    for firm, regime, of_period, months in due:
        on = after(of_period["period_end"], months)
        met_on = after(of_period["period_end"], 9) if regime == "corporation_tax" else on
        rows.append({"taxpayer_id": firm, "regime": regime, **of_period, "due_on": on, "met_on": met_on})
    return [row | {"status": "met", "received_on": row["period_start"]} for row in rows]


def links() -> list[Row]:
    rows = []
    for number, firm in enumerate(FIRMS):
        director = f"T{number % 12:04d}"
        both = {"share": 0.5, "since": day("2021-04-06"), "received_on": day("2021-05-06")}
        both |= {"until": day("2023-04-05")} if number == 5 else {}
        rows += [
            {"taxpayer_id": firm, "kind": "directed_by", "other_id": director, **both},
            {"taxpayer_id": director, "kind": "director_of", "other_id": firm, **both},
        ]
    return rows


def identities(people: list[str]) -> list[Row]:
    return [
        {
            "taxpayer_id": taxpayer,
            "name": f"Name {number}",
            "birth_date": day(f"{1948 + 4 * people.index(taxpayer)}-01-01") if taxpayer in people else None,
            "address": f"{number} High Street",
            "postcode": "ZZ1 1ZZ",
            "account": f"account-{number}",
            "received_on": day("2021-04-06"),
        }
        for number, taxpayer in enumerate([*people, *FIRMS])
    ]


def third_party() -> list[Row]:
    base = {**tax_year("2023-24"), "tax_deducted": 0.0, "received_on": day("2024-06-30")}
    customs = {"report_id": "C0", "taxpayer_id": FIRMS[2], "source": "customs", "amount": 4_000.0}
    buyer = {"report_id": "C1", "taxpayer_id": FIRMS[1], "source": "contractor", "reporter_id": FIRMS[0]}
    return [{**base, **customs}, {**base, **buyer, "amount": 800.0}]


def third_party_unmatched() -> list[Row]:
    base = {**tax_year("2023-24"), "source": "platform", "amount": 6_000.0, "received_on": day("2025-01-31")}
    traces: list[Row] = [
        {"name": "A. Trader", "postcode": "ZZ1 1ZZ"},
        {"address": "1 High Street"},
        {"account": "account-99", "transactions": 12.0},
        {"name": "B. Trader", "birth_date": day("1980-02-29")},
    ]
    return [{**base, "report_id": f"U{number}", **trace} for number, trace in enumerate(traces)]


def aggregates() -> list[Row]:
    base = {"period": "2023-24", "received_on": day("2025-01-31")}
    return [
        {**base, "measure": measure, "industry": industry, "amount": amount, "standard_error": 40.0}
        for measure, amount in (("turnover", 9_000.0), ("change_in_stocks", -700.0))
        for industry in ("all", "41-43")
    ]


def enquiries() -> list[Row]:
    cases = [("vat", "2023-06"), ("corporation_tax", "2023-03"), ("employer_paye", "2022-23")]
    closed = {"closed_on": day("2025-02-01"), "hours": 10.0, "tax_found": 900.0, "behaviour": "error"}
    return [
        {
            "enquiry_id": f"E{10 + number}",
            "taxpayer_id": FIRMS[number],
            "regime": regime,
            "period": label,
            "programme": "random",
            "inclusion_probability": 0.1,
            "opening_probability": 0.2,
            "officer_id": "O2",
            "opened_on": day("2024-05-01"),
            **closed,
            "received_on": day("2024-05-01"),
        }
        for number, (regime, label) in enumerate(cases)
    ]


def adjustments() -> list[Row]:
    fields = {"vat": "output_tax", "corporation_tax": "turnover", "employer_paye": "tax_deducted"}
    return [
        {
            "enquiry_id": row["enquiry_id"],
            "taxpayer_id": row["taxpayer_id"],
            "period": row["period"],
            "field": fields[row["regime"]],
            "amount": 900.0,
            "behaviour": "error",
            "received_on": day("2025-02-01"),
        }
        for row in enquiries()
    ]


def payments() -> list[Row]:
    wanted = ("taxpayer_id", "regime", "period", "due_on", "received_on")
    rows = [{name: row[name] for name in wanted} for row in obligations()]
    return [row | {"liability": 500.0, "paid": 500.0, "paid_on": row["due_on"]} for row in rows]


def rows_of_firms(people: list[str]) -> dict[str, list[Row]]:
    """Return the rows of each table; `people` are the other taxpayers, whose names stand here too."""
    return {
        "taxpayers": register(),
        "registrations": registrations(),
        "obligations": obligations(),
        "links": links(),
        "identities": identities(people),
        "vat": vat(),
        "corporation_tax": corporation_tax(),
        "employer_paye": employer_paye(),
        "third_party": third_party(),
        "third_party_unmatched": third_party_unmatched(),
        "enquiries": enquiries(),
        "adjustments": adjustments(),
        "payments": payments(),
        "aggregates": aggregates(),
    }
