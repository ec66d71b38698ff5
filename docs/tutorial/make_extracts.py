"""Make extracts as an older system of another administration might give them, for the tutorial.

A synthetic population is disguised: only VAT traders and what concerns them, under other names, codes and
units, and with the damage that extracts suffer in life. What was damaged is counted in ``planted.json``.

Run ``python docs/tutorial/make_extracts.py extracts --taxpayers 2400 --seed 7``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from taxgap.records import Records
from taxgap.synthetic import generate

# Far more visits than in life: a small set of traders must carry a model here.
VISITS = {"random_share": 1.0, "risk_share": 0.2}

REGIONS = {
    "North East": "E12000001", "North West": "E12000002", "Yorkshire and The Humber": "E12000003",
    "East Midlands": "E12000004", "West Midlands": "E12000005", "East of England": "E12000006",
    "London": "E12000007", "South East": "E12000008", "South West": "E12000009",
    "Wales": "W92000004", "Scotland": "S92000003", "Northern Ireland": "N92000002",
}  # fmt: skip
WIDTHS = [12, 10, 9, 2, 6, 10, 5, 9]
FORMS = {"individual": "I", "partnership": "P", "company": "C"}
SCHEMES = {"standard": "STD", "flat_rate": "FRS"}
FREQUENCIES = {"monthly": "M", "quarterly": "Q", "annual": "A"}
PROGRAMMES = {"random": "R", "risk": "T"}
FINDINGS = {
    "failure_to_take_reasonable_care": "CARE", "error": "ERR", "evasion": "EVA",
    "legal_interpretation": "LEG", "avoidance": "AVO", "criminal_attacks": "CRIM",
}  # fmt: skip
REPORTS = {"card_processor": "merchant_acquirers", "platform": "platforms"}
REPORT_CODES = {"card_processor": "MA", "platform": "OP"}
BOXES = [
    "output_tax", "acquisition_tax", "total_output_tax", "input_tax", "net_vat",
    "sales", "purchases", "goods_to_eu", "goods_from_eu",
]  # fmt: skip


@dataclass
class Extract:
    """A file: its rows as text, how a line is written, and what is wrong in it."""

    name: str
    rows: pd.DataFrame
    line: Callable[[Sequence[str]], str]  # writes the cells of a row
    unread: dict[int, tuple[str, str]] = field(default_factory=dict)  # by row: column and fault
    damage: dict[int, Callable[[str], str]] = field(default_factory=dict)  # by row: what becomes of its line
    header: bool = True
    trailer: str = ""  # a last line that is no row
    again: int | None = None  # the row before which the header stands again
    ends: Sequence[str] = ("\r\n",)  # ends of lines, which take turns
    encoding: str = "utf-8"

    def spoil(self, row: int, column: str, text: str, fault: str) -> None:
        """Write something unreadable into a cell."""
        self.rows.iloc[row, self.rows.columns.get_loc(column)] = text
        self.unread[row] = (column, fault)

    def break_line(self, row: int, fault: str, damage: Callable[[str], str]) -> None:
        """Damage a line so that it is no row."""
        self.unread[row] = ("", fault)
        self.damage[row] = damage

    def write(self, folder: Path) -> list[dict[str, Any]]:
        """Write the file, and return what cannot be read in it, with the lines."""
        lines, found = [], []
        names = list(self.rows.columns)
        if self.header:
            lines.append(self.line(names))
        for row, cells in enumerate(self.rows.itertuples(index=False, name=None)):
            if row == self.again:
                lines.append(self.line(names))
            text = self.line(cells)
            lines.append(self.damage[row](text) if row in self.damage else text)
            if row in self.unread:
                column, fault = self.unread[row]
                found.append({"file": self.name, "line": len(lines), "column": column, "fault": fault})
        if self.trailer:
            lines.append(self.trailer)
            found.append({"file": self.name, "line": len(lines), "column": "", "fault": "too_few_cells"})
        ended = (text + self.ends[number % len(self.ends)] for number, text in enumerate(lines))
        (folder / self.name).write_bytes("".join(ended).encode(self.encoding))
        return found


class Source:
    """The tables of a population as far as they concern VAT traders, and a supply of places to damage."""

    def __init__(self, records: Records, seed: int) -> None:
        random = np.random.default_rng(seed)
        registrations = records.read("registrations")
        self.registrations = registrations[registrations["regime"] == "vat"].reset_index(drop=True)
        traders = self.registrations["taxpayer_id"].unique()
        numbers = 100_000 + 7 * random.permutation(len(traders)) + random.integers(0, 7, len(traders))
        self.reference = dict(zip(traders, [f"{number:010d}" for number in numbers], strict=True))
        self.register = self._of_traders(records.read("taxpayers"))
        self.returns = self._of_traders(records.read("vat"))
        self.reports = self._of_traders(records.read("third_party"), source=list(REPORTS))
        self.visits = self._of_traders(records.read("enquiries"), regime=["vat"])
        self.registrations["taxpayer_id"] = self.registrations["taxpayer_id"].map(self.reference)
        self._unharmed = list(random.permutation(sorted(self.reference.values())))

    def take(self, table: pd.DataFrame, count: int, wanted: pd.Series | None = None) -> list[int]:
        """Choose rows to damage, each of a trader to whom nothing else happens."""
        rows = table if wanted is None else table[wanted]
        first = dict(zip(rows["taxpayer_id"], rows.index, strict=True))
        chosen = [trader for trader in self._unharmed if trader in first][:count]
        self._unharmed = [trader for trader in self._unharmed if trader not in chosen]
        return [int(first[trader]) for trader in chosen]

    def _of_traders(self, table: pd.DataFrame, **only: list[str]) -> pd.DataFrame:
        kept = table["taxpayer_id"].isin(self.reference)
        for name, values in only.items():
            kept &= table[name].isin(values)
        found = table[kept].reset_index(drop=True)
        return found.assign(taxpayer_id=found["taxpayer_id"].map(self.reference))


@dataclass
class Rules:
    """Rules of validation that rows were made to break."""

    found: list[dict[str, Any]] = field(default_factory=list)

    def add(self, table: str, rule: str, severity: str, keys: Sequence[Sequence[str]]) -> None:
        """Note the rows, by what they are known by."""
        keys = [list(key) for key in keys]
        self.found.append({"table": table, "rule": rule, "severity": severity, "rows": keys})


def register_of(source: Source, rules: Rules) -> Extract:
    """Write the register: fixed width, two-digit years, SIC codes without their first zero, a trailer."""
    table = source.register
    mistyped = source.take(table, 2)
    utr = table["utr"].copy()
    utr[mistyped] = _with_another_end(utr[mistyped])
    rules.add("taxpayers", "utr_check_digit", "reject", [[ref] for ref in table["taxpayer_id"][mistyped]])
    rows = pd.DataFrame(
        {
            "TRDR_REF": table["taxpayer_id"],
            "UTR": utr,
            "CRN": table["company_number"].fillna("N/A"),
            "LGL_STAT_CD": table["legal_form"].astype("str").map(FORMS),
            "SIC_CD": table["sic2007"].str.lstrip("0").fillna("N/A"),
            "GOR_CD": table["region"].astype("str").map(REGIONS),
            "YOB": _number(table["birth_year"]),
            "DT_LOADED": table["received_on"].dt.strftime("%d-%b-%y").str.upper(),
        }
    )
    extract = Extract("TRADER_REGISTER.DAT", rows, _fixed, header=False)
    extract.trailer = f"TRAILER {len(rows):07d}"
    return extract


def layout_of(register: Extract) -> str:
    """Write where each column of the register stands."""
    starts = [1 + sum(WIDTHS[:place]) for place in range(len(WIDTHS))]
    lines = zip(register.rows.columns, starts, WIDTHS, strict=True)
    return "\n".join(["name,start,length", *(f"{name},{start},{width}" for name, start, width in lines), ""])


def registrations_of(source: Source, rules: Rules) -> Extract:
    """Write VAT registrations: semicolons, a byte-order mark, GB before the number, NULL, percentages."""
    table = source.registrations.copy()
    first = source.returns.groupby("taxpayer_id")["period_start"].transform("min")
    early = source.returns["period_start"] == first
    wanted = early & (source.returns["version"] == 0) & ~_amended(source.returns)
    for row in source.take(source.returns, 2, wanted):
        one = source.returns.loc[row]
        mine = table["taxpayer_id"] == one["taxpayer_id"]
        table.loc[mine, "effective_from"] = one["period_end"] + pd.Timedelta(days=1)
        rules.add("vat", "outside_registration", "warn", [[one["taxpayer_id"], one["period"], "0"]])
    mistyped = source.take(table, 2)
    table.loc[mistyped, "reference"] = _with_another_end(table["reference"][mistyped])
    started = table["effective_from"].dt.strftime("%Y-%m-%d")
    keys = zip(table["taxpayer_id"][mistyped], ["vat"] * 2, started[mistyped], strict=True)
    rules.add("registrations", "vrn_check_digits", "reject", list(keys))
    rows = pd.DataFrame(
        {
            "TRDR_REF": table["taxpayer_id"],
            "VRN": "GB" + table["reference"],
            "APPL_DT": table["applied_on"].dt.strftime("%d/%m/%Y"),
            "EFF_DT": table["effective_from"].dt.strftime("%d/%m/%Y"),
            "REGN_BASIS": table["basis"].astype("str").str[0].str.upper(),
            "SCHM_CD": table["scheme"].astype("str").map(SCHEMES),
            "FRS_PCT": (100 * table["flat_rate"]).map("{:.1f}".format).replace("nan", "NULL"),
            "RTN_FREQ": table["frequency"].astype("str").map(FREQUENCIES),
            "LATE_IND": np.where(table["late"], "Y", "N"),
            "AGT_REF": table["agent_id"].fillna("NULL"),
            "DEREG_DT": table["deregistered_on"].dt.strftime("%d/%m/%Y").fillna("NULL"),
            "DT_LOADED": table["received_on"].dt.strftime("%d/%m/%Y"),
        }
    )
    extract = Extract("vat_registrations.csv", rows, ";".join, encoding="utf-8-sig")
    (row,) = source.take(table, 1)
    extract.spoil(row, "APPL_DT", "31/02/2019", "impossible_day")
    return extract


def returns_of(source: Source, rules: Rules) -> Iterator[Extract]:
    """Write VAT returns in pence, one file a year, each year in other forms of dates and amounts."""
    table = source.returns
    plain = (table["version"] == 0) & ~_amended(table)
    year = (table["period_end"] - pd.DateOffset(months=3)).dt.year
    amounts = (100 * table[BOXES]).astype("int64")
    wrong = source.take(table, 4, plain & (table["net_vat"] > 100) & (year != year.min()))
    amounts.loc[wrong, "net_vat"] += 9_000  # two digits changed places
    rules.add("vat", "net_vat_adds_up", "reject", _keys(table.loc[wrong]))
    dates = {
        "PRD_BEG": table["period_start"],
        "PRD_END_DT": table["period_end"],
        "DT_RCVD": table["received_on"],
    }
    forms = ["%d-%b-%y", "%d/%m/%Y", "%Y-%m-%d"]
    for number, each in enumerate(sorted(year.unique())):
        mine = year == each
        texts = _with_sign_after if number == 0 else _plain
        columns = {"TRDR_REF": table["taxpayer_id"][mine]}
        columns |= {name: day[mine].dt.strftime(forms[number]).str.upper() for name, day in dates.items()}
        columns |= {"RTN_VERS": table["version"][mine].astype(str)}
        columns |= {"AGT_IND": pd.Series(np.where(table["by_agent"], "Y", "N"), table.index)[mine]}
        columns |= {f"BOX{box}_P": texts(amounts[name][mine]) for box, name in enumerate(BOXES, 1)}
        rows, kept = pd.DataFrame(columns), table[mine]
        rows, twice = _with_copies(rows, source.take(kept, 2, plain[mine]) if number == 1 else [])
        if twice:
            rules.add("vat", "duplicate_key", "reject", _keys(table.loc[twice]))
        extract = Extract(f"VAT_RETURNS_{each}.csv", rows, "|".join)
        extract.trailer = f"TRAILER|{len(rows)}"
        _spoil_returns(extract, source, table, number, plain & mine)
        yield extract


def _spoil_returns(
    extract: Extract, source: Source, table: pd.DataFrame, number: int, wanted: pd.Series
) -> None:
    where = {row: place for place, row in enumerate(extract.rows.index)}
    if number == 0:
        for row in source.take(table, 2, wanted):
            extract.spoil(where[row], "BOX4_P", "#VALUE!", "excel_error")
    elif number == 1:
        extract.ends = ("\r\n", "\r\n", "\n")
        for row in source.take(table, 2, wanted):
            extract.spoil(where[row], "BOX6_P", "12O5600", "not_an_amount")
    else:
        extract.again = len(extract.rows) // 2
        (row,) = source.take(table, 1, wanted)
        extract.break_line(where[row], "too_few_cells", lambda line: line[: len(line) // 2])


def reports_of(source: Source, rules: Rules) -> Iterator[Extract]:
    """Write what merchant acquirers and platforms report, with the marks that a spreadsheet leaves."""
    table = source.reports
    for kind, name in REPORTS.items():
        own = table[table["source"] == kind].reset_index(drop=True)
        numbers = pd.Series([f"{REPORT_CODES[kind]}-{number:06d}" for number in range(1, len(own) + 1)])
        shortened, cut, split = (source.take(own, count) for count in (2, 2, 1))
        references = own["taxpayer_id"].copy()
        references[cut] = references[cut].str.lstrip("0")
        rules.add("third_party", "no_taxpayer", "reject", [[each] for each in numbers[cut]])
        rows = pd.DataFrame(
            {
                "RPT_NO": numbers,
                "TRDR_REF": references,
                "RPT_TYP": REPORT_CODES[kind],
                "FROM_DT": own["period_start"].dt.strftime("%d/%m/%Y"),
                "TO_DT": own["period_end"].dt.strftime("%d/%m/%Y"),
                "GROSS_AMT": own["amount"].map("{:,.2f}".format),
                "TAX_DEDN": own["tax_deducted"].map("{:.2f}".format),
                "TXN_CNT": _number(own["transactions"]),
                "DT_RCVD": own["received_on"].dt.strftime("%d/%m/%Y"),
            }
        )
        rows, twice = _with_copies(rows, source.take(own, 2))
        rules.add("third_party", "duplicate_key", "reject", [[each] for each in numbers[twice]])
        extract = Extract(f"reports_{name}.csv", rows, _quoted)
        for row in shortened:
            extract.spoil(row, "TRDR_REF", "1.00E+05", "exponent")
        for row in split:
            rows.iloc[row, rows.columns.get_loc("GROSS_AMT")] = "1,234.50"
            extract.break_line(row, "too_many_cells", lambda line: line.replace('"', ""))
        yield extract


def visits_of(source: Source) -> Extract:
    """Write compliance visits: probabilities in percent, N/A while a visit is open."""
    table = source.visits
    percent = {"PROB_DRAWN": "inclusion_probability", "PROB_VISIT": "opening_probability"}
    days = {"OPENED_DT": "opened_on", "CLOSED_DT": "closed_on", "DT_LOADED": "received_on"}
    columns = {
        "VISIT_NO": [f"V{number:06d}" for number in range(1, len(table) + 1)],
        "TRDR_REF": table["taxpayer_id"],
        "PRD": table["period"],
        "PROG_CD": table["programme"].astype("str").map(PROGRAMMES),
    }
    columns |= {name: (100 * table[column]).map("{:.4f}".format) for name, column in percent.items()}
    columns |= {"OFFR": table["officer_id"]}
    columns |= {name: table[column].dt.strftime("%d/%m/%Y").fillna("N/A") for name, column in days.items()}
    columns |= {"HRS": table["hours"].map("{:.1f}".format).replace("nan", "N/A")}
    columns |= {"VAT_FOUND": table["tax_found"].map("{:.2f}".format).replace("nan", "N/A")}
    columns |= {"FINDG_CD": table["behaviour"].astype("str").map(FINDINGS).fillna("N/A")}
    extract = Extract("compliance_visits.csv", pd.DataFrame(columns), ",".join, ends=("\n",))
    (row,) = source.take(table, 1)
    extract.spoil(row, "PROG_CD", "?", "unknown_code")
    return extract


def _keys(rows: pd.DataFrame) -> list[list[str]]:
    return rows[["taxpayer_id", "period", "version"]].astype(str).to_numpy().tolist()


def _amended(table: pd.DataFrame) -> pd.Series:
    return table.duplicated(["taxpayer_id", "period"], keep=False)


def _with_copies(rows: pd.DataFrame, chosen: list[int]) -> tuple[pd.DataFrame, list[int]]:
    return pd.concat([rows, rows.loc[chosen]]), chosen


def _number(values: pd.Series) -> pd.Series:
    return values.map("{:.0f}".format).replace("nan", "")


def _with_another_end(numbers: pd.Series) -> pd.Series:
    return numbers.str[:-1] + ((numbers.str[-1].astype(int) + 1) % 10).astype(str)


def _plain(pence: pd.Series) -> pd.Series:
    return pence.astype(str)


def _with_sign_after(pence: pd.Series) -> pd.Series:
    return pence.map(lambda amount: f"{abs(amount):,}" + ("-" if amount < 0 else ""))


def _fixed(cells: Sequence[str]) -> str:
    return "".join(cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True))


def _quoted(cells: Sequence[str]) -> str:
    return ",".join(f'"{cell}"' if "," in cell else cell for cell in cells)


def make_extracts(folder: Path, taxpayers: int, seed: int) -> dict[str, Any]:
    """Make the population, write its extracts, and return what was planted."""
    with TemporaryDirectory() as temporary:
        made = Path(temporary) / "made"
        records = generate(made, taxpayers=taxpayers, years=3, seed=seed, workers=1, **VISITS)
        source, rules = Source(records, seed), Rules()
    register = register_of(source, rules)
    extracts = [register, registrations_of(source, rules), *returns_of(source, rules)]
    extracts += [*reports_of(source, rules), visits_of(source)]
    folder.mkdir(parents=True)
    (folder / "TRADER_REGISTER_LAYOUT.csv").write_text(layout_of(register))
    unread = [finding for extract in extracts for finding in extract.write(folder)]
    return {
        "rows": {extract.name: len(extract.rows) + bool(extract.trailer) for extract in extracts},
        "repeated_headers": {each.name: 1 for each in extracts if each.again is not None},
        "unread": unread,
        "rules": rules.found,
    }


def main() -> None:
    """Write the extracts and ``planted.json`` beside them, and print a table of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--taxpayers", type=int, default=2_400, help="of all kinds; a sixth are VAT traders")
    parser.add_argument("--seed", type=int, default=7)
    chosen = parser.parse_args()
    planted = make_extracts(chosen.folder, chosen.taxpayers, chosen.seed)
    chosen.folder.with_name("planted.json").write_text(json.dumps(planted, indent=2) + "\n")
    lines = [f"{'file':32}{'rows':>7}{'unreadable':>12}"]
    for name, count in planted["rows"].items():
        lines.append(f"{name:32}{count:7,}{sum(each['file'] == name for each in planted['unread']):12}")
    lines += ["", f"{'rule that rows break':48}{'rows':>6}"]
    counts: dict[str, int] = {}
    for each in planted["rules"]:
        place = f"{each['table']}: {each['rule']} ({each['severity']})"
        counts[place] = counts.get(place, 0) + len(each["rows"])
    lines += [f"{place:48}{count:6}" for place, count in counts.items()]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
