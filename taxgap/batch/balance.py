"""The balance of accounts: two counts of the same thing, which must be equal."""

from __future__ import annotations

from taxgap.errors import TaxGapError


def check_balance(what: str, count: int, other: str, found: int) -> None:
    """Refuse two counts of the same thing that differ.

    Raises
    ------
    TaxGapError

    Examples
    --------
    >>> check_balance("returns", 3, "scores", 3)
    """
    if count != found:
        raise TaxGapError(
            f"The accounts do not balance: {what}: {count:,}, {other}: {found:,}.",
            remedy="Nothing was delivered. This is a fault of the library: please report it.",
        )
