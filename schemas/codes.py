"""The frozen code lists of the records: levels never change order, new ones are appended."""

from __future__ import annotations

NATIONS = ["England", "Wales", "Scotland", "Northern Ireland"]

# ITL1 regions, and the nation each belongs to.
REGION_NATION = {
    "North East": "England",
    "North West": "England",
    "Yorkshire and The Humber": "England",
    "East Midlands": "England",
    "West Midlands": "England",
    "East of England": "England",
    "London": "England",
    "South East": "England",
    "South West": "England",
    "Wales": "Wales",
    "Scotland": "Scotland",
    "Northern Ireland": "Northern Ireland",
}
REGIONS = list(REGION_NATION)

LEGAL_FORMS = ["individual", "partnership", "company", "trust", "non_profit"]
REGIMES = ["self_assessment", "vat", "corporation_tax", "employer_paye"]
REGISTRATION_BASES = ["compulsory", "voluntary"]
VAT_SCHEMES = ["standard", "flat_rate"]
FREQUENCIES = ["monthly", "quarterly", "annual"]
OBLIGATION_STATUSES = ["met", "late", "missing"]
REPORT_SOURCES = [
    "employer",
    "bank",
    "platform",
    "card_processor",
    "contractor",
    "overseas",
    "customs",
    "partnership",
]
LINK_KINDS = [
    "director_of",
    "directed_by",
    "partner_in",
    "has_partner",
    "shares_address",
    "shares_account",
    "sells_to",
    "buys_from",
]
UNREGISTERED_KINDS = ["ghost", "moonlighter", "unregistered_trader", "undeclared_landlord"]
PROGRAMMES = ["random", "risk"]
ANSWERS = ["yes", "no"]

# The eight behaviours of the published tax gap tables.
BEHAVIOURS = [
    "failure_to_take_reasonable_care",
    "error",
    "evasion",
    "legal_interpretation",
    "avoidance",
    "criminal_attacks",
    "hidden_economy",
    "non_payment",
]
