"""The checks that the schema declares for a column or a whole row, one mask of failing rows for each."""

from __future__ import annotations

from typing import Any

import numpy as np
from pandera.pandas import Check

from taxgap.schemas.columns import FORMS
from taxgap.validation.numbers import passed_cells, passed_limits
from taxgap.validation.rule import Mask, Wording
from taxgap.validation.structure import present_columns
from taxgap.validation.table_part import TablePart
from taxgap.validation.texts import Texts

# pandera's own names for its checks, and the rule each of them is reported as.
_CODES = {
    "greater_than_or_equal_to": "out_of_range",
    "less_than_or_equal_to": "out_of_range",
    "str_matches": "form_of_text",
}
_SENTENCES = {
    "utr_check_digit": "The UTR is not ten digits of which the first is the right check digit.",
    "nino_format": "The National Insurance number does not have the format of one.",
    "company_number_format": "The company number is not eight digits, nor a prefix of the register and six.",
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
    limits = passed_limits(part)
    for column in present_columns(part):
        name = column["column"]
        empty = part.raw[name].isna().to_numpy()
        if not column["empty"]:
            _note(part, _empty(column), name, empty)
        if column["type"] == "number":
            _note(part, _infinite(column), name, np.isinf(part.content[name].to_numpy()))
        passed = {check: _passed(part, column, check, texts, limits) for check in schema[name].checks}
        _note_checks(part, column, passed, empty)
    _empty_unfit(part)


def check_rows(part: TablePart) -> None:
    """Apply what the schema says of a whole row, where all its cells pass.

    pandera itself would report a failing row once for each of its columns.
    """
    judged = part.judged(list(part.content.columns))
    for check in part.model.to_schema().checks:
        if judged.any():
            try:
                passed = check(part.content).check_output.to_numpy(dtype=np.bool_)
            except KeyError:  # it reads a column that the records do not have
                if part.absent:
                    continue
                raise
            part.fail(_wording(check, ""), "", judged & ~passed)


def _passed(
    part: TablePart,
    column: dict[str, Any],
    check: Check,
    texts: Texts,
    limits: dict[tuple[str, Check], Mask],
) -> Mask:
    name = column["column"]
    if (name, check) in limits:
        return limits[name, check]
    if column["type"] == "text":
        return texts.passed(part.name, name, check)
    return passed_cells(check, part.content[name])


def _note_checks(part: TablePart, column: dict[str, Any], passed: dict[Check, Mask], empty: Mask) -> None:
    # A lower and an upper limit are one rule; a cell of a wrong type has been noted as that already.
    name = column["column"]
    failing_by_code: dict[str, Mask] = {}
    wordings = {}
    judged = part.judged([name]) & ~empty
    for check, mask in passed.items():
        if not mask.all():
            wording = _wording(check, _sentence(column, check))
            wordings[wording.code] = wording
            failing = ~mask & judged
            failing_by_code[wording.code] = failing_by_code.get(wording.code, failing) | failing
    for code, failing in failing_by_code.items():
        _note(part, wordings[code], name, failing)


def _note(part: TablePart, wording: Wording, name: str, failing: Mask) -> None:
    part.mark_unfit(name, failing)
    part.fail(wording, name, failing)


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
        return f"{column['title']} is not {FORMS.get(text, f'of the form {text}')}."
    return f"{column['title']} is not {column['rule'].replace('; ', ' and ')}."
