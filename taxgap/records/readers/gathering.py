"""Small pieces of a source put together to chunks that are worth their while and bounded in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from taxgap.records.readers.chunks import ROWS, Chunk, LineFault

BYTES = 1 << 25
"""What the cells of a chunk take, give or take one piece."""


def gather(pieces: Iterable[Chunk]) -> Iterator[Chunk]:
    """Put pieces together, in their order, to chunks of at most `ROWS` rows and `ROWS` faults.

    Parameters
    ----------
    pieces : iterable of Chunk
        Of one source, each with at most `ROWS` rows and faults.

    Yields
    ------
    Chunk
        At least one if there was a piece, so that a source without rows still gives its columns.
    """
    held: list[Chunk] = []
    rows = size = 0
    for piece in pieces:
        count = piece.table.num_rows + len(piece.faults)
        if held and (rows + count > ROWS or size > BYTES):
            yield _together(held)
            held, rows, size = [], 0, 0
        held.append(piece)
        rows += count
        size += piece.table.nbytes + sum(len(fault.text) for fault in piece.faults)
    if held:
        yield _together(held)


def text_table(columns: Mapping[str, Sequence[str] | pa.Array], empty: Collection[str]) -> pa.Table:
    """Make a table of texts without white space at their ends.

    Parameters
    ----------
    columns : mapping of str to sequence of str or Array
        All of one length.
    empty : collection of str
        Texts that stand for nothing, once the white space is gone.

    Returns
    -------
    Table

    Examples
    --------
    >>> text_table({"a": [" x ", "NULL"]}, {"NULL"}).to_pydict()
    {'a': ['x', None]}
    """
    nothing = pa.array(sorted(empty), pa.string())
    return pa.table({name: _trim(values, nothing) for name, values in columns.items()})


def piece(
    table: pa.Table,
    lines: Sequence[int] | np.ndarray,
    faults: Iterable[LineFault] = (),
    skipped: Mapping[str, int] | None = None,
) -> Chunk:
    """Make a chunk whose faults are in the order of their lines."""
    return Chunk(
        table,
        np.asarray(lines, dtype=np.int64),
        tuple(sorted(faults, key=lambda fault: fault.line)),
        {code: count for code, count in (skipped or {}).items() if count} or None,
    )


def _trim(values: Sequence[str] | pa.Array, nothing: pa.Array) -> pa.Array:
    texts = values if isinstance(values, pa.Array) else pa.array(values, pa.string())
    texts = pc.utf8_trim_whitespace(texts)
    mask = pc.is_in(texts, nothing)
    return pc.if_else(mask, None, texts) if mask.true_count else texts


def _together(held: list[Chunk]) -> Chunk:
    skipped: Counter[str] = Counter()
    for chunk in held:
        skipped.update(chunk.skipped or {})
    return Chunk(
        pa.concat_tables(chunk.table for chunk in held).combine_chunks(),
        np.concatenate([chunk.lines for chunk in held]),
        tuple(chain.from_iterable(chunk.faults for chunk in held)),
        dict(skipped) or None,
    )
