"""What can be set about a population, checked before anything is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from functools import cached_property
from numbers import Integral, Real
from typing import Any

from taxgap.errors import UsageError
from taxgap.synthetic.register import Register
from taxgap.synthetic.shocks import Shock
from taxgap.synthetic.timeline import ALL_YEARS, LOOKBACK, TAX_YEARS

_STANDS_AT = ("2026-09-30", "2027-09-30")


@dataclass(frozen=True)
class Settings:
    """The settings of a population.

    Attributes
    ----------
    taxpayers : int
        People, companies and partnerships on the register at any time in the panel.
    years : int
        Tax years, counted back from 2024-25; 1 to 4. Or 5: the same and 2025-26, a projection.
    seed : int
        Same seed, same bytes.
    as_of : str
        The date at which the records stand. When empty 2026-09-30, or 2027-09-30 where 2025-26 is among the
        years, whose Self Assessment returns are due in January 2027.
    random_share : float
        Share of returns the random programme opens. The real programme opens about 3,800 in 12 million; a
        small synthetic population needs a larger share to learn from.
    risk_share : float
        Share of returns opened for risk.
    detection : float
        Share of the tax lost that officers find together. An assumption: no published value could be read.
        Its inverse is the implied non-detection multiplier.
    missed_whole : float
        Share of returns on which the officer sees nothing at all; a few more wrong returns are missed because
        what is settled makes no difference to the tax.
    difficulty : float
        How hard misreporting is to tell, 0.25 to 3: it scales the differences that honest accounts show from
        year to year, the share of hidden sales whose costs are hidden too, and the share of reports that lose
        the number of the taxpayer. Published figures are met at 1.
    rates : mapping of str to float
        Mechanism to the probability with which it acts on a return of an exposed taxpayer of average
        disposition; those not named keep their own.
    shocks : tuple of Shock
        What changes between years; see `taxgap.synthetic.shocks.Shock`. Mappings are read as shocks.
    plug_ins : tuple of str
        Mechanisms of other packages, as ``module:NAME``.

    Examples
    --------
    >>> Settings(taxpayers=1_000).tax_years
    ('2021-22', '2022-23', '2023-24', '2024-25')
    """

    taxpayers: int = 50_000
    years: int = 4
    seed: int = 7
    as_of: str = ""
    random_share: float = 0.05
    risk_share: float = 0.05
    detection: float = 0.55
    missed_whole: float = 0.12
    difficulty: float = 1.0
    rates: Mapping[str, float] = field(default_factory=dict)
    shocks: tuple[Shock, ...] = ()
    plug_ins: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, low, high in (
            ("taxpayers", 1, 99_999_999),
            ("years", 1, len(ALL_YEARS)),
            ("seed", 0, 2**63),
            ("random_share", 0.0, 1.0),
            ("risk_share", 0.0, 1.0),
            ("detection", 0.2, 0.9),
            ("missed_whole", 0.0, 0.5),
            ("difficulty", 0.25, 3.0),
        ):
            self._check_number(name, low, high)
        if self.as_of == "":
            object.__setattr__(self, "as_of", _STANDS_AT[len(self.panel) > len(TAX_YEARS)])
        self._check_date()
        self._check_collections()
        for name, share in self.rates.items():
            if not isinstance(share, Real) or isinstance(share, bool) or not 0 <= share <= 1:
                raise UsageError(f"The rate of '{name}' is {share}; it must be from 0 to 1.", where="rates")
        shocks = tuple(Shock.read(shock, self.panel) for shock in self.shocks)
        object.__setattr__(self, "shocks", shocks)
        object.__setattr__(self, "plug_ins", tuple(self.plug_ins))

    def _check_number(self, name: str, low: float, high: float) -> None:
        # Kept as plain numbers, so that a whole number given for a share is recorded as that share.
        value = getattr(self, name)
        whole = isinstance(low, int)
        right_kind = isinstance(value, Integral if whole else Real) and not isinstance(value, bool)
        if not right_kind or not low <= value <= high:
            noun = "whole number" if whole else "number"
            raise UsageError(f"{name} is {value}; it must be a {noun} from {low} to {high}.", where=name)
        object.__setattr__(self, name, int(value) if whole else float(value))

    def _check_collections(self) -> None:
        if not isinstance(self.rates, Mapping):
            raise UsageError("rates must map mechanisms to probabilities.", where="rates")
        for name in ("shocks", "plug_ins"):
            if isinstance(getattr(self, name), str | Mapping):
                raise UsageError(f"{name} must be a list.", where=name)

    def _check_date(self) -> None:
        # Only the way in which the manifest writes a date: readers differ in what else they understand.
        try:
            good = date.fromisoformat(self.as_of).isoformat() == self.as_of
        except (TypeError, ValueError):
            good = False
        if not good:
            raise UsageError(
                f"as_of is '{self.as_of}', which is no date.", where="as_of", remedy="Write 2026-09-30."
            )

    @classmethod
    def from_mapping(cls, values: dict[str, Any]) -> Settings:
        """Build settings from named values.

        Raises
        ------
        UsageError
            A name is unknown or a value out of range.
        """
        names = [field.name for field in fields(cls)]
        unknown = sorted(set(values) - set(names))
        if unknown:
            raise UsageError(f"Unknown settings: {', '.join(unknown)}.", available=names)
        return cls(**values)

    @property
    def tax_years(self) -> tuple[str, ...]:
        """The tax years of the panel, oldest first."""
        return self.panel[-self.years :]

    @property
    def panel(self) -> tuple[str, ...]:
        """The tax years that the population lives through, whether or not all are asked for."""
        return ALL_YEARS if self.years > len(TAX_YEARS) else TAX_YEARS

    @property
    def columns(self) -> int:
        """Columns of a year-by-year amount: the lookback year, then `panel`."""
        return LOOKBACK + len(self.panel)

    @cached_property
    def register(self) -> Register:
        """Who is on the register, by number."""
        return Register.of(self.taxpayers, self.seed, len(self.panel))
