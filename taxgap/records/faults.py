"""Everything that can be wrong with a line or a cell of a source, and every form that is read without loss.

One entry a code: what reports and quarantine say of it, and what to do then.
"""

from __future__ import annotations

from typing import NamedTuple


class Fault(NamedTuple):
    """What is wrong, without any value of a row, and what to do."""

    sentence: str
    remedy: str


FAULTS: dict[str, Fault] = {
    # lines
    "too_many_cells": Fault(
        "The line has more cells than the header.",
        "Look for a delimiter inside an unquoted text, or for a line of another table.",
    ),
    "too_few_cells": Fault(
        "The line has fewer cells than the header.", "Look for a line break inside an unquoted text."
    ),
    "undecodable_text": Fault(
        "The line holds bytes that are no text in the encoding of the file.",
        'Set `encoding` to what the file was written in, such as "windows-1252".',
    ),
    "null_character": Fault(
        "The line holds a NUL character.",
        "Export the file again; if every line has them, it may be UTF-16 without its mark: set `encoding`.",
    ),
    "open_quote": Fault(
        "A quotation mark opens on the line and is not closed where it should be.",
        "Double the marks inside quoted texts, or take away the one that has no partner.",
    ),
    "loose_quote": Fault(
        "Text follows a closing quotation mark, or the marks on the line make no sense.",
        "Double the marks inside quoted texts.",
    ),
    "cell_too_long": Fault(
        "A cell has more than a million characters, or the line more than four million.",
        "Look for a line break or a quotation mark that is missing.",
    ),
    # cells
    "excel_error": Fault(
        "A spreadsheet wrote an error into the cell, or signs that the cell was too narrow.",
        "Mend the formula or widen the column there, and export again.",
    ),
    "not_an_amount": Fault(
        "The text cannot be read as a number.",
        "Look whether the column is the right one; list texts that stand for nothing under `empty`.",
    ),
    "ambiguous_separator": Fault(
        "A point, a comma or a space stands where it may part thousands or a fraction.",
        "Set `decimal` to the sign that stands before the fraction in this source.",
    ),
    "exponent": Fault(
        "A spreadsheet shortened the number to a power of ten; digits may be lost.",
        "Export the column again as text; for amounts that are right so, set `exponents`.",
    ),
    "not_finite": Fault(
        "The text stands for infinity or for no number at all.",
        "List it under `empty` if it stands for nothing.",
    ),
    "other_currency": Fault("The amount is in another currency.", "Convert it to pounds before it is read."),
    "too_large": Fault(
        "The number is too large to be held to the penny.",
        "Look at the unit of the column, and for numbers that have run together.",
    ),
    "not_whole": Fault("The number has a fraction where only a whole one can stand.", "Look at the column."),
    "empty_number": Fault(
        "The cell is empty, and a number must stand there.", "Fill it, or give the column a `value`."
    ),
    "not_a_day": Fault(
        "The text cannot be read as a day.",
        'Name its form under `dates`, such as "%d/%m/%Y", or "excel" for the day numbers of a spreadsheet.',
    ),
    "ambiguous_day": Fault(
        "The numbers do not say which is the day and which the month.",
        'Name the form under `dates`, such as "%d/%m/%Y".',
    ),
    "other_day_form": Fault(
        "Day and month stand as numbers in none of the forms that are named under `dates`.",
        "Add the form, if it is the same throughout the column.",
    ),
    "two_digit_year": Fault(
        "The year has two digits only.", 'Name the form under `dates`, such as "%d-%b-%y" or "%d/%m/%y".'
    ),
    "time_of_day": Fault(
        "A time of day other than midnight stands with the day.",
        "Export the day alone; in a zone other than the United Kingdom's it may be another one.",
    ),
    "impossible_day": Fault(
        "There is no such day, or it lies before 1900 or after 2200.",
        "Look whether day and month have changed places.",
    ),
    "placeholder_day": Fault(
        "The day is one that systems write for never or unknown.",
        "List it under `empty` if it stands for nothing.",
    ),
    "control_character": Fault(
        "The text holds characters that cannot be seen.",
        "Look at the `encoding`, and export the column again.",
    ),
    "unknown_code": Fault(
        "The text is none of the codes of the column.", "Say under `codes` what it stands for."
    ),
    "not_yes_or_no": Fault("The text is neither yes nor no.", "Say under `codes` what it stands for."),
    "empty_yes_no": Fault(
        "The cell is empty, and yes or no must stand there.", "Fill it, or give the column a `value`."
    ),
}
"""Faults by their code."""

MENDED: dict[str, str] = {
    "sign_after_number": "with the sign after the number",
    "parentheses": "in parentheses, which make it negative",
    "credit_or_debit": "with CR or DR after the number",
    "currency_sign": "with a pound sign or GBP",
    "thousands_separator": "with separated thousands",
    "percent_sign": "with a percent sign",
    "exponent": "as a power of ten",
    "decimal_zeros": "as whole numbers with .0",
    "midnight": "with midnight as time of day",
    "year_first": "with the year first, not in the form of ISO 8601",
    "eight_digits": "as eight digits",
    "day_month_year": "as day, month, year, where no other order makes a day",
    "month_day_year": "as month, day, year, where no other order makes a day",
    "month_by_name": "with the month by its name",
    "inner_spaces": "with spaces inside",
    "inner_points": "with points or strokes inside",
    "letter_k": "with a K beside the number",
    "country_prefix": "with the country before the number",
    "lower_case": "in small letters",
    "leading_zero": "without their leading zeros",
    "other_spelling": "in another spelling of the code",
}
"""Forms of writing by their code, in words after a number: ``sign_after_number`` -> "with the sign after"."""

SKIPPED: dict[str, str] = {
    "repeated_header": "Lines repeat the header, as files put together do.",
    "blank_line": "Lines are blank.",
    "separator_line": "A line names the separator, for a spreadsheet.",
}
"""Lines that hold nothing and are left out, by their code."""
