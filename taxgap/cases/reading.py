"""What cases are chosen from: scores checked, with the columns that limits name."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from taxgap.cases.limits import Caps, Hours
from taxgap.cases.windows import COLUMNS
from taxgap.errors import InvalidDataError, UsageError
from taxgap.gap.designs import predict_spread
from taxgap.records import Records
from taxgap.risk.arrays import Column, Floats, to_floats

KEY = ["taxpayer_id", "period", "regime"]
NEEDED = (*KEY, "expected_tax", "probability")
_OWN = ("inclusion_probability", "selected", "reason", "treatment", "hours", "stratum", *COLUMNS)


def check_kinds(scores: pd.DataFrame, records: Records | None) -> None:
    """Refuse a path or another object where scores or records are needed."""
    if not isinstance(scores, pd.DataFrame):
        raise UsageError(
            f"The scores are of type {type(scores).__name__}, not a DataFrame.",
            where="scores",
            remedy="Give the frame of taxgap.score, or read a folder first: taxgap.batch.read_scores(path).",
        )
    if records is not None and not isinstance(records, Records):
        raise UsageError(
            f"The records are of type {type(records).__name__}, not Records.",
            where="records",
            remedy="Open them first: Records.open(path).",
        )


def read_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the scores checked, in the order of their keys, with their places as index."""
    missing = [name for name in NEEDED if name not in scores.columns]
    if missing:
        raise InvalidDataError(
            f"The scores lack {', '.join(missing)}.",
            where="scores",
            available=[str(name) for name in scores.columns][:20],
            remedy="Give the frame of taxgap.score, or a folder read by taxgap.batch.read_scores.",
        )
    if scores.empty:
        raise InvalidDataError("There are no scores.", where="scores", remedy="Score some returns first.")
    nameless = int(scores[KEY].isna().any(axis=1).sum())
    if nameless:
        raise InvalidDataError(
            f"{nameless} returns lack {', '.join(KEY)}, or one of them.", where="scores", remedy="Name them."
        )
    twice = int(scores.duplicated(KEY).sum())
    if twice:
        raise InvalidDataError(
            f"{twice} returns stand twice in the scores.", where="scores", remedy="Keep one row each."
        )
    if (to_floats(scores["expected_tax"], "expected_tax") < 0).any():
        raise InvalidDataError(
            "An expected tax is negative.", where="expected_tax", remedy="Give expected amounts."
        )
    chance = to_floats(scores["probability"], "probability")
    if ((chance < 0) | (chance > 1)).any():
        raise InvalidDataError("A probability is not between 0 and 1.", where="probability")
    frame = scores.set_axis(pd.RangeIndex(len(scores)))
    return frame.sort_values(KEY, key=lambda column: column.astype("str"))


def add_region(frame: pd.DataFrame, region: str, records: Records | None) -> pd.DataFrame:
    """Return the scores with the region of each taxpayer, from the records where they lack it."""
    needed = region == "region" and region not in frame.columns
    if not needed or records is None or "taxpayers" not in records.tables:
        return frame
    register = records.table("taxpayers", ["taxpayer_id", "region"]).drop_duplicates(
        "taxpayer_id", keep="last"
    )
    known = register.set_index("taxpayer_id")["region"]
    return frame.assign(region=known.reindex(frame["taxpayer_id"]).to_numpy())


def name_columns(
    frame: pd.DataFrame,
    hours: Hours,
    case_hours: float | str | Mapping[str, float] | None,
    region: str,
    caps: Caps | None,
) -> list[str]:
    """Return the columns that limits name, and the region: with them the caseload's limits can be checked."""
    named = [region, *(["skill"] if isinstance(hours, Mapping) else [])]
    named += [*(["case_type"] if isinstance(case_hours, Mapping) else []), *(caps or {})]
    taken = [name for name in named if name in _OWN]
    if taken:
        raise UsageError(
            f"The caseload has a column {taken[0]} of its own.",
            where=taken[0],
            remedy="Give the column of the limit another name.",
        )
    return [name for name in dict.fromkeys(named) if name in frame.columns and name not in NEEDED]


def read_spread(frame: pd.DataFrame, scores: Column | None, found: Column | None) -> Floats | None:
    """Return the spread of the tax about the score, by earlier random cases; None without these."""
    if (scores is None) != (found is None):
        raise UsageError("earlier_scores goes with earlier_y.", where="earlier_y")
    if scores is None or found is None:
        return None
    return predict_spread(frame["expected_tax"], scores, found)
