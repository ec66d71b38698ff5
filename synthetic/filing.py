"""When things happen: registration, filing, amendment and payment."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.schemas.codes import OBLIGATION_STATUSES
from taxgap.synthetic.misreporting import Planted
from taxgap.synthetic.people import VAT_REGISTRATION_LEVEL
from taxgap.synthetic.settings import TAX_YEARS
from taxgap.synthetic.streams import Streams

DAY = np.timedelta64(1, "D")
PERIOD_START = np.array([f"{2021 + y}-04-06" for y in range(len(TAX_YEARS))], dtype="datetime64[D]")
PERIOD_END = np.array([f"{2022 + y}-04-05" for y in range(len(TAX_YEARS))], dtype="datetime64[D]")
DUE = np.array([f"{2023 + y}-01-31" for y in range(len(TAX_YEARS))], dtype="datetime64[D]")
NOT_A_DAY = np.datetime64("NaT", "D")

_AMENDED = 0.04  # share of returns amended within a year (assumption)
_LATE, _NEVER = 0.032, 0.013  # the shares after the deadline and not at all; 95.5% by it is found
_LAST_DAY = 0.04  # 475,722 of 12.0 million (found)
_WRITTEN_OFF = 0.006
_AGENTS = 400  # people to an agent, on average


def filed_on(panel: pd.DataFrame, streams: Streams) -> np.ndarray:
    """Return the day on which each return was received; not a day where it never came.

    Careless people file later: the disposition shifts both the day and the chance of missing the deadline.
    """
    year = panel["year"].to_numpy()
    disposition = panel["disposition"].to_numpy()
    habit = 0.75 * streams.normal("files") + 0.45 * streams.normal("files", year) + 0.35 * disposition
    rank = streams.uniform("files late", year) * np.exp(-0.45 * disposition + 0.10)
    # From the end of the tax year to the deadline are 301 days; the habit bends how they are used.
    share = 1 / (1 + np.exp(-1.3 * (habit + 0.55)))
    day = PERIOD_END[year] + (np.ceil(300 * share)).astype(int) * DAY
    late_by = np.ceil(-np.log(streams.uniform("days late", year)) * 55).astype(int)
    day = np.where(rank < _LATE, DUE[year] + late_by * DAY, day)
    # Nobody files before he has registered.
    begins = _first_tax_year(panel, streams) == year + 2021
    day = np.where(begins, np.maximum(day, _applied_on(panel, streams) + 14 * DAY), day)
    last_day = streams.happens(_LAST_DAY, "files on the last day", year) & (rank >= _LATE)
    day = np.where(last_day, DUE[year], day)
    return np.where((rank >= _LATE) & (rank < _LATE + _NEVER), NOT_A_DAY, day)


def amended_on(filed: np.ndarray, panel: pd.DataFrame, streams: Streams) -> np.ndarray:
    """Return the day of an amendment, within 300 days of filing; not a day for most."""
    year = panel["year"].to_numpy()
    amends = streams.happens(_AMENDED, "amends", year)
    delay = (10 + 290 * streams.uniform("amends after", year)).astype(int)
    return np.where(amends & ~np.isnat(filed), filed + delay * DAY, NOT_A_DAY)


def obligations(panel: pd.DataFrame, filed: np.ndarray, as_of: np.datetime64) -> pd.DataFrame:
    """Make the obligation to file of each person and year; none is missing before it is due."""
    year = panel["year"].to_numpy()
    met = np.where(filed <= as_of, filed, NOT_A_DAY)
    unmet = np.where(DUE[year] < as_of, 2, 3)
    status = np.where(np.isnat(met), unmet, np.where(met > DUE[year], 1, 0))
    return pd.DataFrame(
        {
            "taxpayer_id": panel["taxpayer_id"],
            "regime": "self_assessment",
            "period": panel["tax_year"],
            "period_start": PERIOD_START[year],
            "period_end": PERIOD_END[year],
            "due_on": DUE[year],
            "met_on": met,
            "status": np.array([*OBLIGATION_STATUSES, None], dtype=object)[status],
            "received_on": PERIOD_END[year] + DAY,
        }
    )


def registrations(people: pd.DataFrame, vat_numbers: np.ndarray, streams: Streams) -> pd.DataFrame:
    """Make each person's registration for Self Assessment, and for VAT where turnover is above the level."""
    start = _april(_first_tax_year(people, streams))
    last = people["last_year"].to_numpy()
    gone = np.where(last < len(TAX_YEARS), DUE[np.clip(last, 0, len(TAX_YEARS) - 1)] + 60 * DAY, NOT_A_DAY)
    late, applied = _registers_late(people, streams), _applied_on(people, streams)
    agent = np.floor(max(1.0, 12_000_000 / _AGENTS) * streams.uniform("which agent")).astype(int)
    agents = pd.Series([f"A{number:06d}" for number in agent], dtype="str").where(people["agent"].to_numpy())
    both = {"applied_on": applied, "effective_from": start, "late": late, "agent_id": agents.to_numpy()}
    frame = pd.DataFrame({"taxpayer_id": people["taxpayer_id"].to_numpy(), **both})
    sa = frame.assign(regime="self_assessment", reference=None, basis="compulsory", deregistered_on=gone)
    large = vat_registered(people, streams)
    voluntary = people["gross"].to_numpy()[large] < VAT_REGISTRATION_LEVEL
    vat = frame[large].assign(
        regime="vat",
        reference=vat_numbers[large],
        basis=np.where(voluntary, "voluntary", "compulsory"),
        deregistered_on=gone[large],
    )
    table = pd.concat([sa, vat], ignore_index=True)
    table["received_on"] = table["applied_on"]
    return table


