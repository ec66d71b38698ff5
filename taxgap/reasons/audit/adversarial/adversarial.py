"""Deliberately bad models, and which check catches which: to see that checks can fail."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from taxgap.errors import LeakError, UsageError
from taxgap.reasons.audit.adversarial.bad_models import LEAK, Bad, hide_proxy, lean_on_leak, learn
from taxgap.reasons.audit.bands import FEWEST
from taxgap.reasons.audit.faithfulness.faithfulness import RULES as FAITHFULNESS
from taxgap.reasons.audit.faithfulness.faithfulness import measure_faithfulness
from taxgap.reasons.audit.faithfulness.numbers import RULES as NUMBERS
from taxgap.reasons.audit.faithfulness.numbers import measure_numbers
from taxgap.reasons.audit.figures import Estimate
from taxgap.reasons.audit.material import Material
from taxgap.reasons.audit.recovery.metrics import expect_recall, find_recall, target_of
from taxgap.reasons.audit.recovery.ranked import rank_reasons
from taxgap.reasons.audit.rules import Check, Rule, judge
from taxgap.risk.leaks import check_leaks

__all__ = ["ADVERSARIAL", "CHECKS", "LEAK", "Bad", "catches", "hide_proxy", "lean_on_leak", "learn"]

"""Groups with fewer returns are left out."""

ADVERSARIAL: tuple[Rule, ...] = (
    Rule("recall", "adversarial", "Does recall of the mechanisms beat chance?", "above", 0.0, of="low"),
    Rule(
        "parity",
        "adversarial",
        "Is the largest difference in flagged shares between groups small?",
        "at most",
        0.15,
        of="low",
    ),
    Rule("leaks", "adversarial", "How many features give the outcome away?", "at most", 0.0, unit="number"),
)

CHECKS = (*NUMBERS, *FAITHFULNESS, *ADVERSARIAL)


def catches(
    models: Mapping[str, Bad],
    materials: Mapping[str, Material],
    *,
    group: str = "trade_group",
    returns: int = 300,
) -> pd.DataFrame:
    """Tell which check catches which model.

    Parameters
    ----------
    models : mapping of str to Bad
    materials : mapping of str to Material
        Of each model by the same name, from `gather_material` with its subject.
    group : str, default "trade_group"
        The column of `Material.groups`, or of what the model sees, whose flagged shares are compared.
    returns : int, default 300
        The most flagged returns on which faithfulness is measured.

    Returns
    -------
    DataFrame
        ``model, check, value, low, high, rule, caught``; `caught` is missing where a check could not be made.

    Raises
    ------
    UsageError
        A model has no material.
    """
    absent = [name for name in models if name not in materials]
    if absent:
        raise UsageError(f"There is no material of {', '.join(absent)}.", where="materials")
    lines = [
        {
            "model": name,
            "check": check.rule.name,
            **{end: getattr(check.found, end, np.nan) for end in ("value", "low", "high")},
            "rule": check.rule.says,
            "caught": pd.NA if check.passed is None else not check.passed,
        }
        for name, bad in models.items()
        for check in _check(bad, materials[name], group, returns)
        if check.found is not None
    ]
    return pd.DataFrame(lines).astype({"caught": "boolean"})


def _check(bad: Bad, material: Material, group: str, returns: int) -> tuple[Check, ...]:
    findings = dict(measure_numbers(material).findings)
    findings |= measure_faithfulness(material, returns=returns).findings
    findings["parity"] = _find_disparity(material, group)
    findings["leaks"] = _screen(bad)
    if material.planted is not None:
        findings["recall"] = _find_recall(material)
    return judge(CHECKS, findings)


def _find_recall(material: Material) -> Estimate:
    """Recall of the reasons as given, less chance, of flagged returns."""
    planted, k = material.planted, material.settings.reasons
    assert planted is not None  # noqa: S101 - for the type alone
    target = target_of(planted, "code")
    lead = find_recall(rank_reasons(material.regime, material.reasons), target, k) - expect_recall(target, k)
    return material.bootstrap.mean(np.where(material.flagged, lead, np.nan), share=False)


def _find_disparity(material: Material, group: str) -> Estimate:
    """Return how much more of one group is flagged than of all, for the group where that is most."""
    groups = material.groups if group in material.groups.columns else material.seen
    column = groups[group]
    flagged, found = material.flagged.astype(np.float64), []
    overall = material.bootstrap.mean(flagged).value
    for name, size in column.value_counts().items():
        if size >= FEWEST:
            own = material.bootstrap.mean(np.where((column == name).to_numpy(), flagged, np.nan))
            found.append(Estimate(own.value - overall, own.low - overall, own.high - overall, own.n))
    return max(found, key=lambda each: each.value) if found else Estimate(np.nan, np.nan, np.nan, 0)


def _screen(bad: Bad) -> Estimate:
    try:
        check_leaks(bad.frame, bad.found)
    except LeakError as error:
        count = int(str(error).split()[0])
        return Estimate(float(count), np.nan, np.nan, len(bad.frame))
    return Estimate(0.0, np.nan, np.nan, len(bad.frame))
