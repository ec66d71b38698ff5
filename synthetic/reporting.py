"""Reporting: what third parties say of everyone in a partition, and which reports lost their identifier."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from taxgap.records.parquet import as_text
from taxgap.synthetic import vat
from taxgap.synthetic.economy import Economy
from taxgap.synthetic.firm_reports import report_firms
from taxgap.synthetic.form import Scene
from taxgap.synthetic.shocks import coverage
from taxgap.synthetic.streams import Streams
from taxgap.synthetic.third_parties import report
from taxgap.synthetic.timeline import ALL_YEARS, DAY, LOOKBACK, PERIOD_END, PERIOD_START, year_label


@dataclass(frozen=True)
class Reporting:
    """The third-party reports on the taxpayers of a partition.

    Parameters
    ----------
    economy : Economy
    """

    economy: Economy

    @cached_property
    def on_people(self) -> pd.DataFrame:
        """Reports on individuals, with `row` of their returns."""
        economy = self.economy
        scene = economy.returns
        return report(
            scene,
            _registered_in_year(economy),
            economy.payrolls.employer_of(scene),
            economy.settings.shocks,
        )

    @cached_property
    def on_firms(self) -> pd.DataFrame:
        """Reports on companies and partnerships, and customs statements of all, with `entity` and `year`."""
        economy, settings = self.economy, self.economy.settings
        customs = vat.customs_reports(economy.trading, settings)
        year = customs["year"].to_numpy()
        customs = customs.assign(
            period_start=PERIOD_START[year],
            period_end=PERIOD_END[year],
            received_on=PERIOD_END[year] + 14 * DAY,
        )
        share = coverage(settings.shocks, "customs", np.ones(len(ALL_YEARS)))
        if share is not None:
            drawn = Streams(settings.seed, customs["entity"]).uniform("reports customs", year)
            customs = customs[drawn < share[year]]
        others = report_firms(economy.trading, economy.registered, settings)
        return pd.concat([others, customs], ignore_index=True)

    def on(self, regime: str) -> pd.DataFrame:
        """Return the reports that concern the returns of a tax: `row`, `source`, `amount`, `received_on`.

        A firm's report of a year goes with its last return that ends in the year.
        """
        if regime == "self_assessment":
            return self.on_people
        reports = self.on_firms
        rows = _last_rows(self.economy.scenes[regime], reports["entity"], reports["year"])
        return reports.assign(row=rows)[rows >= 0]

    def table(self) -> pd.DataFrame:
        """Return the table ``third_party``, before any report loses its identifier."""
        people, firms = self.on_people, self.on_firms
        panel = self.economy.returns.panel.iloc[people["row"].to_numpy()]
        people = people.assign(taxpayer_id=panel["taxpayer_id"].array, period=panel["period"].array)
        firms = firms.assign(
            taxpayer_id=self.economy.name(firms["entity"].to_numpy()),
            period=year_label(firms["year"].to_numpy()),
        )
        table = pd.concat([people, firms], ignore_index=True)
        parts = [as_text(table[name]) for name in ("taxpayer_id", "period", "source")]
        report_id = pc.binary_join_element_wise(
            pc.binary_join_element_wise("R", parts[0], ""), *parts[1:], "-"
        )
        return table.assign(report_id=pd.array(report_id, dtype="str"))


def _registered_in_year(economy: Economy) -> np.ndarray:
    """Return which Self Assessment returns are of traders registered for VAT in the year."""
    sole, scene = economy.sole_traders, economy.returns
    if not len(sole):
        return np.zeros(len(scene), dtype=bool)
    years = np.asarray(economy.registered[: len(sole)].reshape(len(sole), -1, 12).any(axis=2))
    place = pd.Index(sole.firms["entity"]).get_indexer(scene.panel["entity"])
    return np.asarray((place >= 0) & years[place, scene.year + LOOKBACK])


def _last_rows(scene: Scene, entity: pd.Series, year: pd.Series) -> np.ndarray:
    keys = pd.MultiIndex.from_arrays([scene.panel["entity"].to_numpy(), scene.year])
    if not len(keys):
        return np.full(len(entity), -1)
    last = ~keys.duplicated(keep="last")
    place = keys[last].get_indexer(pd.MultiIndex.from_arrays([entity.to_numpy(), year.to_numpy()]))
    return np.where(place >= 0, np.flatnonzero(last)[place], -1)
