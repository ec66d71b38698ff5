"""The economy of one partition: its people and its firms, and what stands behind every return they file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.schemas.self_assessment import EXPENSE_BOXES
from taxgap.synthetic import corporation_tax, employer_paye, vat
from taxgap.synthetic.accounts import trade_companies, trade_partnerships
from taxgap.synthetic.employment import Payrolls
from taxgap.synthetic.firms import draw_firms
from taxgap.synthetic.form import Form, Scene
from taxgap.synthetic.identifiers import taxpayer_ids
from taxgap.synthetic.mechanisms import forms
from taxgap.synthetic.payroll import payroll_of, usual_pay
from taxgap.synthetic.people import draw_people
from taxgap.synthetic.register import FORMS, Integers, Register, form_of, number_of
from taxgap.synthetic.registrations import self_assessment_registrations
from taxgap.synthetic.self_assessment import draw_scene
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.streams import Streams
from taxgap.synthetic.timeline import ALL_YEARS, LOOKBACK
from taxgap.synthetic.trading import CHANNELS, Trading, exists, join_trading

__all__ = ["Economy"]


@dataclass(frozen=True)
class Economy:
    """Some taxpayers and everything true about them.

    Parameters
    ----------
    entity : ndarray of int64
        The taxpayers.
    settings : Settings
    payrolls : Payrolls
        Who works for whom, from the first pass.
    """

    entity: Integers
    settings: Settings
    payrolls: Payrolls

    @property
    def register(self) -> Register:
        """The numbers of the population."""
        return self.settings.register

    @cached_property
    def forms(self) -> dict[str, Form]:
        """The form of each tax, as the settings have it."""
        return forms(self.settings)

    def numbers(self, form: str) -> Integers:
        """Return the taxpayers of a legal form, by number."""
        return number_of(self.entity[form_of(self.entity) == FORMS.index(form)])

    @cached_property
    def _names(self) -> tuple[Integers, pd.CategoricalDtype]:
        names = taxpayer_ids(self.entity)
        order = np.argsort(names)
        return self.entity[order], pd.CategoricalDtype(names[order])

    def name(self, entity: Integers) -> pd.Categorical:
        """Return the identifiers of taxpayers of this partition, as codes in alphabetical order."""
        known, names = self._names
        by_entity = np.argsort(known)
        place = by_entity[np.searchsorted(known, entity, sorter=by_entity)]
        return pd.Categorical.from_codes(place, dtype=names)

    def _firms(self, number: Integers, form: str) -> pd.DataFrame:
        firms = draw_firms(number, form, self.register)
        return firms.assign(taxpayer_id=self.name(firms["entity"].to_numpy()))

    @cached_property
    def people(self) -> pd.DataFrame:
        """The individuals, one row each."""
        people = draw_people(Streams(self.settings.seed, self.numbers("individual")), self.register)
        return people.assign(taxpayer_id=self.name(people["entity"].to_numpy().astype(np.int64)))

    @cached_property
    def activity(self) -> Scene:
        """What the individuals truly earned, in all tax years whatever the settings ask for."""
        return draw_scene(self.people, self.forms["self_assessment"], self.settings)

    @cached_property
    def returns(self) -> Scene:
        """The truthful Self Assessment returns of individuals, and what VAT makes some of them declare."""
        # A year's rows do not depend on how many years are asked for.
        first = ALL_YEARS.index(self.settings.tax_years[0])
        scene, hiders = self.activity.take(np.flatnonzero(self.activity.year >= first)), self.below_threshold
        entity = self.trading.firms["entity"].to_numpy()[hiders["row"]]
        declared = pd.Series(hiders["declared"].to_numpy(), [entity, hiders["year"].to_numpy()])
        asked = pd.MultiIndex.from_arrays([scene.panel["entity"].astype(np.int64), scene.year])
        activity = scene.activity.assign(declared_below=declared.reindex(asked).to_numpy())
        return replace(scene, activity=activity)

    @cached_property
    def companies(self) -> Trading:
        """The companies."""
        number = self.numbers("company")
        firms = self._firms(number, "company")
        return trade_companies(firms, self.payrolls.paid(number), self.settings)

    @cached_property
    def partnerships(self) -> Trading:
        """The partnerships."""
        return trade_partnerships(self._firms(self.numbers("partnership"), "partnership"), self.settings)

    @cached_property
    def sole_traders(self) -> Trading:
        """The individuals who trade, as firms."""
        people = self.people[(self.people["trade"] >= 0).to_numpy()].reset_index(drop=True)
        streams = Streams(self.settings.seed, people["entity"])
        firms = people.assign(
            entity=people["entity"].astype(np.int64),
            legal_form=FORMS.index("individual"),
            owner=-1,
            year_end=3,
            associated=0,
        )
        annual, channels = _of_returns(self.activity, people["entity"].to_numpy(), self.settings.columns)
        firms[list(CHANNELS)] = channels
        annual = {name: values * exists(firms, self.settings.columns) for name, values in annual.items()}
        wages = np.where(annual["staff"] < 9_000, 0.0, annual["staff"] / 1.06).round()
        mean = usual_pay(firms["trade"].to_numpy())[:, None]
        employees = np.where(wages > 0, np.maximum(np.round(wages / mean), 1.0), 0.0)
        annual |= {"wages": wages, "employees": employees, **payroll_of(wages, employees)}
        annual["directors_pay"] = np.zeros_like(wages)
        return Trading(firms, annual, streams)

    @cached_property
    def trading(self) -> Trading:
        """Everyone who trades: sole traders, then companies, then partnerships."""
        return join_trading([self.sole_traders, self.companies, self.partnerships])

    @cached_property
    def registered(self) -> NDArray[np.bool_]:
        """The months in which each firm of `trading` is registered for VAT, shape (firms, months)."""
        return vat.registered_months(self.trading)

    @cached_property
    def below_threshold(self) -> pd.DataFrame:
        """Firms that declare turnover below the VAT threshold: `row` of `trading`, `year`, `declared`."""
        return vat.below_threshold(self.trading)

    @cached_property
    def scenes(self) -> dict[str, Scene]:
        """The truthful returns of every tax."""
        forms, settings = self.forms, self.settings
        return {
            "self_assessment": self.returns,
            "vat": vat.draw_scene(self.trading, forms["vat"], settings),
            "corporation_tax": corporation_tax.draw_scene(self.trading, forms["corporation_tax"], settings),
            "employer_paye": employer_paye.draw_scene(self.trading, forms["employer_paye"], settings),
        }

    def registrations(self) -> Iterator[pd.DataFrame]:
        """Make the registrations for every tax."""
        yield self_assessment_registrations(self.people, Streams(self.settings.seed, self.people["entity"]))
        for regime in (vat, corporation_tax, employer_paye):
            yield regime.registrations(self.trading, self.settings)


def _of_returns(scene: Scene, entity: np.ndarray, columns: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Lay out what sole traders truly did by year; the lookback year is as the first that is known."""
    place = pd.Index(entity).get_indexer(scene.panel["entity"])
    rows = np.flatnonzero(place >= 0)
    firm, year = place[rows], scene.year[rows] + LOOKBACK
    boxes, activity = scene.boxes.iloc[rows], scene.activity.iloc[rows]
    twelfth = 12 / boxes["accounts_months"].to_numpy()
    overheads = [
        box for box in EXPENSE_BOXES if box not in ("cost_of_goods", "subcontractor_costs", "staff_costs")
    ]
    amounts = {
        "turnover": activity["annual_turnover"].to_numpy(),
        "goods": boxes[["cost_of_goods", "subcontractor_costs"]].sum(axis=1).to_numpy() * twelfth,
        "subcontractors": boxes["subcontractor_costs"].to_numpy() * twelfth,
        "overheads": boxes[overheads].sum(axis=1).to_numpy() * twelfth,
        "staff": boxes["staff_costs"].to_numpy() * twelfth,
    }
    annual = {}
    for name, values in amounts.items():
        laid = np.zeros((len(entity), columns))
        laid[firm, year] = values
        first = year.min(initial=columns - 1)
        laid[:, :first] = laid[:, [first]]
        annual[name] = laid
    channels = np.zeros((len(entity), len(CHANNELS)))
    channels[firm] = activity[list(CHANNELS)].to_numpy()
    return annual, channels
