"""What the chain starts from: returns, random and chosen cases, debts and declared tax of one regime."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError, NotIdentifiedError
from taxgap.gap.cautions import FEW_CASES
from taxgap.gap.chain.lags import Lags, fill_open
from taxgap.gap.chain.largest import warn_of_largest
from taxgap.gap.chain.reach import SIZES, stretch
from taxgap.records import Records
from taxgap.records.periods import tax_year_of
from taxgap.regimes.returns import KEY, latest_versions
from taxgap.risk.arrays import Bools, Floats, Integers

_CASES = [
    *(*KEY, "regime", "programme", "inclusion_probability", "officer_id", "opened_on", "closed_on"),
    *("tax_found", "behaviour", "enquiry_id", "opening_probability"),
]
_OPTIONAL = ("behaviour", "officer_id", "opened_on", "opening_probability")
_DEBTS = [*KEY, "regime", "liability", "due_on", "paid_on", "paid", "written_off_on", "written_off"]
NET_BOXES = {"vat": "net_vat"}
"""Taxes that pay out as well: what is declared is the sum of this box, not of what is to pay."""


@dataclass(frozen=True)
class RegimeData:
    """One tax as the chain reads it.

    Parameters
    ----------
    regime : str
        The tax.
    index : MultiIndex
        (taxpayer_id, period) of all returns on file.
    year : ndarray
        Tax year of each.
    cases : DataFrame
        Random cases, and others of known probability where no return was drawn (`stretch`): ``row`` (into
        ``index``), ``year, probability, lag`` (days from opening to closing, NaN while open), ``age`` (days
        watched), ``tax_found, behaviour, officer_id, opening_probability``.
    chosen : DataFrame
        Closed and open cases of the risk programme, likewise.
    debts : DataFrame or None
        ``row, liability, due_on, paid_on, paid, written_off_on, written_off``; None without ``payments``.
    declared : ndarray
        Tax declared on each return, as far as it is known (GBP).
    sizes : DataFrame
        Boxes by which a random programme may end (`SIZES`), one row a return.
    as_of : Timestamp
        The day on which all this is known.
    notes : list of str
        What was left out, and why.
    """

    regime: str
    index: pd.MultiIndex
    year: np.ndarray
    cases: pd.DataFrame
    chosen: pd.DataFrame
    debts: pd.DataFrame | None
    declared: Floats
    sizes: pd.DataFrame
    as_of: pd.Timestamp
    notes: list[str]

    def rows_of(self, year: str) -> Bools:
        """Return which returns belong to a tax year."""
        return np.asarray(self.year == year)

    @property
    def years(self) -> list[str]:
        """Tax years with returns, oldest first."""
        return sorted(map(str, pd.unique(self.year)))


def read_regime(
    records: Records, regime: str, years: Sequence[str] | None, *, pool: bool = False
) -> RegimeData:
    """Read one tax.

    Parameters
    ----------
    records : Records
        As they stand on the day of the estimate.
    regime : str
        The tax.
    years : sequence of str or None
        Tax years; all that hold random cases where None.
    pool : bool, default False
        Whether years are taken together: they need enough cases together, not each.

    Returns
    -------
    RegimeData

    Raises
    ------
    InvalidDataError, NotIdentifiedError
        If returns or cases are missing, cannot be used, or are too few.
    """
    for name in (regime, "enquiries"):
        if name not in records.tables:
            raise InvalidDataError(f"The table '{name}' is missing.", available=records.tables)
    cases = read_cases(records, regime)
    drawn = cases[cases["programme"] == "random"]
    if drawn.empty:
        raise NotIdentifiedError(
            f"There are no random enquiries into {regime}: scaling up chosen cases would overstate the gap.",
            where="enquiries",
            remedy="Open a random programme (taxgap.gap.design_sample), leave this tax out (regimes=), or "
            "ask for bounds (bounds=True).",
        )
    wanted = sorted(map(str, drawn["year"].unique())) if years is None else list(years)
    _check_years(drawn, wanted, regime, pool=pool)
    data = stretch(assemble(records, regime, cases, wanted))
    return replace(data, notes=[*data.notes, *warn_of_largest(data)])


def assemble(records: Records, regime: str, cases: pd.DataFrame, wanted: Sequence[str]) -> RegimeData:
    """Return the data of a tax, cases already read; see `read_regime`."""
    returns = _read_returns(records, regime, wanted)
    index = pd.MultiIndex.from_frame(returns[KEY])
    cases = cases[cases["year"].isin(wanted)]
    row = index.get_indexer(pd.MultiIndex.from_frame(cases[KEY]))
    notes = []
    if lost := int((row < 0).sum()):
        notes.append(f"Enquiries into returns of {regime} that the records do not hold, left out: {lost}.")
    cases = cases.assign(row=row)[row >= 0]
    debts = _read_debts(records, regime, index)
    if debts is None:
        notes.append(
            "There is no table 'payments': non-payment is left out, and all tax found counts as paid."
        )
    declared = np.zeros(len(index))
    if regime in NET_BOXES and NET_BOXES[regime] in returns:
        declared = returns[NET_BOXES[regime]].to_numpy(dtype=np.float64)
    elif debts is not None:
        declared = np.asarray(np.bincount(debts["row"], debts["liability"], len(index)), dtype=np.float64)
    sizes = returns[[name for name in SIZES.get(regime, ()) if name in returns]]
    random = (cases["programme"] == "random").to_numpy()
    year = tax_year_of(returns["period"]).to_numpy(dtype=object)
    return RegimeData(
        regime, index, year, cases[random], cases[~random], debts, declared, sizes, records.as_of, notes
    )


def fill_cases(data: RegimeData) -> tuple[pd.DataFrame, Lags]:
    """Return the random cases with what open ones may be expected to find, and the tail behind it.

    Parameters
    ----------
    data : RegimeData

    Returns
    -------
    cases : DataFrame
        With ``y`` (GBP) and ``open``.
    Lags
    """
    cases = data.cases
    amount, lag, age = (cases[name].to_numpy(dtype=np.float64) for name in ("tax_found", "lag", "age"))
    weight = 1 / cases["probability"].to_numpy(dtype=np.float64)
    lags = Lags.fit(amount, lag, age, weight)
    filled, is_open, _ = fill_open(amount, lag, age, weight, pooled=lags)
    return cases.assign(y=filled, open=is_open), lags


def read_cases(records: Records, regime: str) -> pd.DataFrame:
    """Return the enquiries into a tax, random before chosen where both opened a return; see `RegimeData`."""
    held = [str(name) for name in records.read("enquiries", partition=0).columns]
    missing = [n for n in _CASES if n not in held and n not in _OPTIONAL]
    if missing:
        raise InvalidDataError(f"The enquiries lack {', '.join(missing)}.", where="enquiries", available=held)
    columns = [*(name for name in _CASES if name in held), "received_on"]
    table = records.read("enquiries", columns).reindex(columns=[*_CASES, "received_on"])
    table = table[(table["regime"] == regime).to_numpy()]
    opened = pd.to_datetime(table["opened_on"]).fillna(pd.to_datetime(table["received_on"]))
    closed = pd.to_datetime(table["closed_on"])
    found = table["tax_found"].astype(np.float64).where(closed.notna())
    chance = table["inclusion_probability"].astype(np.float64)
    _check_cases(found, closed, chance, regime)
    table = table.assign(
        year=tax_year_of(table["period"].astype(object)),
        probability=chance,
        tax_found=found,
        lag=(closed - opened).dt.days.clip(lower=0).astype(np.float64),
        age=(records.as_of - opened).dt.days.astype(np.float64),
        chosen=(table["programme"] != "random"),
    )
    table = table.sort_values([*KEY, "chosen", "enquiry_id"], kind="stable")
    return table.drop_duplicates(KEY).reset_index(drop=True)


def _check_cases(found: pd.Series, closed: pd.Series, chance: pd.Series, regime: str) -> None:
    problems = {
        "are closed without the tax found": found.isna() & closed.notna(),
        "found a negative amount of tax": found < 0,
        "have an inclusion_probability that is missing, not above 0 or above 1": ~(
            (chance > 0) & (chance <= 1)
        ),
    }
    listed = [f"{int(rows.sum())} {what}" for what, rows in problems.items() if rows.any()]
    if listed:
        raise InvalidDataError(
            f"Of {len(found)} enquiries into {regime}, {'; '.join(listed)}.",
            where="enquiries",
            remedy="Validate the records first.",
        )


def _check_years(drawn: pd.DataFrame, wanted: Sequence[str], regime: str, *, pool: bool) -> None:
    held = drawn["year"].value_counts()
    if missing := [year for year in wanted if year not in held.index]:
        raise NotIdentifiedError(
            f"There are no random enquiries into {regime} of {', '.join(missing)}.",
            where="enquiries",
            available=sorted(map(str, held.index)),
            remedy="Choose other years; a year without cases is not estimated from others.",
        )
    own = drawn[drawn["year"].isin(wanted)]
    label = own["year"].mask(np.full(len(own), pool), "all years")
    cases, closed = label.value_counts(), label[own["lag"].notna()].value_counts()
    for year in cases.index.sort_values():
        if cases[year] < FEW_CASES or not closed.get(year, 0):
            raise NotIdentifiedError(
                f"There are {cases[year]} random enquiries into {regime} of {year}, {closed.get(year, 0)} of "
                f"them closed; {FEW_CASES} are needed, and one closed.",
                where="enquiries",
                remedy="Take years together (pool_years=True), or leave out the year or the tax.",
            )


def _read_returns(records: Records, regime: str, years: Sequence[str]) -> pd.DataFrame:
    columns = [*KEY, "version", "received_on"]
    columns += [NET_BOXES[regime]] if regime in NET_BOXES else []
    held = records.read(regime, partition=0).columns if regime in SIZES else ()
    columns += [name for name in SIZES.get(regime, ()) if name in held]
    parts = [
        latest_versions(records.read(regime, columns, partition, years)) for partition in records.partitions
    ]
    table = pd.concat(parts, ignore_index=True)
    if table.empty:
        raise InvalidDataError(
            f"The records hold no returns of {regime} of {', '.join(years)}.",
            where=regime,
            available=records.periods,
        )
    return table


def _read_debts(records: Records, regime: str, index: pd.MultiIndex) -> pd.DataFrame | None:
    if "payments" not in records.tables:
        return None
    held, parts = records.read("payments", partition=0).columns, []
    for partition in records.partitions:
        wanted = [name for name in _DEBTS if name in held or name != "paid_on"]
        table = records.read("payments", wanted, partition).reindex(columns=_DEBTS)
        parts.append(table[(table["regime"] == regime).to_numpy()])
    table = pd.concat(parts, ignore_index=True)
    row: Integers = index.get_indexer(pd.MultiIndex.from_frame(table[KEY]))
    table = table.assign(row=row)[row >= 0]
    amounts = {
        name: table[name].astype(np.float64).fillna(0.0) for name in ("liability", "paid", "written_off")
    }
    return table.assign(**amounts).reset_index(drop=True)
