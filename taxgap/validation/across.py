"""What holds over all partitions: which rows share what must be unique, and which point at nobody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from taxgap.records import Records
from taxgap.records.processes import Run
from taxgap.validation.rule import Mask, as_mask
from taxgap.validation.survey import (
    KEYS,
    NUMBERS,
    POINTERS,
    Again,
    Look,
    Seen,
    Unique,
    look_through,
    read_again,
)

Rows: TypeAlias = NDArray[np.int32]


@dataclass(frozen=True)
class Noted:
    """What the other partitions say of the rows of one.

    Attributes
    ----------
    rows : dict of (rule, table, column) to ndarray of int
        The rows that fail, by their positions; no column where the key of the row is at fault.
    unknown : dict of (table, column) to list of str
        The identifiers that stand there and are on no register.
    """

    rows: dict[tuple[str, str, str], Rows] = field(default_factory=dict)
    unknown: dict[tuple[str, str], list[str]] = field(default_factory=dict)


STRICT = ("utr",)
"""Numbers that nobody shares, so that only the first who has one is kept; others give a warning to all."""

MIRRORED = {
    "director_of": "directed_by",
    "directed_by": "director_of",
    "partner_in": "has_partner",
    "has_partner": "partner_in",
    "shares_address": "shares_address",
    "shares_account": "shares_account",
    "sells_to": "buys_from",
    "buys_from": "sells_to",
}
"""What a link of each kind is called at its other end."""


def look_across(records: Records, run: Run) -> list[Noted]:
    """Find what fails the rules that hold over all partitions.

    Parameters
    ----------
    records : Records
    run : callable
        Spreads jobs over processes.

    Returns
    -------
    list of Noted
        One a partition.

    Notes
    -----
    Of a number that must be unique the parent keeps a 64-bit hash, eight bytes whatever its length. Hashes
    that recur are few; the texts behind them are read again and compared, so that two different texts with
    one hash are never taken for the same. Identifiers of taxpayers and links are compared as texts.
    """
    uniques = (*KEYS, *NUMBERS) if len(records.partitions) > 1 else NUMBERS
    seen = list(run(look_through, [Look(records, number, uniques) for number in records.partitions]))
    noted = [Noted() for _ in seen]
    _note_repeats(records, run, seen, noted)
    _note_pointers(seen, noted)
    _note_one_sided(seen, noted)
    return noted


def _note_repeats(records: Records, run: Run, seen: Sequence[Seen], noted: list[Noted]) -> None:
    recurring = {unique: _recurring([part.hashes[unique] for part in seen]) for unique in seen[0].hashes}
    jobs = [
        Again(records, number, wanted)
        for number, part in enumerate(seen)
        if (wanted := _held(recurring, part))
    ]
    texts: Mapping[Unique, list[pd.DataFrame]] = defaultdict(list)
    for job, found in zip(jobs, run(read_again, jobs), strict=True):
        for unique, cells in found.items():
            texts[unique].append(cells.assign(partition=job.partition))
    for unique, parts in texts.items():
        cells = pd.concat(parts, ignore_index=True)
        failing = cells[_fails(cells, unique)]
        for number, rows in _by_partition(failing["partition"].to_numpy(), failing["row"].to_numpy()):
            column = unique.columns[0] if unique.owner else ""
            noted[number].rows[unique.code, unique.table, column] = rows


def _recurring(hashes: Sequence[NDArray[np.uint64]]) -> NDArray[np.uint64]:
    together = np.concatenate(hashes)
    together.sort()
    return np.unique(together[1:][together[1:] == together[:-1]])


def _held(recurring: Mapping[Unique, NDArray[np.uint64]], part: Seen) -> dict[Unique, NDArray[np.uint64]]:
    held = {key: hashes[np.isin(hashes, part.hashes[key])] for key, hashes in recurring.items()}
    return {key: hashes for key, hashes in held.items() if len(hashes)}


def _fails(cells: pd.DataFrame, unique: Unique) -> Mask:
    # The rows stand in the order of the records. The second pass finds keys repeated within a partition.
    of = cells.groupby(list(unique.columns), sort=False)
    if not unique.owner:
        return as_mask(cells["partition"] > of["partition"].transform("first"))
    if unique.columns[0] in STRICT:
        return as_mask(cells["owner"] != of["owner"].transform("first"))
    return as_mask(of["owner"].transform("nunique") > 1)


def _by_partition(partitions: NDArray[Any], rows: NDArray[Any]) -> Iterator[tuple[int, Rows]]:
    for number in np.unique(partitions):
        yield int(number), rows[partitions == number].astype(np.int32)


def _note_pointers(seen: Sequence[Seen], noted: list[Noted]) -> None:
    registers = [part.register for part in seen]
    if any(register is None for register in registers):
        return  # who is on the register is not known
    known = pa.chunked_array(registers, pa.string())
    for place in POINTERS:
        asked = [part.pointers.get(place, pa.array([], pa.string())) for part in seen]
        unknown = pc.invert(pc.is_in(pa.chunked_array(asked, pa.string()), value_set=known))
        start = 0
        for number, texts in enumerate(asked):
            here = texts.filter(unknown.slice(start, len(texts)).combine_chunks())
            start += len(texts)
            if len(here):
                noted[number].unknown[place] = here.to_pylist()


def _note_one_sided(seen: Sequence[Seen], noted: list[Noted]) -> None:
    if any(part.links is None for part in seen):
        return  # what stands at the other end is not known
    links = pa.concat_tables([part.links for part in seen])
    kinds = pa.array(MIRRORED)
    names = pc.index_in(links["kind"], value_set=kinds)
    mirrored = pc.take(pa.array(MIRRORED.values()), names)
    own = pc.binary_join_element_wise(links["taxpayer_id"], links["kind"], links["other_id"], " ")
    wanted = pc.binary_join_element_wise(links["other_id"], mirrored, links["taxpayer_id"], " ")
    alone = pc.and_(pc.is_valid(wanted), pc.invert(pc.is_in(wanted, value_set=own)))
    partitions = np.repeat(np.arange(len(seen)), [len(part.links or ()) for part in seen])
    failing = alone.to_numpy()
    rows = links["row"].to_numpy()
    for number, here in _by_partition(partitions[failing], rows[failing]):
        noted[number].rows["link_one_sided", "links", "other_id"] = here
