"""How well drafts do: synthetic tables under the names, codes and forms of four made-up administrations."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest

from taxgap.records import Records
from taxgap.records.ingestion.mapping_file import mapping_of
from taxgap.records.suggestion.suggestion import Suggestion, suggest_mapping
from taxgap.schemas import TABLES
from taxgap.schemas.table import describe_columns
from taxgap.synthetic import generate

NAMES: dict[str, Any] = tomllib.loads(Path(__file__).with_name("disguises.toml").read_text("utf-8"))

Codes = dict[str, dict[str, str]]


class Style(NamedTuple):
    """How an administration writes values."""

    days: str
    delimiter: str
    flags: tuple[str, str]
    empty: str
    codes: Codes
    pence: bool = False
    percent: bool = False
    decimal: str = "."
    year: str = "-"
    noise: tuple[str, str] = ("BATCH_NO", "LAST_UPD_USER")


SHORT: Codes = {
    "regime": {"self_assessment": "SA", "vat": "VAT", "corporation_tax": "CT", "employer_paye": "PAYE"},
    "legal_form": {"individual": "IND", "partnership": "PTN", "company": "LTD", "trust": "TST",
        "non_profit": "CHY",},
    "basis": {"compulsory": "C", "voluntary": "V"},
    "scheme": {"standard": "STD", "flat_rate": "FRS"},
    "frequency": {"monthly": "M", "quarterly": "Q", "annual": "A"},
    "status": {"met": "F", "late": "L", "missing": "O"},
    "programme": {"random": "R", "risk": "K"},
    "source": {
        "employer": "EMP", "bank": "BNK", "platform": "PLAT", "card_processor": "CARD",
        "contractor": "CIS", "overseas": "CRS", "customs": "CUS", "partnership": "PSHIP",
    },
    "kind": {
        "director_of": "DIR", "directed_by": "DIRBY", "partner_in": "PTNR", "has_partner": "HASPTNR",
        "shares_address": "ADDR", "shares_account": "ACCT", "sells_to": "SELLS", "buys_from": "BUYS",
    },
    "behaviour": {
        "failure_to_take_reasonable_care": "FTRC", "error": "ERR", "evasion": "EV",
        "legal_interpretation": "LI",
        "avoidance": "AV", "criminal_attacks": "CA", "hidden_economy": "HE", "non_payment": "NP",
    },
    "region": {
        "North East": "E12000001", "North West": "E12000002", "Yorkshire and The Humber": "E12000003",
        "East Midlands": "E12000004", "West Midlands": "E12000005", "East of England": "E12000006",
        "London": "E12000007", "South East": "E12000008", "South West": "E12000009", "Wales": "W92000004",
        "Scotland": "S92000003", "Northern Ireland": "N92000002",
    },
}  # fmt: skip
WORDS: Codes = {
    "regime": {"self_assessment": "ITSA", "vat": "VATC", "corporation_tax": "COTAX", "employer_paye": "PAYE"},
    "legal_form": {
        "individual": "soleTrader", "partnership": "partnership", "company": "limitedCompany",
        "trust": "trust", "non_profit": "charity",
    },
    "basis": {"compulsory": "mandatory", "voluntary": "voluntary"},
    "programme": {"random": "randomSample", "risk": "riskBased"},
    "source": {"card_processor": "merchantAcquirer", "platform": "onlinePlatform"},
}  # fmt: skip
ITL = dict(zip(SHORT["region"], [f"TL{letter}" for letter in "CDEFGHIJKLMN"], strict=True))
SPOKEN: Codes = {
    "regime": {
        "self_assessment": "Income tax", "vat": "VAT", "corporation_tax": "Corporation tax",
        "employer_paye": "Employer PAYE",
    },
    "legal_form": {"individual": "Sole trader", "company": "Company", "non_profit": "Charity"},
    "scheme": {"standard": "Standard", "flat_rate": "Flat rate"},
}  # fmt: skip

STYLES = {
    "mainframe": Style("%d/%m/%Y", ",", ("Y", "N"), "NULL", SHORT, pence=True, percent=True, year="/"),
    "portal": Style(
        "%Y-%m-%dT00:00:00", ",", ("true", "false"), "", WORDS, percent=True, noise=("eTag", "modifiedBy")
    ),
    "spreadsheet": Style(
        "%d.%m.%Y", ";", ("Yes", "No"), "-", SPOKEN, percent=True, decimal=",", noise=("Sheet", "Entered by")
    ),
    "warehouse": Style(
        "%Y%m%d", "|", ("1", "0"), "", SHORT | WORDS | {"region": ITL}, noise=("dw_batch_id", "dw_user_cd")
    ),
}


@pytest.fixture(scope="session")
def population(tmp_path_factory: pytest.TempPathFactory) -> Records:
    folder = tmp_path_factory.mktemp("suggestion") / "population"
    return generate(folder, taxpayers=300, years=2, seed=11, workers=1, random_share=0.2)


@pytest.fixture(scope="session")
def disguised(population: Records, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    made: dict[str, Path] = {}

    def disguise(style: str) -> Path:
        if style not in made:
            made[style] = tmp_path_factory.mktemp(style)
            for table, source in NAMES[style]["sources"].items():
                frame = _disguised(population.table(table), table, STYLES[style], NAMES[style][table])
                half = len(frame) // 2 if table == "vat" else len(frame)
                for number, part in enumerate((frame[:half], frame[half:])):
                    if len(part):
                        name = f"{source}_{2024 + number}.csv" if table == "vat" else f"{source}.csv"
                        part.to_csv(made[style] / name, index=False, sep=STYLES[style].delimiter)
        return made[style]

    return disguise


def _disguised(frame: pd.DataFrame, table: str, style: Style, names: dict[str, str]) -> pd.DataFrame:
    kinds = {column["column"]: column for column in describe_columns(TABLES[table])}
    found = {name: _written(frame[column], kinds[column], style) for column, name in names.items()}
    batch, user = style.noise
    found[batch] = pd.Series([str(20_000 + i // 50) for i in range(len(frame))])
    found[user] = pd.Series([f"U{i % 7:03}" for i in range(len(frame))])
    return pd.DataFrame(found).fillna(style.empty)


def _written(values: pd.Series, column: dict[str, Any], style: Style) -> pd.Series:
    empty = values.isna()
    if column["type"] == "date":
        texts = values.dt.strftime(style.days)
    elif column["type"] == "yes/no":
        texts = values.map({True: style.flags[0], False: style.flags[1]})
    elif column["type"] == "code":
        known = style.codes.get(column["column"], {})
        texts = values.astype(object).map(lambda level: known.get(level, level), na_action="ignore")
    elif column["unit"] == "GBP":
        form = "{:.0f}" if style.pence else "{:.2f}"
        texts = (values * (100 if style.pence else 1)).map(form.format).str.replace(".", style.decimal)
    elif column["unit"] == "fraction":
        by_style = style.percent and not column["column"].endswith("probability")
        texts = (values * (100 if by_style else 1)).map("{:.6g}".format).str.replace(".", style.decimal)
    elif column["type"] in ("number", "whole number"):
        texts = values.map("{:g}".format).str.replace(".", style.decimal)
    else:
        texts = values.astype(object)
        if column["title"] == "Tax year":
            texts = texts.str.replace("-", style.year)
    return texts.mask(empty, None)


def truth_of(style: str) -> dict[tuple[str, str], tuple[str, str]]:
    """Return by (start of the file's name, column) the table and the column that it truly is."""
    sources = NAMES[style]["sources"]
    return {
        (source, name): (table, column)
        for table, source in sources.items()
        for column, name in NAMES[style][table].items()
    }


def measure(style: str, suggestion: Suggestion) -> tuple[float, float, list[str]]:
    """Return the share of columns that are suggested rightly, and wrongly, and what is amiss."""
    truth, frame = truth_of(style), suggestion.frame
    source = frame["file"].str.replace(r"(_\*)?\.csv$", "", regex=True)
    right = wrong = 0
    amiss = []
    for row in frame.assign(source=source).to_dict("records"):
        true = truth.get((row["source"], row["column"]))
        in_force = row["suggested"] and not row["note"].startswith("doubtful")
        said = (row["table"], row["suggested"]) if in_force else None
        right += said is not None and said == true
        wrong += said is not None and said != true
        if said != true:
            amiss.append(f"{row['source']}.{row['column']}: {true} but {said} ({row['confidence']:.2f})")
    return right / len(truth), wrong / len(truth), amiss


QUICK = "warehouse"  # the style of which least is known; the others are run by `make test-long`


@pytest.mark.parametrize(
    "style", [style if style == QUICK else pytest.param(style, marks=pytest.mark.long) for style in STYLES]
)
def test_most_columns_are_suggested_rightly(
    disguised: Callable[[str], Path], style: str, capsys: pytest.CaptureFixture[str]
) -> None:
    suggestion = suggest_mapping(disguised(style))
    right, wrong, amiss = measure(style, suggestion)
    with capsys.disabled():
        sys.stdout.write(f"\n{style}: {right:.0%} right, {wrong:.1%} wrong of {len(truth_of(style))}\n")
    assert right >= 0.85, "\n".join(amiss)
    assert wrong <= 0.05, "\n".join(amiss)
    mapping_of(tomllib.loads(suggestion.to_toml()))
