"""The tables by name, and their description for people."""

from __future__ import annotations

import pandas as pd

from taxgap.errors import UsageError
from taxgap.schemas.adjustments import Adjustments
from taxgap.schemas.aggregates import Aggregates
from taxgap.schemas.corporation_tax import CorporationTax
from taxgap.schemas.employer_paye import EmployerPaye
from taxgap.schemas.enquiries import Enquiries
from taxgap.schemas.identities import Identities
from taxgap.schemas.links import Links
from taxgap.schemas.obligations import Obligations
from taxgap.schemas.payments import Payments
from taxgap.schemas.registrations import Registrations
from taxgap.schemas.reviews import Reviews
from taxgap.schemas.self_assessment import SelfAssessment
from taxgap.schemas.table import Table, describe_columns
from taxgap.schemas.taxpayers import Taxpayers
from taxgap.schemas.third_party import ThirdParty
from taxgap.schemas.third_party_unmatched import ThirdPartyUnmatched
from taxgap.schemas.truth import Misreporting, PotentialEnquiries, Unregistered
from taxgap.schemas.vat import Vat

TABLES: dict[str, type[Table]] = {
    "taxpayers": Taxpayers,
    "registrations": Registrations,
    "obligations": Obligations,
    "links": Links,
    "identities": Identities,
    "self_assessment": SelfAssessment,
    "vat": Vat,
    "corporation_tax": CorporationTax,
    "employer_paye": EmployerPaye,
    "third_party": ThirdParty,
    "third_party_unmatched": ThirdPartyUnmatched,
    "enquiries": Enquiries,
    "adjustments": Adjustments,
    "reviews": Reviews,
    "payments": Payments,
    "aggregates": Aggregates,
}
"""The tables of the records, in the order in which they are read."""

TRUTH_TABLES: dict[str, type[Table]] = {
    "self_assessment": SelfAssessment,
    "vat": Vat,
    "corporation_tax": CorporationTax,
    "employer_paye": EmployerPaye,
    "misreporting": Misreporting,
    "enquiries": PotentialEnquiries,
    "unregistered": Unregistered,
}
"""The tables of the truth; a return's truthful twin has the schema of the return."""

OPTIONAL_TABLES = ("reviews",)
"""Tables that records need not have: nothing is missing where they are absent."""

RETURN_TABLES = ("self_assessment", "vat", "corporation_tax", "employer_paye")
"""The tables that hold returns, one a regime."""


def table_model(name: str, *, truth: bool = False) -> type[Table]:
    """Return the model of a table.

    Parameters
    ----------
    name : str
        The table, such as ``self_assessment``.
    truth : bool, default False
        Look among the tables of the truth.

    Returns
    -------
    type of Table

    Raises
    ------
    UsageError
        No table has this name; the message lists those that exist.
    """
    tables = TRUTH_TABLES if truth else TABLES
    if name not in tables:
        raise UsageError(f"There is no table named '{name}'.", available=tables, remedy="Name one of these.")
    return tables[name]


def describe_schema(name: str, *, truth: bool = False) -> pd.DataFrame:
    """Describe a table: one row a column, with type, unit, box of the form, title and rule.

    Parameters
    ----------
    name : str
        The table, such as ``self_assessment``.
    truth : bool, default False
        Look among the tables of the truth.

    Returns
    -------
    DataFrame
        Columns `column, type, unit, box, title, rule, levels, empty, key`.

    Examples
    --------
    >>> describe_schema("self_assessment").set_index("column").loc["turnover", "unit"]
    'GBP'
    """
    return pd.DataFrame(describe_columns(table_model(name, truth=truth)))
