"""The checks that the schema declares for a column or a whole row, one mask of failing rows for each."""

from __future__ import annotations

from typing import Any

import numpy as np

from taxgap.schemas.columns import TAX_YEAR
from taxgap.validation.rule import Mask, Wording
from taxgap.validation.structure import columns_of
from taxgap.validation.table_part import TablePart
from taxgap.validation.texts import Texts, passed_cells

# pandera's own names for its checks, and the rule each of them is reported as.
_CODES = {
    "greater_than_or_equal_to": "out_of_range",
    "less_than_or_equal_to": "out_of_range",
    "str_matches": "form_of_text",
}
_FORMS = {
    TAX_YEAR: "a tax year such as 2023-24",
    r"^\S+\Z": "text without white space",
    r"^[0-9]{5}\Z": "five digits",
}
_SENTENCES = {
    "utr_check_digit": "The UTR is not ten digits of which the first is the right check digit.",
    "nino_format": "The National Insurance number does not have the format of one.",
    "vrn_check_digits": "The VAT number is not nine digits of which the last two are the right check.",
    "nation_of_region": "The nation is not the one that the region lies in.",
}
_MEND = "Mend the value at its source."


def check_cells(part: TablePart, texts: Texts) -> None:
    """Apply to each column what the schema says of its cells, and empty the cells that fail.

    Parameters
    ----------
    part : TablePart
        A complete one.
    texts : Texts
        Of the same partition: a check of a text column judges each distinct text once.
    """
    schema = part.model.to_schema().columns
    for column in columns_of(part.model):
        name = column["column"]
        empty = part.raw[name].isna().to_numpy()
        if not column["empty"]:
            part.mark_unfit(name, empty)
            part.fail(_empty(column), name, empty)
        if column["type"] == "number":
            infinite: Mask = np.isinf(part.content[name].to_numpy())
            part.mark_unfit(name, infinite)
            part.fail(_infinite(column), name, infinite)
        _apply_checks(part, column, schema[name].checks, texts, empty)
    _empty_unfit(part)


def check_rows(part: TablePart) -> None:
    """Apply what the schema says of a whole row, where all its cells pass.

    pandera itself would report a failing row once for each of its columns.
    """
    judged = part.judged(list(part.content.columns))
    for check in part.model.to_schema().checks:
        if judged.any():
            passed = check(part.content).check_output.to_numpy(dtype=np.bool_)
            part.fail(_wording(check, ""), "", judged & ~passed)


def _apply_checks(
    part: TablePart, column: dict[str, Any], checks: list[Any], texts: Texts, empty: Mask
) -> None:
    name = column["column"]
    by_code: dict[str, tuple[Wording, Mask]] = {}
    for check in checks:
        wording = _wording(check, _sentence(column, check))
        failing = _failing(part, column, check, texts) & ~empty & part.judged([name])
        before = by_code.get(wording.code, (wording, failing))[1]
        by_code[wording.code] = (wording, before | failing)
    for wording, failing in by_code.values():
        part.mark_unfit(name, failing)
        part.fail(wording, name, failing)


def _failing(part: TablePart, column: dict[str, Any], check: Any, texts: Texts) -> Mask:
    name = column["column"]
    if column["type"] != "text":
        return ~passed_cells(check, part.content[name])
    return ~texts.passed(part.name, name, check)


def _empty_unfit(part: TablePart) -> None:
    # Counts and yes/no columns cannot be empty; rules do not read them where they are unfit.
    blanks = {}
    for name, failing in part.unfit.items():
        values = part.content[name]
        if values.dtype not in (np.int64, np.bool_):
            blanks[name] = values.mask(failing)
    if blanks:
        part.content = part.content.assign(**blanks)


def _empty(column: dict[str, Any]) -> Wording:
    sentence = f"{column['title']} is empty."
    return Wording(code="empty_value", sentence=sentence, remedy="Fill it at its source.")


def _infinite(column: dict[str, Any]) -> Wording:
    return Wording(code="not_finite", sentence=f"{column['title']} is infinite.", remedy=_MEND)


def _wording(check: Any, sentence: str) -> Wording:
    name = str(check.name)
    code = _CODES.get(name, name)
    words = _SENTENCES.get(name, sentence) or f"The row fails the check '{name}' of its schema."
    return Wording(code=code, sentence=words, remedy=_MEND)


def _sentence(column: dict[str, Any], check: Any) -> str:
    if check.name == "str_matches":
        pattern = check.statistics["pattern"]
        text = getattr(pattern, "pattern", pattern)
        return f"{column['title']} is not {_FORMS.get(text, f'of the form {text}')}."
    return f"{column['title']} is not {column['rule'].replace('; ', ' and ')}."
