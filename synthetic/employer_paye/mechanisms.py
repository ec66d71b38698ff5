"""The ways in which an employer's return comes to differ from the truth."""

from __future__ import annotations

import numpy as np

from taxgap.synthetic.employer_paye import differences as by
from taxgap.synthetic.employer_paye.payrolls import DUE
from taxgap.synthetic.form import Bools, Mechanism, Scene

_REGIME = "employer_paye"
_CARELESS = {"failure_to_take_reasonable_care": 0.6, "error": 0.2, "evasion": 0.2}
_OF_PAY = ("employment_allowance", "pay", *DUE)

_CASH = 0.03  # share of takings in cash from which wages can be paid out of it
_WELL_PAID = 30_000.0


def _has_cash_and_staff(scene: Scene) -> Bools:
    staff = scene.activity["staff"]  # large employers have nobody who could pay wages out of the till
    return np.asarray((scene.activity["cash"] > _CASH) & (staff > 0) & (staff < by.LARGE))


def _has_staff(scene: Scene) -> Bools:
    return np.asarray(scene.activity["staff"] > 0)


def _pays_directors_well(scene: Scene) -> Bools:
    return np.asarray(scene.boxes["directors_pay"] > _WELL_PAID)


MECHANISMS: tuple[Mechanism, ...] = (
    Mechanism(
        "allowance_overclaimed",
        _REGIME,
        "The employment allowance is claimed by a company that may not have it",
        rate=-1.6,
        disposition=0.6,
        behaviours={"failure_to_take_reasonable_care": 0.55, "error": 0.35, "evasion": 0.10},
        fields=("employment_allowance",),
        evidence=("allowance.claim", "network.shared"),
        exposed=by.could_claim,
        amounts=by.allowance_overclaimed,
        traces="The only one paid is a director, or companies with the same owner claim it too.",
    ),
    Mechanism(
        "mini_umbrella",
        _REGIME,
        "Many tiny companies are set up, each with an allowance of its own",
        rate=2.2,
        disposition=0.2,
        agent=0.0,
        behaviours={"criminal_attacks": 1.0},
        fields=("employment_allowance", "pay", "tax_deducted", "employee_nics"),
        evidence=("network.shared", "allowance.claim", "change.employees"),
        exposed=lambda scene: (scene.activity["umbrella"] & (scene.activity["staff"] > 0)).to_numpy(),
        amounts=by.mini_umbrella,
        traces="A small payroll in the supply of labour with the allowance used up.",
    ),
    Mechanism(
        "wages_off_books",
        _REGIME,
        "Part of the wages is paid in cash and left out",
        rate=-0.85,
        leaning=1.0,
        disposition=0.8,
        behaviours={"evasion": 0.8, "failure_to_take_reasonable_care": 0.2},
        fields=("employees", *_OF_PAY),
        evidence=("wages.to_turnover", "margin.labour", "wages.per_head"),
        exposed=_has_cash_and_staff,
        amounts=by.wages_off_books,
        traces="Wages are low for the turnover and, where only the top is left out, low a head.",
    ),
    Mechanism(
        "false_self_employment",
        _REGIME,
        "Employees are shown as subcontractors or suppliers",
        rate=-1.2,
        leaning=0.6,
        disposition=0.7,
        behaviours={"failure_to_take_reasonable_care": 0.45, "legal_interpretation": 0.3, "evasion": 0.25},
        fields=("employees", *_OF_PAY, "paid_to_subcontractors", "cis_deducted"),
        evidence=("subcontractors.share", "wages.head_count", "change.employees"),
        exposed=_has_staff,
        amounts=by.false_self_employment,
        traces="In construction payments to subcontractors are high beside pay; elsewhere only pay is low.",
    ),
    Mechanism(
        "cis_under_deducted",
        _REGIME,
        "Too little is deducted from subcontractors",
        rate=-1.3,
        leaning=0.3,
        disposition=0.7,
        behaviours={"failure_to_take_reasonable_care": 0.6, "error": 0.25, "evasion": 0.15},
        fields=("cis_deducted",),
        evidence=("subcontractors.deductions", "subcontractors.change"),
        exposed=lambda scene: (scene.boxes["cis_deducted"] > 0).to_numpy(),
        amounts=by.cis_under_deducted,
        traces="The rate of deduction is low; firms whose subcontractors are paid gross look the same.",
    ),
    Mechanism(
        "cis_suffered_inflated",
        _REGIME,
        "More is set off than contractors deducted, or deductions are invented to be repaid",
        rate=-1.4,
        leaning=0.3,
        disposition=0.9,
        behaviours=by.SUFFERED_BEHAVIOURS,
        fields=("cis_suffered",),
        evidence=("cis.suffered", "third_party.takings"),
        exposed=by.may_invent,
        amounts=by.cis_suffered_inflated,
        traces="Contractors report less than is set off, as they do where they report late.",
    ),
    Mechanism(
        "benefits_not_taxed",
        _REGIME,
        "Part of the pay is treated as expenses",
        rate=-0.5,
        leaning=0.3,
        disposition=0.6,
        behaviours={"legal_interpretation": 0.40, "failure_to_take_reasonable_care": 0.45, "error": 0.15},
        fields=("directors_pay", *_OF_PAY),
        evidence=("tax.rate", "wages.per_head", "wages.to_accounts"),
        exposed=lambda scene: (scene.boxes["pay"] > 0).to_numpy(),
        amounts=by.benefits_not_taxed,
        traces="Pay is low a head and beside the accounts, as it is where pay is given up for pensions.",
    ),
    Mechanism(
        "disguised_remuneration_paye",
        _REGIME,
        "Directors and key staff are paid through loans",
        rate=-2.3,
        disposition=0.5,
        agent=0.1,
        behaviours={"avoidance": 0.85, "evasion": 0.15},
        fields=("directors_pay", *_OF_PAY),
        evidence=("directors.pay", "directors.loan", "wages.to_accounts"),
        exposed=_pays_directors_well,
        amounts=by.disguised_remuneration,
        traces="Directors have little pay for the size of the company.",
    ),
    Mechanism(
        "paye_error",
        _REGIME,
        "A slip with codes, thresholds or categories, either way",
        rate=-1.1,
        disposition=0.2,
        agent=-0.25,
        persistence=0.4,
        behaviours={"error": 1.0},
        fields=("employment_allowance", *DUE),
        evidence=("tax.rate", "nics.rate", "timing.amended"),
        exposed=lambda scene: np.ones(len(scene), dtype=bool),
        amounts=by.paye_error,
        traces="What is due is high or low for the pay.",
    ),
)
"""Every mechanism of the employer's return, in the order in which they act on it: claims come first, as
contributions are then not reported below them."""
