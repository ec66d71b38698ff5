"""What only the truth can say of a population, beside figures that it was not made to meet."""

from __future__ import annotations

from taxgap.gap.intervals import ratio_interval
from taxgap.gap.row import Group, Row
from taxgap.records import Records, Truth
from taxgap.synthetic.published import published

_REPORTED_BY_OTHERS = ("employment_pay", "interest")
_NOT_REPORTED = ("turnover", "rents")


def compare_lost(records: Records, truth: Truth) -> list[Row]:
    """Compare the tax lost, and what is left out of visible and invisible income.

    Parameters
    ----------
    records : Records
    truth : Truth

    Returns
    -------
    list of Row
        None of them is a target.
    """
    return [*_gap(records, truth), *_visibility(records, truth)]


def _gap(records: Records, truth: Truth) -> list[Row]:
    fact = published()["sa_gap"]
    group = Group("Figures that are no targets", fact)
    lost = truth.table("enquiries", ["taxpayer_id", "period", "tax_lost"])
    due = records.table("payments", ["taxpayer_id", "period", "liability"])
    table = lost.merge(due, how="left", on=["taxpayer_id", "period"]).fillna({"liability": 0.0})
    share = ratio_interval(table["tax_lost"], table["tax_lost"] + table["liability"])
    group.add(
        "Tax lost as a share of Self Assessment liability",
        fact["share"],
        share,
        tolerance=0.03,
        is_target=False,
    )
    return group.rows


def _visibility(records: Records, truth: Truth) -> list[Row]:
    fact = published()["visibility"]
    group = Group("Figures that are no targets", fact)
    columns = ["taxpayer_id", "period", "version", *_REPORTED_BY_OTHERS, *_NOT_REPORTED]
    key = ["taxpayer_id", "period", "version"]
    both = truth.table("self_assessment", columns).merge(
        records.table("self_assessment", columns), on=key, suffixes=("_true", "")
    )
    for title, boxes, known in (
        ("Pay and interest left out", _REPORTED_BY_OTHERS, fact["third_party_reported"]),
        ("Turnover and rents left out", _NOT_REPORTED, fact["self_reported"]),
    ):
        true = both[[f"{box}_true" for box in boxes]].sum(axis=1)
        left_out = true - both[list(boxes)].sum(axis=1)
        group.add(title, known, ratio_interval(left_out, true), tolerance=0.05, is_target=False)
    return group.rows
