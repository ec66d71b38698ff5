"""Damage to single cells by the type of their column, in columns and rows drawn at random."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC
from typing import Any

import numpy as np
import pandas as pd

from tests.validation.corruption import Kind, Rng, cell, columns_of

Value = Callable[[Any, Rng], Any]

FULL_WIDTH = str.maketrans("0123456789", "".join(chr(0xFF10 + digit) for digit in range(10)))
ZERO_WIDTH = ("\u200b", "\u200c", "\u2060", "\ufeff")


def pick(*values: Any) -> Value:
    """Take one of some values, whatever stood there."""
    return lambda _old, rng: values[int(rng.integers(len(values)))]


def insert(*marks: str, inside: bool = True) -> Value:
    """Put a mark somewhere into a text, or only at its ends."""

    def new(old: str, rng: Rng) -> str:
        place = int(rng.integers(len(old) + 1)) if inside else int(rng.choice([0, len(old)]))
        return old[:place] + marks[int(rng.integers(len(marks)))] + old[place:]

    return new


def _below_nothing(old: float, rng: Rng) -> float:
    return -(abs(old) if old and not np.isnan(old) else 0.0) - float(rng.choice([0.01, 1.0, 5_000.0]))


def _as_text(old: float, rng: Rng) -> str:
    amount = 0.0 if np.isnan(old) else old
    forms = (f"{amount:,.2f}", f"£{amount:.2f}", f"{amount}", f"({amount:.0f})", "NULL", "n/a", "")
    return forms[int(rng.integers(len(forms)))]


def _with_time(old: pd.Timestamp, rng: Rng) -> pd.Timestamp:
    return old + pd.Timedelta(hours=int(rng.integers(1, 24)))


def _day_as_text(old: pd.Timestamp, rng: Rng) -> str:
    forms = ("%Y-%m-%d", "%d/%m/%Y", "%d.%m.%y", "%Y%m%d", "%d %B %Y")
    return str(old.strftime(forms[int(rng.integers(len(forms)))]))


def _day_as_number(old: pd.Timestamp, rng: Rng) -> int | float:
    serial = (old - pd.Timestamp("1899-12-30")).days
    return [serial, float(serial), int(old.strftime("%Y%m%d"))][int(rng.integers(3))]


def _other_case(old: str, rng: Rng) -> str:
    forms = [form for form in (old.upper(), old.lower(), old.swapcase()) if form != old]
    return forms[int(rng.integers(len(forms)))]


def _as_number(old: str, rng: Rng) -> float | int:
    digits = int("".join(letter for letter in old if letter.isdigit()) or 7)
    return [float(digits), digits][int(rng.integers(2))]


def _kinds(
    words: str, value: Value, finds: str, tables: Sequence[str], *kind: str, **which: Any
) -> list[Kind]:
    names = {table: [name for one in kind for name in columns_of(table, one, **which)] for table in tables}
    return [
        Kind(
            name=f"{words} in {table}",
            table=table,
            damage=cell(table, columns, value),
            finds=(finds,),
            eligible=lambda frames, table=table, columns=columns: frames[table][columns].notna().all(axis=1),
        )
        for table, columns in names.items()
    ]


def _percents() -> list[Kind]:
    kinds = []
    for table, columns in (
        ("registrations", ["flat_rate"]),
        ("links", ["share"]),
        ("enquiries", ["inclusion_probability", "opening_probability"]),
    ):
        kinds.append(
            Kind(
                name=f"percent for a fraction in {table}",
                table=table,
                damage=cell(table, columns, lambda old, _rng: max(100.0 * old, 1.01)),
                finds=("out_of_range",),
                eligible=lambda frames, table=table, columns=columns: (
                    frames[table][columns].notna().all(axis=1)
                ),
            )
        )
    return kinds


RETURNS = ("self_assessment", "vat", "corporation_tax", "employer_paye")
KEYED = ("registrations", "obligations", "payments", "links")
REPORTS = ("third_party", "third_party_unmatched")
WRITTEN = ("taxpayers", "identities")
CASES = ("enquiries", "adjustments")

NUMBERS = [
    *_kinds(
        "negative amount",
        _below_nothing,
        "out_of_range",
        (*RETURNS, *REPORTS, "payments", "aggregates"),
        "number",
        empty=False,
        check="greater_than",
    ),
    *_kinds(
        "infinite amount",
        pick(np.inf),
        "not_finite",
        (*RETURNS, "third_party", "adjustments"),
        "number",
        empty=False,
    ),
    *_kinds(
        "empty amount",
        pick(np.nan),
        "empty_value",
        (*RETURNS, "payments", "aggregates", "adjustments"),
        "number",
        empty=False,
    ),
    *_kinds("text for an amount", _as_text, "value_type", (*RETURNS, *REPORTS), "number", empty=False),
    *_kinds(
        "yes or no for an amount", pick(True, False), "value_type", ("vat", "payments"), "number", empty=False
    ),
    *_percents(),
]

DATES = [
    *_kinds("empty date", pick(pd.NaT), "empty_value", (*RETURNS, *KEYED), "date", empty=False),
    *_kinds(
        "time of day in a date",
        _with_time,
        "value_type",
        (*RETURNS, "enquiries", "links"),
        "date",
        empty=False,
    ),
    *_kinds(
        "time zone on a date",
        lambda old, _rng: old.tz_localize(UTC),
        "value_type",
        ("vat", "obligations", "identities"),
        "date",
        empty=False,
    ),
    *_kinds("text for a date", _day_as_text, "value_type", ("self_assessment", *KEYED), "date", empty=False),
    *_kinds(
        "number for a date", _day_as_number, "value_type", ("corporation_tax", *REPORTS), "date", empty=False
    ),
]

WORD = r"^\S"
TEXTS = [
    *_kinds(
        "empty identifier", pick(None), "empty_value", ("taxpayers", "vat"), "text", empty=False, check=WORD
    ),
    *_kinds(
        "white space in an identifier",
        insert(" ", "\t", "\u00a0", "\u2003", "\r"),
        "form_of_text",
        ("taxpayers", *CASES, *REPORTS, "vat", "links"),
        "text",
        check=WORD,
        empty=False,
    ),
    *_kinds(
        "line end in an identifier",
        insert("\n", "\r\n", inside=False),
        "form_of_text",
        ("self_assessment", "third_party", "aggregates"),
        "text",
        check="^",
        empty=False,
    ),
    *_kinds(
        "nothing between quotes for an identifier",
        pick("", " "),
        "form_of_text",
        ("corporation_tax", "employer_paye", "enquiries"),
        "text",
        check="^",
        empty=False,
    ),
    *_kinds(
        "missing text", pick(None), "empty_value", (*CASES, *WRITTEN, "obligations"), "text", empty=False
    ),
    *_kinds(
        "number for a text", _as_number, "value_type", ("taxpayers", "payments", *CASES), "text", empty=False
    ),
    *_kinds(
        "letter of no width in a label",
        insert(*ZERO_WIDTH),
        "form_of_text",
        (*RETURNS, "payments"),
        "text",
        check="^20",
        empty=False,
    ),
    *_kinds(
        "full-width digits in a label",
        lambda old, _rng: old.translate(FULL_WIDTH),
        "form_of_text",
        ("vat", "self_assessment", "obligations", "third_party"),
        "text",
        check="^20",
        empty=False,
    ),
    *_kinds(
        "label written otherwise",
        lambda old, rng: [old.replace("-", "/"), old.replace("-", ""), old[2:], f"20{old}"][
            int(rng.integers(4))
        ],
        "form_of_text",
        (*RETURNS, "enquiries"),
        "text",
        check="^20",
        empty=False,
    ),
]

CODES = [
    *_kinds(
        "code outside the list",
        pick("unknown", "other", "?", "Narnia", "0"),
        "unknown_code",
        ("taxpayers", *KEYED, *REPORTS, *CASES),
        "code",
    ),
    *_kinds(
        "code in another case",
        _other_case,
        "unknown_code",
        ("taxpayers", *KEYED, *CASES),
        "code",
        empty=False,
    ),
    *_kinds(
        "white space beside a code",
        insert(" ", "\u00a0", inside=False),
        "unknown_code",
        ("registrations", "third_party", "payments"),
        "code",
        empty=False,
    ),
    *_kinds(
        "empty code", pick(None), "empty_value", ("taxpayers", *KEYED, "third_party"), "code", empty=False
    ),
    *_kinds("number for a code", pick(1, 2.0), "unknown_code", ("links", "enquiries"), "code", empty=False),
]

FLAGS = [
    *_kinds("negative version", pick(-1), "out_of_range", RETURNS, "whole number"),
    *_kinds(
        "text for yes or no",
        pick("yes", "Y", "true", "0"),
        "value_type",
        (*RETURNS, "registrations"),
        "yes/no",
    ),
    *_kinds("number for yes or no", pick(0, 1, 1.0), "value_type", ("vat", "employer_paye"), "yes/no"),
    *_kinds(
        "broken version",
        pick(0.5, 1e300, np.inf, "0", True),
        "value_type",
        ("vat", "employer_paye"),
        "whole number",
    ),
]


def _empty_where_the_type_has_no_empty(table: str, column: str) -> Kind:
    def damage(frames: Any, rows: list[int], _rng: Rng) -> dict[tuple[str, str], list[int]]:
        frame = frames[table]
        frame[column] = frame[column].astype(object)
        frame.loc[rows, column] = None
        return {(table, "empty_value"): rows, (table, "column_type"): list(frame.index)}

    return Kind(name=f"empty {column} in {table}", table=table, damage=damage, whole=True)


KINDS = [
    *NUMBERS,
    *DATES,
    *TEXTS,
    *CODES,
    *FLAGS,
    _empty_where_the_type_has_no_empty("self_assessment", "version"),
    _empty_where_the_type_has_no_empty("vat", "by_agent"),
]
