"""Who is champion: what the lines of the log come to, one after another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from taxgap.errors import UsageError
from taxgap.monitoring.models.entries import Entry, broken

Role = Literal["champion", "former champion", "challenger"]
"""A challenger has never been champion."""


@dataclass(frozen=True)
class Place:
    """Where a model stands.

    Parameters
    ----------
    model_id, regime : str
    role : {"champion", "former champion", "challenger"}
    since : str
        When it became what it is (UTC).
    card : str
        SHA-256 of its card as it was added.
    """

    model_id: str
    regime: str
    role: Role
    since: str
    card: str


@dataclass
class Standing:
    """What a log says of the models of its shelf.

    Parameters
    ----------
    places : dict of str to Place
        By model, in the order in which they were added.
    lines : dict of str to list of str
        By regime, the champions that a rollback can go back through; the last one is champion.

    Examples
    --------
    >>> done = [("add", "a"), ("add", "b"), ("promote", "a"), ("promote", "b"), ("rollback", "a")]
    >>> before = iter([None, None, None, "a", "b"])
    >>> entries = [
    ...     Entry(action=what, regime="vat", model_id=name, by="me", previous_champion=next(before), card="c")
    ...     for what, name in done
    ... ]
    >>> Standing.of(entries).champion("vat")
    'a'
    """

    places: dict[str, Place] = field(default_factory=dict)
    lines: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Standing:
        """Go through the entries of a log.

        Raises
        ------
        InvalidDataError
            An entry cannot follow from those before it.
        """
        standing = cls()
        for number, entry in enumerate(entries, 1):
            standing._take(entry, number)
        return standing

    @property
    def champions(self) -> dict[str, str]:
        """The champion of each regime that has one."""
        return {regime: line[-1] for regime, line in sorted(self.lines.items()) if line}

    @property
    def regimes(self) -> list[str]:
        """The regimes of which there are models."""
        return sorted({place.regime for place in self.places.values()})

    def champion(self, regime: str) -> str | None:
        """Return the champion of a regime, if there is one."""
        return self.champions.get(regime)

    def champion_before(self, regime: str) -> str | None:
        """Return the champion that a rollback goes back to, if there is one."""
        line = self.lines.get(regime, [])
        return line[-2] if len(line) > 1 else None

    def find(self, model_id: str) -> Place:
        """Return where a model stands.

        Parameters
        ----------
        model_id : str
            Its identifier, or the first four characters of it or more if no other begins so.

        Raises
        ------
        UsageError
            There is none, or there are several.
        """
        found = [name for name in self.places if name.startswith(model_id)] if len(model_id) >= 4 else []
        if model_id in self.places:
            found = [model_id]
        if len(found) != 1:
            what = "No model" if not found else "More than one model"
            raise UsageError(
                f"{what} of the shelf is called {model_id!r}.",
                where="model_id",
                available=found or self.places,
            )
        return self.places[found[0]]

    def choose_regime(self, regime: str | None) -> str:
        """Return the regime asked for, or the only one that has a champion.

        Raises
        ------
        UsageError
            It has no champion, or several have one and none was asked for; the error names those there are.
        """
        champions = self.champions
        if regime is None and len(champions) == 1:
            return next(iter(champions))
        if regime in champions:
            return str(regime)
        if champions:
            several = "Several regimes have a champion: say which."
            what = several if regime is None else f"No model is champion of {regime!r}."
            raise UsageError(what, where="regime", available=champions)
        of = "" if regime is None else f" of {regime!r}"
        raise UsageError(
            f"No model of the shelf is champion{of}.",
            where="regime",
            available=(f"{place.model_id} ({place.regime})" for place in self.places.values()),
            remedy="Promote one: taxgap model promote ID --reason TEXT.",
        )

    def _take(self, entry: Entry, number: int) -> None:
        line = self.lines.setdefault(entry.regime, [])
        before = line[-1] if line else None
        known = self.places.get(entry.model_id)
        problem = (
            before != entry.previous_champion
            or (entry.action != "add") != (known is not None)
            or (known is not None and known.regime != entry.regime)
            or (entry.action == "rollback" and self.champion_before(entry.regime) != entry.model_id)
        )
        if problem:
            raise broken(f"Line {number} cannot follow from those before it", f"line {number}")
        if entry.action == "add":
            self._place(entry, "challenger", entry.card or "")
            return
        if entry.action == "promote":
            line.append(entry.model_id)
        else:
            line.pop()
        if before is not None and before != entry.model_id:
            self._place(entry, "former champion", self.places[before].card, before)
        self._place(entry, "champion", self.places[entry.model_id].card)

    def _place(self, entry: Entry, role: Role, card: str, model_id: str | None = None) -> None:
        name = model_id or entry.model_id
        self.places[name] = Place(name, entry.regime, role, entry.time, card)
