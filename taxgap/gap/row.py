"""One line of the comparison with the published figures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


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
    """Collects the rows of one group that share a source."""

    name: str
    fact: dict[str, Any]
    rows: list[Row] = field(default_factory=list)

    def add(
        self,
        target: str,
        published: float,
        simulated: tuple[float, float, float],
        *,
        tolerance: float,
        unit: str = "share",
        basis: str | None = None,
        is_target: bool = True,
    ) -> None:
        """Add a row; `simulated` is the figure with the limits of its interval."""
        value, low, high = simulated
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
