"""What a record must look like: one module a table, one pandera model each."""

from __future__ import annotations

from taxgap.schemas.adjustments import Adjustments
from taxgap.schemas.catalogue import RETURN_TABLES, TABLES, TRUTH_TABLES, describe_schema, table_model
from taxgap.schemas.enquiries import Enquiries
from taxgap.schemas.obligations import Obligations
from taxgap.schemas.payments import Payments
from taxgap.schemas.registrations import Registrations
from taxgap.schemas.self_assessment import SelfAssessment
from taxgap.schemas.table import Table
from taxgap.schemas.taxpayers import Taxpayers
from taxgap.schemas.third_party import ThirdParty
from taxgap.schemas.truth import Misreporting, PotentialEnquiries

__all__ = [
    "RETURN_TABLES",
    "TABLES",
    "TRUTH_TABLES",
    "Adjustments",
    "Enquiries",
    "Misreporting",
    "Obligations",
    "Payments",
    "PotentialEnquiries",
    "Registrations",
    "SelfAssessment",
    "Table",
    "Taxpayers",
    "ThirdParty",
    "describe_schema",
    "table_model",
]
