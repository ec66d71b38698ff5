"""Published figures beside the simulated ones, built the same way, in one pass over the partitions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any

import pandas as pd

from taxgap.calibration.bunching import compare_bunching, tally_bunching
from taxgap.calibration.cells import tally_cells
from taxgap.calibration.companies import compare_companies, tally_companies
from taxgap.calibration.consistency import check_consistency, tally_consistency
from taxgap.calibration.declared import compare_declared, compare_people, tally_declared
from taxgap.calibration.estimates import Gaps, estimate_gaps
from taxgap.calibration.explanations import Side, explain
from taxgap.calibration.found import compare_found, tally_found
from taxgap.calibration.hidden import compare_hidden, compare_research, tally_hidden
from taxgap.calibration.links import tally_links
from taxgap.calibration.lost import compare_left_out, tally_left_out
from taxgap.calibration.partition import Part, weights_of
from taxgap.calibration.registers import compare_registers, tally_registers
from taxgap.calibration.row import Check, Row
from taxgap.calibration.sums import Sums, add
from taxgap.calibration.tables import compare_gaps
from taxgap.calibration.top_down import compare_top_down, tally_receipts
from taxgap.calibration.vat_traders import compare_traders, tally_traders
from taxgap.records import Records, Truth

_TALLIES: tuple[Callable[[Part], Sums], ...] = (
    tally_cells,
    tally_hidden,
    tally_receipts,
    tally_found,
    tally_companies,
    tally_traders,
    tally_bunching,
    tally_registers,
    tally_declared,
    tally_left_out,
    tally_consistency,
    tally_links,
)

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Calibration:
    """A population beside the published figures.

    Attributes
    ----------
    figures : DataFrame
        As `compare_with_published` returns it.
    checks : DataFrame
        Quantities that nothing published speaks of: `group, quantity, unit, simulated, low, high, reference`
        (what it would be if all agreed, or what was assumed; NaN if unknown)`, reading`.
    gaps : Gaps
        The gap, cell by cell.
    about : dict
        What was compared: `taxpayers, as_of, periods, seed, weights`.
    """

    figures: pd.DataFrame
    checks: pd.DataFrame
    gaps: Gaps
    about: dict[str, Any]


def compare_with_published(records: Records, truth: Truth | None = None) -> pd.DataFrame:
    """Compare a population with the figures it is calibrated to, and with some that it is not.

    Parameters
    ----------
    records : Records
        A synthetic population.
    truth : Truth, optional
        Adds the comparisons that only the truth allows: the tax gap, which needs what officers miss, the
        hidden economy and what is left out of income.

    Returns
    -------
    DataFrame
        Columns `group`, `target`, `unit` (share, GBP, persons or count), `published`, `simulated`, `low`,
        `high` (95% interval of the simulated figure; may be NaN), `tolerance` (absolute), `within`,
        `is_target`, `source`, `basis` (found, derived or memory: only found figures are published ones) and
        `explanation` (why it misses; empty where it does not, or where nobody knows).

    Notes
    -----
    What was published of enquiries is what they found, so it is compared with what the random programme
    found, in the pounds of the day, at face value. The tax gap is built from it as the published one is:
    `taxgap.calibration.estimates.estimate_gaps`. Tolerances follow `taxgap.calibration.tolerances`.
    """
    return calibrate(records, truth).figures


def calibrate(
    records: Records, truth: Truth | None = None, *, progress: Progress | None = None
) -> Calibration:
    """Compare a population with published figures, and gather what nothing published tells.

    Parameters
    ----------
    records : Records
        A synthetic population. It is read partition by partition; only sums are kept.
    truth : Truth, optional
    progress : callable, optional
        Called with how many partitions are done, and of how many.

    Returns
    -------
    Calibration
    """
    sums: Sums = {}
    weights, taxpayers = weights_of(records), 0
    for number in records.partitions:
        part = Part(records, truth, number, weights)
        for tally in _TALLIES:
            sums = add(sums, tally(part))
        taxpayers += len(part.taxpayers)
        if progress is not None:
            progress(number + 1, len(records.partitions))
    gaps = estimate_gaps(sums, max(1, len(records.periods)))
    rows = [
        *compare_gaps(gaps, taxpayers),
        *compare_top_down(sums, taxpayers),
        *compare_hidden(gaps, taxpayers),
        *compare_research(sums, taxpayers),
        *compare_found(sums, taxpayers),
        *compare_companies(sums, taxpayers),
        *compare_traders(sums, taxpayers),
        *compare_bunching(sums, taxpayers),
        *compare_registers(sums, taxpayers),
        *compare_declared(sums, taxpayers),
        *compare_people(sums, taxpayers),
        *compare_left_out(sums, taxpayers),
    ]
    checks = [asdict(check) for check in check_consistency(sums)]
    names = [field.name for field in fields(Check)]
    about = {
        "taxpayers": taxpayers,
        "as_of": str(records.as_of.date()),
        "periods": records.periods,
        "seed": records.manifest.seed,
        "weights": weights,
    }
    return Calibration(_judge(rows), pd.DataFrame(checks, columns=names), gaps, about)


def _judge(rows: list[Row]) -> pd.DataFrame:
    table = pd.DataFrame([asdict(row) for row in rows], columns=[field.name for field in fields(Row)])
    distance = (table["simulated"] - table["published"]).abs()
    table["within"] = distance <= table["tolerance"] * (1 + 1e-9)
    table["explanation"] = [
        "" if row.within else explain(row.group, row.target, _side(row.simulated - row.published))
        for row in table.itertuples()
    ]
    return table


def _side(difference: float) -> Side:
    if difference < 0:
        return "below"
    return "above" if difference > 0 else "either"
