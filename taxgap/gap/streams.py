"""Streams of random numbers that share nothing: one for each seed and purpose."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np


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
    name = blake2b(repr(purpose).encode(), digest_size=8).digest()
    return np.random.default_rng([seed, int.from_bytes(name) | 1])
