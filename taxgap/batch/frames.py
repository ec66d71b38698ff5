"""Functions from frames to frames: what Spark's ``mapInPandas`` takes, to measure, score and explain.

They hold no data but names of folders, which every executor must see, and open these once a process. Ranks
need all returns of a tax year: `ranking_query` gives the SQL that ranks and flags what was scored.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from taxgap.batch.scorer import KEYS, LIKELIHOOD, Scorer
from taxgap.batch.settings import ScoreSettings
from taxgap.batch.taking import check_files
from taxgap.errors import InvalidDataError, UsageError
from taxgap.peers import GROUPS
from taxgap.records import Records
from taxgap.records.periods import tax_year_of
from taxgap.regimes import get_regime
from taxgap.risk.flagging import draw_lots
from taxgap.risk.model import RiskModel
from taxgap.risk.suitability import check_records

PARTITION = "partition"
"""The column of the frames that `MeasurePartitions` takes."""

_LATER = ("rank", "flagged", "flag_rule")  # which need all returns of a tax year
_PLACED = ("tax_year", "ranked_by", "lot")  # what they are made from
_TYPES = {"float64": "DOUBLE", "int64": "BIGINT", "bool": "BOOLEAN"}


@dataclass(frozen=True)
class MeasurePartitions:
    """Measures the returns of partitions: takes frames with a column `partition`.

    Parameters
    ----------
    records : str
        A folder of records, validated before.
    regime : str
    periods : tuple of str, optional
        The tax years; all when absent.
    as_of : str, optional
        What was known at this date.

    Examples
    --------
    >>> MeasurePartitions("/shared/records", "vat").schema[:49]
    'taxpayer_id STRING, period STRING, trade_group ST'
    """

    records: str
    regime: str
    periods: tuple[str, ...] | None = None
    as_of: str | None = None

    @property
    def schema(self) -> str:
        """The columns and their types, as Spark takes them."""
        names = [*KEYS, *GROUPS], get_regime(self.regime).feature
        return _in_ddl({**dict.fromkeys(names[0], "STRING"), **dict.fromkeys(names[1], "DOUBLE")})

    def __call__(self, frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """Measure the partitions named in each frame, one after another."""
        records, regime = _open_records(self.records).known_at(self.as_of), get_regime(self.regime)
        known = [name for name in regime.tables if name in records.tables]
        for frame in frames:
            for partition in frame[PARTITION].astype("int64"):
                check_files(records, partition, known)
                observed = regime.measure(records, self.periods, partition)
                yield observed.astype(dict.fromkeys(GROUPS, "str")).reset_index()


@dataclass(frozen=True)
class ScoreFrames:
    """Scores and explains measured returns: takes frames as `MeasurePartitions` gives them.

    Parameters
    ----------
    model : str
        The folder of a model.
    settings : ScoreSettings
        Of which the periods and the day are of no use here.

    Notes
    -----
    A return is given the same bits whatever others are in its frame, so frames may be cut anyhow; large ones
    take less time, since the tables of a peer group are made for each frame.
    """

    model: str
    settings: ScoreSettings

    @property
    def schema(self) -> str:
        """The columns and their types, as Spark takes them."""
        scorer = _open_scorer(self.model, self.settings)
        types = {
            str(name): _TYPES.get(str(kind), "STRING") for name, kind in scorer.score_nobody().dtypes.items()
        }
        placed = {"tax_year": "STRING", "ranked_by": "DOUBLE", "lot": "STRING"}
        return _in_ddl({name: kind for name, kind in types.items() if name not in _LATER} | placed)

    def __call__(self, frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """Score each frame.

        Raises
        ------
        InvalidDataError
            A column is missing, or a peer group is not known to the model.
        """
        scorer = _open_scorer(self.model, self.settings)
        for frame in frames:
            yield _score(scorer, frame)


def measure_partitions(
    records: str | Path,
    regime: str,
    *,
    periods: Sequence[str] | None = None,
    as_of: str | None = None,
) -> MeasurePartitions:
    """Give the function that measures the returns of partitions.

    Parameters
    ----------
    records : str or Path
        A folder of records, validated before, that every executor sees under this name.
    regime : str
        The tax.
    periods : sequence of str, optional
        The tax years; all when absent.
    as_of : str, optional
        What was known at this date; the date of the records when absent.

    Returns
    -------
    MeasurePartitions
        For ``mapInPandas``, with its `schema`.

    Raises
    ------
    UsageError, InvalidDataError
        There are no such records, or no such regime.
    """
    opened = Records.open(records).known_at(as_of)
    tax = get_regime(regime)
    if tax.name not in opened.tables:
        raise InvalidDataError(
            f"The records hold no returns: the table '{tax.name}' is missing.", available=opened.tables
        )
    given = None if periods is None else tuple(periods)
    return MeasurePartitions(str(Path(records).resolve()), tax.name, given, as_of)


def score_frames(model: str | Path, *, records: Records | None = None, **settings: Any) -> ScoreFrames:
    """Give the function that scores and explains measured returns.

    Parameters
    ----------
    model : str or Path
        The folder of a model that every executor sees under this name.
    records : Records, optional
        Those that returns are measured from: refused here if they lack what the model relies on.
    **settings
        Of `taxgap.batch.score`: `reasons`, `capacity_share`, `cutoff`, `rank_by`, `hourly_cost`, `threads`.

    Returns
    -------
    ScoreFrames
        For ``mapInPandas``, with its `schema`: the columns of `taxgap.batch.score` but `rank`, `flagged` and
        `flag_rule`; in their place `tax_year`, `ranked_by` and `lot`, from which `ranking_query` makes them.
        `likelihood_code` stands for every return whose probability reaches the cut-off.

    Raises
    ------
    UsageError, IncompatibleError
        A setting or the model cannot be used; all returns are explained, or none.
    """
    chosen = ScoreSettings.of(**{"threads": 1, **settings})
    if chosen.explains != chosen.explains_all:
        raise UsageError("Frames are explained whole, or not at all.", where="explain_share")
    folder = str(Path(model).resolve())
    scorer = _open_scorer(folder, chosen)
    if records is not None:
        check_records(records, scorer.regime, RiskModel.load(folder))
    return ScoreFrames(folder, chosen)


def ranking_query(function: ScoreFrames, table: str = "scored") -> str:
    """Return the SQL that ranks and flags what a function scored, as `taxgap score` does.

    Parameters
    ----------
    function : ScoreFrames
    table : str, default "scored"
        The table or view of all that was scored; as it stands in the query.

    Returns
    -------
    str
        One query, of Spark SQL that other databases understand too; its columns are those of
        `taxgap.batch.score`. Ranks are within the tax year, from the highest down; equal ones by lot, and
        those of one taxpayer by period.
    """
    scorer, settings = _open_scorer(function.model, function.settings), function.settings
    rule = scorer.settings.flag_rule(scorer.cutoff).replace("'", "''")
    within = f"rank <= floor(CAST({settings.capacity_share!r} AS DOUBLE) * returns + CAST(1e-9 AS DOUBLE))"
    made = {
        "flagged": f"({within} AND probability >= CAST({scorer.cutoff!r} AS DOUBLE))",
        "flag_rule": f"'{rule}'",
        LIKELIHOOD: f"CASE WHEN {within} THEN {LIKELIHOOD} END",
    }
    columns = ",\n    ".join(f"{made[name]} AS {name}" if name in made else name for name in scorer.columns)
    return (
        f"SELECT\n    {columns}\nFROM (\n    SELECT *,\n"  # noqa: S608 - the caller names the table
        "        row_number() OVER (PARTITION BY tax_year ORDER BY ranked_by DESC, lot, period) AS rank,\n"
        "        count(*) OVER (PARTITION BY tax_year) AS returns\n"
        f"    FROM {table}\n) AS placed"
    )


def _score(scorer: Scorer, frame: pd.DataFrame) -> pd.DataFrame:
    observed = _take(scorer, frame)
    parts = []
    for look in scorer.look([(0, observed)]):
        nobody = pd.DataFrame({"rank": 0, "flagged": False}, index=look.rows.index)
        codes = pd.Series(scorer.explainer.name_likelihood(look.likely), index=look.likely.index, dtype="str")
        whole = scorer.complete(look.rows, nobody, codes).drop(columns=list(_LATER))
        lots = draw_lots(look.rows["taxpayer_id"])
        parts.append(
            whole.assign(
                tax_year=tax_year_of(look.rows["period"]),
                ranked_by=look.rows["order"],
                lot=[f"{lot:016x}" for lot in lots.tolist()],
            )
        )
    found = pd.concat(parts, ignore_index=True)
    coded = found.select_dtypes("category").columns
    return found.astype(dict.fromkeys(coded, "str"))


def _take(scorer: Scorer, frame: pd.DataFrame) -> pd.DataFrame:
    """Return measured returns as the regime gives them, from columns as Spark holds them."""
    missing = [name for name in [*KEYS, *scorer.regime.columns] if name not in frame.columns]
    if missing:
        raise InvalidDataError(
            f"The measured returns lack {', '.join(missing)}.",
            available=map(str, frame.columns),
            remedy="Measure them with measure_partitions of this version.",
        )
    groups = {}
    for name in GROUPS:
        kind = scorer.explainer.peers.rows[name].dtype
        if unknown := sorted(set(frame[name].dropna()) - set(kind.categories)):
            raise InvalidDataError(
                f"The model knows no {name} {', '.join(map(str, unknown[:3]))}.",
                where=name,
                available=list(map(str, kind.categories)),
            )
        groups[name] = pd.Categorical(frame[name], dtype=kind)
    numbers = frame[list(scorer.regime.feature)].astype(np.float64)
    index = pd.MultiIndex.from_frame(frame[KEYS].astype("str"))
    return pd.DataFrame(groups).join(numbers.reset_index(drop=True)).set_index(index)


@lru_cache(maxsize=2)
def _open_scorer(folder: str, settings: ScoreSettings) -> Scorer:
    return Scorer(RiskModel.load(folder), settings)


@lru_cache(maxsize=2)
def _open_records(folder: str) -> Records:
    return Records.open(folder)


def _in_ddl(types: dict[str, str]) -> str:
    return ", ".join(f"{name} {kind}" for name, kind in types.items())
