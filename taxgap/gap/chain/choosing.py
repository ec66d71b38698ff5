"""What is asked of an estimate: taxes, years and multipliers, and what of it cannot be used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from taxgap.errors import UsageError
from taxgap.gap.chain.hidden import HiddenEconomy
from taxgap.gap.chain.multiplier import Multiplier
from taxgap.records import Records
from taxgap.schemas.codes import REGIMES

NonDetection: TypeAlias = Multiplier | Literal["estimated"] | Mapping[str, Multiplier | Literal["estimated"]]
"""Tax there over tax found: one for all taxes, or by tax, given or to be estimated."""


def check_options(records: object, hidden: object, *, bounds: bool, level: float, draws: int) -> None:
    """Refuse what cannot be used, before anything is read."""
    if not isinstance(records, Records):
        raise UsageError(
            f"The records are a {type(records).__name__}, not opened records.",
            where="records",
            remedy="Open them first: taxgap.Records.open('economy/records').",
        )
    if hidden is not None and not isinstance(hidden, HiddenEconomy):
        raise UsageError(
            f"The hidden economy is a {type(hidden).__name__}, which says nothing of its limits.",
            where="hidden",
            remedy="Write HiddenEconomy(2.1e9, low=1.4e9, high=3.0e9), in GBP.",
        )
    if hidden is not None and bounds:
        raise UsageError(
            "Bounds hold no hidden economy.",
            where="hidden",
            remedy="Leave it out, and add it to both bounds.",
        )
    if not 0 < level < 1 or draws < 100:
        raise UsageError("The level lies between 0 and 1, and at least 100 draws are needed.", where="level")


def choose_years(years: Sequence[str] | str | None) -> list[str] | None:
    """Return the tax years that were asked for; None for those with random cases."""
    if years is None:
        return None
    wanted = [str(years)] if isinstance(years, str | int) else [str(year) for year in years]
    for year in wanted:
        first, _, last = year.partition("-")
        if not (len(first) == 4 and first.isdigit() and last == f"{(int(first) + 1) % 100:02d}"):
            meant = f"{year[:4]}-{(int(year[:4]) + 1) % 100:02d}" if year[:4].isdigit() else "2022-23"
            raise UsageError(f"'{year}' is no tax year.", where="years", remedy=f"Write {meant}.")
    return wanted


def choose_taxes(records: Records, regimes: Sequence[str] | str | None) -> list[str]:
    """Return the taxes that were asked for; all with enquiries where none was."""
    held = [name for name in REGIMES if name in records.tables]
    if regimes is None:
        opened = (
            set(records.read("enquiries", ["regime"])["regime"].astype(str))
            if "enquiries" in records.tables
            else set()
        )
        chosen = [name for name in held if name in opened] or held
    else:
        chosen = [regimes] if isinstance(regimes, str) else list(regimes)
    unknown = [name for name in chosen if name not in held]
    if unknown or not chosen:
        raise UsageError(
            f"The records hold no returns of: {', '.join(unknown) or 'any tax'}.",
            where="regimes",
            available=held,
        )
    return chosen


def choose_multiplier(given: NonDetection, tax: str) -> Multiplier | str:
    """Return the multiplier of a tax, or that it is to be estimated."""
    one = given.get(tax) if isinstance(given, Mapping) else given
    if isinstance(one, Multiplier) or (isinstance(one, str) and one == "estimated"):
        return one
    said = f"There is no non-detection multiplier for {tax}."
    if one is not None:
        said = f"The non-detection multiplier for {tax} is neither a Multiplier nor 'estimated': {one!r}."
    raise UsageError(
        said,
        where="non_detection",
        remedy="Write Multiplier(1.9, low=1.5, high=2.3), Multiplier(1.9) if it is certain, or 'estimated'.",
    )
