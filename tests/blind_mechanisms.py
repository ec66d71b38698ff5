"""Ways to misreport that the library does not know: no feature, reason or map of evidence was made for them.

They live here alone, so that an audit can ask what reasons say of something nobody had in mind. Plug them in
with ``Settings(plug_ins=PLUG_INS)``; `EVIDENCE` is fixed here, before any training.
"""

from __future__ import annotations

import numpy as np

from taxgap.synthetic.form import Amounts, Bools, Mechanism, Scene

_BEHAVIOURS = {"evasion": 0.5, "failure_to_take_reasonable_care": 0.5}


def _claims(scene: Scene) -> Bools:
    return np.asarray((scene.boxes["turnover"] > 5_000) & (scene.boxes["trading_allowance"] == 0))


def _lets(scene: Scene) -> Bools:
    return np.asarray(scene.boxes["rents"] > 3_000)


def _draw(scene: Scene, name: str, middle: float) -> np.ndarray:
    return np.asarray(middle * np.exp(0.5 * scene.streams.normal(name)))


def _wages(scene: Scene) -> Amounts:
    return {"staff_costs": -_draw(scene, "wages_invented", 0.20) * scene.boxes["turnover"].to_numpy()}


def _plant(scene: Scene) -> Amounts:
    return {"capital_allowances": -_draw(scene, "plant_invented", 0.20) * scene.boxes["turnover"].to_numpy()}


def _loans(scene: Scene) -> Amounts:
    return {"finance_costs": -_draw(scene, "loans_invented", 0.40) * scene.boxes["rents"].to_numpy()}


WAGES_INVENTED = Mechanism(
    "wages_invented",
    "self_assessment",
    "Wages are claimed of people who did no work",
    rate=-2.5,
    behaviours=_BEHAVIOURS,
    fields=("staff_costs",),
    evidence=("expenses.labour", "expenses.total"),
    exposed=_claims,
    amounts=_wages,
)
PLANT_INVENTED = Mechanism(
    "plant_invented",
    "self_assessment",
    "Allowances are claimed on equipment that was not bought",
    rate=-2.5,
    behaviours=_BEHAVIOURS,
    fields=("capital_allowances",),
    evidence=("expenses.other",),
    exposed=_claims,
    amounts=_plant,
)
LOANS_INVENTED = Mechanism(
    "loans_invented",
    "self_assessment",
    "Interest is claimed on loans that did not pay for the property",
    rate=-1.5,
    behaviours=_BEHAVIOURS,
    fields=("finance_costs",),
    evidence=("property.finance", "property.costs"),
    exposed=_lets,
    amounts=_loans,
)

BLIND = (WAGES_INVENTED, PLANT_INVENTED, LOANS_INVENTED)
PLUG_INS = tuple(f"tests.blind_mechanisms:{each.name.upper()}" for each in BLIND)
EVIDENCE = {each.name: each.evidence for each in BLIND}
