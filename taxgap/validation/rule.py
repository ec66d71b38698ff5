"""A rule as an object: what it is called, which rows fail it, what it says and what to do then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from taxgap.validation.context import Context

Severity: TypeAlias = Literal["reject", "warn"]
Mask: TypeAlias = NDArray[np.bool_]
Check: TypeAlias = "Callable[[pd.DataFrame, Context], pd.Series | Mask]"


def as_mask(values: object) -> Mask:
    """Return a mask of failing rows as an array."""
    mask: Mask = np.asarray(values, dtype=np.bool_)
    return mask


@dataclass(frozen=True, kw_only=True)
class Wording:
    """What a finding says.

    Attributes
    ----------
    code : str
        The name of the rule, stable for machines.
    severity : {"reject", "warn"}
        Whether failing rows are quarantined, or kept and pointed out.
    sentence : str
        What is wrong, without any value of a row.
    remedy : str
        What to do next.
    consequence : bool
        Whether the row fails only because another one was rejected.
    """

    code: str
    severity: Severity = "reject"
    sentence: str
    remedy: str
    consequence: bool = False


@dataclass(frozen=True, kw_only=True)
class Rule(Wording):
    """A rule across the columns, periods or tables that a row depends on.

    A row is judged only where all of `columns` hold values that pass the schema, so that one wrong value is
    reported once, and only where the tables in `needs` can be read. A warning is given only for kept rows.

    Attributes
    ----------
    table : str
        The table whose rows are judged.
    columns : tuple of str
        The columns read; a finding names the first.
    needs : tuple of str
        Other tables without which the rule is not applied.
    check : callable
        Takes the table's frame and the `Context` of its partition, returns true for each failing row.
    """

    table: str
    columns: tuple[str, ...]
    check: Check
    needs: tuple[str, ...] = ()

    def wording(self) -> Wording:
        """Return what the rule says without how it is checked, for reports that travel between processes."""
        return Wording(**{item.name: getattr(self, item.name) for item in fields(Wording)})
