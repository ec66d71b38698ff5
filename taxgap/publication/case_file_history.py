"""What a taxpayer declared return by return, and what others reported beside it year by year."""

from __future__ import annotations

import pandas as pd

from taxgap.records import Records
from taxgap.records.partitions import partition_of
from taxgap.records.periods import tax_year_of
from taxgap.regimes.returns import latest_versions
from taxgap.schemas import describe_schema

MOST_RETURNS = 8
"""The most returns that the history shows: the one in question, those before it, later ones if they fit."""

BUSINESS = ("card_processor", "platform", "contractor")

# Figures of the return that reports speak of: title, columns, and who reports them. Reports and returns can
# differ for honest reasons: gross or net of VAT, other days, joint accounts.
BESIDE: dict[str, tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]] = {
    "self_assessment": (
        ("Business income", ("turnover", "other_business_income"), BUSINESS),
        ("Pay from employments", ("employment_pay",), ("employer",)),
        ("Interest", ("interest",), ("bank",)),
        ("Foreign income", ("foreign_income",), ("overseas",)),
        ("Share of a partnership's profit", ("partnership_profit",), ("partnership",)),
    ),
    "vat": (
        ("Sales", ("sales",), BUSINESS),
        ("Purchases", ("purchases",), ("customs",)),
    ),
    "corporation_tax": (
        ("Turnover", ("turnover",), BUSINESS),
        ("Interest, rents and other income", ("other_income",), ("bank", "overseas")),
        ("Cost of sales", ("cost_of_sales",), ("customs",)),
    ),
}
"""By regime; what others report without a place here is shown alone."""

HISTORY = ("figure", "period", "amount")
ENQUIRIES = ("period", "programme", "opened_on", "closed_on", "closed", "tax_found")
REPORTS = ("figure", "source", "period", "amount")


def gather_history(records: Records, regime: str, taxpayer: str, period: str, partition: int) -> pd.DataFrame:
    """Gather the declared figures of a taxpayer's returns, each in its latest version.

    Parameters
    ----------
    records : Records
    regime : str
    taxpayer, period : str
        Whose returns, and the one in question, which is always among them.
    partition : int
        Where the taxpayer's rows are.

    Returns
    -------
    DataFrame
        `HISTORY`: every amount of money on the form that is not nothing throughout, in the order of the form
        and of the periods; pounds.
    """
    returns = records.read(regime, partition=partition)
    returns = latest_versions(returns[returns["taxpayer_id"] == taxpayer]).sort_values("period_end")
    place = int((returns["period"] == period).to_numpy().argmax())
    last = max(place + 1, MOST_RETURNS)
    returns = returns.iloc[last - MOST_RETURNS : last]
    columns = describe_schema(regime).query("unit == 'GBP'")
    money = [name for name in columns["column"] if name in returns and returns[name].fillna(0).ne(0).any()]
    titles = columns.set_index("column")["title"]
    long = returns[["period", *money]].melt("period", var_name="figure", value_name="amount")
    return long.assign(figure=long["figure"].map(titles))[list(HISTORY)]


def gather_enquiries(records: Records, regime: str, taxpayer: str) -> pd.DataFrame:
    """Gather the enquiries into a taxpayer's own returns of a tax: `ENQUIRIES`, by period.

    Days are written as 2026-09-30; of an enquiry that is open, the day of its end is empty, and what it found
    is missing.
    """
    if "enquiries" not in records.tables:
        return pd.DataFrame(columns=list(ENQUIRIES))
    partition = int(partition_of([taxpayer], len(records.partitions))[0])
    table = records.read("enquiries", partition=partition)
    own = table[(table["taxpayer_id"] == taxpayer) & (table["regime"] == regime)]
    days = {name: own[name].dt.strftime("%Y-%m-%d").fillna("") for name in ("opened_on", "closed_on")}
    own = own.assign(closed=own["closed_on"].notna(), programme=own["programme"].astype("str"), **days)
    return own[list(ENQUIRIES)].sort_values(["period", "opened_on"], ignore_index=True)


def gather_reports(records: Records, regime: str, taxpayer: str, partition: int) -> pd.DataFrame:
    """Gather what others reported of a taxpayer beside what he declared, by tax year.

    Parameters
    ----------
    records : Records
    regime, taxpayer : str
    partition : int

    Returns
    -------
    DataFrame
        `REPORTS` in pounds: `source` is empty where the amount is the declared one, summed over the returns
        of the tax year; `figure` is empty where reports have none beside them.
    """
    if "third_party" not in records.tables:
        return pd.DataFrame(columns=list(REPORTS))
    reports = records.read("third_party", ["taxpayer_id", "source", "period", "amount"], partition=partition)
    reports = reports[reports["taxpayer_id"] == taxpayer].astype({"source": "str"})
    reported = reports.groupby(["source", "period"], as_index=False)["amount"].sum()
    returns = records.read(regime, partition=partition)
    returns = latest_versions(returns[returns["taxpayer_id"] == taxpayer])
    years, parts, placed = tax_year_of(returns["period"]), [], set()
    for figure, columns, sources in BESIDE.get(regime, ()):
        own = reported[reported["source"].isin(sources)]
        there = [name for name in columns if name in returns]
        declared = returns[there].sum(axis=1).groupby(years).sum()
        placed |= set(sources)
        if len(own) and there:
            beside = declared.rename_axis("period").rename("amount").reset_index().assign(source="")
            parts += [beside.assign(figure=figure), own.assign(figure=figure)]
    rest = reported[~reported["source"].isin(placed)].assign(figure="")
    return pd.concat([*parts, rest], ignore_index=True)[list(REPORTS)]
