"""The gap by customer group, trade, nation, region, authority and behaviour, adding up to the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri

from taxgap.gap.areas import shrink_areas
from taxgap.gap.chain.components import Part
from taxgap.gap.chain.reading import RegimeData
from taxgap.gap.chain.scoring import Scores
from taxgap.records import Records
from taxgap.risk.arrays import Bools, Floats, Integers
from taxgap.risk.fairness.groups import groups_of
from taxgap.schemas.codes import BEHAVIOURS, REGION_NATION

DIMENSIONS = ("customer group", "trade group", "nation", "region", "combined authority")
UNKNOWN = "not known"
COLUMNS = [
    *("dimension", "group", "amount", "low", "high", "under_declared", "non_payment", "compliance_yield"),
    *("share", "cases", "own_weight", "method"),
]
THIN = 30

_NOT_AVAILABLE = (
    "The gap by combined authority is not available: the register's column combined_authority is empty. Join "
    "one by postcode: fill it from a look-up of postcodes to combined authorities (ONS Postcode Directory)."
)


@dataclass(frozen=True)
class Chain:
    """One tax with all that its breakdowns need.

    Parameters
    ----------
    data : RegimeData
    filled : DataFrame
        Random cases with ``y``.
    scores : Scores or None
    parts : sequence of Part
        Of this tax.
    """

    data: RegimeData
    filled: pd.DataFrame
    scores: Scores | None
    parts: Sequence[Part]


def break_down(records: Records, chains: Sequence[Chain], level: float) -> tuple[pd.DataFrame, list[str]]:
    """Return the net gap by group, years taken together.

    Parameters
    ----------
    records : Records
    chains : sequence of Chain
        One a tax.
    level : float
        Confidence.

    Returns
    -------
    DataFrame
        `COLUMNS`: amounts in GBP; ``cases`` random cases in the group; ``own_weight`` of these against what
        is expected of the group; ``method``: ``own cases``, ``drawn to the expected`` (fewer than 30 cases,
        or weight below a half) or ``counted``.
    notes : list of str

    Notes
    -----
    Under-declared tax: `shrink_areas` for each tax, expected the mean of all, or of the score. Non-payment
    and yield are counted, not sampled. The groups of a dimension add up to the whole. Limits are log-normal,
    from the error of the group and the spread of the multiplier.
    """
    rows: list[pd.DataFrame] = [_by_tax(chains, level)]
    notes, tallies = [], {name: [] for name in DIMENSIONS}  # type: ignore[var-annotated]
    for chain in chains:
        frame = _read_groups(records, chain.data)
        own = {name: _shrink(chain, frame[name]) for name in DIMENSIONS if name in frame}
        if "region" in own and "nation" in own:
            own["region"] = _nest(own["region"], own["nation"])
        for name, table in own.items():
            tallies[name].append(table)
    for name, tables in tallies.items():
        if len(tables) == len(chains):
            rows.append(_join(name, pd.concat(tables), level))
    if len(tallies["combined authority"]) < len(chains):
        notes.append(_NOT_AVAILABLE)
    rows.append(_by_behaviour(chains, level))
    notes.append("The hidden economy is not in returns: estimate it beside them (taxgap.gap.beside).")
    return pd.concat(rows, ignore_index=True), notes


def _by_tax(chains: Sequence[Chain], level: float) -> pd.DataFrame:
    rows = []
    for chain in chains:
        error = sum(part.found.standard_error**2 + part.projected_variance for part in chain.parts) ** 0.5
        found = sum(part.found.value for part in chain.parts)
        rows.append(_row(chain, chain.data.regime, 1.0, error / found, len(chain.filled), 1.0, 1.0))
    return _join("tax", pd.DataFrame(rows), level)


def _read_groups(records: Records, data: RegimeData) -> pd.DataFrame:
    groups = groups_of(records, data.index, regime=data.regime)
    frame = pd.DataFrame({name: groups[name].astype(object) for name in DIMENSIONS if name in groups})
    held = records.read("taxpayers", partition=0).columns
    if "combined_authority" in held:
        register = records.read("taxpayers", ["taxpayer_id", "combined_authority"])
        register = register.drop_duplicates("taxpayer_id", keep="last").set_index("taxpayer_id")
        own = register["combined_authority"].reindex(data.index.get_level_values("taxpayer_id"))
        if own.notna().any():
            frame["combined authority"] = own.astype(object).fillna("none").to_numpy()
    return frame.where(frame.notna(), UNKNOWN)


def _shrink(chain: Chain, group: pd.Series) -> pd.DataFrame:
    codes, names = pd.factorize(group.astype(str), sort=True)
    count, row = len(names), chain.filled["row"].to_numpy()
    own = codes[row]
    y = chain.filled["y"].to_numpy(dtype=np.float64)
    weight = 1 / chain.filled["probability"].to_numpy(dtype=np.float64)
    sums, squares = np.bincount(own, weight, count), np.bincount(own, weight**2, count)
    effective = np.divide(sums**2, squares, out=np.zeros(count), where=squares > 0)
    mean = np.divide(np.bincount(own, weight * y, count), sums, out=np.zeros(count), where=sums > 0)
    sizes = np.bincount(codes, minlength=count).astype(np.float64)
    level = float(np.average(y, weights=weight))
    expected = _expect(chain, codes, sizes, level, weight)
    found = sum(part.found.value for part in chain.parts)
    variation = float(np.average((y - expected[own]) ** 2 / expected[own] ** 2, weights=weight))
    areas = shrink_areas(mean, effective, expected, sizes, variation=variation, total=found)
    cases = np.bincount(own, minlength=count)
    rows = [
        _row(
            chain,
            str(name),
            areas.value[k] / found,
            areas.relative_error[k],
            cases[k],
            areas.weight[k],
            codes == k,
        )
        for k, name in enumerate(names)
    ]
    return pd.DataFrame(rows)


def _nest(regions: pd.DataFrame, nations: pd.DataFrame) -> pd.DataFrame:
    """Make regions add up to their nations; a nation of one region is that region."""
    nation = regions["group"].map(REGION_NATION).fillna(regions["group"])
    whole = nations.set_index("group").reindex(nation).reset_index(drop=True)
    inside = regions["under_declared"].groupby(nation.to_numpy()).transform("sum")
    scale = (whole["under_declared"] / inside).where(inside > 0, 0.0)
    alone = nation.groupby(nation.to_numpy()).transform("size") == 1
    return regions.assign(
        under_declared=regions["under_declared"] * scale,
        variance=(regions["variance"] * scale**2).mask(alone, whole["variance"]),
        spread=regions["spread"] * scale,
        own=(regions["own"] * scale).mask(alone, whole["own"]),
    )


def _expect(chain: Chain, codes: Integers, sizes: Floats, level: float, weight: Floats) -> Floats:
    """Return what is expected of a return of each group: the mean of all, or of the score, scaled."""
    if chain.scores is None:
        return np.full(len(sizes), level)
    score = np.bincount(codes, chain.scores.everyone, len(sizes)) / np.maximum(sizes, 1)
    own_score = chain.scores.cases
    scale = level / float(np.average(own_score, weights=weight))
    return np.asarray(np.maximum(score * scale, 0.05 * level), dtype=np.float64)


def _row(  # noqa: PLR0917  one row of a table, in the order of its columns
    chain: Chain, name: str, share: float, error: float, cases: int, own: float, rows: Bools | float
) -> dict[str, object]:
    """Return what one tax adds to a group: amounts, and variances with and without the multiplier's."""
    lost = float(share) * sum(part.under_declared for part in chain.parts)
    debts = sum(part.non_payment.each for part in chain.parts)
    came = sum(part.compliance_yield.each for part in chain.parts)
    relative = [part.multiplier.variance**0.5 / part.multiplier.value for part in chain.parts]
    weight = np.full(len(chain.data.index), rows) if isinstance(rows, float) else rows
    return {
        "group": name,
        "under_declared": lost,
        "non_payment": float((debts * weight).sum()),
        "compliance_yield": float((came * weight).sum()),
        "variance": (lost * float(error)) ** 2,
        "spread": lost * max(relative),
        "cases": int(cases),
        "own": lost * float(own),
    }


