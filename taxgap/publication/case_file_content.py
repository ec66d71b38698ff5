"""What a case file says beside the case: its rank, the past, reports of others, and closed cases like it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from taxgap.batch import score
from taxgap.errors import IncompatibleError, UsageError
from taxgap.publication.case_file import Case
from taxgap.publication.case_file_alike import find_alike
from taxgap.publication.case_file_history import gather_history, gather_reports
from taxgap.records import Records
from taxgap.records.partitions import partition_of
from taxgap.records.periods import tax_year_of
from taxgap.risk import RiskModel

TOLERANCE = 1e-6
"""Scores that differ from the case's own by more, in log units, are of other records."""

STANDING = ("rank", "ranked", "flagged", "flag_rule")


@dataclass(frozen=True, eq=False)
class CaseFile:
    """Everything that the case file of one return says.

    Attributes
    ----------
    case : Case
    standing : mapping
        `rank` among the returns of the tax year, `ranked` (how many there are)`, flagged, flag_rule`.
    history : DataFrame
        Declared figures, from `taxgap.publication.case_file_history.gather_history`.
    reports : DataFrame
        What others report, from `taxgap.publication.case_file_history.gather_reports`.
    alike : DataFrame
        Closed cases most like it, from `taxgap.publication.case_file_alike.find_alike`.
    """

    case: Case
    standing: Mapping[str, Any]
    history: pd.DataFrame
    reports: pd.DataFrame
    alike: pd.DataFrame


def gather_case_file(
    records: Records, model: RiskModel, case: Case, *, scores: pd.DataFrame | None = None
) -> CaseFile:
    """Gather what the case file says beside the case.

    Parameters
    ----------
    records : Records
    model : RiskModel
    case : Case
        From `taxgap.publication.case_file.gather_case`, of the same records and model.
    scores : DataFrame, optional
        From `taxgap.score`, which say where the return ranks; without them all returns of its tax year are
        scored.

    Returns
    -------
    CaseFile

    Raises
    ------
    UsageError
        The scores are of another model, or lack the return.
    IncompatibleError
        They give the return another score than the case has, so they are of other records.
    """
    known = records.known_at(case.as_of)
    partition = int(partition_of([case.taxpayer_id], len(known.partitions))[0])
    if scores is None:
        year = str(tax_year_of(pd.Series([case.period])).iloc[0])
        scores = score(known, model, reasons=0, periods=[year], validate=False)
    regime, taxpayer = case.regime, case.taxpayer_id
    return CaseFile(
        case=case,
        standing=find_standing(scores, case),
        history=gather_history(known, regime, taxpayer, case.period, partition),
        reports=gather_reports(known, regime, taxpayer, partition),
        alike=find_alike(known, model, case),
    )


def find_standing(scores: pd.DataFrame, case: Case) -> dict[str, Any]:
    """Look up where a return ranks among those of its tax year: `STANDING`.

    Raises
    ------
    UsageError
        The scores are of another model, or lack the return.
    IncompatibleError
        They give the return another score than the case has, so they are of other records.
    """
    mine = scores[(scores["taxpayer_id"] == case.taxpayer_id) & (scores["period"] == case.period)]
    if mine.empty or str(mine["model_id"].iloc[0]) != case.model_id:
        what = "lack this return" if mine.empty else "are of another model"
        raise UsageError(
            f"The scores {what}.",
            where="scores",
            remedy="Score these records with this model, or leave them out.",
        )
    row = mine.iloc[0]
    if not abs(float(row["score"]) - case.numbers["score"]) <= TOLERANCE:
        raise IncompatibleError(
            "The scores give this return another score than these records do: they are of another day.",
            where="scores",
            remedy="Score these records again, as of the same date, or leave the scores out.",
        )
    years = tax_year_of(scores["period"])
    return {
        "rank": int(row["rank"]),
        "ranked": int((years == years.loc[mine.index[0]]).sum()),
        "flagged": bool(row["flagged"]),
        "flag_rule": str(row["flag_rule"]),
    }
