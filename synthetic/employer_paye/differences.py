"""How much each way of misreporting takes out of an employer's return: truth less report, box by box."""

from __future__ import annotations

import numpy as np

from taxgap.synthetic.employer_paye.payrolls import DUE
from taxgap.synthetic.form import Amounts, Scene
from taxgap.synthetic.streams import Floats
from taxgap.synthetic.timeline import ALL_YEARS
from taxgap.tax import tax_law

TYPICAL = 150_000.0
"""Turnover in GBP at which the middle shares below hold (assumption)."""

# What a pound of pay bears at the margin: Income Tax at the basic and at the higher rate.
_BASIC, _HIGHER = 0.20, 0.40
_MOST_DUE = 0.85  # of what is due on pay that a cut of pay can take away
_HIGH_PAY = 50_270.0

# Assumptions: middle shares, set so that the tax lost by size of employer comes near the published gap.
CASH_WAGES = 0.15
FALSELY_SELF_EMPLOYED = 0.09
UNDER_DEDUCTED = 0.13
SUFFERED_INFLATED = 0.10
PAID_AS_EXPENSES = 0.028
INTERPRETED_AWAY = 0.0065  # of the pay of large employers, who read the law their own way
LENT_INSTEAD = 0.14
_SPREAD = 1.3  # of shares of pay, in log-odds: less than on people's returns, as payrolls are run by routine
_SIZE_FADES_MORE = 0.16  # what larger employers leave out fades faster than on people's returns
LARGE = 250  # employees
_INVENTED_OF_TURNOVER = 0.05
_SLIP = 0.05
INVENTS = "behaviour cis_suffered_inflated"


def wages_off_books(scene: Scene) -> Amounts:
    """Pay wages in cash: of some employees all, so that heads fall with pay; of others the top."""
    share = _share(scene, "wages_off_books", CASH_WAGES)
    share = share * (0.45 + 0.55 * np.minimum(_activity(scene, "cash") / 0.3, 1.0))
    whole = scene.streams.happens(0.5, "paye whole wages off books")
    cut = share * _activity(scene, "wages")
    gone, topped = _whole_people(scene, share), _less_pay(scene, cut)
    return _ordered(
        scene,
        {"employees": whole * np.round(share * _activity(scene, "staff"))}
        | {box: np.where(whole, gone[box], topped[box]) for box in ("pay", *DUE)},
    )


def false_self_employment(scene: Scene) -> Amounts:
    """Show employees as subcontractors; outside construction as suppliers, whom this return leaves out."""
    share = _share(scene, "false_self_employment", FALSELY_SELF_EMPLOYED)
    builds = _activity(scene, "builds") > 0
    moved = share * _activity(scene, "wages") * builds
    paid = np.maximum(scene.boxes["paid_to_subcontractors"].to_numpy(), 1.0)
    # They are shown as workers who bring materials or are paid gross, as often as the firm's true ones are.
    rate = scene.boxes["cis_deducted"].to_numpy() / paid
    gone = {"employees": np.round(share * _activity(scene, "staff"))} | _whole_people(scene, share)
    return _ordered(scene, gone) | {"paid_to_subcontractors": -moved, "cis_deducted": -rate * moved}


def cis_under_deducted(scene: Scene) -> Amounts:
    """Deduct too little from subcontractors: wrong rates, or labour called materials."""
    share = scene.severity("cis_under_deducted", UNDER_DEDUCTED, spread=1.8, typical=2 * TYPICAL)
    return {"cis_deducted": share * scene.boxes["cis_deducted"].to_numpy()}


def cis_suffered_inflated(scene: Scene) -> Amounts:
    """Set off more than was suffered; a few invent deductions without having worked for anyone."""
    share = scene.severity("cis_suffered_inflated", SUFFERED_INFLATED, spread=1.8, typical=2 * TYPICAL)
    usual = share * scene.boxes["cis_suffered"].to_numpy()
    size = np.minimum(scene.panel["gross"].to_numpy(), 1_000_000.0)
    noise = np.exp(0.6 * scene.streams.normal("paye invented", scene.counter))
    invented = _INVENTED_OF_TURNOVER * size * noise
    return {"cis_suffered": -np.where(_invents(scene), invented, usual)}


def allowance_overclaimed(scene: Scene) -> Amounts:
    """Claim the allowance where the only employee is the director, or a connected company has it."""
    return {"employment_allowance": -_allowance_open(scene)}


def benefits_not_taxed(scene: Scene) -> Amounts:
    """Treat a part of pay as expenses: of employees, and of directors in proportion."""
    usual = _share(scene, "benefits_not_taxed", PAID_AS_EXPENSES)
    interpreted = INTERPRETED_AWAY * np.exp(0.5 * scene.streams.normal("paye interprets") - 0.125)
    share = np.where(_activity(scene, "staff") < LARGE, usual, interpreted)
    pay, directors = scene.boxes["pay"].to_numpy(), scene.boxes["directors_pay"].to_numpy()
    return {"directors_pay": share * directors} | _ordered(scene, _less_pay(scene, share * pay))


