"""The registry of mechanisms: every way in which a return of any tax comes to differ from the truth.

To add one is to add an object to the `MECHANISMS` of its regime; from outside the package, to name it in the
setting `plug_ins`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np

from taxgap.errors import UsageError
from taxgap.records.files import checksum
from taxgap.schemas.codes import REPORT_SOURCES
from taxgap.synthetic.corporation_tax import CORPORATION_TAX
from taxgap.synthetic.employer_paye import EMPLOYER_PAYE
from taxgap.synthetic.form import Form, Mechanism
from taxgap.synthetic.published import trades
from taxgap.synthetic.self_assessment import SELF_ASSESSMENT
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.timeline import ALL_YEARS, TAX_YEARS
from taxgap.synthetic.vat import VAT

FORMS: dict[str, Form] = {
    form.regime: form for form in (SELF_ASSESSMENT, VAT, CORPORATION_TAX, EMPLOYER_PAYE)
}
"""The form of each tax, with its own mechanisms."""


def mechanisms(settings: Settings | None = None) -> dict[str, Mechanism]:
    """Return every mechanism by name, in the order in which they act, as the settings have them.

    Parameters
    ----------
    settings : Settings, optional
        Adds plug-ins and changes rates.

    Returns
    -------
    dict of str to Mechanism

    Raises
    ------
    UsageError
        The settings name a mechanism that does not exist, or a plug-in that cannot be used.

    Examples
    --------
    >>> mechanisms()["interest_omitted"].regime
    'self_assessment'
    """
    known = {mechanism.name: mechanism for form in FORMS.values() for mechanism in form.mechanisms}
    if settings is None:
        return known
    for mechanism in _plugged_in(settings):
        if mechanism.name in known:
            raise UsageError(f"There is a mechanism named '{mechanism.name}' already.", where="plug_ins")
        known[mechanism.name] = mechanism
    for name, share in settings.rates.items():
        known[name] = _look_up(known, name, "rates").at_rate(share)
    for shock in settings.shocks:
        if shock.kind == "mechanism":
            mechanism = _look_up(known, shock.name, "shocks")
            known[shock.name] = replace(mechanism, shift=_shifted(mechanism, shock.tax_year, shock.factor))
            continue
        there = list(trades()["name"]) if shock.kind == "trade" else REPORT_SOURCES
        if shock.name not in there:
            raise UsageError(f"There is no {shock.kind} '{shock.name}'.", where="shocks", available=there)
    return known


def forms(settings: Settings) -> dict[str, Form]:
    """Return the form of each tax with the mechanisms that the settings ask for."""
    known = mechanisms(settings)
    return {
        name: replace(
            form,
            mechanisms=tuple(m for m in known.values() if m.regime == name),
            difficulty=settings.difficulty,
        )
        for name, form in FORMS.items()
    }


def digest_plug_ins(settings: Settings) -> list[str]:
    """Return the checksum of the file of each plug-in, so that a changed one is no longer the same plan."""
    files = (import_module(place.partition(":")[0]).__file__ for place in settings.plug_ins)
    return [checksum(Path(file)) if file else "" for file in files]


def _plugged_in(settings: Settings) -> Iterator[Mechanism]:
    for place in settings.plug_ins:
        module, _, name = place.partition(":")
        try:
            mechanism = getattr(import_module(module), name)
        except Exception as error:  # another package may raise anything
            raise UsageError(
                f"The plug-in '{place}' cannot be loaded: {error}.",
                where="plug_ins",
                remedy="Write module:NAME, and install the module.",
            ) from error
        if not isinstance(mechanism, Mechanism) or mechanism.regime not in FORMS:
            raise UsageError(
                f"The plug-in '{place}' is no mechanism of a tax that is generated.",
                where="plug_ins",
                available=FORMS,
            )
        yield mechanism


def _look_up(known: dict[str, Mechanism], name: str, where: str) -> Mechanism:
    if name not in known:
        raise UsageError(f"There is no mechanism named '{name}'.", where=where, available=sorted(known))
    return known[name]


def _shifted(mechanism: Mechanism, tax_year: str, factor: float) -> tuple[float, ...]:
    first = ALL_YEARS.index(tax_year)
    before = mechanism.shift or (0.0,)
    before = before + before[-1:] * (max(len(TAX_YEARS), first + 1) - len(before))
    with np.errstate(divide="ignore"):
        change = float(np.log(factor))
    return tuple(value + change if year >= first else value for year, value in enumerate(before))
