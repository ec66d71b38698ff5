"""How much each mechanism changes the boxes of company returns: truth less report, in GBP.

All shares and medians are assumptions, set so that what random enquiries would find comes near the published
figures (see `taxgap.synthetic.corporation_tax.mechanisms`).
"""

from __future__ import annotations

import numpy as np

from taxgap.synthetic.corporation_tax.boxes import profit_before_losses
from taxgap.synthetic.form import Amounts, Scene
from taxgap.synthetic.hiding import hides_costs_too
from taxgap.synthetic.streams import Floats

SMALL, LARGE = 10e6, 200e6
"""Turnover in GBP a year below which a company is small, and from which it is large (assumption)."""

_TYPICAL = 2_500_000.0  # turnover in GBP a year at which the median shares hold


def suppressed_turnover(scene: Scene) -> Amounts:
    """Leave sales out, half of those who do with what they cost."""
    return _off_the_books(scene, "hidden")


def omitted_cash(scene: Scene) -> Amounts:
    """Leave sales for cash out, half of those who do with what they cost."""
    return _off_the_books(scene, "hidden_cash")


def kept_below_threshold(scene: Scene) -> Amounts:
    """Leave out what lies above a turnover just below the VAT threshold."""
    return {"turnover": scene.activity["hidden_below"].to_numpy()}


def _off_the_books(scene: Scene, column: str) -> Amounts:
    hidden = scene.activity[column].to_numpy()
    whole = hides_costs_too(scene.streams, scene.form.difficulty)
    share = hidden / np.maximum(scene.boxes["turnover"].to_numpy(), 1.0)
    costs = {box: whole * share * scene.boxes[box].to_numpy() for box in ("cost_of_sales", "travel_costs")}
    return {"turnover": hidden, **costs}


def private_costs(scene: Scene) -> Amounts:
    """Charge directors' own costs to the company as travel, premises or other costs."""
    share = scene.severity("private_costs", 0.55, 1.6, typical=_TYPICAL)
    boxes = ("travel_costs", "premises_costs", "other_costs")
    base = np.maximum(scene.boxes[list(boxes)].to_numpy(), 0.03 * scene.boxes[["turnover"]].to_numpy())
    base = base + 0.58 * _profit(scene)[:, None]
    lean = np.column_stack([scene.streams.uniform(f"corporation tax private {box}") for box in boxes])
    return {box: -1.5 * share * lean[:, i] * base[:, i] for i, box in enumerate(boxes)}


def inflated_research(scene: Scene) -> Amounts:
    """Claim relief on work that is no research: part of a claim, or a claim from nothing."""
    streams, claimed = scene.streams, scene.boxes["rd_relief"].to_numpy()
    share = scene.severity("rd_inflated", 0.36, 1.6, typical=2e6)
    pay = scene.boxes["staff_costs"].to_numpy() + scene.boxes["directors_pay"].to_numpy()
    fresh = (claimed == 0) * (0.15 + 0.45 * streams.uniform("corporation tax false research")) * pay
    return {"rd_relief": -(share * 1.2 * claimed + fresh)}


def hidden_loans(scene: Scene) -> Amounts:
    """Leave a director's loan out; directors without one charge money that they took to other costs."""
    share = scene.severity("directors_loan_hidden", 0.55, 1.5, typical=_TYPICAL)
    loan = scene.boxes["loan_to_directors"].to_numpy()
    hides = loan > 0
    taken = share * 0.05 * np.minimum(scene.boxes["turnover"].to_numpy(), 2e6)
    return {"loan_to_directors": 0.92 * loan * hides, "other_costs": -taken * ~hides}


def capital_as_revenue(scene: Scene) -> Amounts:
    """Deduct at once what improves premises or lasts for years, and earns no allowance."""
    share = scene.severity("capital_as_revenue", 0.18, 1.4, typical=_TYPICAL)
    spent = share * (0.30 * scene.boxes["turnover"].to_numpy() + 0.9 * _profit(scene))
    premises = scene.streams.happens(0.5, "corporation tax capital on premises", scene.counter)
    return {"premises_costs": -spent * premises, "other_costs": -spent * ~premises}


