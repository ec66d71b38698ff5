"""What the figures of the calibration's page rest on, and the quantities that nothing published tells."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from taxgap.calibration import Calibration
from taxgap.calibration.cells import TAXES
from taxgap.calibration.estimates import MIN_CASES
from taxgap.calibration.tolerances import FEWEST, MOST, RELATIVE, STANDARD_ERRORS, TAXPAYERS
from taxgap.publication.compared_group import FORMATS
from taxgap.publication.tables import Cell, Table, make_table
from taxgap.publication.wording import count, decimal, interval, money, share

_BUILT = tuple(
    """
The gap is built as the published one is: the tax that random enquiries found, scaled to all returns by \
inclusion probability and by how many real taxpayers each stands for, times what officers miss, plus what \
was written off, less what all enquiries found. Then the tax that unregistered people do not pay is added.
It is shown as a share of theoretical liability: receipts plus gap, which is what was declared plus what was \
not. The published chapter on Corporation Tax divides by liabilities instead, and every edition revises \
earlier years.
""".strip().splitlines()
)
_ASSUMED = tuple(
    f"""
Where fewer than {MIN_CASES} random enquiries were closed, the figure rests on what officers would have \
found in all returns, which only the truth says. The published gap of mid-sized and large businesses does \
not rest on random enquiries either.
Published behaviours are illustrative: they come from management information and judgement. Here the truth \
divides each gap among them.
The published total holds excise and other taxes that no synthetic taxpayer pays; shares of the total are \
compared as they stand.
Published figures for ghosts and moonlighters rest on surveys; here the truth says what they do not pay.
Assumptions: ghosts and unregistered traders count as small businesses, moonlighters as individuals; a \
person is wealthy by declared income alone; a business with a turnover below £10 million is small, and from \
£200 million large.
""".strip().splitlines()
)


@dataclass(frozen=True)
class Basis:
    """What the figures rest on.

    Attributes
    ----------
    sentences : tuple of str
        How the gap is built, and what is assumed.
    rule : str
        The rule of the tolerances.
    multipliers, cells : Table or None
        What officers find by tax, and the gap cell by cell; None without the truth.
    checks : tuple of Table
        Quantities without a published figure, by group.
    """

    sentences: tuple[str, ...]
    rule: str
    multipliers: Table | None
    cells: Table | None
    checks: tuple[Table, ...]


def describe_basis(calibration: Calibration) -> Basis:
    """Say what the figures rest on.

    Parameters
    ----------
    calibration : Calibration

    Returns
    -------
    Basis
    """
    known = bool(calibration.gaps.multipliers)
    return Basis(
        _sentences(calibration),
        _rule(),
        _multipliers(calibration) if known else None,
        _cells(calibration) if known else None,
        tuple(_checks(calibration.checks)),
    )


def _sentences(calibration: Calibration) -> tuple[str, ...]:
    years = f"The {calibration.gaps.years} tax years are taken together: few enquiries are closed in one."
    return (*_BUILT, years, *_ASSUMED)


def _rule() -> str:
    return (
        f"A figure may lie {share(RELATIVE)} of the published one away, or {STANDARD_ERRORS:g} standard "
        f"errors of a population of {count(TAXPAYERS)} taxpayers where that is more, but never more than "
        f"{share(MOST)} of it. A few figures have tolerances of their own, agreed beforehand. A share that "
        f"would rest on fewer than {FEWEST} of those taxpayers is shown and is no target."
    )


def _multipliers(calibration: Calibration) -> Table:
    rows = [
        (
            TAXES[regime],
            Cell(share(found["detection"]), note=interval(found["low"], found["high"], share)),
            share(found["missed_whole"]),
            decimal(found["multiplier"]),
        )
        for regime, found in calibration.gaps.multipliers.items()
    ]
    heads = ["Tax", "Share of the tax lost that officers find", "Wrong returns missed whole", "Multiplier"]
    return make_table(
        "multipliers", "What officers find: an assumption, for no published value could be read", heads, rows
    )


def _cells(calibration: Calibration) -> Table:
    gaps = calibration.gaps
    table = gaps.table.assign(net=gaps.net, theoretical=gaps.theoretical)
    rows = []
    for (regime, cell), row in table[table["returns"] > 0].iterrows():
        due = float(row["theoretical"])
        rows.append(
            (
                Cell(
                    f"{TAXES[regime]}: {cell.replace('_', '-')}",
                    note="" if row["sampled"] else "From the truth",
                ),
                count(row["cases"]),
                money(row["declared"]),
                money(row["gross"]),
                money(row["written_off"]),
                money(row["yield"]),
                money(row["net"]),
                share(row["net"] / due) if due > 0 else "not known",
            )
        )
    heads = [
        "Returns of",
        "Random enquiries",
        "Declared",
        "Not declared",
        "Written off",
        "Found by enquiries",
        "Gap",
        "Share of theoretical liability",
    ]
    return make_table("cells", "How the gap is added up, in a year", heads, rows)


def _checks(checks: pd.DataFrame) -> list[Table]:
    heads = ["Quantity", "Synthetic population", "Reference", "How to read it"]
    return [
        make_table(
            f"checks-{number}",
            str(name),
            heads,
            [
                (
                    row.quantity,
                    Cell(
                        FORMATS[row.unit](row.simulated), note=interval(row.low, row.high, FORMATS[row.unit])
                    ),
                    FORMATS[row.unit](row.reference) if row.reference == row.reference else "none",
                    row.reading,
                )
                for row in rows.itertuples()
            ],
            text=["How to read it"],
        )
        for number, (name, rows) in enumerate(checks.groupby("group", sort=False), start=1)
    ]
