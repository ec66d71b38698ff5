"""Which chapter of the calibration's page a group of figures stands in."""

from __future__ import annotations

CHAPTERS: dict[str, tuple[str, ...]] = {
    "The tax gap": (
        "The tax gap by tax",
        "The Corporation Tax gap",
        "The tax gap by customer group",
        "The tax gap by behaviour",
        "The hidden economy",
        "Research relief",
        "VAT from above",
        "The tax gap in pounds",
        "The tax gap as it truly is",
    ),
    "What random enquiries found": ("What random enquiries",),
    "VAT traders": ("VAT traders", "Net VAT", "VAT as a whole"),
    "The VAT threshold": ("Businesses around the VAT threshold",),
    "Registered businesses": (
        "Sole traders registered",
        "Companies registered",
        "Partnerships registered",
        "Companies that owe most",
    ),
    "Declared incomes": (
        "Gross income",
        "Self-employment income",
        "Property income",
        "Dividends",
        "Percentiles",
        "Income left out",
    ),
    "People and filing": ("Regions of taxpayers", "Filing"),
}
"""Chapter to how the names of its groups begin, in the order of the page."""

OTHER = "Other figures"
"""The chapter of groups that belong to no other."""


def chapter_of(group: str) -> str:
    """Return the chapter that a group stands in.

    Examples
    --------
    >>> chapter_of("Net VAT by section"), chapter_of("Something new")
    ('VAT traders', 'Other figures')
    """
    for chapter, beginnings in CHAPTERS.items():
        if group.startswith(beginnings):
            return chapter
    return OTHER
