"""The section that says whether the records can be trusted."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from taxgap.publication.tables import Table, make_table
from taxgap.publication.wording import count, in_words, listing, number_of


@dataclass(frozen=True)
class Quality:
    """What validation found.

    Attributes
    ----------
    sentence : str
    rows : Table
        Rows in, kept and quarantined.
    findings : Table or None
        None where there are none.
    """

    sentence: str
    rows: Table
    findings: Table | None


def describe_quality(validation: pd.DataFrame, rows: pd.DataFrame) -> Quality:
    """Turn the findings of a validation into words and tables.

    Parameters
    ----------
    validation, rows : DataFrame
        As of `taxgap.publication.content.PageContent`.

    Returns
    -------
    Quality
    """
    findings = _add_up(validation)
    return Quality(_sentence(findings, rows), _count_rows(rows), _list_findings(findings))


def _add_up(validation: pd.DataFrame) -> pd.DataFrame:
    """Add up what was found over partitions and columns: one row a rule and table."""
    keys = ["rule", "severity", "table", "sentence"]
    return validation.groupby(keys, sort=False, as_index=False)["count"].sum()


def _sentence(validation: pd.DataFrame, rows: pd.DataFrame) -> str:
    rows_in, kept, quarantined = (int(rows[name].sum()) for name in ("rows_in", "kept", "quarantined"))
    checked = f"Every rule was checked on {number_of(rows_in, 'row')} in {number_of(len(rows), 'table')}."
    kept_all = "Every row was kept."
    aside = (
        f"{number_of(kept, 'row was', 'rows were')} kept and {count(quarantined)} set aside, with the reason."
    )
    outcome = aside if quarantined else kept_all
    if validation.empty:
        return f"{checked} Nothing was found. {outcome}"
    return f"{checked} {listing(_tally(validation))}. {outcome} No row is ever dropped or repaired silently."


def _tally(validation: pd.DataFrame) -> list[str]:
    counts = validation["severity"].value_counts()
    said = {
        "reject": ("rule was broken", "rules were broken"),
        "warn": ("rule gave a warning", "rules gave warnings"),
    }
    return [number_of(counts[name], *words) for name, words in said.items() if name in counts]


def _count_rows(rows: pd.DataFrame) -> Table:
    body = [
        (in_words(str(row.table)), count(row.rows_in), count(row.kept), count(row.quarantined))
        for row in rows.itertuples(index=False)
    ]
    heads = ["Table", "Rows in", "Kept", "Set aside"]
    return make_table("validation-rows", "Rows in, kept and set aside", heads, body)


def _list_findings(validation: pd.DataFrame) -> Table | None:
    if validation.empty:
        return None
    severities = {"reject": "Set aside", "warn": "Kept, with a warning"}
    body = [
        (
            str(row["sentence"]),
            severities.get(row["severity"], str(row["severity"])),
            in_words(str(row["table"])),
            count(row["count"]),
        )
        for row in validation.to_dict("records")
    ]
    heads = ["What was found", "What was done", "Table", "Rows"]
    text = ["What was done", "Table"]
    return make_table("validation-findings", "What the rules found", heads, body, text=text)
