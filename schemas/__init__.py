"""What a record must look like: one module a table, one pandera model each."""

from __future__ import annotations

from taxgap.schemas.adjustments import Adjustments
from taxgap.schemas.aggregates import Aggregates
from taxgap.schemas.catalogue import (
    OPTIONAL_TABLES,
    RETURN_TABLES,
    TABLES,
    TRUTH_TABLES,
    describe_schema,
    table_model,
)
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
from taxgap.schemas.table import Table
from taxgap.schemas.taxpayers import Taxpayers
from taxgap.schemas.third_party import ThirdParty
from taxgap.schemas.third_party_unmatched import ThirdPartyUnmatched
from taxgap.schemas.truth import Misreporting, PotentialEnquiries, Unregistered
from taxgap.schemas.vat import Vat

__all__ = [
    "OPTIONAL_TABLES",
    "RETURN_TABLES",
    "TABLES",
    "TRUTH_TABLES",
    "Adjustments",
    "Aggregates",
    "CorporationTax",
    "EmployerPaye",
    "Enquiries",
    "Identities",
    "Links",
    "Misreporting",
    "Obligations",
    "Payments",
    "PotentialEnquiries",
    "Registrations",
    "Reviews",
    "SelfAssessment",
    "Table",
    "Taxpayers",
    "ThirdParty",
    "ThirdPartyUnmatched",
    "Unregistered",
    "Vat",
    "describe_schema",
    "table_model",
]
