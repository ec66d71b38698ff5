"""What the page says where there was no random programme: bounds, and no estimate."""

from __future__ import annotations

from taxgap.gap.chain import GapEstimate
from taxgap.publication.gap_words import Unit, name_tax, per_cent
from taxgap.publication.headline import KeyFigure
from taxgap.publication.tables import Table, make_table
from taxgap.publication.wording import count, money

WARNING = (
    "These are bounds, and no estimate. The cases were chosen, not drawn by chance, so nothing says where "
    "between the bounds the gap lies. The middle means nothing."
)
"""What must not be overlooked."""

ASSUMED = tuple(
    """
Lower bound: what the closed cases found, times the low limit of the multiplier. All other returns are taken \
to be in order.
Upper bound: all returns are taken to have as much under-declared, on average, as those that were chosen, \
with the sampling error of that average, times the high limit of the multiplier.
Non-payment is added to both, and compliance yield is taken off.
""".strip().splitlines()
)
"""What each bound assumes."""


def say_bounds(estimate: GapEstimate, years: str) -> str:
    """Say between what the gap lies.

    Parameters
    ----------
    estimate : GapEstimate
        Bounds.
    years : str
        Which tax years are taken together.
    """
    return (
        f"The net tax gap of {years} lies between {money(estimate.low)} and {money(estimate.high)}, if the "
        "assumptions below hold."
    )


def list_bound_figures(estimate: GapEstimate) -> tuple[KeyFigure, ...]:
    """Return the key figures: both bounds, and how many closed cases they rest on."""
    ends = ((estimate.low, estimate.percent_low), (estimate.high, estimate.percent_high))
    notes = [
        f"{per_cent(percent)} of theoretical liability" if per_cent(percent) else "" for _, percent in ends
    ]
    return (
        KeyFigure(money(estimate.low), "lower bound of the net tax gap", notes[0]),
        KeyFigure(money(estimate.high), "upper bound of the net tax gap", notes[1]),
        KeyFigure(count(estimate.table["cases"].sum()), "closed cases", "chosen ones, and any random ones"),
    )


def tabulate_bounds(estimate: GapEstimate, unit: Unit) -> Table:
    """Tabulate the bounds by tax."""
    heads = ["Tax", "Non-payment", "Gross gap between", "Compliance yield", "Net gap between", "Closed cases"]
    rows = [
        (
            name_tax(str(row["regime"])),
            unit.write(row["non_payment"]),
            unit.span(row["gross_low"], row["gross_high"]),
            unit.write(row["compliance_yield"]),
            unit.span(row["low"], row["high"]),
            count(row["cases"]),
        )
        for _, row in estimate.table.iterrows()
    ]
    return make_table("gap-table", f"Bounds of the tax gap by tax ({unit.name})", heads, rows)


def judge_bounds(estimate: GapEstimate) -> tuple[str, ...]:
    """Say whether the truth lies between the bounds; nothing where it is not known."""
    true = (estimate.truth or {}).get("net")
    if true is None:
        return ()
    if estimate.low <= true <= estimate.high:
        return (f"The true net gap is {money(true)}. It lies between the bounds.",)
    side = "above the upper" if true > estimate.high else "below the lower"
    return (f"The true net gap is {money(true)}. It lies {side} bound: an assumption does not hold.",)
