"""The links joined: draws of the whole chain, the waterfall with its variances, and what each input does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np
import pandas as pd
from scipy.special import ndtri

from taxgap.gap.chain.components import Part, add_variances
from taxgap.gap.chain.hidden import NAME, HiddenEconomy
from taxgap.gap.chain.multiplier import Multiplier
from taxgap.gap.streams import stream
from taxgap.risk.arrays import Floats

_PROJECTED, _OWED, _TO_COME = map(
    attrgetter, ("projected_spread", "non_payment.spread", "compliance_yield.spread")
)


@dataclass(frozen=True)
class Draws:
    """Draws of the chain, one row a part.

    Parameters
    ----------
    under_declared, gross, net, theoretical : ndarray, shape (parts, draws)
        GBP.
    """

    under_declared: Floats
    gross: Floats
    net: Floats
    theoretical: Floats


def draw_chain(parts: Sequence[Part], *, draws: int, seed: int) -> Draws:
    """Draw the chain of every part.

    Parameters
    ----------
    parts : sequence of Part
    draws : int
        How many.
    seed : int

    Returns
    -------
    Draws

    Notes
    -----
    Found is drawn from a normal curve with its own spread on each side, so that its interval is kept; a
    multiplier once for all parts that share it, since an error in it is in all of them; and so is what the
    years of a tax have in common in what is still open, owed or to be paid. Each variable takes every
    quantile once, in random order (Latin hypercube).
    """
    rng = stream(seed, "chain")

    def uniform() -> Floats:
        return np.asarray((rng.permutation(draws) + 0.5) / draws, dtype=np.float64)

    multipliers: dict[str, Floats] = {}
    common: dict[str, list[Floats]] = {}
    rows = []
    for part in parts:
        if part.together not in multipliers:
            multipliers[part.together] = part.multiplier.quantile(uniform())
        if part.regime not in common:
            common[part.regime] = [ndtri(uniform()) for _ in range(3)]
        spreads = (part.projected_spread, part.non_payment.spread, part.compliance_yield.spread)
        later, debt, came = (
            spread.own * ndtri(uniform()) + spread.shared * z
            for spread, z in zip(spreads, common[part.regime], strict=True)
        )
        lost = np.maximum(_sample_found(part, ndtri(uniform())) + later, 0.0) * multipliers[part.together]
        debt, came = debt + part.non_payment.value, np.maximum(came + part.compliance_yield.value, 0.0)
        lost = np.maximum(lost, came)  # what was found and paid was lost first: the gap is never negative
        gross = lost + np.maximum(debt, 0.0)
        rows.append((lost, gross, gross - came, part.declared + lost))
    return Draws(*(np.array(column) for column in zip(*rows, strict=True)))


def sampling_limits(parts: Sequence[Part]) -> tuple[float, float]:
    """Return limits of the sum of net gaps if nothing but the draw of cases were uncertain.

    Returns
    -------
    tuple of float
        Parts are independent samples: distances to their limits are added in squares.
    """
    value = sum(part.net for part in parts)
    below = [part.multiplier.value * (part.found.value - part.found.low) for part in parts]
    above = [part.multiplier.value * (part.found.high - part.found.value) for part in parts]
    return value - float(np.linalg.norm(below)), value + float(np.linalg.norm(above))


def build_waterfall(parts: Sequence[Part], hidden: HiddenEconomy | None = None) -> pd.DataFrame:
    """Return the chain step by step, with what each adds to the variance.

    Parameters
    ----------
    parts : sequence of Part
    hidden : HiddenEconomy, optional
        A link of its own; there is none where it is not given.

    Returns
    -------
    DataFrame
        ``step, name, kind`` (``step`` or ``total``)``, amount, running`` (GBP)``, variance`` (GBP squared)``,
        share_of_variance``.

    Notes
    -----
    Var = sum m^2 Var(found) + Var(sum m open) + Var(m) (sum found)^2 + Var(m) Var(sum (found + open))
    + Var(non-payment) + Var(hidden) + Var(yield), the middle terms by multiplier where several are used. The
    settled and the open cases keep the first two, the multiplier the others. What the years of a tax share
    is added before it is squared (`add_variances`).
    """
    m = np.array([part.multiplier.value for part in parts])
    found = np.array([part.found.value for part in parts])
    later = np.array([part.projected for part in parts])
    sampled = np.array([part.found.standard_error**2 for part in parts])
    pending = add_variances(parts, _PROJECTED, multiplied=True)
    debts = (sum(p.non_payment.value for p in parts), add_variances(parts, _OWED))
    came = (sum(p.compliance_yield.value for p in parts), add_variances(parts, _TO_COME))
    missed = float(((m - 1) * found).sum())
    unfiled = (0.0, 0.0) if hidden is None else (hidden.value, hidden.variance)
    lost, gross = float(m @ found), float(m @ found) + debts[0] + unfiled[0]
    spread = _variance_of_multipliers(parts)
    whole_lost = m**2 @ sampled + pending + spread
    rows = [
        (
            "settled",
            "Found in settled random enquiries, for all returns",
            "step",
            (found - later).sum(),
            m**2 @ sampled,
        ),
        ("projection", "Expected of random enquiries still open", "step", later.sum(), pending),
        ("non_detection", "Not detected: the multiplier", "step", missed, spread),
        ("under_declared", "Under-declared tax", "total", lost, whole_lost),
        ("non_payment", "Non-payment: written off, and to be", "step", *debts),
        (NAME, "Hidden economy: people who file nothing", "step", *unfiled),
        (
            "gross",
            "Gross tax gap",
            "total",
            gross,
            whole_lost + debts[1] + unfiled[1],
        ),
        ("compliance_yield", "Compliance yield: found by enquiries and paid", "step", -came[0], came[1]),
        (
            "net",
            "Net tax gap",
            "total",
            gross - came[0],
            whole_lost + debts[1] + unfiled[1] + came[1],
        ),
    ]
    shown = [row for row in rows if hidden is not None or row[0] != NAME]
    table = pd.DataFrame(shown, columns=["step", "name", "kind", "amount", "variance"])
    steps = table["amount"].where(table["kind"] == "step", 0.0).cumsum()
    whole = float(table["variance"].iloc[-1])
    share = table["variance"] / whole if whole > 0 else 0.0
    table = table.assign(running=steps, share_of_variance=share)
    return table[["step", "name", "kind", "amount", "running", "variance", "share_of_variance"]]


def vary_inputs(parts: Sequence[Part], level: float, hidden: HiddenEconomy | None = None) -> pd.DataFrame:
    """Return the net gap with each input at its limits, the others as they are.

    Parameters
    ----------
    parts : sequence of Part
    level : float
        Confidence of limits that are worked out from a variance.
    hidden : HiddenEconomy, optional
        Added to the gap, and an input of its own.

    Returns
    -------
    DataFrame
        ``input, low, high`` (of the input; GBP, or the multiplier)``, gap_low, gap_high, swing`` (GBP),
        largest swing first.
    """
    z = float(ndtri((1 + level) / 2))
    net = sum(part.net for part in parts)
    low, high = sampling_limits(parts)
    found = sum(part.found.value for part in parts)
    scale = max(sum(part.under_declared for part in parts) / found, 1e-300) if found else 1.0
    rows = [("random enquiries", found + (low - net) / scale, found + (high - net) / scale, low, high)]
    wide = z * float(np.sqrt(add_variances(parts, _PROJECTED, multiplied=True)))
    later = sum(part.projected for part in parts)
    least = max(later - wide / scale, 0.0)
    below = net - (later - least) * scale
    rows.append(("enquiries still open", least, later + wide / scale, below, net + wide))
    for multiplier, mine in _by_multiplier(parts):
        least, most = multiplier.limits
        own, name = sum(part.found.value for part in mine), _name_multiplier(mine, parts)
        below, above = ((end - multiplier.value) * own for end in (least, most))
        rows.append((name, least, most, net + below, net + above))
    debt, paid = sum(p.non_payment.value for p in parts), sum(p.compliance_yield.value for p in parts)
    reach = z * float(np.sqrt(add_variances(parts, _OWED)))
    rows.append(("non-payment", debt - reach, debt + reach, net - reach, net + reach))
    reach = z * float(np.sqrt(add_variances(parts, _TO_COME)))
    rows.append(("compliance yield", paid - reach, paid + reach, net + reach, net - reach))
    table = pd.DataFrame(rows, columns=["input", "low", "high", "gap_low", "gap_high"])
    if hidden is not None:
        table[["gap_low", "gap_high"]] += hidden.value
        ends = hidden.limits
        table.loc[len(table)] = ["hidden economy", *ends, *(net + end for end in ends)]
    table["swing"] = (table["gap_high"] - table["gap_low"]).abs()
    return table.sort_values("swing", ascending=False, kind="stable", ignore_index=True)


def _sample_found(part: Part, z: Floats) -> Floats:
    reach = float(ndtri((1 + part.found.level) / 2))
    below, above = part.found.value - part.found.low, part.found.high - part.found.value
    return np.asarray(part.found.value + np.where(z < 0, below, above) / reach * z, dtype=np.float64)


def _by_multiplier(parts: Sequence[Part]) -> list[tuple[Multiplier, list[Part]]]:
    groups: dict[str, list[Part]] = {}
    for part in parts:
        groups.setdefault(part.together, []).append(part)
    return [(mine[0].multiplier, mine) for mine in groups.values()]


def _name_multiplier(mine: Sequence[Part], parts: Sequence[Part]) -> str:
    taxes = dict.fromkeys(part.regime for part in mine)
    if len(taxes) == len({part.regime for part in parts}):
        return "non-detection multiplier"
    return f"non-detection multiplier, {', '.join(tax.replace('_', ' ') for tax in taxes)}"


def _variance_of_multipliers(parts: Sequence[Part]) -> float:
    total = 0.0
    for multiplier, mine in _by_multiplier(parts):
        found = sum(part.found.value for part in mine)
        sampled = sum(part.found.standard_error**2 for part in mine) + add_variances(mine, _PROJECTED)
        total += multiplier.variance * (found**2 + sampled)
    return total