def disguised_remuneration(scene: Scene) -> Amounts:
    """Pay directors and key staff through loans that are not meant to be repaid."""
    share = scene.severity("disguised_remuneration_paye", LENT_INSTEAD, spread=1.6, typical=10 * TYPICAL)
    lent = share * scene.boxes["directors_pay"].to_numpy()
    return {"directors_pay": lent} | _ordered(scene, _less_pay(scene, lent, rate=_HIGHER, upper=True))


def mini_umbrella(scene: Scene) -> Amounts:
    """Claim the allowance once more in each of many tiny companies, and leave out a part of the pay."""
    share = 0.10 + 0.35 * scene.streams.uniform("paye umbrella share", scene.counter)
    claims = {"employment_allowance": -_allowance_open(scene)}
    gone = _whole_people(scene, share)
    # The allowance is claimed to the full of contributions, so these cannot be reported lower as well.
    return claims | {box: gone[box] for box in ("pay", "tax_deducted", "employee_nics")}


def paye_error(scene: Scene) -> Amounts:
    """Get codes, thresholds and categories wrong: a little, either way, more often too low."""
    size = np.log(np.maximum(scene.panel["gross"].to_numpy(), 30_000.0) / TYPICAL)
    share = _SLIP * np.exp(-0.25 * size + 0.9 * scene.streams.normal("paye slip", scene.counter))
    sign = np.where(scene.streams.happens(0.62, "paye slip costs tax", scene.counter), 1.0, -1.0)
    pick = scene.streams.choice([0.45, 0.25, 0.30], "paye slip box", scene.counter)
    signed = sign * np.minimum(share, 0.4)
    wanted = {box: signed * (pick == i) * scene.boxes[box].to_numpy() for i, box in enumerate(DUE)}
    return _ordered(scene, wanted)


def may_invent(scene: Scene) -> np.ndarray:
    """Return who can set off deductions: companies that suffered some, or builders who invent them."""
    builds = (_activity(scene, "builds") > 0) & (_activity(scene, "company") > 0)
    return np.asarray((scene.boxes["cis_suffered"].to_numpy() > 0) | (builds & _invents(scene)))


def could_claim(scene: Scene) -> np.ndarray:
    """Return who has no allowance but contributions against which it could be claimed."""
    return np.asarray((_allowance_open(scene) > 0) & ~scene.activity["umbrella"].to_numpy())


INVENTED = 2
"""The position of invented deductions among the behaviours of `cis_suffered_inflated`."""

SUFFERED_BEHAVIOURS = {"evasion": 0.50, "failure_to_take_reasonable_care": 0.44, "criminal_attacks": 0.06}
"""Who sets off too much, and why (assumption)."""


def _invents(scene: Scene) -> np.ndarray:
    # The same draw as the behaviour that is written beside the amount.
    return np.asarray(scene.streams.choice(list(SUFFERED_BEHAVIOURS.values()), INVENTS) == INVENTED)


def _share(scene: Scene, name: str, middle: float) -> Floats:
    size = np.maximum(scene.panel["gross"].to_numpy() / TYPICAL, 1.0)
    share = scene.severity(name, middle, spread=_SPREAD, typical=TYPICAL)
    return np.asarray(share * size**-_SIZE_FADES_MORE)


def _activity(scene: Scene, name: str) -> Floats:
    return np.asarray(scene.activity[name], dtype=np.float64)


def _allowance_open(scene: Scene) -> Floats:
    had = scene.boxes["employment_allowance"].to_numpy()
    return np.asarray(np.maximum(_activity(scene, "claimable") - had, 0.0))


def _whole_people(scene: Scene, share: Floats) -> Amounts:
    """Take out a share of the employees, with all that is due on them."""
    return {"pay": share * _activity(scene, "wages")} | {
        box: share * _activity(scene, f"wages_{box}") for box in DUE
    }


def _less_pay(scene: Scene, cut: Floats, *, rate: float = _BASIC, upper: bool = False) -> Amounts:
    """Take pay off the top of people who stay on the payroll, with what is due at the margin."""
    laws = [tax_law(year) for year in ALL_YEARS]
    own = np.array([law.national_insurance.class_1_rates[int(upper)] for law in laws])[scene.year]
    employer = np.array([law.employers.secondary_rate for law in laws])[scene.year]
    heads = np.maximum(scene.boxes["employees"].to_numpy(), 1.0)
    high = (scene.boxes["pay"].to_numpy() / heads > _HIGH_PAY) if not upper else np.ones(len(scene), bool)
    tax = np.where(high, np.maximum(rate, _HIGHER), rate)
    rates = dict(zip(DUE, (tax, own, employer), strict=True))
    return {"pay": cut} | {
        box: np.minimum(rates[box] * cut, _MOST_DUE * scene.boxes[box].to_numpy()) for box in DUE
    }


def _ordered(scene: Scene, wanted: Amounts) -> Amounts:
    """Add the allowance that cannot be claimed against contributions that are not reported, before these."""
    spare = scene.boxes["employer_nics"].to_numpy() - scene.boxes["employment_allowance"].to_numpy()
    short = np.maximum(np.round(wanted["employer_nics"]) - spare, 0.0)
    short = np.minimum(short, scene.boxes["employment_allowance"].to_numpy())
    return {"employment_allowance": short} | wanted
