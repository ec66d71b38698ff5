"""The numbers of a table: columns under the same limit are compared with it together."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pandas as pd
from pandera.pandas import Check

from taxgap.validation.rule import Mask, as_mask
from taxgap.validation.table_part import TablePart

_LIMITS = frozenset({"greater_than_or_equal_to", "less_than_or_equal_to"})


def passed_cells(check: Check, values: pd.Series) -> Mask:
    """Apply a check of the schema to a column; empty cells pass."""
    output = check(values).check_output
    if isinstance(output, pd.Series):  # without the empty cells
        return as_mask(output.reindex(values.index, fill_value=True))
    return np.full(len(values), bool(output))


def passed_limits(part: TablePart) -> dict[tuple[str, Check], Mask]:
    """Apply the limits that the schema sets to columns of numbers.

    A return has dozens of amounts that must not be negative: each distinct limit is applied once, to all its
    columns as one.

    Returns
    -------
    dict
        For each column and limit which cells keep to it.
    """
    columns_of_limit = defaultdict(list)
    for name, column in part.model.to_schema().columns.items():
        for check in column.checks:
            if check.name in _LIMITS:
                columns_of_limit[check].append(name)
    passed: dict[tuple[str, Check], Mask] = {}
    for check, names in columns_of_limit.items():
        together = np.concatenate([part.content[name].to_numpy(dtype=np.float64) for name in names])
        masks = np.split(passed_cells(check, pd.Series(together)), len(names))
        passed |= {(name, check): mask for name, mask in zip(names, masks, strict=True)}
    return passed
