"""The ways in which a return comes to differ from the truth: one object each, all in one registry.

A mechanism says who is exposed to it, how likely it is, how much it moves which boxes, with what behaviour,
and which reason codes could reveal it. To add one is to add an object to `MECHANISMS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from taxgap.synthetic.streams import Floats, Streams

Amounts = dict[str, Floats]

_SIZE_FADES = 0.48
_COSTS_OF_A_JOB = ("cost_of_goods", "subcontractor_costs", "travel_costs")


@dataclass(frozen=True)
class Scene:
    """What a mechanism looks at: one row a person and year.

    Attributes
    ----------
    panel : DataFrame
        The people: kind, trade, agent, disposition, year.
    activity : DataFrame
        What they truly earned, and through which channels.
    boxes : DataFrame
        The primitive boxes of a truthful return.
    streams : Streams
        One entity a row.
    """

    panel: pd.DataFrame
    activity: pd.DataFrame
    boxes: pd.DataFrame
    streams: Streams

    @property
    def year(self) -> NDArray[np.int64]:
        """The position of the tax year, which distinguishes the draws of one person."""
        return np.asarray(self.panel["year"])

    def severity(self, name: str, middle: float, spread: float = 2.8) -> Floats:
        """Draw a share in (0, 1): mostly the person's own, larger for a careless disposition.

        Parameters
        ----------
        name : str
            The mechanism.
        middle : float
            The median share.
        spread : float, default 2.8
            Standard deviation in log-odds.
        """
        own = self.streams.normal(f"severity {name}")
        now = self.streams.normal(f"severity {name}", self.year)
        shift = 0.8 * own + 0.6 * now + 0.35 * self.panel["disposition"].to_numpy()
        # Audits found amounts that hardly grow with income: the larger the business, the smaller the share.
        size = np.log(np.maximum(self.panel["gross"].to_numpy(), 5_000.0) / 25_000.0)
        odds = np.log(middle / (1 - middle)) + spread * shift - _SIZE_FADES * size
        return np.asarray(expit(odds))


@dataclass(frozen=True)
class Mechanism:
    """One way in which a return comes to differ from the truth.

    Attributes
    ----------
    name : str
        Its name in the truth tables.
    title : str
        What happens, in plain words.
    rate : float
        Log-odds for an exposed person of average disposition without an agent.
    leaning : float
        How strongly the lean of the trade counts.
    disposition : float
        How strongly the person's disposition counts.
    agent : float
        What an agent changes in the log-odds.
    visibility : float
        What it changes that third parties report all of the turnover; they mostly report a part.
    leaves_a_profit : bool
        Whether the person stops where the trading profit left would look absurd.
    behaviours : mapping of str to float
        Published behaviour to weight.
    fields : tuple of str
        The boxes it touches.
    evidence : tuple of str
        At most three reason codes that can reveal it, fixed before any training.
    exposed : callable
        Scene to mask: whom it can happen to.
    amounts : callable
        Scene to the difference, truth less report, of each box in GBP (computed for every row).
    """

    name: str
    title: str
    rate: float
    leaning: float
    disposition: float
    agent: float
    visibility: float
    leaves_a_profit: bool
    behaviours: Mapping[str, float]
    fields: tuple[str, ...]
    evidence: tuple[str, ...]
    exposed: Callable[[Scene], NDArray[np.bool_]]
    amounts: Callable[[Scene], Amounts]


def _trades(scene: Scene) -> NDArray[np.bool_]:
    return np.asarray(scene.boxes["turnover"] > 0)


def _claims_expenses(scene: Scene) -> NDArray[np.bool_]:
    return np.asarray(_trades(scene) & (scene.boxes["trading_allowance"] == 0))


def _suppressed_turnover(scene: Scene) -> Amounts:
    # What others report is harder to leave out: the share shrinks with it.
    covered = scene.activity[["card", "platform", "contractor"]].sum(axis=1).to_numpy()
    share = scene.severity("turnover_suppressed", 0.70) * (1 - 0.6 * covered)
    return _off_the_books(scene, "turnover_suppressed", share)


def _omitted_cash(scene: Scene) -> Amounts:
    share = scene.severity("cash_sales_omitted", 0.76)
    return _off_the_books(scene, "cash_sales_omitted", share * scene.activity["cash"].to_numpy())


def _off_the_books(scene: Scene, name: str, share: Floats) -> Amounts:
    # Half leave out whole jobs with what they cost, so that their ratios look like anyone's; half only the
    # sale.
    whole = scene.streams.happens(0.5, f"{name} with costs") & _claims_expenses(scene)
    costs = {box: whole * share * scene.boxes[box].to_numpy() for box in _COSTS_OF_A_JOB}
    return {"turnover": share * scene.boxes["turnover"].to_numpy(), **costs}


def _private_expenses(scene: Scene) -> Amounts:
    # Private use hides in the boxes for travel, premises and office.
    share = scene.severity("private_expenses", 0.50)
    boxes = ("travel_costs", "premises_costs", "office_costs")
    base = np.maximum(scene.boxes[list(boxes)].to_numpy(), 0.06 * scene.boxes[["turnover"]].to_numpy())
    lean = np.column_stack([scene.streams.uniform(f"private {box}") for box in boxes])
    return {box: -4.2 * share * lean[:, i] * base[:, i] for i, box in enumerate(boxes)}


def _inflated_expenses(scene: Scene) -> Amounts:
    share = scene.severity("expenses_inflated", 0.52)
    picks = scene.streams.choice([0.4, 0.25, 0.35], "inflated box")
    extra = share * 0.8 * scene.boxes["turnover"].to_numpy()
    boxes = ("cost_of_goods", "staff_costs", "other_expenses")
    return {box: -extra * (picks == i) for i, box in enumerate(boxes)}


def _omitted_platform(scene: Scene) -> Amounts:
    share = scene.severity("platform_income_omitted", 0.75)
    platform = (scene.activity["platform"] * scene.boxes["turnover"]).to_numpy()
    return {"turnover": share * platform}


def _omitted_rent(scene: Scene) -> Amounts:
    return {"rents": scene.severity("rent_omitted", 0.78) * scene.boxes["rents"].to_numpy()}


def _inflated_rental_expenses(scene: Scene) -> Amounts:
    share = scene.severity("rental_expenses_inflated", 0.48)
    extra = share * scene.boxes["rents"].to_numpy()
    repairs = scene.streams.happens(0.65, "capital as repairs")
    return {"property_repairs": -extra * repairs, "property_costs": -extra * ~repairs}


def _omitted_interest(scene: Scene) -> Amounts:
    return {"interest": scene.severity("interest_omitted", 0.88) * scene.boxes["interest"].to_numpy()}


def _overclaimed_reliefs(scene: Scene) -> Amounts:
    share = scene.severity("reliefs_overclaimed", 0.45)
    income = np.minimum(scene.panel["total_income"].to_numpy(), 150_000)
    picks = scene.streams.choice([0.5, 0.3, 0.2], "relief")
    employed = (scene.boxes["employment_pay"] > 5_000).to_numpy()
    boxes = ("pension_contributions", "gift_aid", "employment_expenses")
    rate = (0.24, 0.10, 0.12)
    usable = (True, True, employed)
    return {box: -share * rate[i] * income * (picks == i) * usable[i] for i, box in enumerate(boxes)}


_SLIP_BOXES = ("rents", "dividends", "pension", "foreign_income")


def _honest_slip(scene: Scene) -> Amounts:
    # Small, in one box, and either way; those that cost the Exchequer are a little more common.
    size = np.log(np.maximum(scene.panel["gross"].to_numpy(), 5_000.0) / 25_000.0)
    middle = 0.17 * np.exp(-_SIZE_FADES * np.clip(size, -1.0, None))
    share = np.minimum(middle * np.exp(1.3 * scene.streams.normal("slip", scene.year)), 0.5)
    signed = share * np.where(scene.streams.happens(0.74, "slip costs tax", scene.year), 1.0, -1.0)
    turnover, claims = scene.boxes["turnover"].to_numpy(), _claims_expenses(scene)
    pick = np.where(claims, scene.streams.choice([0.5, 0.3, 0.2], "slip box", scene.year), 0)
    slips = {
        "turnover": signed * turnover * (pick == 0),
        "other_expenses": -0.6 * signed * turnover * (pick == 1),
        "travel_costs": -0.6 * signed * turnover * (pick == 2),
    }
    # Without a trade, the slip falls on the largest of the boxes that nobody else reports.
    # A pension is paid under deduction of tax, and its slips are rarer and smaller.
    other = scene.boxes[list(_SLIP_BOXES)].to_numpy(copy=True)
    other[:, _SLIP_BOXES.index("pension")] *= 0.4 * scene.streams.happens(0.5, "pension slip", scene.year)
    largest = other.argmax(axis=1)
    for i, box in enumerate(_SLIP_BOXES):
        slips[box] = signed * other[:, i] * (~_trades(scene) & (largest == i))
    return slips


_CARELESS = {"failure_to_take_reasonable_care": 0.6, "error": 0.2, "evasion": 0.2}
_DELIBERATE = {"evasion": 0.65, "failure_to_take_reasonable_care": 0.35}

MECHANISMS: tuple[Mechanism, ...] = (
    Mechanism(
        "turnover_suppressed",
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
    ),
    Mechanism(
        "cash_sales_omitted",
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
    ),
    Mechanism(
        "private_expenses",
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
    ),
    Mechanism(
        "expenses_inflated",
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
    ),
    Mechanism(
        "platform_income_omitted",
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
    ),
    Mechanism(
        "rent_omitted",
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
    ),
    Mechanism(
        "rental_expenses_inflated",
        "Improvements or private costs are claimed against rent",
        rate=-2.0,
        leaning=0.0,
        disposition=0.7,
        agent=-0.30,
        visibility=0.0,
        leaves_a_profit=False,
        behaviours=_CARELESS,
        fields=("property_repairs", "property_costs"),
        evidence=("property.repairs", "property.costs"),
        exposed=lambda scene: (
            (scene.boxes["rents"] > 0) & (scene.boxes["property_allowance"] == 0)
        ).to_numpy(),
        amounts=_inflated_rental_expenses,
    ),
    Mechanism(
        "interest_omitted",
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
    ),
    Mechanism(
        "reliefs_overclaimed",
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
    ),
    Mechanism(
        "honest_error",
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
    ),
)
"""Every mechanism that can be planted, in the order in which they act on a return."""
