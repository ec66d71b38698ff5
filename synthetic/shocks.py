"""Shocks: what changes the economy or the behaviour of taxpayers from a year on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from taxgap.errors import UsageError
from taxgap.synthetic.timeline import ALL_YEARS

KINDS = ("trade", "reporting", "mechanism")
"""What a shock can change: the activity of a trade, what reporters report, how common a mechanism is."""


@dataclass(frozen=True)
class Shock:
    """One change that lasts from a tax year on.

    Attributes
    ----------
    kind : {"trade", "reporting", "mechanism"}
    name : str
        The trade of ``trades.toml``, the kind of reporter, or the mechanism.
    tax_year : str
        The first tax year it holds for.
    factor : float
        Times the activity of the trade; the share of reports that come in from then on, whatever it was
        before; times the odds of the mechanism.

    Examples
    --------
    >>> Shock("trade", "food and drink", "2023-24", 0.6).factor
    0.6
    """

    kind: str
    name: str
    tax_year: str
    factor: float

    @classmethod
    def read(cls, value: Shock | Mapping[str, Any], tax_years: Sequence[str]) -> Shock:
        """Make a shock of a mapping, such as a table of a TOML file, and check it.

        Raises
        ------
        UsageError
            A field is missing or unknown, or its value cannot be used.
        """
        given = asdict(value) if isinstance(value, Shock) else dict(value)
        names = [field.name for field in fields(cls)]
        if sorted(given) != sorted(names):
            raise UsageError(f"A shock has the fields {', '.join(names)}; this one has {sorted(given)}.")
        shock = cls(**given)
        if shock.kind not in KINDS:
            raise UsageError(f"'{shock.kind}' is no kind of shock.", where="shocks", available=KINDS)
        if shock.tax_year not in tax_years:
            raise UsageError(f"No shock in {shock.tax_year}.", where="shocks", available=tax_years)
        number = isinstance(shock.factor, Real) and not isinstance(shock.factor, bool)
        if not number or not 0 <= shock.factor <= (1 if shock.kind == "reporting" else 100):
            raise UsageError(f"The factor {shock.factor} of a shock is out of range.", where="shocks")
        return shock


def coverage(shocks: Sequence[Shock], source: str, usual: ArrayLike) -> NDArray[np.float64] | None:
    """Return the share of a source's reports that come in by tax year; None where nothing changes it.

    Parameters
    ----------
    shocks : sequence of Shock
    source : str
    usual : array-like of float
        The share without any shock, by position in `ALL_YEARS`.

    Returns
    -------
    ndarray of float64 or None

    Examples
    --------
    >>> coverage([Shock("reporting", "platform", "2022-23", 1.0)], "platform", [0.3, 0.3, 0.3, 0.9]).tolist()
    [0.3, 1.0, 1.0, 1.0]
    """
    mine = [shock for shock in shocks if shock.kind == "reporting" and shock.name == source]
    if not mine:
        return None
    share = np.array(usual, dtype=np.float64)
    for shock in sorted(mine, key=lambda shock: shock.tax_year):  # the latest one holds
        share[ALL_YEARS.index(shock.tax_year) :] = shock.factor
    return share