def _first_tax_year(people: pd.DataFrame, streams: Streams) -> np.ndarray:
    first = people["first_year"].to_numpy()
    before = (2020 - np.floor(18 * streams.uniform("years on the register"))).astype(int)
    return np.asarray(np.where(first >= 0, 2021 + first, np.clip(before, people["birth_year"] + 18, 2021)))


def _registers_late(people: pd.DataFrame, streams: Streams) -> np.ndarray:
    return streams.happens(0.06 + 0.03 * (people["disposition"].to_numpy() > 1), "registers late")


def _applied_on(people: pd.DataFrame, streams: Streams) -> np.ndarray:
    # The limit is 5 October after the tax year: 547 days after its start.
    wait = np.where(_registers_late(people, streams), 560, 20) + np.floor(80 * streams.uniform("applies"))
    return np.asarray(_april(_first_tax_year(people, streams)) + wait.astype(int) * DAY)


def _april(years: np.ndarray) -> np.ndarray:
    return np.array([f"{y}-04-06" for y in years], dtype="datetime64[D]")


def vat_registered(people: pd.DataFrame, streams: Streams) -> np.ndarray:
    """Return who is registered for VAT: traders above the level, and a few below it of their own choice."""
    trades = (people["trade"] >= 0).to_numpy()
    volunteers = streams.happens(0.02, "registers for VAT")
    return np.asarray(trades & ((people["gross"] >= VAT_REGISTRATION_LEVEL).to_numpy() | volunteers))


def payments(
    panel: pd.DataFrame, planted: Planted, filed: np.ndarray, as_of: np.datetime64, streams: Streams
) -> pd.DataFrame:
    """Make the payment record of each return with something to pay."""
    year = panel["year"].to_numpy()
    form = planted.reported
    due = (form["tax_charged"] - form["tax_deducted"] - form["cis_deductions"]).clip(lower=0.0).round(2)
    slow = streams.happens(0.05, "pays late", year)
    lost = streams.happens(_WRITTEN_OFF, "written off", year)
    wait = np.where(slow, 30 + 300 * streams.uniform("pays after", year), 0).astype(int)
    paid_on = np.where(lost, NOT_A_DAY, np.maximum(DUE[year], filed) + wait * DAY)
    gone_on = np.where(lost, DUE[year] + 700 * DAY, NOT_A_DAY)
    paid_on = np.where(paid_on <= as_of, paid_on, NOT_A_DAY)
    gone_on = np.where(gone_on <= as_of, gone_on, NOT_A_DAY)
    table = pd.DataFrame(
        {
            "taxpayer_id": panel["taxpayer_id"],
            "regime": "self_assessment",
            "period": panel["tax_year"],
            "liability": due,
            "due_on": DUE[year],
            "paid_on": paid_on,
            "paid": np.where(np.isnat(paid_on), np.nan, due),
            "written_off_on": gone_on,
            "written_off": np.where(np.isnat(gone_on), np.nan, due),
            "received_on": filed,
        }
    )
    return table[(due > 0).to_numpy() & (filed <= as_of)]
