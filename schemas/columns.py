"""How a column is declared: one builder for each kind, carrying title, unit and the box it comes from."""

from __future__ import annotations

from typing import Any

import pandera.pandas as pa
from pandera.engines.pandas_engine import DateTime

Day = DateTime
"""The annotation of a date column: datetime64 in frames, date32 in parquet."""

TAX_YEAR = r"^20[0-9]{2}-[0-9]{2}\Z"
MONTH = r"^20[0-9]{2}-(0[1-9]|1[0-2])\Z"
NO_SPACE = r"^\S+\Z"
NOT_BLANK = r"^\s*\S"
FIVE_DIGITS = r"^[0-9]{5}\Z"

FORMS = {
    TAX_YEAR: "a tax year such as 2023-24, or an end month where its tax goes by months",
    MONTH: "a month such as 2023-07",
    NO_SPACE: "text without white space",
    NOT_BLANK: "text that is not blank",
    FIVE_DIGITS: "five digits",
}
"""What the forms of text are called in words."""


def text(title: str, **rules: Any) -> Any:
    """Declare a text column; identifiers are text end to end."""
    return _field(title, "text", **rules)


def identifier(title: str) -> Any:
    """Declare a text column that identifies something: never empty, no white space."""
    return _field(title, "identifier", str_matches=NO_SPACE)


def period_label(title: str = "Period") -> Any:
    """Declare a period of any tax: a tax year such as ``2023-24``, or the end month, such as ``2023-07``."""
    return text(title, str_matches=TAX_YEAR)


def tax_year(title: str = "Tax year") -> Any:
    """Declare the label of a tax year, such as ``2023-24``."""
    return text(title, str_matches=TAX_YEAR)


def month(title: str = "Month in which the period ends") -> Any:
    """Declare the label of a period by the month in which it ends, such as ``2023-07``."""
    return text(title, str_matches=MONTH)


def money(title: str, *, box: str = "", signed: bool = False, **rules: Any) -> Any:
    """Declare an amount in pounds; negative only where the form allows it (``signed``)."""
    if not signed:
        rules["ge"] = 0.0
    return _field(title, "GBP", box=box, **rules)


def share(title: str, **rules: Any) -> Any:
    """Declare a fraction between 0 and 1."""
    return _field(title, "fraction", ge=0.0, le=1.0, **rules)


def number(title: str, unit: str, *, minimum: float = 0.0, **rules: Any) -> Any:
    """Declare a count or a measure with its unit."""
    return _field(title, unit, ge=minimum, **rules)


def day(title: str, **rules: Any) -> Any:
    """Declare a date."""
    return _field(title, "date", **rules)


def code(title: str, **rules: Any) -> Any:
    """Declare a code from a frozen list (`taxgap.schemas.codes`)."""
    return _field(title, "code", **rules)


def flag(title: str) -> Any:
    """Declare a yes or no."""
    return _field(title, "yes/no")


def received() -> Any:
    """Declare the date on which the administration came to know the row."""
    return day("Known to the administration from")


def _field(title: str, unit: str, *, box: str = "", **rules: Any) -> Any:
    return pa.Field(title=title, metadata={"unit": unit, "box": box}, **rules)
