"""Notes on the page: what is said of several taxes and years stands in one line."""

from __future__ import annotations

from taxgap.publication.gap_notes import gather_notes
from tests.publication.test_gap_page import build_estimate

DOMINANT = "One case makes {}% of the variance. Check it."


def gather(*notes: str, **made: object) -> tuple[str, ...]:
    estimate = build_estimate(notes=notes)
    return gather_notes(build_estimate(notes=notes, made={**estimate.made, **made}))


def test_the_same_of_several_years_and_taxes_is_said_once() -> None:
    assert gather(
        "self assessment, 2021-22: Pool years.",
        "There is no table.",
        "self assessment, 2022-23: Pool years.",
        "vat, 2021-22 and 2022-23: Pool years.",
        "There is no table.",
        "employer paye, 2022-23: Pool years.",
    ) == (
        "Self Assessment and VAT, 2021-22 and 2022-23; Employer PAYE, 2022-23: Pool years.",
        "There is no table.",
    )


def test_sentences_that_differ_in_a_number_stand_in_one_line_with_each_number() -> None:
    (line,) = gather(
        f"vat, 2021-22: {DOMINANT.format(9)}",
        f"vat, 2022-23 and 2023-24: {DOMINANT.format(61)}",
        f"employer paye, 2022-23: {DOMINANT.format(52)}",
    )
    whose, _, sentence = line.partition(": ")
    assert whose == "VAT, 2021-22 (9%), 2022-23 and 2023-24 (61%); Employer PAYE, 2022-23 (52%)"
    assert sentence == DOMINANT.format("9% to 61")


def test_sentences_that_differ_in_a_word_name_each_word() -> None:
    assert gather("vat, 2021-22: half of sales, most.", "employer paye: half of pay, most.") == (
        "VAT, 2021-22 (sales); Employer PAYE (pay): half of sales or pay, most.",
    )


def test_sentences_that_differ_in_more_stand_apart() -> None:
    notes = ("VAT, 2021-22: 1 case is older.", "VAT, 2022-23: 2 cases are older.", "VAT, 2022-23: Nothing.")
    assert gather(*notes) == notes
    three = tuple(f"VAT, 2021-22: Of {a} cases {b} are open." for a, b in ((5, 3), (6, 3), (6, 4)))
    assert gather(*three) == (
        "VAT, 2021-22 (5), 2021-22 (6): Of 5 to 6 cases 3 are open.",
        three[2],
    )


def test_all_years_of_a_run_of_one_are_that_year() -> None:
    years = {"years": {"vat": ["2022-23"]}}
    assert gather("vat, 2022-23, all years together: Pool years.", **years) == ("VAT, 2022-23: Pool years.",)
    assert gather("vat, all years: Pool years.", **years) == ("VAT, 2022-23: Pool years.",)
    assert gather("vat, all years: Pool years.") == ("VAT, all years: Pool years.",)
