"""Which partition a taxpayer belongs to: a stable hash, so that every step can work apart."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from math import ceil
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Hashes: TypeAlias = NDArray[np.uint64]

TAXPAYERS_PER_PARTITION = 12_500


def count_partitions(taxpayers: int) -> int:
    """Return the number of partitions of a population.

    Parameters
    ----------
    taxpayers : int
        Size of the population, at least 1.

    Returns
    -------
    int

    Examples
    --------
    >>> count_partitions(50_000)
    4
    """
    return max(1, ceil(taxpayers / TAXPAYERS_PER_PARTITION))


def partition_of(taxpayer_ids: Iterable[str], partitions: int) -> NDArray[np.int64]:
    """Return the partition of each taxpayer: blake2b of the identifier modulo the number of partitions.

    Parameters
    ----------
    taxpayer_ids : iterable of str
    partitions : int

    Returns
    -------
    ndarray of int64
        Numbers from 0 to ``partitions - 1``.

    Examples
    --------
    >>> partition_of(["T0000001", "T0000002"], 1).tolist()
    [0, 0]
    """
    return place_of(hash_ids(taxpayer_ids), partitions)


def hash_ids(ids: Iterable[str]) -> Hashes:
    """Return blake2b of each identifier, cut to 64 bits; of an empty one that of no text."""
    codes, distinct = pd.factorize(np.asarray(list(ids), dtype=object))
    texts = ["" if pd.isna(name) else str(name) for name in distinct] + [""]
    digests = b"".join(blake2b(text.encode(), digest_size=8).digest() for text in texts)
    hashes: Hashes = np.frombuffer(digests, dtype="<u8").astype(np.uint64)[codes]
    return hashes


def place_of(hashes: Hashes, partitions: int) -> NDArray[np.int64]:
    """Return the partition that each hash falls into."""
    return (hashes % np.uint64(partitions)).astype(np.int64)


def part_name(partition: int) -> str:
    """Return the file name of a partition, such as ``part-0003.parquet``."""
    return f"part-{partition:04d}.parquet"
