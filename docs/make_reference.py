"""Write the pages of docs/reference from the code: mechanisms, data dictionary, and reading own tables.

Run it after a change of a mechanism, a reason code or a schema: ``.venv/bin/python docs/make_reference.py``.
A test compares the pages with what this would write.
"""

from __future__ import annotations

from math import exp
from pathlib import Path

from taxgap.records.faults import FAULTS, MENDED, SKIPPED
from taxgap.regimes import get_regime
from taxgap.schemas import RETURN_TABLES, TABLES, TRUTH_TABLES
from taxgap.synthetic import Mechanism, mechanisms
from taxgap.validation.dictionary import TableDictionary, to_markdown_table

FOLDER = Path(__file__).parent / "reference"

_TAXES = {
    "self_assessment": "Self Assessment",
    "vat": "VAT",
    "corporation_tax": "Corporation Tax",
    "employer_paye": "Employers (PAYE and construction)",
}
_MADE = "<!-- Written by docs/make_reference.py. Change the code, not this page. -->"

_ABOUT_MECHANISMS = """\
Every way in which a return of the synthetic economy comes to differ from the truth. How they work together
is in [the economy](../explanation/economy.md); how to bring one of your own is in
[add a mechanism](../how-to/add-a-mechanism.md).

- **Rate** is the share of returns on which it acts, of exposed taxpayers of average disposition, without an
  agent and in a trade of average lean. `taxgap generate --rate NAME=SHARE` sets another. Where it is 90% or
  more, who does it is decided before: with the VAT registration, with the partnership, with the chain of
  supply, or by one habit of hiding for all of a firm's returns. All rates are assumptions.
- **Behaviours** are those of the published tax gap, with the share of each (assumptions).
- **Boxes** are the columns of the return that it touches; all others follow from them.
- **Evidence** are the reason codes that can reveal it: at most three, fixed before any model was trained.
- **Traces** are what it leaves with others, or on the return; where nothing is said, the evidence says it."""

_ABOUT_TABLES = """\
What each column holds. `taxgap schema TABLE` prints the same for one table. Money is in pounds, shares are
from 0 to 1, identifiers are text. Every row of the records says from when on the administration knows it
(`received_on`). Columns in bold identify a row together. Rules of severity `reject` put a row into
quarantine; those of severity `warn` keep it and point it out."""

_ABOUT_READING = """\
What `taxgap ingest` makes of cells and lines that are not written as plainly as they could be. A cell is read
only where it can be read in one way. How to say more about your own files is in
[bring your own records](../how-to/own-records.md)."""


def mechanisms_page() -> str:
    """Return the page of all mechanisms, as Markdown."""
    known = list(mechanisms().values())
    counts = [
        (title, len([each for each in known if each.regime == regime])) for regime, title in _TAXES.items()
    ]
    total = ", ".join(f"{count} of {title}" for title, count in counts)
    parts = ["# Mechanisms", _MADE, _ABOUT_MECHANISMS, f"There are {len(known)}: {total}."]
    head = ("mechanism", "what happens", "rate", "behaviours", "boxes", "evidence", "traces")
    for regime, title in _TAXES.items():
        titles = {code.code: code.title for code in get_regime(regime).codes}
        rows = [_describe(each, titles) for each in known if each.regime == regime]
        parts += [
            f"## {title}",
            f"`{regime}`, in the order in which they act on a return.",
            to_markdown_table(head, rows),
        ]
    return "\n\n".join(parts) + "\n"


def _describe(mechanism: Mechanism, titles: dict[str, str]) -> list[str]:
    total = sum(mechanism.behaviours.values())
    behaviours = [
        f"{name.replace('_', ' ')} {share / total:.0%}" for name, share in mechanism.behaviours.items()
    ]
    return [
        f"`{mechanism.name}`",
        mechanism.title,
        _rate(1 / (1 + exp(-mechanism.rate))),
        ", ".join(behaviours),
        ", ".join(f"`{box}`" for box in mechanism.fields),
        "; ".join(f"`{code}` {titles[code]}" for code in mechanism.evidence),
        mechanism.traces[:1].upper() + mechanism.traces[1:].removesuffix("."),
    ]


def _rate(share: float) -> str:
    return f"{share:.0%}" if share >= 0.095 else f"{share:.1%}"


def dictionary_page() -> str:
    """Return the page of all tables, columns and rules, as Markdown."""
    tables = [TableDictionary.of(name) for name in TABLES]
    known_only_here = [name for name in TRUTH_TABLES if name not in RETURN_TABLES]
    truths = [TableDictionary.of(name, truth=True) for name in known_only_here]
    index = [(f"[`{each.name}`](#{each.name.replace('/', '')})", each.about) for each in (*tables, *truths)]
    twins = ", ".join(f"`truth/{name}`" for name in RETURN_TABLES)
    parts = ["# Data dictionary", _MADE, _ABOUT_TABLES, to_markdown_table(("table", "what it holds"), index)]
    parts += ["## Records: what an administration would hold", *(each.to_markdown() for each in tables)]
    parts += [
        "## Truth: what only the generator knows",
        f"{twins} hold the truthful twin of every return, with the columns of the return.",
        *(each.to_markdown() for each in truths),
    ]
    return "\n\n".join(parts) + "\n"


def reading_page() -> str:
    """Return the page of what is read without loss, and what is set aside, as Markdown."""
    mended = [(f"`{code}`", f"cells {words}") for code, words in MENDED.items()]
    skipped = [(f"`{code}`", words) for code, words in SKIPPED.items()]
    faults = [(f"`{code}`", fault.sentence, fault.remedy) for code, fault in FAULTS.items()]
    parts = ["# Reading your own tables", _MADE, _ABOUT_READING, "## Read without loss"]
    parts += ["Counted in the report as `mended`.", to_markdown_table(("code", "what was read"), mended)]
    parts += ["## Left out", "Lines that hold nothing, counted as `skipped`."]
    parts += [to_markdown_table(("code", "what was found"), skipped)]
    parts += ["## Set aside", "The row is written to `unread`, with its line and these codes."]
    parts += [to_markdown_table(("code", "what is wrong", "what to do"), faults)]
    return "\n\n".join(parts) + "\n"


PAGES = {
    "mechanisms.md": mechanisms_page,
    "data-dictionary.md": dictionary_page,
    "reading.md": reading_page,
}
"""File of `FOLDER` to the function that writes it."""

if __name__ == "__main__":
    for file, make in PAGES.items():
        (FOLDER / file).write_text(make(), encoding="utf-8")
