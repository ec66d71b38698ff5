"""What random enquiries into Self Assessment found, beside what the published audits found."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.calibration.intervals import mean_of_sums, ratio_of_sums, share_interval
from taxgap.calibration.partition import Part, find_rows
from taxgap.calibration.row import Group, Interval, Row
from taxgap.calibration.sums import Sums, at, sum_up
from taxgap.synthetic.published import published

STATE_PENSION_AGE = 66

_NAME = "What random enquiries found"
_KINDS = ("all", "trade only", "property only", "pension age", "below pension age")
_COLUMNS = ("n", "hit", "x", "xx", "under", "over", "a", "aa", "real_under", "real")


def tally_found(part: Part) -> Sums:
    """Sum what closed random enquiries into Self Assessment found.

    Returns
    -------
    dict of DataFrame
        `sa_cases` by kind of case: `n, hit` (tax found)`, x, xx` (moments of the tax found)`, under, over`
        (below GBP 1,000, above 10,000)`, a, aa` (moments of what is above)`, real_under` (below GBP 1,000 of
        2004-05)`, real` (cases whose year has an index).
    """
    cases = part.cases
    cases = cases[(cases["regime"] == "self_assessment") & (cases["programme"] == "random")]
    form = part.returns("self_assessment")
    row = find_rows(cases["key"], form)
    cases, row = cases[row >= 0], row[row >= 0]
    values, kinds = _measure(cases), _kinds(cases, form.iloc[row], part)
    return {
        "sa_cases": pd.concat(
            sum_up({"kind": np.full(int(mask.sum()), kind, dtype=object)}, values[mask].to_dict("series"))
            for kind, mask in kinds.items()
        )
    }


def compare_found(sums: Sums, taxpayers: float) -> list[Row]:
    """Compare what the closed cases of the random programme found.

    Parameters
    ----------
    sums : dict of DataFrame
        From `tally_found`, added up.
    taxpayers : float

    Returns
    -------
    list of Row
    """
    table = at(sums.get("sa_cases"), _KINDS, _COLUMNS)
    fact = published()["random_enquiries"]
    group, cases = Group(_NAME, fact, taxpayers), table.loc["all"]
    group.add("Returns with tax found", fact["under_declared"], _share(cases))
    title = "Returns with tax found, with a trade and no property"
    group.add(title, fact["under_declared_self_employed_only"], _share(table.loc["trade only"]))
    for title, known, column in (
        ("Of these, under £1,000", fact["found_under_1000"], "under"),
        ("Of these, over £10,000", fact["found_over_10000"], "over"),
    ):
        group.add(title, known, share_interval(cases[column], cases["hit"]))
    over = ratio_of_sums({"n": cases["hit"], "a": cases["a"], "b": cases["x"], **_squares(cases)})
    group.add("Share of the tax found in cases over £10,000", fact["tax_share_over_10000"], over)
    mean = mean_of_sums({"n": cases["hit"], "x": cases["x"], "xx": cases["xx"]})
    group.add("Mean tax found where any was", fact["mean_found"], mean, unit="GBP")
    for title, key in (("above", "over"), ("below", "below")):
        kind = "pension age" if key == "over" else "below pension age"
        which = f"Returns with tax found, {title} State Pension age"
        group.add(which, fact[f"{key}_state_pension_age"], _share(table.loc[kind]), is_target=False)
    return [*group.rows, *_deflated(cases, taxpayers), *_landlords(table.loc["property only"], taxpayers)]


def _measure(cases: pd.DataFrame) -> pd.DataFrame:
    found = cases["tax_found"].astype(float).fillna(0.0)
    hit, over = found > 0, found > 10_000
    # The audits are in the pounds of their day. The index that brings today's amounts back is remembered.
    index = published()["price_index"]
    prices = dict(zip(index["tax_year"], index["index"], strict=True))
    real = found / cases["period"].map(prices).astype(float)  # of no case at all the type is not known
    return pd.DataFrame(
        {
            "n": 1.0,
            "hit": hit,
            "x": found,
            "xx": found**2,
            "under": hit & (found < 1_000),
            "over": over,
            "a": found.where(over, 0.0),
            "aa": (found**2).where(over, 0.0),
            "real_under": hit & (real < 1_000),
            "real": hit & real.notna(),
        },
        index=cases.index,
    ).astype(float)


def _kinds(cases: pd.DataFrame, form: pd.DataFrame, part: Part) -> dict[str, np.ndarray]:
    turnover, rents = form["turnover"].to_numpy(), form["rents"].to_numpy()
    age = cases["period"].str.slice(0, 4).astype("int64").to_numpy() - part.of(cases, "birth_year")
    masks = (
        np.ones(len(cases), dtype=bool),
        (turnover > 0) & (rents == 0),
        (rents > 0) & (turnover == 0),
        age >= STATE_PENSION_AGE,
        age < STATE_PENSION_AGE,
    )
    return dict(zip(_KINDS, masks, strict=True))


def _deflated(cases: pd.Series, taxpayers: float) -> list[Row]:
    fact = published()["random_enquiries"]
    group = Group(_NAME, {**fact, "basis": "derived"}, taxpayers)
    title = "Of these, under £1,000 of 2004-05 (price index from memory)"
    share = share_interval(cases["real_under"], cases["real"])
    group.add(title, fact["found_under_1000"], share, tolerance=0.05, is_target=False)
    return group.rows


def _landlords(cases: pd.Series, taxpayers: float) -> list[Row]:
    fact = published()["property_under_declared"]
    group = Group(_NAME, fact, taxpayers)
    title = "Returns with tax found, with property and no trade"
    group.add(title, fact["under_declared"], _share(cases), is_target=False)
    return group.rows


def _share(row: pd.Series) -> Interval:
    return share_interval(row["hit"], row["n"])


def _squares(row: pd.Series) -> dict[str, float]:
    # What is above is the tax found or nothing, so that its product with the tax found is its own square.
    return {"aa": row["aa"], "ab": row["aa"], "bb": row["xx"]}
