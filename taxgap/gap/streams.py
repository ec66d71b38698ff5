"""Streams of random numbers that share nothing: one for each seed and purpose."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

from taxgap.gap.checks import check_whole


def stream(seed: int, *purpose: str | int) -> np.random.Generator:
    """Return the random numbers of one purpose.

    Parameters
    ----------
    seed : int
        What the user gave, 0 or more.
    purpose : str or int
        What the numbers are for, such as a name and a year.

    Returns
    -------
    Generator
        The same for the same seed and purpose. It shares nothing with those of other purposes, nor with
        ``numpy.random.default_rng(seed)``: whoever made a population with that and draws from it with the
        same seed would else draw the very numbers that made it.

    Raises
    ------
    UsageError
        If the seed is no whole number of 0 or more.

    Notes
    -----
    The purpose is hashed: numpy pads short seeds with zeros, so that ``[seed, 0]`` would be ``seed`` again.

    Examples
    --------
    >>> bool(stream(0, "draw").random() == stream(0, "draw").random())
    True
    >>> bool(stream(0, "draw").random() == np.random.default_rng(0).random())
    False
    """
    # A year out of an array is numpy's integer, which shows itself otherwise than Python's.
    plain = tuple(part if isinstance(part, str) else int(part) for part in purpose)
    name = blake2b(repr(plain).encode(), digest_size=8).digest()
    return np.random.default_rng([check_whole(seed, "seed", least=0), int.from_bytes(name) | 1])