def inflated_costs(scene: Scene) -> Amounts:
    """Charge goods or services that the company did not buy."""
    share = scene.severity("company_costs_inflated", 0.28, 1.5, typical=_TYPICAL)
    spent = share * (0.7 * scene.boxes["turnover"].to_numpy() + 1.5 * _profit(scene))
    goods = scene.streams.happens(0.5, "corporation tax costs of sales")
    return {"cost_of_sales": -spent * goods, "other_costs": -spent * ~goods}


def connected_charges(scene: Scene) -> Amounts:
    """Charge more for management, goods or finance of connected companies than strangers would."""
    middle = np.where(scene.panel["gross"] < LARGE, 0.010, 0.24)
    return {"other_costs": -_part_of_profit(scene, "connected_charges", middle)}


def avoidance_scheme(scene: Scene) -> Amounts:
    """Claim allowances on a scheme that gives a loss without one being suffered."""
    return {"capital_allowances": -_part_of_profit(scene, "company_avoidance_scheme", 0.40)}


def disguised_remuneration(scene: Scene) -> Amounts:
    """Pay directors through loans from a trust, and deduct what is paid into it."""
    share = scene.severity("disguised_remuneration", 0.40, 1.2, typical=1e6)
    pay = scene.boxes["directors_pay"].to_numpy() + scene.boxes["dividends_paid"].to_numpy()
    return {"other_costs": -share * 1.5 * np.maximum(pay, 10_000.0)}


def overclaimed_losses(scene: Scene) -> Amounts:
    """Set losses off that were used before, or never arose."""
    return {"losses_brought_forward": -_part_of_profit(scene, "losses_overclaimed", 0.60)}


def phantom_claims(scene: Scene) -> Amounts:
    """Charge purchases from a chain of companies made for the purpose, with a claim for research beside."""
    turnover = scene.boxes["turnover"].to_numpy()
    share = 0.10 + 0.25 * scene.streams.uniform("corporation tax phantom")
    claims = scene.streams.happens(0.4, "corporation tax phantom research")
    return {"cost_of_sales": -share * turnover, "rd_relief": -0.5 * share * turnover * claims}


def honest_slip(scene: Scene) -> Amounts:
    """Put a sale or a cost in the wrong year, or an allowance at the wrong amount; either way, in one box."""
    streams, counter = scene.streams, scene.counter
    size = np.log(np.maximum(scene.panel["gross"].to_numpy(), 20_000.0) / _TYPICAL)
    middle = 0.02 * np.exp(-0.25 * size)
    share = np.minimum(middle * np.exp(streams.normal("corporation tax slip", counter)), 0.25)
    signed = share * np.where(streams.happens(0.66, "corporation tax slip costs tax", counter), 1.0, -1.0)
    pick = streams.choice([0.45, 0.3, 0.25], "corporation tax slip box", counter)
    base = signed * scene.boxes["turnover"].to_numpy()
    boxes = {"turnover": base * (pick == 0), "other_costs": -base * (pick == 1)}
    return {**boxes, "capital_allowances": -base * (pick == 2)}


def _part_of_profit(scene: Scene, name: str, middle: float | Floats) -> Floats:
    # A share of the profit with a heavy tail: few cases make up most of the amount.
    profit = np.maximum(_profit(scene) - scene.boxes["losses_available"].to_numpy(), 0.0)
    own = scene.streams.normal(f"corporation tax {name} how much")
    now = scene.streams.normal(f"corporation tax {name} how much", scene.counter)
    return np.asarray(np.minimum(middle * np.exp(0.9 * own + 0.5 * now), 0.95) * profit)


def room_to_hide(scene: Scene) -> Floats:
    """Return the profit (GBP) that mechanisms may take away beside what is hidden from turnover.

    Nobody leaves so little that it looks absurd: each keeps a share of the true profit on the form.
    """
    profit = _profit(scene)
    kept = 0.30 * scene.streams.uniform("corporation tax profit left on the form")
    hidden = scene.activity[["hidden", "hidden_cash", "hidden_below"]].to_numpy().sum(axis=1)
    return np.asarray(np.maximum((1 - kept) * profit - 0.5 * hidden, 0.02 * profit))


def _profit(scene: Scene) -> Floats:
    return np.maximum(profit_before_losses(scene.boxes), 0.0)
