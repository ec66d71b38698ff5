"""What the truth says of an example case: known only because the population is synthetic."""

from __future__ import annotations

from taxgap.publication.content import ExampleCase
from taxgap.publication.tables import Table, make_table
from taxgap.publication.wording import in_words, pounds


def describe_truth(case: ExampleCase) -> tuple[str, ...]:
    """Say what is true of a return, whether its reasons lead there, and what an officer would find.

    Parameters
    ----------
    case : ExampleCase

    Returns
    -------
    tuple of str
        Sentences.
    """
    found = f"An officer who opened this return would find {pounds(case.officer_would_find)}."
    if case.truth.empty:
        nothing = "Nothing is wrong with this return."
        return nothing, "A flag is a reason to look; looking may find nothing.", found
    lost = round(float(case.truth["tax_lost"].sum()))
    if lost < 0:
        return f"The mistakes on this return cost the taxpayer {pounds(-lost)} too much tax.", found
    return f"Tax lost on this return: {pounds(lost)}.", _describe_reach(case), found


def tabulate_truth(case: ExampleCase, key: str) -> Table | None:
    """List where a return differs from the truth; None where it does not.

    Parameters
    ----------
    case : ExampleCase
    key : str
        Of the table.

    Returns
    -------
    Table or None
    """
    if case.truth.empty:
        return None
    rows = [
        (
            str(row.title),
            in_words(str(row.field)),
            pounds(row.amount),
            pounds(row.tax_lost),
            "Yes" if row.could_reveal else "No",
        )
        for row in case.truth.itertuples(index=False)
    ]
    could = "Could a reason reveal it?"
    heads = ["What happened", "Box", "True less declared", "Tax lost", could]
    return make_table(key, "Where the return differs from the truth", heads, rows, text=["Box", could])


def _describe_reach(case: ExampleCase) -> str:
    revealing = case.truth["could_reveal"].astype(bool)
    if revealing.all():
        return "The reasons given could lead an officer to all of it."
    if revealing.any():
        return "The reasons given could lead an officer to part of it."
    return "None of the reasons given would lead an officer to it."
