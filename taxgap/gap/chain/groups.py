"""The gap by customer group, trade, nation, region, authority and behaviour, adding up to the whole."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import ndtri

from taxgap.gap.areas import Shrunk, shrink_areas
from taxgap.gap.chain.components import Chain, add_variances
from taxgap.gap.chain.expecting import expect_returns, follow_groups, share_open
from taxgap.gap.chain.hidden import HiddenEconomy, fill_behaviour
from taxgap.gap.chain.reading import RegimeData
from taxgap.records import Records
from taxgap.risk.arrays import Bools, Floats
from taxgap.risk.fairness.groups import groups_of
from taxgap.schemas.codes import BEHAVIOURS, REGION_NATION

_SAMPLED = ("customer group", "trade group", "nation", "region", "combined authority")
UNKNOWN = "not known"
DIMENSIONS = ("tax", *_SAMPLED, "behaviour")
"""What the gap is broken down by."""

COLUMNS = [
    *("dimension", "group", "amount", "low", "high", "under_declared", "non_payment", "compliance_yield"),
    *("share", "cases", "own_weight", "method"),
]
THIN = 30

DETECTION_DIFFERS = 0.1
"""Standard deviation, in logs, of the multiplier of one group against that of all (an assumption)."""

_LEAST = 0.02
_CENTRE = 20.0

_NOT_AVAILABLE = (
    "The gap by combined authority is not available: the register's column combined_authority is empty. Join "
    "one by postcode: fill it from a look-up of postcodes to combined authorities (ONS Postcode Directory)."
)


def break_down(
    records: Records,
    chains: Sequence[Chain],
    taxes: pd.DataFrame,
    level: float,
    hidden: HiddenEconomy | None = None,
) -> tuple[pd.DataFrame, list[str]]:
    """Return the net gap by group, years taken together.

    Parameters
    ----------
    records : Records
    chains : sequence of Chain
        One a tax.
    taxes : DataFrame
        From `tabulate_chain`: the breakdown by tax is what stands there.
    level : float
        Confidence.
    hidden : HiddenEconomy, optional
        Stands among the behaviours; other breakdowns are of returns alone.

    Returns
    -------
    DataFrame
        `COLUMNS`: amounts in GBP; ``cases`` random cases in the group; ``own_weight`` of these against what
        is expected of the group; ``method``: ``own cases``, ``drawn to the expected`` (fewer than 30 cases,
        or weight below a half) or ``counted``.
    notes : list of str

    Notes
    -----
    Under-declared tax: `shrink_areas` for each tax, expected by `expect_returns`, or by the score; what open
    cases may bring is shared out by it too. The variance of one case is at least what the interval of the
    whole says of it, since few cases of a heavy tail show less. Officers are assumed to find more in one
    group than in another, by a tenth. Non-payment and yield are counted, not sampled. The groups of a
    dimension add up to the whole. Each side of an interval is log-normal; over taxes errors are added in
    squares, those of the multiplier as they are.
    """
    rows: list[pd.DataFrame] = [_by_tax(chains, taxes)]
    notes, tallies = [], {name: [] for name in _SAMPLED}  # type: ignore[var-annotated]
    for chain in chains:
        frame = _read_groups(records, chain.data)
        own = _shrink_all(chain, frame, level)
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
    table = pd.concat(rows, ignore_index=True)
    if hidden is None:
        notes.append("The hidden economy is not in returns: estimate it beside them (taxgap.gap.beside).")
        return table, notes
    notes.append("The hidden economy is in the totals and among the behaviours; other groups are of returns.")
    return fill_behaviour(table, hidden, level), notes


def _by_tax(chains: Sequence[Chain], taxes: pd.DataFrame) -> pd.DataFrame:
    # The last row of a tax is that of all its years, or of its only one.
    last = taxes.drop_duplicates("regime", keep="last").set_index("regime")
    mine = last.loc[[chain.data.regime for chain in chains]]
    return pd.DataFrame(
        {
            "dimension": "tax",
            "group": mine.index,
            "amount": mine["net"],
            "low": mine["low"],
            "high": mine["high"],
            "under_declared": mine["gross"] - mine["non_payment"],
            "non_payment": mine["non_payment"],
            "compliance_yield": mine["compliance_yield"],
            "share": mine["net"] / mine["net"].sum() if mine["net"].sum() else np.nan,
            "cases": mine["cases"],
            "own_weight": 1.0,
            "method": "own cases",
        }
    )[COLUMNS]


def _read_groups(records: Records, data: RegimeData) -> pd.DataFrame:
    groups = groups_of(records, data.index, regime=data.regime)
    frame = pd.DataFrame({name: groups[name].astype(object) for name in _SAMPLED if name in groups})
    held = records.read("taxpayers", partition=0).columns
    if "combined_authority" in held:
        register = records.read("taxpayers", ["taxpayer_id", "combined_authority"])
        register = register.drop_duplicates("taxpayer_id", keep="last").set_index("taxpayer_id")
        own = register["combined_authority"].reindex(data.index.get_level_values("taxpayer_id"))
        if own.notna().any():
            frame["combined authority"] = own.astype(object).fillna("none").to_numpy()
    return frame.where(frame.notna(), UNKNOWN)


def _shrink_all(chain: Chain, frame: pd.DataFrame, level: float) -> dict[str, pd.DataFrame]:
    """Return the groups of each dimension."""
    informed, alone = (
        chain.scores.held_out if chain.scores is not None else expect_returns(chain.data, chain.filled, known)
        for known in (frame["customer group"], None)
    )
    # What open cases bring is shared out by all that is known of them; what groups are drawn to knows
    # nothing of the groups themselves.
    return {
        name: _shrink(chain, frame[name], informed, alone if name == "customer group" else informed, level)
        for name in _SAMPLED
        if name in frame
    }


def _shrink(chain: Chain, group: pd.Series, informed: Floats, expected: Floats, level: float) -> pd.DataFrame:
    codes, names = pd.factorize(group.astype(str), sort=True)
    count, filled = len(names), chain.filled
    own = codes[filled["row"].to_numpy()]
    y = share_open(filled, informed * follow_groups(filled, informed, codes)[codes])
    weight = 1 / filled["probability"].to_numpy(dtype=np.float64)
    closed = np.where(filled["open"].to_numpy(dtype=np.bool_), 0.0, weight)
    sums, squares = (np.bincount(own, closed**power, count) for power in (1, 2))
    effective = np.divide(sums**2, squares, out=np.zeros(count), where=squares > 0)
    whole = np.bincount(own, weight, count)
    mean = np.divide(np.bincount(own, weight * y, count), whole, out=np.zeros(count), where=whole > 0)
    sizes = np.bincount(codes, minlength=count).astype(np.float64)
    found = sum(part.found.value for part in chain.parts)
    wanted = np.bincount(codes, expected, count) / np.maximum(sizes, 1)
    wanted = np.maximum(wanted * found / float(wanted @ sizes), _LEAST * found / sizes.sum())
    middle = (effective * mean + _CENTRE * wanted) / (effective + _CENTRE)
    variation = float(np.average((y / middle[own] - 1) ** 2, weights=closed)) if closed.any() else 1.0
    error = _error_of_log(chain, level)
    areas = shrink_areas(
        mean,
        effective,
        wanted,
        sizes,
        variation=max(variation, error**2 * float(effective.sum()), 1e-9),
        total=found,
        total_error=error,
        detection=DETECTION_DIFFERS,
        level=level,
    )
    below, above = _errors_of(areas, level)
    cases = np.bincount(own, minlength=count)
    rows = [
        _row(
            chain,
            str(name),
            areas.value[k] / found,
            (below[k], above[k]),
            cases[k],
            areas.weight[k],
            codes == k,
        )
        for k, name in enumerate(names)
    ]
    return pd.DataFrame(rows)


def _errors_of(areas: Shrunk, level: float) -> tuple[Floats, Floats]:
    """Return the relative errors of log-normal limits that lie where those of the areas do, on each side."""
    z, value = float(ndtri((1 + level) / 2)), np.maximum(areas.value, 1e-9)
    below = np.log(value / np.maximum(areas.low, 1e-3 * value)) / z
    above = np.log(np.maximum(areas.high, value) / value) / z
    return np.sqrt(np.expm1(below**2)), np.sqrt(np.expm1(above**2))


def _error_of_log(chain: Chain, level: float) -> float:
    """Return the standard error of the log of what was found, by its limits and by the cases still open."""
    z = float(ndtri((1 + level) / 2))
    found = [part.found for part in chain.parts]
    value = sum(f.value for f in found)
    later = z**2 * add_variances(chain.parts, lambda part: part.projected_spread)
    below = float(np.sqrt(sum((f.value - f.low) ** 2 for f in found) + later)) / value
    above = float(np.sqrt(sum((f.high - f.value) ** 2 for f in found) + later)) / value
    return float(np.log1p(above) - np.log(max(1 - below, 0.05))) / (2 * z)


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
        variance_below=(regions["variance_below"] * scale**2).mask(alone, whole["variance_below"]),
        spread=regions["spread"] * scale,
        own=(regions["own"] * scale).mask(alone, whole["own"]),
    )


def _row(  # noqa: PLR0917  one row of a table, in the order of its columns
    chain: Chain,
    name: str,
    share: float,
    error: float | tuple[float, float],
    cases: int,
    own: float,
    rows: Bools | float,
) -> dict[str, object]:
    """Return what one tax adds to a group: amounts, and variances of both sides; the multiplier's apart."""
    below, above = error if isinstance(error, tuple) else (error, error)
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
        "variance": (lost * float(above)) ** 2,
        "variance_below": (lost * float(below)) ** 2,
        "spread": lost * max(relative),
        "cases": int(cases),
        "own": lost * float(own),
    }


