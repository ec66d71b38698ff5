"""Employment: who on the Self Assessment register works for which company, found in a first pass over all.

An employee's pay on his return is part of the pay on his employer's return. The employee's partition finds
the employer from a small shared table of companies; what the employees of a company are paid together is
summed over the partitions before any employer is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from taxgap.synthetic.firms import draw_firms
from taxgap.synthetic.form import Scene
from taxgap.synthetic.payroll import usual_pay
from taxgap.synthetic.register import Integers, Register
from taxgap.synthetic.streams import Floats
from taxgap.synthetic.timeline import LOOKBACK
from taxgap.synthetic.trading import exists

_OFF_REGISTER = 0.30  # share who work for public bodies and others that are not on this register (assumption)
_PAY_OF_TURNOVER = 0.15
_FEWEST = 8.0  # employees of a company that can have one more on its payroll without being known by it


@dataclass(frozen=True)
class Payrolls:
    """Who employs whom.

    Attributes
    ----------
    register : Register
    places : ndarray of float64, shape (companies,)
        Running share of the jobs of all companies.
    filers_pay : ndarray of float64, shape (companies, years)
        Pay of the employees who file a Self Assessment return, in GBP.
    """

    register: Register
    places: Floats
    filers_pay: Floats

    def employer_of(self, scene: Scene) -> Integers:
        """Return the company that employs each person of a scene, by number; -1 for none on the register."""
        if not len(self.places) or self.places[-1] <= 0:
            return np.full(len(scene), -1)
        found = np.searchsorted(self.places, scene.streams.uniform("employer"), side="right")
        found = np.minimum(found, len(self.places) - 1)
        paid = (scene.boxes["employment_pay"] > 0).to_numpy() & (scene.panel["company"] < 0).to_numpy()
        elsewhere = scene.streams.happens(_OFF_REGISTER, "employer off the register")
        return np.where(paid & ~elsewhere, found, -1)

    def sum_pay(self, scene: Scene) -> Floats:
        """Sum the pay of a scene's employees by company and year, shape (companies, years)."""
        employer, pay = self.employer_of(scene), scene.boxes["employment_pay"].to_numpy()
        rows = employer >= 0
        columns = self.filers_pay.shape[1]
        place = employer[rows] * columns + scene.year[rows] + LOOKBACK
        sums = np.bincount(place, pay[rows], minlength=len(self.places) * columns)
        return np.asarray(sums.reshape(len(self.places), columns))

    def with_pay(self, filers_pay: Floats) -> Payrolls:
        """Return this with the pay summed over all partitions."""
        filled = filers_pay.copy()
        known = np.flatnonzero(filled.any(axis=0))
        if len(known):  # years that are not asked for are as the first that is
            filled[:, : known[0]] = filled[:, [known[0]]]
        return Payrolls(self.register, self.places, filled)

    def paid(self, company: Integers) -> Floats:
        """Return the pay of filers by company and year, shape (n, years)."""
        return np.asarray(self.filers_pay[company])


@cache
def open_positions(register: Register) -> Payrolls:
    """Lay out the companies by the number of jobs; nobody is employed yet."""
    number = np.arange(register.companies)
    firms, columns = draw_firms(number, "company", register), LOOKBACK + register.years
    jobs = _PAY_OF_TURNOVER * firms["gross"].to_numpy() / usual_pay(firms["trade"].to_numpy())
    lasting = exists(firms, columns).all(axis=1) & (firms["owner"] < 0).to_numpy()
    jobs = np.where(lasting & (jobs >= _FEWEST), jobs, 0.0)
    total = jobs.sum()
    places = np.cumsum(jobs) / total if total > 0 else np.zeros(len(jobs))
    return Payrolls(register, places, np.zeros((len(number), columns)))
