"""Published figures beside the simulated ones, built the same way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

import pandas as pd

from taxgap.gap.declared import compare_declared, compare_population
from taxgap.gap.found import compare_found
from taxgap.gap.lost import compare_lost
from taxgap.gap.row import Row
from taxgap.records import Records, Truth


def compare_with_published(records: Records, truth: Truth | None = None) -> pd.DataFrame:
    """Compare a population with the figures it is calibrated to, and with some that it is not.

    Parameters
    ----------
    records : Records
        A synthetic population.
    truth : Truth, optional
        Adds the comparisons that only the truth allows; none of them is a target.

    Returns
    -------
    DataFrame
        Columns `group`, `target`, `unit` (share, GBP or persons), `published`, `simulated`, `low`, `high`
        (95% interval of the simulated figure), `tolerance` (absolute), `within`, `is_target`, `source`,
        `basis` (found, derived or memory: only found figures are published ones).

    Notes
    -----
    What was published of enquiries is what they found, so it is compared with what the random programme
    found, in the pounds of the day, at face value. Counts are scaled by the published number of returns.
    """
    rows: Iterable[Row] = [*compare_found(records), *compare_declared(records), *compare_population(records)]
    if truth is not None:
        rows = [*rows, *compare_lost(records, truth)]
    table = pd.DataFrame([asdict(row) for row in rows])
    distance = (table["simulated"] - table["published"]).abs()
    table["within"] = distance <= table["tolerance"] * (1 + 1e-9)
    return table
