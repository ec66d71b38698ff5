"""The ways in which a Self Assessment return comes to differ from the truth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from taxgap.synthetic.form import Amounts, Mechanism, Scene
from taxgap.synthetic.streams import Floats

_SIZE_FADES = 0.46
_COSTS_OF_A_JOB = ("cost_of_goods", "subcontractor_costs", "travel_costs")


def _severity(scene: Scene, name: str, middle: float) -> Floats:
    return scene.severity(name, middle, fades=_SIZE_FADES)


def _trades(scene: Scene) -> NDArray[np.bool_]:
    return np.asarray(scene.boxes["turnover"] > 0)


def _claims_expenses(scene: Scene) -> NDArray[np.bool_]:
    return np.asarray(_trades(scene) & (scene.boxes["trading_allowance"] == 0))


def _suppressed_turnover(scene: Scene) -> Amounts:
    # What others report is harder to leave out: the share shrinks with it.
    share = _severity(scene, "turnover_suppressed", 0.70) * (1 - 0.6 * scene.covered)
    return _off_the_books(scene, "turnover_suppressed", share)


def _omitted_cash(scene: Scene) -> Amounts:
    share = _severity(scene, "cash_sales_omitted", 0.76)
    return _off_the_books(scene, "cash_sales_omitted", share * scene.activity["cash"].to_numpy())


def _off_the_books(scene: Scene, name: str, share: Floats) -> Amounts:
    # Half leave out whole jobs with what they cost, so that their ratios look like anyone's; half only the
    # sale.
    whole = scene.streams.happens(
        min(0.5 * scene.form.difficulty, 0.95), f"{name} with costs"
    ) & _claims_expenses(scene)
    costs = {box: whole * share * scene.boxes[box].to_numpy() for box in _COSTS_OF_A_JOB}
    return {"turnover": share * scene.boxes["turnover"].to_numpy(), **costs}


def _private_expenses(scene: Scene) -> Amounts:
    # Private use hides in the boxes for travel, premises and office.
    share = _severity(scene, "private_expenses", 0.50)
    boxes = ("travel_costs", "premises_costs", "office_costs")
    base = np.maximum(scene.boxes[list(boxes)].to_numpy(), 0.06 * scene.boxes[["turnover"]].to_numpy())
    lean = np.column_stack([scene.streams.uniform(f"private {box}") for box in boxes])
    return {box: -4.2 * share * lean[:, i] * base[:, i] for i, box in enumerate(boxes)}


def _inflated_expenses(scene: Scene) -> Amounts:
    share = _severity(scene, "expenses_inflated", 0.52)
    picks = scene.streams.choice([0.4, 0.25, 0.35], "inflated box")
    extra = share * 0.8 * scene.boxes["turnover"].to_numpy()
    boxes = ("cost_of_goods", "staff_costs", "other_expenses")
    return {box: -extra * (picks == i) for i, box in enumerate(boxes)}


def _omitted_platform(scene: Scene) -> Amounts:
    share = _severity(scene, "platform_income_omitted", 0.75)
    platform = (scene.activity["platform"] * scene.boxes["turnover"]).to_numpy()
    return {"turnover": share * platform}


def _omitted_rent(scene: Scene) -> Amounts:
    return {"rents": _severity(scene, "rent_omitted", 0.78) * scene.boxes["rents"].to_numpy()}


def _inflated_rental_expenses(scene: Scene) -> Amounts:
    share = _severity(scene, "rental_expenses_inflated", 0.48)
    extra = share * scene.boxes["rents"].to_numpy()
    repairs = scene.streams.happens(0.65, "capital as repairs")
    return {"property_repairs": -extra * repairs, "property_costs": -extra * ~repairs}


def _omitted_interest(scene: Scene) -> Amounts:
    return {"interest": _severity(scene, "interest_omitted", 0.88) * scene.boxes["interest"].to_numpy()}


def _overclaimed_reliefs(scene: Scene) -> Amounts:
    share = _severity(scene, "reliefs_overclaimed", 0.45)
    income = np.minimum(scene.panel["total_income"].to_numpy(), 150_000)
    picks = scene.streams.choice([0.5, 0.3, 0.2], "relief")
    employed = (scene.boxes["employment_pay"] > 5_000).to_numpy()
    boxes = ("pension_contributions", "gift_aid", "employment_expenses")
    rate = (0.24, 0.10, 0.12)
    usable = (True, True, employed)
    return {box: -share * rate[i] * income * (picks == i) * usable[i] for i, box in enumerate(boxes)}


def _omitted_overseas(scene: Scene) -> Amounts:
    return {
        "foreign_income": _severity(scene, "overseas_income_omitted", 0.80)
        * scene.boxes["foreign_income"].to_numpy()
    }


def _relief_twice(scene: Scene) -> Amounts:
    # The employer has already relieved these payments through the payroll.
    share = 0.05 * np.exp(0.4 * scene.streams.normal("scheme payments"))
    return {"pension_contributions": -share * scene.boxes["employment_pay"].to_numpy()}


def _below_threshold(scene: Scene) -> Amounts:
    declared = scene.activity["declared_below"].to_numpy()
    return {"turnover": np.nan_to_num(scene.boxes["turnover"].to_numpy() - declared, nan=0.0)}


def _partnership_hides(scene: Scene) -> Amounts:
    # The partnership's own return leaves it out, so that its statement agrees with the partner's return.
    return {
        "partnership_profit": (
            scene.boxes["partnership_profit"] - scene.activity["partnership_stated"]
        ).to_numpy()
    }


def _share_omitted(scene: Scene) -> Amounts:
    stated = scene.activity["partnership_stated"].to_numpy()
    return {"partnership_profit": _severity(scene, "partner_share_omitted", 0.15) * stated}


_SLIP_BOXES = ("rents", "dividends", "pension", "foreign_income")


def _honest_slip(scene: Scene) -> Amounts:
    # Small, in one box, and either way; those that cost the Exchequer are a little more common.
    size = np.log(np.maximum(scene.panel["gross"].to_numpy(), 5_000.0) / 25_000.0)
    middle = 0.17 * np.exp(-_SIZE_FADES * np.clip(size, -1.0, None))
    share = np.minimum(middle * np.exp(1.3 * scene.streams.normal("slip", scene.counter)), 0.5)
    signed = share * np.where(scene.streams.happens(0.74, "slip costs tax", scene.counter), 1.0, -1.0)
    turnover, claims = scene.boxes["turnover"].to_numpy(), _claims_expenses(scene)
    pick = np.where(claims, scene.streams.choice([0.5, 0.3, 0.2], "slip box", scene.counter), 0)
    slips = {
        "turnover": signed * turnover * (pick == 0),
        "other_expenses": -0.6 * signed * turnover * (pick == 1),
        "travel_costs": -0.6 * signed * turnover * (pick == 2),
    }
    # Without a trade, the slip falls on the largest of the boxes that nobody else reports.
    # A pension is paid under deduction of tax, and its slips are rarer and smaller.
    other = scene.boxes[list(_SLIP_BOXES)].to_numpy(copy=True)
    other[:, _SLIP_BOXES.index("pension")] *= 0.4 * scene.streams.happens(0.5, "pension slip", scene.counter)
    largest = other.argmax(axis=1)
    for i, box in enumerate(_SLIP_BOXES):
        slips[box] = signed * other[:, i] * (~_trades(scene) & (largest == i))
    return slips


_CARELESS = {
    "failure_to_take_reasonable_care": 0.58,
    "error": 0.25,
    "legal_interpretation": 0.10,
    "evasion": 0.07,
}
_DELIBERATE = {"evasion": 0.35, "failure_to_take_reasonable_care": 0.60, "error": 0.05}

MECHANISMS: tuple[Mechanism, ...] = (
    Mechanism(
        "threshold_suppressed",
        "self_assessment",
        "Turnover is declared just below the threshold at which VAT begins",
        rate=np.inf,  # who does is decided with the VAT registration
        behaviours=_DELIBERATE,
        fields=("turnover",),
        evidence=("margin.threshold", "third_party.takings", "expenses.total"),
        exposed=lambda scene: scene.activity["declared_below"].notna().to_numpy(),
        amounts=_below_threshold,
        traces="Card processors and platforms still report takings above the threshold.",
    ),
    Mechanism(
        "turnover_suppressed",
        "self_assessment",
        "Part of the turnover is left out, whichever way customers paid",
        rate=-0.75,
        leaning=0.8,
        disposition=0.7,
        agent=-0.35,
        visibility=-2.0,
        leaves_a_profit=True,
        behaviours=_DELIBERATE,
        fields=("turnover", *_COSTS_OF_A_JOB),
        evidence=("third_party.takings", "expenses.total", "change.turnover"),
        exposed=_trades,
        amounts=_suppressed_turnover,
        traces="Card processors, platforms and contractors report what they paid.",
    ),
    Mechanism(
        "cash_sales_omitted",
        "self_assessment",
        "Sales for cash are left out, which no third party reports",
        rate=-0.35,
        leaning=1.0,
        disposition=0.7,
        agent=-0.30,
        visibility=0.0,
        leaves_a_profit=True,
        behaviours=_DELIBERATE,
        fields=("turnover", *_COSTS_OF_A_JOB),
        evidence=("third_party.takings", "third_party.cover", "margin.gross"),
        exposed=lambda scene: _trades(scene) & (scene.activity["cash"] > 0.03).to_numpy(),
        amounts=_omitted_cash,
        traces="None, where the rest of the sales is declared.",
    ),
    Mechanism(
        "private_expenses",
        "self_assessment",
        "Private costs of travel, premises or office are claimed",
        rate=-0.5,
        leaning=0.5,
        disposition=0.6,
        agent=-0.40,
        visibility=0.0,
        leaves_a_profit=True,
        behaviours=_CARELESS,
        fields=("travel_costs", "premises_costs", "office_costs"),
        evidence=("expenses.travel", "expenses.premises", "expenses.office"),
        exposed=_claims_expenses,
        amounts=_private_expenses,
        traces="None.",
    ),
    Mechanism(
        "expenses_inflated",
        "self_assessment",
        "Goods, wages or other expenses are claimed that were not incurred",
        rate=-1.2,
        leaning=0.6,
        disposition=0.7,
        agent=-0.30,
        visibility=0.0,
        leaves_a_profit=True,
        behaviours=_DELIBERATE,
        fields=("cost_of_goods", "staff_costs", "other_expenses"),
        evidence=("expenses.total", "expenses.other", "margin.gross"),
        exposed=_claims_expenses,
        amounts=_inflated_expenses,
        traces="None.",
    ),
    Mechanism(
        "platform_income_omitted",
        "self_assessment",
        "Sales through an online platform are left out",
        rate=-0.5,
        leaning=0.4,
        disposition=0.6,
        agent=-0.30,
        visibility=-0.8,
        leaves_a_profit=True,
        behaviours=_CARELESS,
        fields=("turnover",),
        evidence=("third_party.platform", "third_party.takings", "expenses.total"),
        exposed=lambda scene: _trades(scene) & (scene.activity["platform"] > 0.03).to_numpy(),
        amounts=_omitted_platform,
        traces="The platform reports the sales, since 2024 mostly.",
    ),
    Mechanism(
        "rent_omitted",
        "self_assessment",
        "A letting, or part of a year's rent, is left out",
        rate=-2.0,
        leaning=0.0,
        disposition=0.8,
        agent=-0.30,
        visibility=0.0,
        leaves_a_profit=False,
        behaviours=_CARELESS,
        fields=("rents",),
        evidence=("change.rent", "property.costs", "property.finance"),
        exposed=lambda scene: (scene.boxes["rents"] > 0).to_numpy(),
        amounts=_omitted_rent,
        traces="None.",
    ),
    Mechanism(
        "rental_expenses_inflated",
        "self_assessment",
        "Improvements or private costs are claimed against rent",
        rate=-2.0,
        leaning=0.0,
        disposition=0.7,
        agent=-0.30,
        visibility=0.0,
        leaves_a_profit=False,
        behaviours={"failure_to_take_reasonable_care": 0.45, "error": 0.2, "legal_interpretation": 0.35},
        fields=("property_repairs", "property_costs"),
        evidence=("property.repairs", "property.costs"),
        exposed=lambda scene: (
            (scene.boxes["rents"] > 0) & (scene.boxes["property_allowance"] == 0)
        ).to_numpy(),
        amounts=_inflated_rental_expenses,
        traces="None.",
    ),
    Mechanism(
        "interest_omitted",
        "self_assessment",
        "Bank interest is left out",
        rate=-1.2,
        leaning=0.0,
        disposition=0.6,
        agent=-0.20,
        visibility=0.0,
        leaves_a_profit=False,
        behaviours={"failure_to_take_reasonable_care": 0.7, "error": 0.2, "evasion": 0.1},
        fields=("interest",),
        evidence=("third_party.interest",),
        exposed=lambda scene: (scene.boxes["interest"] > 0).to_numpy(),
        amounts=_omitted_interest,
        traces="The bank reports the interest.",
    ),
    Mechanism(
        "reliefs_overclaimed",
        "self_assessment",
        "Pension payments, gifts or job expenses are claimed that do not qualify",
        rate=-1.7,
        leaning=0.0,
        disposition=0.7,
        agent=-0.35,
        visibility=0.0,
        leaves_a_profit=False,
        behaviours=_CARELESS,
        fields=("pension_contributions", "gift_aid", "employment_expenses"),
        evidence=("reliefs.pension", "reliefs.gift_aid", "reliefs.employment_expenses"),
        exposed=lambda scene: (scene.panel["total_income"] > 20_000).to_numpy(),
        amounts=_overclaimed_reliefs,
        traces="None.",
    ),
    Mechanism(
        "overseas_income_omitted",
        "self_assessment",
        "Interest and other income on an account abroad is left out",
        rate=-0.7,
        behaviours={"failure_to_take_reasonable_care": 0.5, "error": 0.15, "evasion": 0.35},
        fields=("foreign_income",),
        evidence=("third_party.overseas",),
        exposed=lambda scene: (scene.boxes["foreign_income"] > 100).to_numpy(),
        amounts=_omitted_overseas,
        traces="Foreign tax authorities report most accounts.",
    ),
    Mechanism(
        "relief_claimed_twice",
        "self_assessment",
        "Pension payments are claimed that the employer has already relieved",
        rate=-3.0,
        behaviours=_CARELESS,
        fields=("pension_contributions",),
        evidence=("reliefs.pension",),
        exposed=lambda scene: (scene.boxes["employment_pay"] > 20_000).to_numpy(),
        amounts=_relief_twice,
        traces="None: the employer reports pay after the deduction.",
    ),
    Mechanism(
        "partnership_profit_suppressed",
        "self_assessment",
        "A partnership leaves out part of its profit, and so do its partners",
        rate=np.inf,  # who does is decided with the partnership
        behaviours=_DELIBERATE,
        fields=("partnership_profit",),
        evidence=("third_party.employment",),
        exposed=lambda scene: (
            scene.boxes["partnership_profit"] > scene.activity["partnership_stated"]
        ).to_numpy(),
        amounts=_partnership_hides,
        traces="None: the partnership's statement agrees with the return.",
    ),
    Mechanism(
        "partner_share_omitted",
        "self_assessment",
        "A partner declares less than the partnership states for him",
        rate=-1.9,
        behaviours=_CARELESS,
        fields=("partnership_profit",),
        evidence=("third_party.employment",),
        exposed=lambda scene: (scene.activity["partnership_stated"] > 0).to_numpy(),
        amounts=_share_omitted,
        traces="The partnership's return states his share.",
    ),
    Mechanism(
        "honest_error",
        "self_assessment",
        "A slip of arithmetic, or a sale or cost put in the wrong year",
        rate=-0.45,
        leaning=0.2,
        disposition=0.2,
        agent=-0.25,
        visibility=0.0,
        leaves_a_profit=False,
        behaviours={"error": 1.0},
        fields=("turnover", "other_expenses", "travel_costs", *_SLIP_BOXES),
        evidence=("change.turnover", "change.expenses", "change.savings"),
        exposed=lambda scene: np.ones(len(scene.boxes), dtype=bool),
        amounts=_honest_slip,
        traces="Reports of others may differ from the box that slipped.",
    ),
)
"""Every mechanism that can be planted, in the order in which they act on a return."""
