"""Damage to identifiers, to rows as a whole, and to what one table says of another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from stdnum.gb import utr, vat

from tests.validation.corruption import (
    Findings,
    Frames,
    Kind,
    Labels,
    Rng,
    cell,
    change,
    next_labels,
    put,
)
from tests.validation.corruption_of_cells import FULL_WIDTH, ZERO_WIDTH, insert, pick
from tests.validation.corruption_of_returns import where

Row = pd.Series
SA, VAT, COMPANY, PAYE = "self_assessment", "vat", "corporation_tax", "employer_paye"
RETURNS = (SA, VAT, COMPANY, PAYE)
REGISTER, REG, DUE, PAID, CASE = "taxpayers", "registrations", "obligations", "payments", "enquiries"
REPORTS, UNMATCHED, AGG = "third_party", "third_party_unmatched", "aggregates"
DAY = pd.Timedelta(days=1)


def _wrong_digit(check: Callable[[str], bool]) -> Callable[[str, Rng], str]:
    def new(old: str, rng: Rng) -> str:
        while True:
            place = int(rng.integers(len(old)))
            text = f"{old[:place]}{rng.integers(10)}{old[place + 1 :]}"
            if text != old and not check(text):
                return text

    return new


def _swapped_digits(check: Callable[[str], bool]) -> Callable[[str, Rng], str]:
    def new(old: str, rng: Rng) -> str:
        for place in rng.permutation(len(old) - 1):
            text = f"{old[:place]}{old[place + 1]}{old[place]}{old[place + 2 :]}"
            if text != old and not check(text):
                return text
        return old[::-1] + "0"

    return new


def _lost_first(old: str, _rng: Rng) -> str:
    return old[1:]


def _spaced(old: str, _rng: Rng) -> str:
    return f"{old[:3]} {old[3:]}"


def _full_width(old: str, _rng: Rng) -> str:
    return old.translate(FULL_WIDTH)


def _as_float_text(old: str, rng: Rng) -> str:
    return [f"{old}.0", f"{float(old):.4E}", f"{int(old):,}"][int(rng.integers(3))]


def _identifier(name: str, table: str, column: str, new: Any, rule: str) -> Kind:
    def has_one(frame: pd.DataFrame) -> pd.Series:
        return frame[column].notna() & (frame["regime"] == VAT if table == REG else True)

    return Kind(
        name=name,
        table=table,
        damage=cell(table, [column], new),
        finds=(rule,),
        eligible=where(table, has_one),
    )


UTR, NINO, FIRM, TRADE, VRN = (
    "utr_check_digit",
    "nino_format",
    "company_number_format",
    "form_of_text",
    "vrn_check_digits",
)
IDENTIFIERS = [
    _identifier("UTR with a wrong digit", REGISTER, "utr", _wrong_digit(utr.is_valid), UTR),
    _identifier("UTR with two digits swapped", REGISTER, "utr", _swapped_digits(utr.is_valid), UTR),
    _identifier("UTR without its first digit", REGISTER, "utr", _lost_first, UTR),
    _identifier("UTR from a column of numbers", REGISTER, "utr", _as_float_text, UTR),
    _identifier("UTR with spaces", REGISTER, "utr", _spaced, UTR),
    _identifier("UTR in full-width digits", REGISTER, "utr", _full_width, UTR),
    _identifier("UTR with a letter of no width", REGISTER, "utr", insert(*ZERO_WIDTH), UTR),
    _identifier("UTR with a line end", REGISTER, "utr", lambda old, _rng: f"{old}\n", UTR),
    _identifier("NI number in small letters", REGISTER, "nino", lambda old, _rng: old.lower(), NINO),
    _identifier(
        "NI number with a suffix that is none", REGISTER, "nino", lambda old, _rng: f"{old[:-1]}E", NINO
    ),
    _identifier("NI number with O for 0", REGISTER, "nino", lambda old, _rng: f"{old[:2]}O{old[3:]}", NINO),
    _identifier("NI number never issued", REGISTER, "nino", lambda old, _rng: f"BG{old[2:]}", NINO),
    _identifier("NI number in full-width digits", REGISTER, "nino", _full_width, NINO),
    _identifier("company number without its first digit", REGISTER, "company_number", _lost_first, FIRM),
    _identifier(
        "company number in small letters", REGISTER, "company_number", lambda old, _rng: f"sc{old[2:]}", FIRM
    ),
    _identifier("trade without its first digit", REGISTER, "sic2007", _lost_first, TRADE),
    _identifier("trade with points", REGISTER, "sic2007", lambda old, _rng: f"{old[:2]}.{old[2:4]}", TRADE),
    _identifier("trade in full-width digits", REGISTER, "sic2007", _full_width, TRADE),
    _identifier("VAT number with a wrong digit", REG, "reference", _wrong_digit(vat.is_valid), VRN),
    _identifier("VAT number with two digits swapped", REG, "reference", _swapped_digits(vat.is_valid), VRN),
    _identifier("VAT number with its country", REG, "reference", lambda old, _rng: f"GB{old}", VRN),
    _identifier("VAT number with spaces", REG, "reference", _spaced, VRN),
]


def _other_nation(row: Row, rng: Rng) -> dict[str, Any]:
    nations = [name for name in ("England", "Wales", "Scotland", "Northern Ireland") if name != row["nation"]]
    return {"nation": nations[int(rng.integers(3))]}


def _is(form: str) -> Callable[[Frames], Any]:
    return where(REGISTER, lambda frame: frame["legal_form"] == form)


def _of_another(column: str) -> Any:
    # That of the first row, which is never hit itself: so the row hit is the one to be rejected.
    def damage(frames: Frames, rows: Labels, rng: Rng) -> None:
        frame = frames[REGISTER]
        for label in rows:
            put(frame, label, column, frame.loc[0, column])

    return damage


OF_REGISTER = [
    Kind(
        name="nation of another region",
        table=REGISTER,
        damage=change(REGISTER, _other_nation),
        finds=("nation_of_region",),
        near=(*RETURNS, REG, DUE, PAID, "links", "identities", REPORTS, CASE, "adjustments"),
    ),
    Kind(
        name="broken year of birth",
        table=REGISTER,
        damage=cell(REGISTER, ["birth_year"], lambda old, _rng: old + 0.5),
        finds=("birth_year_whole",),
        eligible=_is("individual"),
    ),
    Kind(
        name="year of birth of two digits",
        table=REGISTER,
        eligible=_is("individual"),
        finds=("out_of_range",),
        damage=cell(REGISTER, ["birth_year"], lambda old, _rng: old % 100),
    ),
    Kind(
        name="individual without a year of birth",
        table=REGISTER,
        finds=("birth_year_of_person",),
        damage=cell(REGISTER, ["birth_year"], pick(np.nan)),
        eligible=_is("individual"),
    ),
    Kind(
        name="company with a year of birth",
        table=REGISTER,
        finds=("birth_year_of_person",),
        damage=cell(REGISTER, ["birth_year"], pick(1970.0)),
        eligible=_is("company"),
    ),
    Kind(
        name="company without a number",
        table=REGISTER,
        finds=("company_number_of_company",),
        damage=cell(REGISTER, ["company_number"], pick(None)),
        eligible=_is("company"),
    ),
    Kind(
        name="company taken for an individual",
        table=REGISTER,
        damage=cell(REGISTER, ["legal_form"], pick("individual")),
        finds=("company_number_of_company", "birth_year_of_person"),
        eligible=_is("company"),
    ),
    Kind(
        name="UTR of another taxpayer",
        table=REGISTER,
        damage=_of_another("utr"),
        finds=("unique_identifier",),
        eligible=where(REGISTER, lambda frame: frame.index > 20),
    ),
]


def _copies(table: str, *, first: bool, other: bool, times: int = 1) -> Any:
    def damage(frames: Frames, rows: Labels, _rng: Rng) -> Findings:
        frame = frames[table]
        copies = pd.concat([frame.loc[rows]] * times)
        copies.index = pd.Index(next_labels(frame, len(copies)))
        if other:
            copies["received_on"] += DAY
        frames[table] = pd.concat([copies, frame] if first else [frame, copies])
        return {(table, "duplicate_key"): rows if first else list(copies.index)}

    return damage


def _amended(table: str, times: int) -> Any:
    # An amendment is right once; repeated it is not.
    def damage(frames: Frames, rows: Labels, _rng: Rng) -> Findings:
        frame = frames[table]
        last = frame.loc[rows].assign(version=9)
        copies = pd.concat([last] * times)
        copies["received_on"] += DAY
        copies.index = pd.Index(next_labels(frame, len(copies)))
        frames[table] = pd.concat([frame, copies])
        return {(table, "duplicate_key"): list(copies.index[len(rows) :])} if times > 1 else {}

    return damage


def _has(table: str, child: str, *key: str) -> Callable[[Frames], Any]:
    # Rows that others refer to, so that it shows when they are gone.
    def rule(frames: Frames) -> Any:
        asked = pd.MultiIndex.from_frame(frames[table][list(key)])
        return asked.isin(pd.MultiIndex.from_frame(frames[child][list(key)]))

    return rule


def _dropped(table: str) -> Any:
    def damage(frames: Frames, rows: Labels, _rng: Rng) -> Findings:
        frames[table] = frames[table].drop(index=rows)
        return {}

    return damage


EVERYTHING = (REGISTER, REG, DUE, "links", "identities", *RETURNS, REPORTS, CASE, "adjustments", PAID)
ROWS = [
    *(
        Kind(name=f"row twice in {table}", table=table, damage=_copies(table, first=False, other=False))
        for table in (*EVERYTHING, UNMATCHED, AGG)
    ),
    *(
        Kind(
            name=f"row again with other values in {table}",
            table=table,
            damage=_copies(table, first=False, other=True),
        )
        for table in (REGISTER, SA, COMPANY, REPORTS, CASE)
    ),
    *(
        Kind(
            name=f"copy before its row in {table}", table=table, damage=_copies(table, first=True, other=True)
        )
        for table in (VAT, CASE, "adjustments")
    ),
    Kind(name="row four times", table=PAID, damage=_copies(PAID, first=False, other=False, times=3)),
    *(
        Kind(name=f"amendment repeated in {table}", table=table, damage=_amended(table, 2))
        for table in RETURNS
    ),
    Kind(
        name="amendment that is right",
        table=SA,
        damage=_amended(SA, 1),
        quiet=True,
        near=(REGISTER, REG, REPORTS, CASE),
    ),
    Kind(
        name="taxpayer lost",
        table=REGISTER,
        damage=_dropped(REGISTER),
        near=(SA, REPORTS, CASE, "adjustments"),
    ),
    *(
        Kind(
            name=f"return lost in {table}",
            table=table,
            damage=_dropped(table),
            near=(CASE, "adjustments"),
            eligible=_has(table, CASE, "taxpayer_id", "period"),
        )
        for table in RETURNS
    ),
    Kind(
        name="enquiry lost",
        table=CASE,
        damage=_dropped(CASE),
        near=("adjustments",),
        eligible=_has(CASE, "adjustments", "enquiry_id"),
    ),
    Kind(name="registration lost", table=REG, damage=_dropped(REG), near=RETURNS),
]


def _nobody(column: str) -> Callable[[Row, Rng], dict[str, Any]]:
    # Another nobody for each row: two rows that become alike are another damage.
    return lambda row, rng: {column: f"{rng.choice(['T9', 'C-', '0'])}{row.name}-nobody"}


REFERENCES = [
    *(
        Kind(
            name=f"nobody's row in {table}",
            table=table,
            damage=change(table, _nobody("taxpayer_id")),
            finds=("no_taxpayer",),
            near=(
                REGISTER,
                *((*RETURNS, "adjustments") if table == CASE else (REG,) if table == VAT else ()),
            ),
        )
        for table in EVERYTHING
        if table not in (REGISTER, "adjustments")
    ),
    Kind(
        name="taxpayer with a letter of no width",
        table=REGISTER,
        near=(SA, REPORTS, "identities"),
        damage=lambda frames, rows, rng: (
            cell(REGISTER, ["taxpayer_id"], insert(*ZERO_WIDTH))(frames, rows, rng) or {}
        ),
    ),
    Kind(
        name="enquiry without a return",
        table=CASE,
        finds=("no_return",),
        near=(*RETURNS, "adjustments"),
        damage=cell(CASE, ["period"], lambda old, _rng: "2016" + old[4:] if int(old[5:]) < 13 else "2016-17"),
    ),
    Kind(
        name="enquiry into another tax",
        table=CASE,
        near=(*RETURNS, "adjustments"),
        finds=("no_return", "period_label"),
        damage=cell(CASE, ["regime"], pick(VAT, COMPANY)),
        eligible=where(CASE, lambda f: f["regime"] == SA),
    ),
    Kind(
        name="adjustment without an enquiry",
        table="adjustments",
        finds=("no_enquiry",),
        near=(CASE,),
        damage=change("adjustments", _nobody("enquiry_id")),
    ),
    Kind(
        name="adjustment of another taxpayer",
        table="adjustments",
        finds=("adjustment_of_another_case",),
        near=(CASE,),
        damage=change("adjustments", lambda row, _rng: {"taxpayer_id": f"{row['taxpayer_id']}9"}),
    ),
    Kind(
        name="adjustment of another period",
        table="adjustments",
        finds=("adjustment_of_another_case",),
        near=(CASE,),
        damage=cell("adjustments", ["period"], pick("2016-17", "2016-05")),
    ),
    Kind(
        name="link to itself",
        table="links",
        finds=("link_to_itself",),
        damage=change("links", lambda row, _rng: {"other_id": row["taxpayer_id"]}),
    ),
    Kind(
        name="link that ends before it begins",
        table="links",
        finds=("link_dates",),
        damage=change("links", lambda row, rng: {"until": row["since"] - int(rng.integers(1, 900)) * DAY}),
    ),
    Kind(
        name="report on oneself",
        table=REPORTS,
        finds=("reporter_is_taxpayer",),
        damage=change(REPORTS, lambda row, _rng: {"reporter_id": row["taxpayer_id"]}),
    ),
]

KINDS = [*IDENTIFIERS, *OF_REGISTER, *ROWS, *REFERENCES]
