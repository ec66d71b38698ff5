"""Damage to whole tables: columns and types, rows in another order, files that are broken or misplaced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from taxgap.records import Manifest
from taxgap.records.parquet import write_table
from taxgap.records.partitions import part_name, partition_of
from taxgap.schemas import TABLES
from tests.validation.corruption import Findings, Frames, Kind, Labels, Rng, columns_of

SA, VAT, COMPANY, PAYE = "self_assessment", "vat", "corporation_tax", "employer_paye"
RETURNS = (SA, VAT, COMPANY, PAYE)
REGISTER, REG, DUE, PAID, CASE = "taxpayers", "registrations", "obligations", "payments", "enquiries"


def _whole(name: str, table: str, rule: str, new: Callable[[pd.DataFrame, Rng], Any], **more: Any) -> Kind:
    # All rows fail the rule; none does where there is no rule, and the table where it has no rows.
    def damage(frames: Frames, _rows: Labels, rng: Rng) -> Findings:
        changed = new(frames[table], rng)
        frames[table] = frames[table] if changed is None else changed
        return {(table, rule): list(frames[table].index)} if rule else {}

    return Kind(name=name, table=table, damage=damage, whole=True, quiet=not rule, **more)


def _retyped(
    kind: str, to: Callable[[pd.Series], pd.Series], **which: Any
) -> Callable[[pd.DataFrame, Rng], Any]:
    def new(frame: pd.DataFrame, rng: Rng) -> pd.DataFrame:
        table = next(name for name, model in TABLES.items() if list(frame) == list(model.to_schema().columns))
        column = str(rng.choice(columns_of(table, kind, **which)))
        return frame.assign(**{column: to(frame[column])})

    return new


def _objects(values: pd.Series) -> pd.Series:
    return pd.Series([day.date() for day in values], index=values.index, dtype=object)


def _reordered(values: pd.Series) -> pd.Series:
    return values.cat.reorder_categories(list(values.cat.categories)[::-1])


def _without(*columns: str) -> Callable[[pd.DataFrame, Rng], Any]:
    return lambda frame, rng: frame.drop(columns=str(rng.choice(columns)))


def _extra(frame: pd.DataFrame, rng: Rng) -> pd.DataFrame:
    return frame.assign(**{str(rng.choice(["note", "Unnamed: 0", "turnover "])): 1})


def _extra_damage(frames: Frames, _rows: Labels, rng: Rng) -> Findings:
    frames[PAID] = _extra(frames[PAID], rng)
    return {(PAID, "extra_column"): []}


def _renamed(frames: Frames, _rows: Labels, rng: Rng) -> Findings:
    old = str(rng.choice(["liability", "due_on", "paid"]))
    frames[PAID] = frames[PAID].rename(
        columns={old: [old.upper(), f" {old}", f"{old}_1"][int(rng.integers(3))]}
    )
    return {(PAID, "missing_column"): list(frames[PAID].index), (PAID, "extra_column"): []}


def _missing(table: str) -> Callable[[Frames, Labels, Rng], Findings]:
    def damage(frames: Frames, _rows: Labels, _rng: Rng) -> Findings:
        del frames[table]
        return {(table, "missing_table"): []}

    return damage


def _emptied(*tables: str) -> Callable[[Frames, Labels, Rng], Findings]:
    def damage(frames: Frames, _rows: Labels, _rng: Rng) -> Findings:
        for table in tables:
            frames[table] = frames[table].iloc[:0]
        return {(table, "empty_table"): [] for table in tables}

    return damage


def _shuffled(frame: pd.DataFrame, rng: Rng) -> pd.DataFrame:
    return frame.iloc[rng.permutation(len(frame))]


def _columns_shuffled(frame: pd.DataFrame, rng: Rng) -> pd.DataFrame:
    return frame.iloc[:, rng.permutation(frame.shape[1])]


NEAR = (REGISTER, REG, "third_party", CASE, "adjustments")
KINDS = [
    _whole("rows in another order", SA, "", _shuffled, near=NEAR),
    _whole("rows of accounts in another order", COMPANY, "", _shuffled, near=(REG, DUE)),
    _whole("rows of VAT in another order", VAT, "", _shuffled, near=(REG,)),
    _whole("columns in another order", VAT, "", _columns_shuffled, near=(REG,)),
    _whole("categories in another order", DUE, "", _retyped("code", _reordered)),
    _whole(
        "codes with a rank",
        CASE,
        "",
        _retyped("code", lambda values: values.cat.as_ordered()),
    ),
    _whole("codes as plain text", CASE, "", _retyped("code", lambda values: values.astype("str"))),
    _whole("texts as objects", REGISTER, "", _retyped("text", lambda values: values.astype(object))),
    _whole(
        "amounts as text",
        PAID,
        "value_type",
        _retyped("number", lambda values: values.astype("str"), empty=False),
    ),
    _whole(
        "whole amounts as objects",
        VAT,
        "column_type",
        _retyped("number", lambda values: values.astype(object)),
    ),
    _whole(
        "versions as broken numbers",
        SA,
        "column_type",
        _retyped("whole number", lambda values: values.astype("float64")),
    ),
    _whole(
        "versions that may be empty",
        COMPANY,
        "column_type",
        _retyped("whole number", lambda values: values.astype("Int32")),
    ),
    _whole("days as objects", DUE, "column_type", _retyped("date", _objects, empty=False)),
    _whole("days as text", SA, "value_type", _retyped("date", lambda values: values.dt.strftime("%Y-%m-%d"))),
    _whole(
        "days with a time zone",
        "links",
        "value_type",
        _retyped("date", lambda values: values.dt.tz_localize("UTC"), empty=False),
    ),
    _whole(
        "UTRs as numbers",
        REGISTER,
        "value_type",
        lambda frame, _rng: frame.assign(utr=frame["utr"].astype("float64")),
        near=("identities",),
    ),
    _whole(
        "yes and no as 1 and 0", PAYE, "value_type", _retyped("yes/no", lambda values: values.astype("int64"))
    ),
    _whole(
        "missing column of the register",
        REGISTER,
        "missing_column",
        _without("utr", "region", "received_on"),
        near=(PAID,),
    ),
    _whole(
        "missing column of accounts",
        COMPANY,
        "missing_column",
        _without("turnover", "by_agent"),
        near=(CASE, "adjustments"),
    ),
    _whole(
        "missing column of enquiries",
        CASE,
        "missing_column",
        _without("hours", "behaviour"),
        near=("adjustments",),
    ),
    Kind(name="column nobody knows", table=PAID, damage=_extra_damage, whole=True),
    Kind(name="column under another name", table=PAID, damage=_renamed, whole=True),
    *(
        Kind(name=f"table {table} missing", table=table, damage=_missing(table), whole=True, near=near)
        for table, near in (
            (REGISTER, (SA, PAID)),
            (VAT, (CASE, "adjustments")),
            (CASE, ("adjustments",)),
            (PAID, ()),
        )
    ),
    Kind(
        name="register without rows",
        table=REGISTER,
        damage=_emptied(REGISTER),
        whole=True,
        near=("identities",),
    ),
    Kind(
        name="no returns of one tax",
        table=VAT,
        damage=_emptied(VAT),
        whole=True,
        near=(PAYE, CASE, "adjustments"),
    ),
    Kind(name="no returns of any tax", table=VAT, damage=_emptied(VAT, PAYE), whole=True, near=(PAYE,)),
]


@dataclass(frozen=True, kw_only=True)
class FileKind:
    """Damage to the files of records in two partitions; what is lost with a file is in no finding.

    Attributes
    ----------
    name : str
    tables : tuple of str
        The tables written.
    damage : callable
        Takes the folder, the frames and their rows' partitions; returns findings, and rows that are lost.
    before : bool
        Whether it changes the frames, which are written afterwards.
    """

    name: str
    tables: tuple[str, ...]
    damage: Callable[[Path, Frames, dict[str, pd.Series], Rng], tuple[Findings, dict[str, set[int]]]]
    before: bool = False


PARTITIONS = 2


def places(frames: Frames) -> dict[str, pd.Series]:
    """Return the partition of each row."""
    found = {}
    for name, frame in frames.items():
        column = "report_id" if name == "third_party_unmatched" else "taxpayer_id"
        numbers = (
            partition_of(frame[column], PARTITIONS)
            if column in frame
            else np.zeros(len(frame), dtype=np.int64)
        )
        found[name] = pd.Series(numbers, index=frame.index)
    return found


def write(frames: Frames, where: dict[str, pd.Series], folder: Path, as_of: str) -> None:
    """Write frames as records of two partitions."""
    for name, frame in frames.items():
        for number in range(PARTITIONS):
            part = frame[(where[name] == number).to_numpy()]
            write_table(folder / name / part_name(number), part, TABLES[name], synthetic=True)
    Manifest(as_of, ["2023-24", "2024-25"], PARTITIONS, synthetic=True).write(folder)


def _broken(how: Callable[[Path, bytes], Any], *tables: str) -> Any:
    def damage(folder: Path, frames: Frames, where: dict[str, pd.Series], rng: Rng) -> Any:
        table, number = str(rng.choice(tables)), int(rng.integers(PARTITIONS))
        path = folder / table / part_name(number)
        how(path, path.read_bytes())
        return {(table, "unreadable_file"): []}, {table: set(frames[table].index[where[table] == number])}

    return damage


def _repeated(table: str, key: str) -> Any:
    # The row of a later partition bears the key of an earlier one, and is the one to go.
    def damage(_folder: Path, frames: Frames, where: dict[str, pd.Series], rng: Rng) -> Any:
        first = rng.choice(frames[table].index[where[table] == 0])
        again = int(rng.choice(frames[table].index[where[table] > 0]))
        frames[table].loc[again, key] = frames[table].loc[first, key]
        return {(table, "duplicate_key"): [again]}, {}

    return damage


def _misplaced(_folder: Path, _frames: Frames, where: dict[str, pd.Series], rng: Rng) -> Any:
    label = int(rng.choice(where[REGISTER].index))
    where[REGISTER][label] = (where[REGISTER][label] + 1) % PARTITIONS
    return {(REGISTER, "wrong_partition"): [label]}, {}


def _estimates_elsewhere(_folder: Path, _frames: Frames, where: dict[str, pd.Series], rng: Rng) -> Any:
    label = int(rng.choice(where["aggregates"].index))
    where["aggregates"][label] = PARTITIONS - 1
    return {("aggregates", "wrong_partition"): [label]}, {}


def _column_of_text(folder: Path, frames: Frames, where: dict[str, pd.Series], rng: Rng) -> Any:
    number = int(rng.integers(PARTITIONS))
    path = folder / PAID / part_name(number)
    table = pq.read_table(path)
    texts = table["liability"].cast(pa.string())
    pq.write_table(table.set_column(table.schema.get_field_index("liability"), "liability", texts), path)
    rows = list(frames[PAID].index[where[PAID] == number])
    frames[PAID]["liability"] = frames[PAID]["liability"].astype(object)
    frames[PAID].loc[rows, "liability"] = texts.to_pylist()
    return {(PAID, "value_type"): rows}, {}


FILES = [
    FileKind(
        name="file cut off",
        tables=(REGISTER, PAID, "identities"),
        damage=_broken(lambda path, old: path.write_bytes(old[: len(old) // 2]), REGISTER, PAID),
    ),
    FileKind(
        name="file without its end",
        tables=(PAYE, CASE, "adjustments"),
        damage=_broken(lambda path, old: path.write_bytes(old[:-9]), PAYE, CASE),
    ),
    FileKind(
        name="file of no bytes",
        tables=(PAYE, CASE, "adjustments"),
        damage=_broken(lambda path, _old: path.write_bytes(b""), PAYE),
    ),
    FileKind(
        name="text in place of a file",
        tables=(REGISTER, PAID),
        damage=_broken(lambda path, _old: path.write_text("id;amount\n1;2\n", "utf-8"), REGISTER, PAID),
    ),
    FileKind(
        name="file lost",
        tables=(REGISTER, PAID),
        damage=_broken(lambda path, _old: path.unlink(), REGISTER, PAID),
    ),
    FileKind(name="column of text in a file", tables=(REGISTER, PAID), damage=_column_of_text),
    FileKind(
        name="report in two partitions",
        tables=("third_party",),
        before=True,
        damage=_repeated("third_party", "report_id"),
    ),
    FileKind(
        name="unmatched report in two partitions",
        tables=("third_party_unmatched",),
        before=True,
        damage=_repeated("third_party_unmatched", "report_id"),
    ),
    FileKind(
        name="enquiry in two partitions", tables=(CASE,), before=True, damage=_repeated(CASE, "enquiry_id")
    ),
    FileKind(
        name="taxpayer in the wrong partition",
        tables=(REGISTER, "identities", PAID),
        before=True,
        damage=_misplaced,
    ),
    FileKind(
        name="estimate in the wrong partition",
        tables=("aggregates",),
        before=True,
        damage=_estimates_elsewhere,
    ),
]
