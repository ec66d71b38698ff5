"""The regimes by name: those that are built in, and those that other packages plug in."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from taxgap.errors import IncompatibleError, UsageError
from taxgap.regimes.base import Regime

ENTRY_POINTS = "taxgap.regimes"
"""The entry-point group under which a package offers a `Regime`; its name there is the regime's name."""

_BUILT_IN = {
    name: (f"taxgap.regimes.{name}", name.upper())
    for name in ("self_assessment", "vat", "corporation_tax", "employer_paye")
}


def regime_names() -> list[str]:
    """List the regimes that can be used, sorted.

    Examples
    --------
    >>> "self_assessment" in regime_names()
    True
    """
    return sorted({*_BUILT_IN, *_plugged_in()})


def get_regime(name: str) -> Regime:
    """Return a regime by name.

    Parameters
    ----------
    name : str
        Such as ``self_assessment``. A built-in regime cannot be replaced by one that is plugged in.

    Returns
    -------
    Regime

    Raises
    ------
    UsageError
        No regime has this name; the message lists those that exist.
    IncompatibleError
        A package offers it, but what it offers is no regime of this name or cannot be loaded.

    Examples
    --------
    >>> len(get_regime("self_assessment").codes)
    30
    """
    if name in _BUILT_IN:
        module, attribute = _BUILT_IN[name]
        regime: Regime = getattr(import_module(module), attribute)
        return regime
    offered = _plugged_in()
    if name not in offered:
        raise UsageError(
            f"There is no regime named '{name}'.",
            available=regime_names(),
            remedy=f"Name one of these, or install a package with an entry point in '{ENTRY_POINTS}'.",
        )
    return _load(offered[name])


def _plugged_in() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=ENTRY_POINTS)}


def _load(entry: EntryPoint) -> Regime:
    try:
        regime = entry.load()
    except (ImportError, AttributeError) as error:
        raise IncompatibleError(
            f"The regime '{entry.name}' cannot be loaded: {error}.",
            where=entry.value,
            remedy="Update or remove the package that offers it.",
        ) from error
    if not isinstance(regime, Regime) or regime.name != entry.name:
        raise IncompatibleError(
            f"The entry point '{entry.name}' offers no regime of that name.", where=entry.value
        )
    return regime
