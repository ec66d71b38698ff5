"""Write the pages of docs/reference from the code: mechanisms and data dictionary.

Run it after a change of a mechanism, a reason code or a schema: ``.venv/bin/python docs/make_reference.py``.
A test compares the pages with what this would write.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from math import exp
from pathlib import Path

import pandas as pd

from taxgap.regimes import get_regime
from taxgap.schemas import RETURN_TABLES, TABLES, TRUTH_TABLES, Table, describe_schema
from taxgap.synthetic import Mechanism, mechanisms

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
(`received_on`). Columns in bold identify a row together."""


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
            _lay_out(head, rows),
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
    """Return the page of all tables and columns, as Markdown."""
    parts = ["# Data dictionary", _MADE, _ABOUT_TABLES, _lay_out(("table", "what it holds"), _index())]
    parts.append("## Records: what an administration would hold")
    for name, model in TABLES.items():
        parts += _section(name, model, describe_schema(name))
    parts.append("## Truth: what only the generator knows")
    twins = ", ".join(f"`truth/{name}`" for name in RETURN_TABLES)
    parts.append(f"{twins} hold the truthful twin of every return, with the columns of the return.")
    for name, model in TRUTH_TABLES.items():
        if name not in RETURN_TABLES:
            parts += _section(f"truth/{name}", model, describe_schema(name, truth=True))
    return "\n\n".join(parts) + "\n"


def _index() -> list[list[str]]:
    own = {f"truth/{name}": model for name, model in TRUTH_TABLES.items() if name not in RETURN_TABLES}
    return [
        [f"[`{name}`](#{name.replace('/', '')})", _about(model)] for name, model in {**TABLES, **own}.items()
    ]


def _about(model: type[Table]) -> str:
    return " ".join((inspect.getdoc(model) or "").split("\n\n")[0].split())


def _section(name: str, model: type[Table], columns: pd.DataFrame) -> list[str]:
    rows = [
        [
            f"**`{row.column}`**" if row.key else f"`{row.column}`",
            row.type,
            "" if row.unit == row.type else row.unit,
            row.box,
            row.title,
            _rule(row.rule, row.levels),
            "yes" if row.empty else "",
        ]
        for row in columns.itertuples()
    ]
    head = ("column", "type", "unit", "box", "title", "rule", "may be empty")
    key = ", ".join(f"`{column}`" for column in columns.loc[columns["key"], "column"])
    return [f"### {name}", f"{_about(model)} A row is identified by {key}.", _lay_out(head, rows)]


def _rule(rule: str, levels: Sequence[str]) -> str:
    if levels:
        return "one of: " + ", ".join(levels)
    start, found, pattern = rule.partition("matches ")
    return f"{start}matches `{pattern}`" if found else rule


def _lay_out(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines)


PAGES = {"mechanisms.md": mechanisms_page, "data-dictionary.md": dictionary_page}
"""File of `FOLDER` to the function that writes it."""

if __name__ == "__main__":
    for file, make in PAGES.items():
        (FOLDER / file).write_text(make(), encoding="utf-8")