def _join(dimension: str, table: pd.DataFrame, level: float) -> pd.DataFrame:
    """Add up taxes: sampling errors in squares, errors of the multiplier as they are."""
    summed = table.groupby("group", sort=False)[[c for c in table.columns if c != "group"]].sum()
    lost = summed["under_declared"].to_numpy(dtype=np.float64)
    debts = summed["non_payment"].to_numpy(dtype=np.float64)
    amount = lost + debts - summed["compliance_yield"].to_numpy(dtype=np.float64)
    reach = [
        float(ndtri((1 + level) / 2))
        * np.sqrt(np.log1p((summed[side] + summed["spread"] ** 2).to_numpy() / np.maximum(lost, 1e-9) ** 2))
        for side in ("variance_below", "variance")
    ]
    own = np.divide(summed["own"].to_numpy(), lost, out=np.zeros(len(lost)), where=lost > 0)
    thin = (summed["cases"].to_numpy() < THIN) | (own < 0.5)
    frame = summed.reset_index().assign(
        dimension=dimension,
        amount=amount,
        # What was found and paid was lost first: nothing below the debts is possible.
        low=np.minimum(np.maximum(amount - lost * (1 - np.exp(-reach[0])), debts), amount),
        high=amount + lost * (np.exp(reach[1]) - 1),
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
        # As the limits of the whole say, which reach further up than its standard error.
        whole_error = float(np.sqrt(np.expm1(_error_of_log(chain, level) ** 2)))
        for name in BEHAVIOURS[:6]:
            mine = settled * (known == name)
            share = float(weight @ mine) / whole
            error = float(np.sqrt((weight**2) @ (mine - share * settled) ** 2)) / whole
            relative = float(np.hypot(error / share, whole_error)) if share > 0 else 0.0
            rows.append(
                _row(chain, name, share, relative, int((mine > 0).sum()), 1.0, 0.0) | _settled(chain, name)
            )
    if not rows:
        return pd.DataFrame(columns=COLUMNS)
    table = _join("behaviour", pd.DataFrame(rows), level).assign(method="own cases")
    parts = [part for chain in chains for part in chain.parts]
    debts = sum(part.non_payment.value for part in parts)
    reach = float(ndtri((1 + level) / 2)) * add_variances(parts, lambda part: part.non_payment.spread) ** 0.5
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
