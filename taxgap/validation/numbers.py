"""The numbers of a table, and the limits that their schema sets."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandera.pandas import Check

from taxgap.validation.rule import Mask, as_mask
from taxgap.validation.table_part import TablePart

_LIMITS = {
    "greater_than_or_equal_to": ("min_value", np.less),
    "less_than_or_equal_to": ("max_value", np.greater),
}


def passed_cells(check: Check, values: pd.Series) -> Mask:
    """Apply a check of the schema to a column; empty cells pass."""
    output = check(values).check_output
    if isinstance(output, pd.Series):  # without the empty cells
        return as_mask(output.reindex(values.index, fill_value=True))
    return np.full(len(values), bool(output))


def passed_limits(part: TablePart) -> dict[tuple[str, Check], Mask]:
    """Apply the limits that the schema sets to columns of numbers; empty cells pass.

    Returns
    -------
    dict
        For each column and limit which cells keep to it.
    """
    passed: dict[tuple[str, Check], Mask] = {}
    for name, column in part.model.to_schema().columns.items():
        for check in column.checks:
            if check.name in _LIMITS and name not in part.absent:
                # Compared here and not by pandera, which makes a frame of each column: there are dozens.
                limit, breaks = _LIMITS[check.name]
                passed[name, check] = ~breaks(part.content[name].to_numpy(), check.statistics[limit])
    return passed
