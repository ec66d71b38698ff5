"""Names in plain words: of taxes, of trade groups and size bands, and of those a return is compared with."""

from __future__ import annotations

from typing import Any

from taxgap.peers import SIZE_BANDS

TAXES = {
    "self_assessment": "Self Assessment",
    "vat": "VAT",
    "corporation_tax": "Corporation Tax",
    "employer_paye": "Employer PAYE",
}
"""What each tax is called."""

WHOM = {
    "trade_and_size": "taxpayers of the same trade and size",
    "trade": "taxpayers of the same trade, whatever their size, as too few have the same size too",
    "size": "taxpayers of the same size, whatever their trade, as too few have the same trade",
    "everyone": "all taxpayers, as too few have the same trade or size",
    "": "the cases that the model was trained on",
}
"""Whom a return is compared with, by the rung of the ladder."""


def name_trade(group: Any) -> str:
    """Name a trade group.

    Examples
    --------
    >>> name_trade("food_and_drink"), name_trade("none"), name_trade(None)
    ('food and drink', 'no trade', 'trade not known')
    """
    if not isinstance(group, str):
        return "trade not known"
    return "no trade" if group == "none" else group.replace("_", " ")


def name_size(band: Any) -> str:
    """Name a size band in pounds.

    Examples
    --------
    >>> name_size("30k_50k"), name_size("under_10k"), name_size("10m_plus"), name_size(None)
    ('£30,000 to £50,000 a year', 'under £10,000 a year', '£10,000,000 a year or more', 'size not known')
    """
    names, starts = list(SIZE_BANDS), list(SIZE_BANDS.values())
    if not isinstance(band, str) or band not in SIZE_BANDS:
        return "size not known"
    place = names.index(band)
    if place == len(names) - 1:
        return f"£{starts[place]:,} a year or more"
    end = f"£{starts[place + 1]:,}"
    return f"£{starts[place]:,} to {end} a year" if place else f"under {end} a year"


def name_group(trade: Any, size: Any) -> str:
    """Name trade group and size band together.

    Examples
    --------
    >>> name_group("shops", "under_10k")
    'shops, under £10,000 a year'
    """
    return f"{name_trade(trade)}, {name_size(size)}"


def write_factor(ratio: float) -> str:
    """Write what multiplies the tax expected: two figures, and two decimals near 1.

    Examples
    --------
    >>> write_factor(1.8012), write_factor(1.04), write_factor(36.2)
    ('1.8', '1.04', '36')
    """
    if ratio < 1.095:
        return f"{ratio:.2f}"
    return f"{ratio:,.0f}" if ratio >= 9.95 else f"{ratio:.1f}"
