"""Rules on aggregates: an estimate has an error, and an interval that says something."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.validation.context import Context
from taxgap.validation.rule import Mask, Rule

PARTITION = 0
"""The partition that holds all aggregates: they belong to no taxpayer."""

_HALF_WIDTH = 1.96  # standard errors of a 95% interval, by the normal distribution


def _has_no_error(aggregates: pd.DataFrame, _context: Context) -> pd.Series:
    return (aggregates["standard_error"] == 0) & (aggregates["amount"] != 0)


def _says_nothing(aggregates: pd.DataFrame, _context: Context) -> pd.Series:
    return (aggregates["standard_error"] * _HALF_WIDTH) > aggregates["amount"].abs()


def _is_elsewhere(aggregates: pd.DataFrame, context: Context) -> Mask:
    return np.full(len(aggregates), context.place.partition != PARTITION)


RULES = (
    Rule(
        code="wrong_partition",
        table="aggregates",
        columns=("measure",),
        sentence="Aggregates belong to no taxpayer and are all in the first partition; this one is not.",
        remedy="Write them into the first partition, and an empty file into each of the others.",
        check=_is_elsewhere,
    ),
    Rule(
        code="estimate_without_error",
        table="aggregates",
        columns=("standard_error", "amount"),
        sentence="The estimate has no standard error, so it has no interval.",
        remedy="Add the error as published, or work it out from the survey's design.",
        check=_has_no_error,
    ),
    Rule(
        code="estimate_spans_zero",
        table="aggregates",
        severity="warn",
        columns=("standard_error", "amount"),
        sentence="The 95% interval of the estimate spans zero.",
        remedy="Check the unit of the error, or take a coarser group of industries.",
        check=_says_nothing,
    ),
)
