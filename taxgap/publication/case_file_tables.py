"""The tables of a case file."""

from __future__ import annotations

import pandas as pd

from taxgap.publication.case_file import Case
from taxgap.publication.tables import Table, make_table
from taxgap.publication.wording import decimal, in_words, pounds

THIS = "this return"

REPORTERS = {
    "employer": "employers",
    "bank": "banks",
    "platform": "online platforms",
    "card_processor": "card processors",
    "contractor": "contractors",
    "overseas": "tax authorities overseas",
    "customs": "customs",
    "partnership": "partnerships",
}
"""Who reports, by the code of the source."""

NEAREST = 100
"""Tax found in other cases is rounded to so many pounds, so that it tells nobody's case."""


def tabulate_what_if(case: Case) -> Table | None:
    """Tabulate what would be expected with figures at the peers' median; nothing without reasons."""
    if case.what_if.empty:
        return None
    rows = [
        (row.title, row.observed, row.median, pounds(row.expected_tax), factor_in_short(row.factor))
        for row in case.what_if.itertuples(index=False)
    ]
    heads = ["Figure", "This return", "Middle of similar taxpayers", "Expected then", "Change"]
    return make_table("what-if", "With a figure in the middle of similar taxpayers", heads, rows)


def factor_in_short(ratio: float) -> str:
    """Write a change of the tax expected.

    Examples
    --------
    >>> factor_in_short(0.5), factor_in_short(1.0)
    ('50% less', 'none')
    """
    percent = round(100 * (ratio - 1))
    return "none" if not percent else f"{abs(percent)}% {'more' if percent > 0 else 'less'}"


def tabulate_history(history: pd.DataFrame, period: str) -> Table:
    """Tabulate declared figures, one row a figure and one column a period."""
    periods = list(dict.fromkeys(history["period"]))
    heads = ["Declared", *(f"{each} ({THIS})" if each == period else each for each in periods)]
    return make_table("history", "What was declared", heads, _spread(history, "figure", periods))


def tabulate_reports(reports: pd.DataFrame) -> Table | None:
    """Tabulate what others report under what was declared, one column a tax year."""
    if reports.empty:
        return None
    years = sorted(reports["period"].unique())
    named = reports.assign(label=[_label(row) for row in reports.itertuples(index=False)])
    heads = ["Figure", *years]
    return make_table(
        "reports", "What others report beside it", heads, _spread(named, "label", years, empty="nothing")
    )


def tabulate_alike(alike: pd.DataFrame) -> Table | None:
    """Tabulate closed cases, without anything that says who they were."""
    if alike.empty:
        return None
    rows = [
        (
            f"Case {number}",
            in_words(str(row.programme)),
            str(row.tax_year),
            round_found(row.tax_found),
            row.reason or "none",
            decimal(row.agreement),
        )
        for number, row in enumerate(alike.itertuples(index=False), start=1)
    ]
    heads = ["Closed case", "Opened", "Tax year", "Tax found", "Leading reason in common", "Agreement"]
    text = ["Opened", "Tax year", "Leading reason in common"]
    return make_table("alike", "Closed cases most like it", heads, rows, text=text)


def round_found(amount: float) -> str:
    """Write the tax found in a case of someone else.

    Examples
    --------
    >>> round_found(0.0), round_found(121.6), round_found(8_881.43)
    ('nothing', 'about £100', 'about £8,900')
    """
    if amount <= 0:
        return "nothing"
    return f"about {pounds(max(NEAREST, NEAREST * round(amount / NEAREST)))}"


def _label(row: object) -> str:
    figure, source = str(row.figure), str(row.source)  # type: ignore[attr-defined]  # a row of a frame
    if not source:
        return f"{figure}, declared"
    who = f"reported by {REPORTERS.get(source, source)}"
    return f"{figure}, {who}" if figure else who[:1].upper() + who[1:]


def _spread(frame: pd.DataFrame, label: str, periods: list[str], *, empty: str = "") -> list[list[str]]:
    wide = frame.pivot_table(index=label, columns="period", values="amount", sort=False, aggfunc="sum")
    wide = wide.reindex(index=list(dict.fromkeys(frame[label])), columns=periods)
    return [
        [str(name), *(pounds(value) if pd.notna(value) else empty for value in row)]
        for name, row in zip(wide.index, wide.to_numpy(), strict=True)
    ]