def _join(dimension: str, table: pd.DataFrame, level: float) -> pd.DataFrame:
    """Add up taxes: sampling errors in squares, errors of the multiplier as they are."""
    summed = table.groupby("group", sort=False)[[c for c in table.columns if c != "group"]].sum()
    lost = summed["under_declared"].to_numpy(dtype=np.float64)
    amount = lost + (summed["non_payment"] - summed["compliance_yield"]).to_numpy(dtype=np.float64)
    error = np.sqrt(summed["variance"].to_numpy() + summed["spread"].to_numpy() ** 2)
    relative = np.divide(error, lost, out=np.zeros(len(lost)), where=lost > 0)
    reach = float(ndtri((1 + level) / 2)) * np.sqrt(np.log1p(relative**2))
    own = np.divide(summed["own"].to_numpy(), lost, out=np.zeros(len(lost)), where=lost > 0)
    thin = (summed["cases"].to_numpy() < THIN) | (own < 0.5)
    frame = summed.reset_index().assign(
        dimension=dimension,
        amount=amount,
        low=amount - lost * (1 - np.exp(-reach)),
        high=amount + lost * (np.exp(reach) - 1),
        share=amount / amount.sum() if amount.sum() else np.nan,
        own_weight=own,
        method=np.where(thin, "drawn to the expected", "own cases"),
    )
    return frame[COLUMNS]


