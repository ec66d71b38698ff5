"""`record_outcomes`: closed enquiries and officers' answers become part of new records."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd

from taxgap.errors import UsageError
from taxgap.monitoring.answering import judge_answers
from taxgap.monitoring.closing import RESULT, Verdict, judge_enquiries
from taxgap.monitoring.held import Held, link_or_copy, merge
from taxgap.monitoring.incoming import Incoming, read_incoming
from taxgap.monitoring.receipt import OutcomesReport
from taxgap.records import Manifest, Records
from taxgap.records.files import check_absent, checksum, new_folder
from taxgap.records.manifest import FILE_NAME
from taxgap.records.parquet import write_table
from taxgap.records.partitions import part_name, partition_of
from taxgap.schemas import TABLES

Rows: TypeAlias = pd.DataFrame | str | Path


def record_outcomes(
    records: Records | str | Path,
    *,
    enquiries: Rows | None = None,
    answers: Rows | None = None,
    out: str | Path,
    as_of: str | None = None,
    amend: bool = False,
    replace: bool = False,
) -> OutcomesReport:
    """Record closed enquiries and officers' answers in a new folder of records.

    Parameters
    ----------
    records : Records, str or Path
        Records in a folder of the library's form; they stay as they are.
    enquiries : DataFrame, str or Path, optional
        Enquiries that are now closed: `enquiry_id, closed_on, hours, cost, tax_found`, `behaviour` where tax
        was found, and `appealed_on`. Any other column of the table must agree with the records. An enquiry
        that the records do not hold is added where all columns of the table are given. A frame, or a CSV or
        parquet file.
    answers : DataFrame, str or Path, optional
        One row a flag that an officer reviewed, with the columns of `taxgap.schemas.Reviews`; those that may
        be empty may be left out.
    out : str or Path
        The folder to write.
    as_of : str, optional
        The date at which the new records stand, such as ``2026-12-31``; that of the old ones when absent.
    amend : bool, default False
        Let results and answers that were recorded before be changed.
    replace : bool, default False
        Replace the folder if it exists.

    Returns
    -------
    OutcomesReport
        What was recorded, what was there already and what was set aside, with the reasons.

    Raises
    ------
    UsageError
        Nothing is given, a column is unknown, the folder exists, or `as_of` is no date or an earlier one.
    InvalidDataError
        The records or a file cannot be read, or the records are not in a folder.

    Notes
    -----
    Nothing changes in silence: rows in are rows recorded, rows recorded already and rows set aside. Recording
    the same rows again changes nothing. The folder appears whole or not at all; files that do not change are
    hard links to the old ones where the file system has them. The manifest says what was recorded, and from
    where. What became known of an enquiry counts from `closed_on`, so older views of the records
    (`Records.known_at`) do not see it.

    Examples
    --------
    >>> import tempfile
    >>> from taxgap.synthetic import generate
    >>> folder = Path(tempfile.mkdtemp())
    >>> records = generate(folder / "old", taxpayers=300, years=1)
    >>> case = records.table("enquiries").query("closed_on.isna()").iloc[0]
    >>> closed = pd.DataFrame(
    ...     {"enquiry_id": [case["enquiry_id"]], "closed_on": ["2026-12-01"], "hours": [9.0], "cost": [700.0],
    ...      "tax_found": [0.0]}
    ... )
    >>> done = record_outcomes(records, enquiries=closed, out=folder / "new", as_of="2026-12-31")
    >>> done.counts.loc[0, ["rows_in", "changed"]].tolist()
    [1, 1]
    """
    if enquiries is None and answers is None:
        raise UsageError("There is nothing to record.", remedy="Give `enquiries`, `answers` or both.")
    held = Held.open(records)
    date = _later_date(as_of, held.manifest)
    target = Path(out)
    if target.resolve() == held.folder.resolve():
        raise UsageError("The records stay as they are.", where=str(target), remedy="Name another folder.")
    check_absent(target, replace=replace)
    closed = read_incoming(enquiries, TABLES["enquiries"], "enquiries")
    said = read_incoming(answers, TABLES["reviews"], "reviews")
    _refuse_absent(closed, held.manifest)
    known = held.taxpayers(pd.concat([closed.rows["taxpayer_id"], said.rows["taxpayer_id"]]))
    asked = pd.concat([closed.rows["enquiry_id"], said.rows["enquiry_id"]])
    cases = held.rows("enquiries", asked)
    on_cases = judge_enquiries(closed, cases, known, date, amend=amend)
    there = {*cases.index, *closed.rows["enquiry_id"][on_cases.added]}
    before = held.rows("reviews", said.rows["review_id"])
    on_answers = judge_answers(said, before, known, there, date, amend=amend)
    with new_folder(target, replace=replace) as folder:
        written = _write_tables(held, folder, (closed, on_cases), (said, on_answers), cases)
        _manifest(held.manifest, date, written, (closed, on_cases), (said, on_answers)).write(folder)
    counts = [
        _count(*pair)
        for pair, asked_for in (((closed, on_cases), enquiries), ((said, on_answers), answers))
        if asked_for is not None
    ]
    faults = pd.concat([closed.faults.to_frame(), said.faults.to_frame()], ignore_index=True)
    return OutcomesReport(pd.DataFrame(counts), faults, str(date.date()), target)


def _later_date(as_of: str | None, manifest: Manifest) -> pd.Timestamp:
    old = pd.Timestamp(manifest.as_of)
    try:
        date = old if as_of is None else pd.Timestamp(as_of)
    except ValueError as error:
        raise UsageError(f"'{as_of}' is no date.", where="as_of", remedy="Write 2026-12-31.") from error
    if date < old:
        raise UsageError(
            f"The records stand at {old.date()}; they cannot move back to {date.date()}.", where="as_of"
        )
    return date


def _refuse_absent(closed: Incoming, manifest: Manifest) -> None:
    absent = set(manifest.made_by.get("absent", {}).get("enquiries", ()))
    hit = sorted(absent & set(closed.given))
    if hit:
        raise UsageError(
            f"The records declare that enquiries have no {', '.join(hit)}.",
            where="enquiries",
            remedy="Leave these columns out, or ingest the tables anew with them.",
        )


Pair: TypeAlias = tuple[Incoming, Verdict]


def _write_tables(held: Held, folder: Path, closed: Pair, said: Pair, cases: pd.DataFrame) -> dict[str, Any]:
    """Write what changes, and link the rest; return the facts of the files that were written."""
    partitions = held.manifest.partitions
    (rows, verdict), (reviews, on_reviews) = closed, said
    home = pd.Series(partition_of(rows.rows["taxpayer_id"].fillna(""), partitions), rows.rows.index)
    known = cases["partition"].reindex(rows.rows["enquiry_id"]).to_numpy()
    home = home.mask(pd.notna(known), pd.Series(known, rows.rows.index)).astype("int64")
    changes = {"enquiries": rows.rows[verdict.recorded].assign(partition=home[verdict.recorded])}
    answers = reviews.rows[on_reviews.recorded]
    changes["reviews"] = answers.assign(partition=partition_of(answers["taxpayer_id"], partitions))
    new_table = len(answers) and not held.has("reviews")
    written: dict[str, Any] = {}
    for number in range(partitions):
        for table, rows_in in changes.items():
            mine = rows_in[rows_in["partition"] == number].drop(columns="partition")
            if len(mine) or (table == "reviews" and new_table):
                old = held.part(table, number) if held.has(table) else None
                columns = RESULT if table == "enquiries" else reviews.given
                given = rows.given if table == "enquiries" else reviews.given
                frame = merge(old, mine, table, columns, given=given)
                written |= _write(held, folder, table, number, frame)
    for path in sorted(held.folder.rglob("*")):
        name = path.relative_to(held.folder).as_posix()
        if path.is_file() and name != FILE_NAME and name not in written:
            link_or_copy(path, folder / name)
    return written


def _write(held: Held, folder: Path, table: str, number: int, frame: pd.DataFrame) -> dict[str, Any]:
    path = folder / table / part_name(number)
    absent = held.manifest.made_by.get("absent", {}).get(table, ())
    write_table(path, frame, TABLES[table], synthetic=held.manifest.synthetic, absent=absent)
    return {f"{table}/{path.name}": {"rows": len(frame), "sha256": checksum(path)}}


def _manifest(
    old: Manifest, date: pd.Timestamp, written: dict[str, Any], closed: Pair, said: Pair
) -> Manifest:
    made_by = dict(old.made_by)
    noted = {
        name: {**pair[0].source, **_count(*pair)}
        for name, pair in (("enquiries", closed), ("reviews", said))
        if pair[1].recorded.any()
    }
    if noted:
        made_by["outcomes"] = [*made_by.get("outcomes", []), {"as_of": str(date.date()), **noted}]
    return dataclasses.replace(old, as_of=str(date.date()), made_by=made_by, files={**old.files, **written})


def _count(incoming: Incoming, verdict: Verdict) -> dict[str, Any]:
    return {
        "table": incoming.faults.table,
        "rows_in": len(incoming.rows),
        "added": int(verdict.added.sum()),
        "changed": int(verdict.changed.sum()),
        "amended": int(verdict.amended.sum()),
        "already": int(verdict.already.sum()),
        "set_aside": int(incoming.faults.any.sum()),
    }
