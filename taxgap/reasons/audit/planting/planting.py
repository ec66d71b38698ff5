"""Planting: known manipulations go into a copy of somebody's own records, and must be named.

No truth is needed. What is planted is known; whether the rest of the records is true is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError, UsageError
from taxgap.reasons.audit.edited import FIXED, KEYS, edit_returns
from taxgap.reasons.audit.planting.completion import COMPLETIONS, Completion
from taxgap.reasons.audit.planting.manipulations import SELF_ASSESSMENT_MANIPULATIONS, Manipulation
from taxgap.records import Records
from taxgap.records.partitions import hash_ids
from taxgap.records.periods import tax_year_of
from taxgap.regimes import Regime
from taxgap.regimes.returns import latest_versions
from taxgap.risk.arrays import Bools, Floats, Integers
from taxgap.synthetic.streams import Streams

__all__ = ["SELF_ASSESSMENT_MANIPULATIONS", "Manipulation", "Planting", "check_manipulations", "plant"]


@dataclass(frozen=True, eq=False)
class Planting:
    """A copy of records with manipulations in it.

    Attributes
    ----------
    records : Records
        The originals are untouched.
    planted : DataFrame
        One row a planted return, sorted: `taxpayer_id`, `period`, `mechanism`, `tax` (GBP that the return is
        charged too little), `basis` (``form`` where that comes from the form filled in again, ``amount``
        where it is the sum of the changes of boxes, because the form cannot be), `amount` (that sum) and
        `evidence`, a tuple of reason codes.
    """

    records: Records
    planted: pd.DataFrame

    @property
    def index(self) -> pd.MultiIndex:
        """(taxpayer_id, period) of the planted returns."""
        return pd.MultiIndex.from_frame(self.planted[KEYS])


def plant(
    records: Records,
    regime: Regime,
    manipulations: Sequence[Manipulation] = SELF_ASSESSMENT_MANIPULATIONS,
    *,
    share: float = 0.02,
    seed: int = 0,
    periods: Sequence[str] | None = None,
    leave_out: pd.MultiIndex | None = None,
    completion: Completion | None = None,
) -> Planting:
    """Plant manipulations into a copy of records.

    Parameters
    ----------
    records : Records
    regime : Regime
        The tax whose returns are changed.
    manipulations : sequence of Manipulation
        A return gets one of those that can be done to it, each as likely as the others.
    share : float, default 0.02
        Share of the taxpayers with a return that can be changed; one return of each.
    seed : int, default 0
        Which returns are changed depends on it, the taxpayer and the period alone, not on partitions or their
        order.
    periods : sequence of str, optional
        The periods whose returns may be changed; all when absent.
    leave_out : MultiIndex, optional
        (taxpayer_id, period) of returns that must stay, such as those that a model flags already. Returns
        that an enquiry is known to have corrected stay in any case.
    completion : Completion, optional
        How the form is completed; the library's own for Self Assessment and VAT when absent. Without one,
        nothing follows from the changed boxes, and `tax` is the sum of their changes.

    Returns
    -------
    Planting

    Raises
    ------
    UsageError
        The share is not in (0, 1]; a name or an evidence code is wrong; a manipulation gives other rows, or
        columns that the returns lack.
    InvalidDataError
        There are no returns, or nothing could be planted.

    Notes
    -----
    The latest version of a return is changed, and totals are made to add up again. Other returns stay as they
    were filed; that of the next period is held against the planted one, and its changes over the year are
    measured accordingly. Reports of others stay too: planting cannot take back what somebody reported.

    Planted returns are as untrue as they were before, and more. What explanations name beside the planted
    evidence may be true.
    """
    if not 0 < share <= 1:
        raise UsageError(f"A share of {share} is not above 0 and up to 1.", where="share")
    if not manipulations:
        raise UsageError("Manipulations need one at least.", where="manipulations")
    check_manipulations(regime, manipulations)
    chosen, which = _choose(records, regime, manipulations, _Draw(share, seed, periods, leave_out))
    filed = chosen.set_index(KEYS)
    changed = _apply(filed, which, manipulations, seed)
    amount = _sum_changes(filed, changed)
    touched = amount > 0
    filed, changed, which, amount = filed[touched], changed[touched], which[touched], amount[touched]
    if filed.empty:
        raise InvalidDataError(
            "Nothing was planted: no return was drawn to which a manipulation applies.",
            where=regime.name,
            remedy="Raise the share, or plant other manipulations.",
        )
    form = COMPLETIONS.get(regime.name) if completion is None else completion
    done, tax = (
        (changed, np.full(len(filed), np.nan)) if form is None else _fill_in(form, filed, changed, records)
    )
    planted = filed.index.to_frame(index=False)
    planted["mechanism"] = np.array([m.name for m in manipulations], dtype=object)[which]
    planted["tax"] = np.where(np.isnan(tax), amount, tax).round(2)
    planted["basis"] = np.where(np.isnan(tax), "amount", "form")
    planted["amount"] = amount
    planted["evidence"] = pd.Series([m.evidence for m in manipulations], dtype=object).iloc[which].array
    edits = done[[name for name in done.columns if name not in FIXED and not done[name].equals(filed[name])]]
    return Planting(edit_returns(records, regime.name, edits), planted)


@dataclass(frozen=True)
class _Draw:
    """Which returns are drawn, by hashes of taxpayer and period."""

    share: float
    seed: int
    periods: Sequence[str] | None
    leave_out: pd.MultiIndex | None

    def may_have(self, keys: pd.MultiIndex) -> Bools:
        """Tell which returns may be drawn."""
        free = np.ones(len(keys), dtype=np.bool_)
        if self.leave_out is not None:
            free &= ~keys.isin(self.leave_out)
        if self.periods is not None:
            label = keys.get_level_values(KEYS[1]).to_series()
            wanted = list(self.periods)
            free &= (label.isin(wanted) | tax_year_of(label).isin(wanted)).to_numpy()
        return free

    def cast(self, keys: pd.MultiIndex, can: Bools, names: Sequence[str]) -> tuple[Bools, Integers]:
        """Draw one return of some taxpayers, and for every return which manipulation it would get."""
        people, periods = (keys.get_level_values(key) for key in KEYS)
        streams = Streams(self.seed, hash_ids(people))
        counter = (hash_ids(periods) >> np.uint64(33)).astype(np.int64)
        luck = np.column_stack([streams.uniform(f"plant {name}", counter) for name in names])
        able = can.any(axis=1)
        turn = pd.Series(np.where(able, streams.uniform("plant in period", counter), np.inf))
        first = turn.to_numpy() == turn.groupby(people.to_numpy(), sort=False).transform("min").to_numpy()
        drawn = able & first & (streams.uniform("plant") < self.share)
        return drawn, np.where(can, luck, -1.0).argmax(axis=1)


def check_manipulations(regime: Regime, manipulations: Sequence[Manipulation]) -> None:
    """Refuse manipulations that share a name, or whose evidence is no reason code of the tax.

    Raises
    ------
    UsageError
    """
    names = [manipulation.name for manipulation in manipulations]
    if len(set(names)) < len(names):
        raise UsageError("Manipulations need names of their own.", where="manipulations")
    for manipulation in manipulations:
        unknown = [code for code in manipulation.evidence if code not in regime.code]
        if unknown:
            raise UsageError(
                f"The evidence of '{manipulation.name}', '{unknown[0]}', is no reason code of {regime.name}.",
                where="evidence",
                available=regime.code,
            )


def _choose(
    records: Records,
    regime: Regime,
    manipulations: Sequence[Manipulation],
    draw: _Draw,
) -> tuple[pd.DataFrame, Integers]:
    """Return the returns drawn, sorted, and the position of what is done to each."""
    settled = _settled(records, regime)
    rows, which = [], []
    for partition in records.partitions:
        latest = latest_versions(records.read(regime.name, partition=partition))
        keys = pd.MultiIndex.from_frame(latest[KEYS])
        free = ~keys.isin(settled) & draw.may_have(keys)
        can = np.column_stack([_mask(m, latest) & free for m in manipulations])
        drawn, pick = draw.cast(keys, can, [m.name for m in manipulations])
        rows.append(latest[drawn])
        which.append(pick[drawn])
    chosen, picks = pd.concat(rows, ignore_index=True), np.concatenate(which)
    order = np.lexsort([chosen[key].to_numpy(dtype=str) for key in reversed(KEYS)])
    return chosen.iloc[order].reset_index(drop=True), picks[order]


def _mask(manipulation: Manipulation, returns: pd.DataFrame) -> Bools:
    mask = np.asarray(manipulation.applies(returns))
    if mask.shape != (len(returns),):
        raise UsageError(
            f"The manipulation '{manipulation.name}' does not say of each return whether it applies.",
            where="applies",
        )
    return mask.astype(np.bool_)


def _settled(records: Records, regime: Regime) -> pd.MultiIndex:
    """List the returns that an enquiry is known to have corrected, whatever the tax of an adjustment."""
    found = []
    if "adjustments" in records.tables:
        found.append(records.read("adjustments", KEYS))
    if "enquiries" in records.tables:
        cases = records.read("enquiries", [*KEYS, "regime", "tax_found"])
        found.append(cases.loc[(cases["regime"] == regime.name) & (cases["tax_found"] > 0), KEYS])
    nobody = pd.DataFrame({key: pd.Series(dtype="str") for key in KEYS})
    return pd.MultiIndex.from_frame(pd.concat([nobody, *found]).drop_duplicates())


def _apply(
    filed: pd.DataFrame, which: Integers, manipulations: Sequence[Manipulation], seed: int
) -> pd.DataFrame:
    changed = filed.copy()
    for place, manipulation in enumerate(manipulations):
        rows = np.flatnonzero(which == place)
        own = filed.iloc[rows]
        number = int.from_bytes(blake2b(manipulation.name.encode(), digest_size=8).digest(), "little")
        boxes = manipulation.change(own.copy(), np.random.default_rng([seed, number]))
        _check_boxes(manipulation, own, boxes)
        for name in boxes.columns:
            column = changed[name].astype(np.float64)
            column.iloc[rows] = boxes[name].to_numpy(dtype=np.float64)
            changed[name] = column
    return changed


def _check_boxes(manipulation: Manipulation, own: pd.DataFrame, boxes: pd.DataFrame) -> None:
    wrong = UsageError(
        f"The manipulation '{manipulation.name}' must give boxes of the returns it was given, in numbers, on "
        "their index.",
        where="change",
        available=[str(name) for name, kind in own.dtypes.items() if kind == np.float64],
    )
    if not isinstance(boxes, pd.DataFrame) or not boxes.index.equals(own.index):
        raise wrong
    if any(name not in own.columns or own[name].dtype != np.float64 for name in boxes.columns):
        raise wrong


def _boxes(returns: pd.DataFrame) -> Iterator[str]:
    return (str(name) for name, kind in returns.dtypes.items() if kind == np.float64)


def _sum_changes(filed: pd.DataFrame, changed: pd.DataFrame) -> Floats:
    names = list(_boxes(filed))
    return np.asarray((changed[names].fillna(0.0) - filed[names].fillna(0.0)).abs().sum(axis=1))


def _fill_in(
    form: Completion, filed: pd.DataFrame, changed: pd.DataFrame, records: Records
) -> tuple[pd.DataFrame, Floats]:
    """Complete the changed returns; return them, and the tax that they are charged too little."""
    person = _look_up(records, filed.index)
    before = filed.assign(**form.follow(filed))
    after = changed.assign(**form.follow(changed))
    lost = form.charge(before.join(person)) - form.charge(after.join(person))
    done = after[list(changed.columns)]  # boxes that the records lack are not made up
    if form.box and form.box in done.columns:
        done = done.assign(**{form.box: (filed[form.box] - np.nan_to_num(lost)).round(2)})
    return done, lost


def _look_up(records: Records, index: pd.MultiIndex) -> pd.DataFrame:
    """Look up nation and year of birth on the register, as far as it has them."""
    columns = ["nation", "birth_year"]
    nothing = pd.DataFrame(None, index=index, columns=columns, dtype=object)
    if "taxpayers" not in records.tables:
        return nothing
    people, parts = index.get_level_values(KEYS[0]), []
    for partition in records.partitions:
        register = records.read("taxpayers", partition=partition).reindex(columns=["taxpayer_id", *columns])
        parts.append(register[register["taxpayer_id"].isin(people)])
    register = pd.concat(parts).drop_duplicates("taxpayer_id").set_index("taxpayer_id").reindex(people)
    return register.set_axis(index)
