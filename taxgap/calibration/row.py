"""One line of the comparison with the published figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from taxgap.calibration.intervals import Z95
from taxgap.calibration.tolerances import is_frequent
from taxgap.calibration.tolerances import tolerance as usual_tolerance

Interval = tuple[float, float, float]
"""A figure and the limits of its 95% interval."""


@dataclass(frozen=True)
class Row:
    """A published figure beside the simulated one.

    Attributes
    ----------
    group, target : str
        What is compared.
    unit : str
        ``share``, ``GBP`` or ``persons``.
    published, simulated, low, high : float
        The figures, and the 95% interval of the simulated one.
    tolerance : float
        The largest distance that counts as near, in the unit.
    source, basis : str
        Where the published figure comes from: found, derived or memory.
    is_target : bool
        Whether the population was made to meet it.
    """

    group: str
    target: str
    unit: str
    published: float
    simulated: float
    low: float
    high: float
    tolerance: float
    source: str
    basis: str
    is_target: bool = True


@dataclass
class Group:
    """Collects the rows of one group that share a source.

    Attributes
    ----------
    name : str
    fact : mapping
        A table of ``published.toml``, with its `source` and `basis`.
    taxpayers : float
        The size of the population, for the tolerance.
    """

    name: str
    fact: Mapping[str, Any]
    taxpayers: float
    rows: list[Row] = field(default_factory=list)

    def add(
        self,
        target: str,
        published: float,
        simulated: Interval,
        *,
        tolerance: float | None = None,
        unit: str = "share",
        basis: str | None = None,
        is_target: bool = True,
        cases: float | None = None,
    ) -> None:
        """Add a row; `simulated` is the figure with the limits of its interval.

        Without a `tolerance` the one of `tolerances` holds. A share of few `cases` is no target.
        """
        if cases is not None:
            is_target = is_target and is_frequent(published, cases, self.taxpayers)
        value, low, high = simulated
        if tolerance is None:
            tolerance = usual_tolerance(target, published, (high - low) / 2 / Z95, self.taxpayers)
        self.rows.append(
            Row(
                group=self.name,
                target=target,
                unit=unit,
                published=float(published),
                simulated=value,
                low=low,
                high=high,
                tolerance=float(tolerance),
                source=self.fact["source"],
                basis=basis or self.fact["basis"],
                is_target=is_target,
            )
        )


@dataclass(frozen=True)
class Check:
    """A quantity of the population that no published figure speaks of.

    Attributes
    ----------
    group, quantity : str
    unit : str
        ``share`` or ``GBP``.
    simulated, low, high : float
        The quantity with its 95% interval; limits may be NaN.
    reference : float
        What it would be if all returns were right and consistent, or what was assumed; NaN if nothing is
        known.
    reading : str
        How to read it, and what the reference is.
    """

    group: str
    quantity: str
    unit: str
    simulated: float
    low: float
    high: float
    reference: float
    reading: str
