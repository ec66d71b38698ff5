"""The ways in which a company tax return comes to differ from the truth.

Rates are assumptions: log-odds set so that what random enquiries would find of small companies comes near the
published shares, and the tax gap of small, mid-sized and large companies near the published ones.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from taxgap.synthetic.corporation_tax import amounts
from taxgap.synthetic.corporation_tax.amounts import SMALL
from taxgap.synthetic.corporation_tax.boxes import profit_before_losses
from taxgap.synthetic.form import Bools, Mechanism, Scene

_ROOM_FOR_COSTS = 80_000.0  # turnover from which every company has room for private costs (assumption)
_CERTAIN = 30.0  # log-odds: the habit is drawn in `taxgap.synthetic.hiding`

_CARELESS = {
    "failure_to_take_reasonable_care": 0.58,
    "error": 0.25,
    "legal_interpretation": 0.10,
    "evasion": 0.07,
}
_DELIBERATE = {"evasion": 0.35, "failure_to_take_reasonable_care": 0.60, "error": 0.05}


def _where(column: str) -> Callable[[Scene], Bools]:
    return lambda scene: np.asarray(scene.activity[column] > 0)


def _everyone(scene: Scene) -> Bools:
    return np.asarray(scene.boxes["turnover"] > 0)


def _owner_managed(scene: Scene) -> Bools:
    return np.asarray((scene.panel["owner"] >= 0) & (scene.boxes["turnover"] > 0))


def _has_costs_of_size(scene: Scene) -> Bools:
    # Where there is little trade there is little room for private costs.
    worth = scene.panel["gross"].to_numpy() / _ROOM_FOR_COSTS
    return np.asarray(_small(scene) & (scene.streams.uniform("corporation tax room for costs") < worth))


def _small(scene: Scene) -> Bools:
    return np.asarray((scene.panel["gross"] < SMALL) & (scene.boxes["turnover"] > 0))


def _not_small(scene: Scene) -> Bools:
    return np.asarray(scene.panel["gross"] >= SMALL)


def _pays_people(scene: Scene) -> Bools:
    paid = scene.boxes["staff_costs"] + scene.boxes["directors_pay"]
    return np.asarray(_small(scene) & (paid > 5_000))


def _researches(scene: Scene) -> Bools:
    return np.asarray(scene.boxes["rd_relief"] > 0)


def _makes_a_profit(scene: Scene) -> Bools:
    return np.asarray(profit_before_losses(scene.boxes) > scene.boxes["losses_available"])


def _offered_schemes(scene: Scene) -> Bools:
    # Schemes are sold to larger companies, and to few small ones.
    offered = ~_small(scene) | scene.streams.happens(0.25, "corporation tax offered a scheme")
    return np.asarray(offered & _makes_a_profit(scene))


def _small_and_profitable(scene: Scene) -> Bools:
    return _small(scene) & _makes_a_profit(scene)


def _is_new(scene: Scene) -> Bools:
    first = (scene.panel["first_year"] >= 0) & (scene.panel["year"] <= scene.panel["first_year"] + 1)
    return np.asarray(first & (scene.panel["gross"] < SMALL))


_HIDDEN = (
    Mechanism(
        "company_threshold_suppressed",
        "corporation_tax",
        "Turnover above the VAT threshold is left out, to stay unregistered",
        rate=_CERTAIN,
        behaviours=_DELIBERATE,
        fields=("turnover",),
        evidence=("scheme.threshold", "third_party.takings", "margin.gross"),
        exposed=_where("hidden_below"),
        amounts=amounts.kept_below_threshold,
        traces="turnover just below the threshold beside costs and takings of a larger business",
    ),
    Mechanism(
        "company_turnover_suppressed",
        "corporation_tax",
        "Part of the turnover is left out, whichever way customers paid",
        rate=_CERTAIN,
        behaviours=_DELIBERATE,
        fields=("turnover", "cost_of_sales", "travel_costs"),
        evidence=("third_party.takings", "margin.gross", "margin.net"),
        exposed=_where("hidden"),
        amounts=amounts.suppressed_turnover,
        traces="takings that others report; a low margin where the costs stay in",
    ),
    Mechanism(
        "company_cash_omitted",
        "corporation_tax",
        "Sales for cash are left out, which no third party reports",
        rate=_CERTAIN,
        behaviours=_DELIBERATE,
        fields=("turnover", "cost_of_sales", "travel_costs"),
        evidence=("margin.gross", "margin.net", "third_party.takings"),
        exposed=_where("hidden_cash"),
        amounts=amounts.omitted_cash,
        traces="a low margin where the costs stay in; much card beside the turnover declared",
    ),
)

_COSTS = (
    Mechanism(
        "private_costs",
        "corporation_tax",
        "Directors' own costs are charged to the company",
        rate=-0.30,
        leaning=0.3,
        behaviours=_CARELESS,
        fields=("travel_costs", "premises_costs", "other_costs"),
        evidence=("expenses.travel", "expenses.premises", "expenses.other"),
        exposed=_has_costs_of_size,
        amounts=amounts.private_costs,
        leaves_a_profit=True,
        traces="travel, premises or other costs above those of peers",
    ),
    Mechanism(
        "company_costs_inflated",
        "corporation_tax",
        "Goods or services are charged that were not bought",
        rate=-1.05,
        leaning=0.5,
        behaviours=_DELIBERATE,
        fields=("cost_of_sales", "other_costs"),
        evidence=("accounts.vat_purchases", "expenses.other", "margin.gross"),
        exposed=_small,
        amounts=amounts.inflated_costs,
        leaves_a_profit=True,
        traces="costs above the purchases on VAT returns; a low margin",
    ),
    Mechanism(
        "directors_loan_hidden",
        "corporation_tax",
        "A director's loan is not declared, or money taken out is charged as a cost",
        rate=-1.6,
        behaviours=_CARELESS,
        fields=("loan_to_directors", "other_costs"),
        evidence=("directors.loan", "expenses.other", "directors.drawings"),
        exposed=_owner_managed,
        amounts=amounts.hidden_loans,
        leaves_a_profit=True,
        traces="other costs above those of peers; drawings that assets do not cover",
    ),
    Mechanism(
        "capital_as_revenue",
        "corporation_tax",
        "Improvements and lasting things are deducted at once as repairs or other costs",
        rate=-1.5,
        behaviours={"failure_to_take_reasonable_care": 0.3, "error": 0.2, "legal_interpretation": 0.5},
        fields=("premises_costs", "other_costs"),
        evidence=("expenses.premises", "expenses.other", "change.margin"),
        exposed=_small,
        amounts=amounts.capital_as_revenue,
        leaves_a_profit=True,
        persistence=0.4,
        traces="premises or other costs far above last year's",
    ),
)

_RELIEFS = (
    Mechanism(
        "rd_inflated",
        "corporation_tax",
        "Relief is claimed for work that is no research and development",
        rate=-0.1,
        behaviours={"failure_to_take_reasonable_care": 0.55, "error": 0.2, "evasion": 0.25},
        fields=("rd_relief",),
        evidence=("reliefs.rd", "reliefs.rd_change"),
        exposed=_researches,
        amounts=amounts.inflated_research,
        persistence=0.6,
        shift=(0.2, 0.1, -0.7, -0.7),
        traces="relief far above that of others in the trade",
    ),
    Mechanism(
        "rd_invented",
        "corporation_tax",
        "Relief for research and development is claimed where there is none",
        rate=-6.0,
        behaviours={"evasion": 0.5, "failure_to_take_reasonable_care": 0.5},
        fields=("rd_relief",),
        evidence=("reliefs.rd", "reliefs.rd_change"),
        exposed=lambda scene: _pays_people(scene) & ~_researches(scene),
        amounts=amounts.inflated_research,
        persistence=0.6,
        shift=(0.2, 0.1, -0.8, -0.9),
        traces="a first claim in a trade in which few claim",
    ),
    Mechanism(
        "losses_overclaimed",
        "corporation_tax",
        "Losses are set off that were used before or never arose",
        rate=-2.8,
        behaviours={"failure_to_take_reasonable_care": 0.5, "error": 0.3, "evasion": 0.2},
        fields=("losses_brought_forward",),
        evidence=("reliefs.losses", "change.margin"),
        exposed=_small_and_profitable,
        amounts=amounts.overclaimed_losses,
        persistence=0.3,
        traces="losses used beyond those of the returns before",
    ),
)

_SCHEMES = (
    Mechanism(
        "connected_charges",
        "corporation_tax",
        "Charges between connected companies are not those of strangers",
        rate=-0.2,
        behaviours={"legal_interpretation": 1.0},
        fields=("other_costs",),
        evidence=("expenses.other", "margin.net"),
        exposed=_not_small,
        amounts=amounts.connected_charges,
        disposition=0.4,
        agent=0.0,
        traces="other costs above those of peers",
    ),
    Mechanism(
        "company_avoidance_scheme",
        "corporation_tax",
        "A scheme gives allowances for a loss that nobody suffers",
        rate=-3.4,
        behaviours={"avoidance": 1.0},
        fields=("capital_allowances",),
        evidence=("reliefs.capital_allowances", "margin.net"),
        exposed=_offered_schemes,
        amounts=amounts.avoidance_scheme,
        disposition=0.4,
        agent=0.0,
        traces="allowances far above depreciation",
    ),
    Mechanism(
        "disguised_remuneration",
        "corporation_tax",
        "Directors are paid by loans from a trust, and what is paid into it is deducted",
        rate=-4.2,
        behaviours={"avoidance": 1.0},
        fields=("other_costs",),
        evidence=("directors.pay", "expenses.other", "directors.drawings"),
        exposed=_owner_managed,
        amounts=amounts.disguised_remuneration,
        disposition=0.4,
        agent=0.0,
        leaves_a_profit=True,
        traces="other costs far above those of peers beside low pay of directors",
    ),
    Mechanism(
        "phantom_company",
        "corporation_tax",
        "A company made to claim charges purchases that never were, and relief beside",
        rate=-4.6,
        behaviours={"criminal_attacks": 1.0},
        fields=("cost_of_sales", "rd_relief"),
        evidence=("accounts.vat_purchases", "margin.gross", "network.shared"),
        exposed=_is_new,
        amounts=amounts.phantom_claims,
        agent=-0.6,
        traces="a new company without a margin at an address that others share",
    ),
)

MECHANISMS: tuple[Mechanism, ...] = (
    *_HIDDEN,
    *_COSTS,
    *_RELIEFS,
    *_SCHEMES,
    Mechanism(
        "company_error",
        "corporation_tax",
        "A sale or cost is put in the wrong year, or an allowance at a wrong amount",
        rate=-2.2,
        behaviours={"error": 1.0},
        fields=("turnover", "other_costs", "capital_allowances"),
        evidence=("change.turnover", "change.margin", "reliefs.capital_allowances"),
        exposed=_everyone,
        amounts=amounts.honest_slip,
        disposition=0.2,
        agent=-0.2,
        persistence=0.3,
        traces="a figure out of line with the year before",
    ),
)
"""Every mechanism of company returns, in the order in which they act."""