def _by_behaviour(chains: Sequence[Chain], level: float) -> pd.DataFrame:
    """Return all eight behaviours; those that returns cannot show are missing, not zero."""
    rows = []
    for chain in chains:
        y = chain.filled["y"].to_numpy(dtype=np.float64)
        # What is expected of open cases has no behaviour yet: it is shared out as what was settled.
        settled = np.where(chain.filled["open"].to_numpy(dtype=np.bool_), 0.0, y)
        weight = 1 / chain.filled["probability"].to_numpy(dtype=np.float64)
        known = chain.filled["behaviour"].astype(object).to_numpy()
        whole = float((weight * settled)[pd.notna(known)].sum())
        if whole <= 0:
            continue
        for name in BEHAVIOURS[:6]:
            mine = settled * (known == name)
            share = float(weight @ mine) / whole
            error = float(np.sqrt((weight**2) @ (mine - share * settled) ** 2)) / whole
            total = sum(p.found.standard_error**2 for p in chain.parts) ** 0.5
            found = sum(p.found.value for p in chain.parts)
            relative = float(np.hypot(error / share, total / found)) if share > 0 else 0.0
            rows.append(
                _row(chain, name, share, relative, int((mine > 0).sum()), 1.0, 0.0) | _settled(chain, name)
            )
    if not rows:
        return pd.DataFrame(columns=COLUMNS)
    table = _join("behaviour", pd.DataFrame(rows), level).assign(method="own cases")
    debts = sum(part.non_payment.value for chain in chains for part in chain.parts)
    reach = (
        float(ndtri((1 + level) / 2)) * sum(p.non_payment.variance for c in chains for p in c.parts) ** 0.5
    )
    counted = {
        "dimension": "behaviour",
        "group": "non_payment",
        "amount": debts,
        "low": max(debts - reach, 0.0),
        "high": debts + reach,
        "under_declared": 0.0,
        "non_payment": debts,
        "compliance_yield": 0.0,
        "method": "counted",
    }
    hidden = {"dimension": "behaviour", "group": "hidden_economy", "method": "not in returns"}
    table = pd.concat([table, pd.DataFrame([counted, hidden])], ignore_index=True)
    return table.assign(share=table["amount"] / table["amount"].sum())[COLUMNS]


def _settled(chain: Chain, name: str) -> dict[str, float]:
    """Return the yield of cases settled as a behaviour, as its share of all that was settled."""
    both = pd.concat([chain.filled, chain.data.chosen])
    settled = both[both["behaviour"].notna() & (both["tax_found"] > 0)]
    whole = float(settled["tax_found"].sum())
    share = (
        float(settled["tax_found"][(settled["behaviour"] == name).to_numpy()].sum()) / whole if whole else 0.0
    )
    return {"compliance_yield": share * sum(part.compliance_yield.value for part in chain.parts)}
