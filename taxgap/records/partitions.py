"""Which partition a taxpayer belongs to: a stable hash, so that every step can work apart."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from math import ceil

import numpy as np
from numpy.typing import NDArray

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
    digests = b"".join(blake2b(name.encode(), digest_size=8).digest() for name in taxpayer_ids)
    return (np.frombuffer(digests, dtype="<u8") % np.uint64(partitions)).astype(np.int64)


def part_name(partition: int) -> str:
    """Return the file name of a partition, such as ``part-0003.parquet``."""
    return f"part-{partition:04d}.parquet"
