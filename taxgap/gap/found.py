"""What random enquiries found, beside what the published audits found."""

from __future__ import annotations

import pandas as pd

from taxgap.gap.intervals import mean_interval, ratio_interval, share_interval
from taxgap.gap.row import Group, Row
from taxgap.records import Records
from taxgap.synthetic.published import published

STATE_PENSION_AGE = 66


def compare_found(records: Records) -> list[Row]:
    """Compare what the closed cases of the random programme found.

    Parameters
    ----------
    records : Records

    Returns
    -------
    list of Row
    """
    cases = random_cases(records)
    fact = published()["random_enquiries"]
    group = Group("What random enquiries found", fact)
    hit = cases["tax_found"] > 0
    found = cases.loc[hit, "tax_found"]
    trade_only = (cases["turnover"] > 0) & (cases["rents"] == 0)
    group.add("Returns with tax found", fact["under_declared"], _share(hit), tolerance=0.03)
    group.add(
        "Returns with tax found, with a trade and no property",
        fact["under_declared_self_employed_only"],
        _share(hit[trade_only]),
        tolerance=0.05,
    )
    group.add("Of these, under £1,000", fact["found_under_1000"], _share(found < 1_000), tolerance=0.05)
    group.add("Of these, over £10,000", fact["found_over_10000"], _share(found > 10_000), tolerance=0.01)
    group.add(
        "Share of the tax found in cases over £10,000",
        fact["tax_share_over_10000"],
        ratio_interval(found.where(found > 10_000, 0.0), found),
        tolerance=0.08,
    )
    group.add(
        "Mean tax found where any was", fact["mean_found"], mean_interval(found), tolerance=350, unit="GBP"
    )
    _add_ages(group, cases, hit)
    return [*group.rows, *_deflated(cases), *_landlords(cases, hit)]


def random_cases(records: Records) -> pd.DataFrame:
    """Return the closed random cases with a few figures of the return: one row a case."""
    columns = ["taxpayer_id", "period", "programme", "closed_on", "tax_found"]
    cases = records.table("enquiries", columns, where={"programme": "random"})
    cases = cases[cases["closed_on"].notna()]
    form = records.table("self_assessment", ["taxpayer_id", "period", "version", "turnover", "rents"])
    form = form.sort_values("version").drop_duplicates(["taxpayer_id", "period"], keep="last")
    people = records.table("taxpayers", ["taxpayer_id", "birth_year"])
    return cases.merge(form, on=["taxpayer_id", "period"]).merge(people, on="taxpayer_id")


def _add_ages(group: Group, cases: pd.DataFrame, hit: pd.Series) -> None:
    age = cases["period"].str.slice(0, 4).astype("int64") - cases["birth_year"]
    for label, rows, key in (
        ("above State Pension age", age >= STATE_PENSION_AGE, "over_state_pension_age"),
        ("below State Pension age", age < STATE_PENSION_AGE, "below_state_pension_age"),
    ):
        group.add(
            f"Returns with tax found, {label}",
            group.fact[key],
            _share(hit[rows]),
            tolerance=0.05,
            is_target=False,
        )


def _deflated(cases: pd.DataFrame) -> list[Row]:
    # The audits are in the pounds of 1999 to 2009. The index that would bring today's amounts back to them is
    # remembered, not read, so this is shown beside the targets and is none.
    index = published()["price_index"]
    by_year = dict(zip(index["tax_year"], index["index"], strict=True))
    real = cases["tax_found"] / cases["period"].map(by_year)
    fact = published()["random_enquiries"]
    group = Group("What random enquiries found", {**fact, "basis": "derived"})
    real = real[real > 0]
    group.add(
        "Of these, under £1,000 of 2004-05 (price index from memory)",
        fact["found_under_1000"],
        _share(real < 1_000),
        tolerance=0.05,
        is_target=False,
    )
    return group.rows


def _landlords(cases: pd.DataFrame, hit: pd.Series) -> list[Row]:
    fact = published()["property_under_declared"]
    group = Group("What random enquiries found", fact)
    only = (cases["rents"] > 0) & (cases["turnover"] == 0)
    group.add(
        "Returns with tax found, with property and no trade",
        fact["under_declared"],
        _share(hit[only]),
        tolerance=0.05,
        is_target=False,
    )
    return group.rows


def _share(mask: pd.Series) -> tuple[float, float, float]:
    return share_interval(float(mask.sum()), len(mask))
