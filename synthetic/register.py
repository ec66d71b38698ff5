"""The register of a population: how many of each legal form there are, their numbers, and who owns what.

Every taxpayer has an entity number, from which all his random draws come. Who owns a company and who are the
partners of a partnership is arithmetic on these numbers, so that either end of a link finds the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import gcd

import numpy as np
from numpy.typing import NDArray

from taxgap.synthetic.published import published
from taxgap.synthetic.streams import Streams
from taxgap.synthetic.timeline import TAX_YEARS

Integers = NDArray[np.int64]

FORMS = ("individual", "company", "partnership")
"""The legal forms on the register, in the order of their entity numbers."""

_SPAN = 400_000_000
_FIRST_ENTITY = {form: i * _SPAN for i, form in enumerate(FORMS)}
_MULTIPLIERS = (982_451_653, 961_748_941, 941_083_987, 920_419_823)  # primes larger than any register

PARTNERS = 2
"""Partners of a partnership: most have two (assumption)."""

_OWNED, _OF = 5, 9
"""Five in nine companies have a director on the Self Assessment register who owns them (assumption, set with
`taxgap.synthetic.people` so that dividends by band of income come near the published figures)."""


@dataclass(frozen=True)
class Register:
    """The numbers of a population.

    Attributes
    ----------
    seed : int
    individuals, companies, partnerships : int
    years : int
        Tax years that they live through.
    """

    seed: int
    individuals: int
    companies: int
    partnerships: int
    years: int = field(default=len(TAX_YEARS), repr=False)

    @classmethod
    def of(cls, taxpayers: int, seed: int, years: int = len(TAX_YEARS)) -> Register:
        """Divide a number of taxpayers over the legal forms as the published registers are.

        Examples
        --------
        >>> Register.of(1_000, seed=7)
        Register(seed=7, individuals=842, companies=147, partnerships=11)
        """
        sole = published()["registered_by_form"]
        whole = published()["returns"]["expected"] + sole["company"] + sole["partnership"]
        companies = round(taxpayers * sole["company"] / whole)
        partnerships = round(taxpayers * sole["partnership"] / whole)
        individuals = taxpayers - companies - partnerships
        return cls(seed, individuals, companies, partnerships, years)

    @property
    def counts(self) -> dict[str, int]:
        """How many taxpayers there are of each legal form."""
        return dict(zip(FORMS, (self.individuals, self.companies, self.partnerships), strict=True))

    @property
    def weights(self) -> dict[str, float]:
        """How many real taxpayers one of each legal form stands for."""
        sole = published()["registered_by_form"]
        real = {"individual": published()["returns"]["expected"], **{form: sole[form] for form in FORMS[1:]}}
        return {form: real[form] / count for form, count in self.counts.items() if count}

    def entities(self) -> Integers:
        """Return the entity numbers of everyone, in the order of `FORMS`."""
        parts = [_FIRST_ENTITY[form] + np.arange(count) for form, count in self.counts.items()]
        return np.concatenate(parts).astype(np.int64)

    def owner_of(self, company: Integers) -> Integers:
        """Return the person who owns each company, by number; -1 where nobody on the register does."""
        owner = self._forward(company, "owner") if self.individuals else np.full(len(company), -1)
        return np.where(self.is_owner_managed(company), owner, -1)

    def company_of(self, person: Integers) -> Integers:
        """Return the company that each person owns, by number; -1 for most."""
        company = self._backward(person, "owner")
        owns = company < min(self.companies, self.individuals)
        owns[owns] = self.is_owner_managed(company[owns])
        return np.where(owns, company, -1)

    def is_owner_managed(self, company: Integers) -> NDArray[np.bool_]:
        """Return which companies a person on the register owns: by number, so that they lie evenly."""
        return np.asarray((company % _OF < _OWNED) & (company < self.individuals))

    @property
    def owned_share(self) -> float:
        """The share of all companies that are owned by a person on the register."""
        owners = min(self.companies, self.individuals)
        owned = owners // _OF * _OWNED + min(owners % _OF, _OWNED)
        return owned / self.companies if self.companies else 0.0

    def partners_of(self, partnership: Integers) -> Integers:
        """Return the partners of each partnership, by number, shape (n, `PARTNERS`)."""
        places = partnership[:, None] * PARTNERS + np.arange(PARTNERS)
        return self._forward(places, "partner")

    def partnership_of(self, person: Integers) -> Integers:
        """Return the partnership of which each person is a partner, by number; -1 for most."""
        place = self._backward(person, "partner")
        return np.where(place < min(self.partnerships * PARTNERS, self.individuals), place // PARTNERS, -1)

    # A multiplication modulo the number of people maps them one to one; its inverse finds the way back.
    def _forward(self, number: Integers, purpose: str) -> Integers:
        multiplier, shift = self._key(purpose)
        return (np.asarray(number) % self.individuals * multiplier + shift) % self.individuals

    def _backward(self, person: Integers, purpose: str) -> Integers:
        multiplier, shift = self._key(purpose)
        inverse = pow(multiplier, -1, self.individuals) if self.individuals > 1 else 0
        return np.asarray((np.asarray(person) - shift) % self.individuals * inverse % self.individuals)

    def _key(self, purpose: str) -> tuple[int, int]:
        shift = int(Streams(self.seed, [0]).uniform(f"who is {purpose}")[0] * self.individuals)
        first = 0 if purpose == "owner" else 1
        choices = [m % self.individuals for m in _MULTIPLIERS[first:] if gcd(m, self.individuals) == 1]
        return choices[0] if choices else 1, shift


def entity_of(number: Integers, form: str) -> Integers:
    """Return the entity numbers of taxpayers of one legal form."""
    return np.asarray(number, dtype=np.int64) + _FIRST_ENTITY[form]


def form_of(entity: Integers) -> Integers:
    """Return the legal form of entity numbers, as a position in `FORMS`."""
    return np.asarray(entity, dtype=np.int64) // _SPAN


def number_of(entity: Integers) -> Integers:
    """Return the numbers of entities within their legal form.

    Examples
    --------
    >>> number_of(np.array([5, 400_000_002])).tolist()
    [5, 2]
    """
    return np.asarray(entity, dtype=np.int64) % _SPAN


def place_among_unowned(company: Integers) -> Integers:
    """Return the place of companies without an owner on the register among their like, from zero."""
    return np.asarray(company // _OF * (_OF - _OWNED) + company % _OF - _OWNED)
