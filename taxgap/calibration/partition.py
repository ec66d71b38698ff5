"""One partition of a population as the comparison reads it: last versions, few columns, each table once."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from taxgap.records import Records, Truth
from taxgap.records.periods import tax_year_of
from taxgap.synthetic.published import published, trades

COLUMNS: dict[str, tuple[str, ...]] = {
    "self_assessment": (
        "turnover",
        "accounts_months",
        "total_expenses",
        "trading_profit",
        "partnership_profit",
        "rents",
        "property_profit",
        "dividends",
        "employment_pay",
        "interest",
        "total_income",
    ),
    "vat": ("period_start", "period_end", "total_output_tax", "input_tax", "net_vat", "sales"),
    "corporation_tax": (
        "period_start",
        "period_end",
        "turnover",
        "staff_costs",
        "directors_pay",
        "rd_relief",
        "tax_charged",
        "dividends_paid",
    ),
    "employer_paye": ("employees", "pay", "directors_pay", "tax_charged"),
}
"""The columns of each return that the comparison looks at."""

_MONTH = 365.25 / 12
_KEY = 1_000_000


def weights_of(records: Records) -> dict[str, float]:
    """Return how many real taxpayers one of each legal form stands for.

    Parameters
    ----------
    records : Records
        Its manifest says so; where it does not, the published numbers are divided by those on the register.

    Returns
    -------
    dict of str to float
    """
    said = records.manifest.made_by.get("weights")
    if said:
        return {str(form): float(weight) for form, weight in said.items()}
    forms = records.table("taxpayers", ["legal_form"])["legal_form"].astype(str).value_counts()
    firms = published()["registered_by_form"]
    real = {"individual": published()["returns"]["expected"]} | {
        form: firms[form] for form in ("company", "partnership")
    }
    return {form: real[form] / int(forms[form]) for form in real if forms.get(form, 0)}


class Part:
    """One partition of the records, and of the truth where it is known.

    Parameters
    ----------
    records : Records
    truth : Truth or None
    number : int
        The partition.
    weights : dict of str to float
        From `weights_of`.
    """

    def __init__(self, records: Records, truth: Truth | None, number: int, weights: dict[str, float]) -> None:
        self.records = records
        self.truth = truth
        self.number = number
        self.weights = weights
        self._returns: dict[str, pd.DataFrame] = {}

    def has(self, table: str) -> bool:
        """Whether the records have a table."""
        return table in self.records.tables

    def read(self, table: str, columns: list[str]) -> pd.DataFrame:
        """Read columns of a table of the records; no rows where the table is missing."""
        if not self.has(table):
            return pd.DataFrame({name: [] for name in columns})
        return self.records.read(table, columns, partition=self.number)

    def read_truth(self, table: str, columns: list[str]) -> pd.DataFrame:
        """Read columns of a table of the truth; no rows where it is missing."""
        if self.truth is None or table not in self.truth.tables:
            return pd.DataFrame({name: [] for name in columns})
        return self.truth.read(table, columns, partition=self.number)

    @cached_property
    def taxpayers(self) -> pd.DataFrame:
        """The register; `trade` is a row of `trades()`, -1 for none."""
        columns = ["taxpayer_id", "legal_form", "region", "birth_year", "sic2007"]
        table = self.read("taxpayers", columns)
        form = table["legal_form"].astype(str)
        trade = pd.Index(trades()["sic2007"]).get_indexer(table["sic2007"].astype(object))
        return pd.DataFrame(
            {
                "taxpayer_id": table["taxpayer_id"],
                "form": form,
                "region": table["region"].astype(str),
                "birth_year": table["birth_year"],
                "trade": trade,
                "weight": form.map(self.weights).fillna(0.0).astype(float),
            }
        ).reset_index(drop=True)

    @cached_property
    def _names(self) -> pa.Array:
        return _strings(self.taxpayers["taxpayer_id"])

    def place(self, taxpayer_ids: pd.Series) -> NDArray[np.int64]:
        """Return the row of `taxpayers` of each identifier; -1 for those who are not on it."""
        found = pc.index_in(_strings(taxpayer_ids), value_set=self._names)
        return np.asarray(found.fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.int64)

    def of(self, table: pd.DataFrame, column: str) -> NDArray[np.generic]:
        """Return a column of `taxpayers` for each row of a table that has `place`."""
        return np.asarray(self.taxpayers[column].to_numpy()[table["place"].to_numpy()])

    def keyed(self, table: pd.DataFrame) -> pd.DataFrame:
        """Add `place` and `key` (taxpayer and period in one); rows of nobody on the register are left out."""
        place = self.place(table["taxpayer_id"])
        known = table[place >= 0]
        place = place[place >= 0]
        return known.assign(place=place, key=place * _KEY + _number_of(known["period"])).drop(
            columns="taxpayer_id"
        )

    def returns(self, regime: str) -> pd.DataFrame:
        """Return the last version of each return: `COLUMNS` and `place, key, period, year, weight`."""
        if regime not in self._returns:
            columns = ["taxpayer_id", "period", "version", *COLUMNS[regime]]
            self._returns[regime] = self._last_versions(self.read(regime, columns))
        return self._returns[regime]

    def true_returns(self, regime: str, columns: list[str]) -> pd.DataFrame:
        """Return columns of the truthful twins, with `place` and `key`."""
        return self.keyed(self.read_truth(regime, ["taxpayer_id", "period", *columns]))

    def _last_versions(self, table: pd.DataFrame) -> pd.DataFrame:
        table = self.keyed(table)
        order = np.lexsort((table["version"].to_numpy(), table["key"].to_numpy()))
        table = table.iloc[order]
        key = table["key"].to_numpy()
        table = table[np.append(key[1:] != key[:-1], True) if len(key) else np.zeros(0, dtype=bool)]
        return table.assign(year=tax_year_of(table["period"]), weight=self.of(table, "weight")).reset_index(
            drop=True
        )

    @cached_property
    def payments(self) -> pd.DataFrame:
        """What was due and came in, with `place` and `key`."""
        columns = ["taxpayer_id", "regime", "period", "liability", "paid", "written_off"]
        return self.keyed(self.read("payments", columns))

    @cached_property
    def cases(self) -> pd.DataFrame:
        """The closed enquiries, with `place` and `key`."""
        columns = ["taxpayer_id", "regime", "period", "programme", "inclusion_probability", "closed_on"]
        table = self.read("enquiries", [*columns, "tax_found"])
        return self.keyed(table[table["closed_on"].notna()])

    @cached_property
    def misreporting(self) -> pd.DataFrame:
        """What was done to returns, with `place` and `key`."""
        columns = ["taxpayer_id", "regime", "period", "behaviour", "field", "amount", "tax_lost"]
        return self.keyed(self.read_truth("misreporting", columns))

    @cached_property
    def turnover(self) -> NDArray[np.float64]:
        """The turnover of each taxpayer in GBP a year: the most that a return of any tax declares."""
        most = np.zeros(len(self.taxpayers))
        person, company, vat = (self.returns(name) for name in ("self_assessment", "corporation_tax", "vat"))
        np.maximum.at(most, person["place"].to_numpy(dtype=int), a_year(person))
        np.maximum.at(most, company["place"].to_numpy(dtype=int), a_year(company))
        sales = np.bincount(vat["place"].to_numpy(dtype=int), vat["sales"], len(most))
        months = np.bincount(vat["place"].to_numpy(dtype=int), months_of(vat), len(most))
        return np.maximum(most, np.where(months > 0, 12 * sales / np.maximum(months, 1), 0.0))


def find_rows(key: pd.Series, table: pd.DataFrame) -> NDArray[np.int64]:
    """Return for each key the row of a table with that `key`; -1 where there is none."""
    return np.asarray(pd.Index(table["key"]).get_indexer(key), dtype=np.int64)


def months_of(table: pd.DataFrame) -> NDArray[np.float64]:
    """Return the months from `period_start` to `period_end`.

    Examples
    --------
    >>> dates = {"period_start": pd.to_datetime(["2023-04-01"]), "period_end": pd.to_datetime(["2024-03-31"])}
    >>> months_of(pd.DataFrame(dates)).tolist()
    [12.0]
    """
    if not len(table):
        return np.zeros(0)
    days = (table["period_end"] - table["period_start"]).dt.days.to_numpy() + 1
    return np.asarray(np.maximum(np.round(days / _MONTH), 1.0))


def a_year(table: pd.DataFrame) -> NDArray[np.float64]:
    """Return the turnover of returns brought to twelve months, in GBP."""
    months = table["accounts_months"] if "accounts_months" in table else months_of(table)
    return np.asarray(table["turnover"].to_numpy(dtype=float) * 12 / np.asarray(months, dtype=float))


def _strings(values: pd.Series) -> pa.Array:
    found = pa.array(values, from_pandas=True)
    whole = found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
    return whole.cast(pa.large_string())


def _number_of(periods: pd.Series) -> NDArray[np.int64]:
    # 2023-24 and 2023-07 become 202324 and 202307.
    codes, distinct = pd.factorize(periods)
    numbers = np.array([int(label[:4]) * 100 + int(label[5:7]) for label in distinct] or [0], dtype=np.int64)
    return np.asarray(numbers[codes])
