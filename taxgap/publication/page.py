"""The page itself: sections put into the templates, and written as one file that needs nothing else."""

from __future__ import annotations

from pathlib import Path

from taxgap.publication.burden import describe_burden
from taxgap.publication.cases import describe_case
from taxgap.publication.comparison import describe_comparison
from taxgap.publication.content import PageContent
from taxgap.publication.headline import describe_headline
from taxgap.publication.making import describe_making
from taxgap.publication.performance import describe_performance
from taxgap.publication.quality import describe_quality
from taxgap.publication.taxes import tabulate_taxes
from taxgap.publication.templates import make_environment
from taxgap.publication.theme import COLOURS, SCREEN_FONT
from taxgap.records.files import write_text

SECTIONS = {
    "made": "What was made",
    "compares": "How it compares",
    "validation": "Whether the records can be trusted",
    "model": "How good the model is",
    "burden": "Who is looked at",
    "taxes": "The four taxes",
    "cases": "Example cases",
    "limits": "What this page does not show",
    "again": "How to make this page again",
}
"""The sections of the page, in order: anchor and heading."""


def write_page(path: str | Path, content: PageContent) -> Path:
    """Write the page that closes the demonstration: one HTML file that opens without a network.

    Parameters
    ----------
    path : str or Path
        The file to write. It appears whole or not at all, and replaces one that stands there.
    content : PageContent

    Returns
    -------
    Path
        The file. The same content gives the same bytes.

    Raises
    ------
    UsageError
        The file cannot be written.
    """
    return write_text(Path(path), render_page(content))


def render_page(content: PageContent) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    content : PageContent

    Returns
    -------
    str
    """
    cases = [
        describe_case(case, number, material=content.made["material"])
        for number, case in enumerate(content.cases, start=1)
    ]
    return (
        make_environment()
        .get_template("page.html")
        .render(
            title=content.title,
            contents=SECTIONS,
            headline=describe_headline(content),
            making=describe_making(content.made),
            comparison=describe_comparison(content.comparison, groups=_GROUPS),
            quality=describe_quality(content.validation, content.rows),
            performance=describe_performance(content),
            burden=describe_burden(content.burden),
            taxes=tabulate_taxes(content.taxes),
            cases=cases,
            limits=content.limits,
            commands=content.commands,
            seed=content.made["seed"],
            versions=content.made["versions"],
            colours=COLOURS,
            font=SCREEN_FONT,
        )
    )


_GROUPS = (
    "The tax gap by tax",
    "The tax gap by behaviour",
    "The tax gap by customer group",
    "What random enquiries found",
    "What random enquiries into small companies found",
    "VAT traders by turnover",
    "Self-employment income by band of total income",
)
"""What this page shows of a long comparison; all of it stands on the calibration page."""
