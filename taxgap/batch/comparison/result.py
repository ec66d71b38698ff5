"""What a comparison of two nights came to, and how it is told: plain data, tidy figures, one screen."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

ALL = "all"
"""Stands for a tax year in rows that are of all of them."""

MARKS = ((0.1, "little"), (0.25, "some"), (math.inf, "much"))
"""What a stability index below each is called: a custom, not a law."""

SETTING = "settings: "
TOP_MOVES = 5
_WIDTH = 20
_SHOWN = ("regime", "model_id", "as_of")  # whether they differ or not
_TABLES = ("returns", "flags", "ranks", "rule", "reasons", "drift")
_ENDS = ("_low", "_high")


@dataclass(frozen=True, eq=False, kw_only=True)
class ScoreComparison:
    """Two nights of scores, side by side.

    Tables have a row a tax year and one for all; columns that end in `_low` and `_high` are the interval of
    the share before them.

    Attributes
    ----------
    about : DataFrame
        `what, before, after`: regime, model, date, records (a short checksum of all that was read) and
        settings, as text.
    equal_bytes : bool or None
        Whether the files of both are the same, by their checksums; None where one is a frame.
    returns : DataFrame
        `period, both, only_before, only_after`.
    flags : DataFrame
        `period, before, after, kept, new, dropped`, of them `new_returns` (not scored before) and
        `gone_returns` (not scored after); `new_share` (of the flags after), `dropped_share` (of those
        before), `overlap` (kept, of all flagged on either night: Jaccard's index).
    ranks : DataFrame
        `period, spearman` (of returns scored on both nights; for all, of their places within tax years),
        `flagged` (on either night, scored on both), `moved_far` (the share of these whose place moved by
        more than a tenth of the list).
    drift : DataFrame
        `period, what` (probability, or score in log pounds of expected tax), `mean_before, mean_after,
        mean_shift, q05_shift, q50_shift, q95_shift, psi` and `psi_by_chance`, which two independent samples
        so large have on average, about.
    rule : DataFrame or None
        `period, what` (probability or rank), `before, after` (shares of returns that meet this part of the
        night's flag rule), `unmet_before` (new flags that did not meet it before), `unmet_after` (dropped
        ones that do not now). None where a rule is not known.
    reasons : DataFrame or None
        `period, compared` (flagged and explained on both nights), `first_changed, set_changed` (shares whose
        first reason, or whose set of reasons, is another). None where a night has no reasons.
    reason_moves : DataFrame or None
        `reason_before, reason_after, returns`: first reasons of the compared, the unchanged among them.
    movers : DataFrame
        Flagged returns whose place moved furthest, with the columns of `changed`. Personal.
    changed : DataFrame
        Every return whose rank, score, probability, flag or reasons changed, or that only one night holds:
        `taxpayer_id, period, tax_year, in_before, in_after, flag` (kept, new, dropped or empty), `move` (by
        which share of the list; below 0 is towards the top), and before and after `rank, score, probability,
        reason` (the first). Personal.
    notes : tuple of str
        What was left out, and why.
    """

    about: pd.DataFrame
    equal_bytes: bool | None
    returns: pd.DataFrame
    flags: pd.DataFrame
    ranks: pd.DataFrame
    drift: pd.DataFrame
    rule: pd.DataFrame | None
    reasons: pd.DataFrame | None
    reason_moves: pd.DataFrame | None
    movers: pd.DataFrame
    changed: pd.DataFrame
    notes: tuple[str, ...]

    @property
    def equal(self) -> bool:
        """Whether no return changed."""
        return bool(self.changed.empty)

    @property
    def new_share(self) -> float:
        """Share of the flags of the second night that the first did not have; 0 where it has none."""
        share = float(self.flags["new_share"].iloc[-1])
        return 0.0 if math.isnan(share) else share

    def to_frame(self) -> pd.DataFrame:
        """Return all figures tidy: `part, what, measure, period, value, low, high`."""
        parts = [(name, getattr(self, name)) for name in _TABLES if getattr(self, name) is not None]
        return pd.concat([_tidy(name, table) for name, table in parts], ignore_index=True)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, without personal rows."""
        tables = {name: _to_records(getattr(self, name)) for name in (*_TABLES, "reason_moves")}
        head = {"equal": self.equal, "equal_bytes": self.equal_bytes, "changed": len(self.changed)}
        return {**head, "about": _to_records(self.about), **tables, "notes": list(self.notes)}

    def to_text(self) -> str:
        """Return one screen of text, without personal rows."""
        blocks = (_say_about, _say_returns, _say_shares, _say_reasons, _say_drift, _say_last)
        return "\n\n".join("\n".join(lines) for lines in (list(block(self)) for block in blocks) if lines)


def set_side_by_side(before: Mapping[str, Any], after: Mapping[str, Any]) -> pd.DataFrame:
    """Lay out what two nights say of themselves: `what, before, after`, as text.

    Examples
    --------
    >>> set_side_by_side({"cutoff": 0.5}, {"cutoff": 0.4}).iloc[0].tolist()
    ['cutoff', '0.5', '0.4']
    """
    names = list(dict.fromkeys([*before, *after]))
    rows = [(name, *(_say(about.get(name)) for about in (before, after))) for name in names]
    return pd.DataFrame(rows, columns=["what", "before", "after"], dtype="str")


def say_left_out(before: int, after: int, *, rule: bool) -> Iterator[str]:
    """Say what is not compared, given how many reasons each night has, and whether flag rules are known."""
    if not min(before, after):
        yield "Reasons are not compared: one of the nights was scored without them."
    elif before != after:
        yield f"Only the first {min(before, after)} reasons are compared: one of the nights has no more."
    if not rule:
        yield "The parts of the flag rule are not compared: one of the nights does not say its rule."


def _say(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)


def _tidy(part: str, table: pd.DataFrame) -> pd.DataFrame:
    head = pd.DataFrame({"part": part, "what": table.get("what", ""), "period": table["period"]})
    pieces = []
    for name in table.columns:
        if name not in head and not name.endswith(_ENDS):
            low, high = (table.get(f"{name}{end}", math.nan) for end in _ENDS)
            pieces.append(head.assign(measure=name, value=table[name].astype("float64"), low=low, high=high))
    return pd.concat(pieces)[["part", "what", "measure", "period", "value", "low", "high"]]


def _to_records(table: pd.DataFrame | None) -> list[dict[str, Any]] | None:
    if table is None:
        return None
    return [
        {
            name: None if isinstance(value, float) and math.isnan(value) else value
            for name, value in row.items()
        }
        for row in table.to_dict("records")
    ]


def _say_about(found: ScoreComparison) -> Iterator[str]:
    if found.equal:
        yield "The two nights are equal: no return changed."
    else:
        yield f"{len(found.changed):,} returns changed."
    if found.equal_bytes is not None:
        yield f"The files are {'' if found.equal_bytes else 'not '}the same, byte for byte."
    yield ""
    yield f"{'':<{_WIDTH}}{'before':<{_WIDTH}}after"
    for row in found.about.itertuples():
        if row.what not in _SHOWN and row.before == row.after:
            continue
        what = row.what.removeprefix(SETTING)
        if max(len(row.before), len(what)) < _WIDTH:
            yield f"{what:<{_WIDTH}}{row.before:<{_WIDTH}}{row.after}"
        else:
            yield from (f"{what}, before: {row.before}", f"{what}, after: {row.after}")


def _say_returns(found: ScoreComparison) -> Iterator[str]:
    head = (
        "tax year",
        "in both",
        "only bef.",
        "only aft.",
        "flags bef.",
        "flags aft.",
        "kept",
        "new",
        "dropped",
    )
    yield f"{head[0]:<8}" + "".join(f"{name:>11}" for name in (*head[1:], "rank corr."))
    table = found.returns.join(found.flags.drop(columns="period")).join(found.ranks[["spearman"]])
    for row in table.itertuples():
        counts = (
            row.both,
            row.only_before,
            row.only_after,
            row.before,
            row.after,
            row.kept,
            row.new,
            row.dropped,
        )
        yield f"{row.period:<8}" + "".join(f"{count:>11,}" for count in counts) + f"{row.spearman:>11.3f}"


def _say_shares(found: ScoreComparison) -> Iterator[str]:
    flags, ranks = found.flags.iloc[-1], found.ranks.iloc[-1]
    yield f"{_with_interval(flags, 'new_share')} of the flags after are new."
    yield f"{_with_interval(flags, 'dropped_share')} of the flags before are dropped."
    yield f"{_with_interval(flags, 'overlap')} of the returns flagged on either night are flagged on both."
    yield f"{_with_interval(ranks, 'moved_far')} of them moved by more than a tenth of the list."
    if found.rule is not None:
        for row in found.rule[found.rule["period"] == ALL].itertuples():
            met = f"{row.before:.1%} of returns met it before, {row.after:.1%} after"
            why = f"{row.unmet_before:,} new flags did not before, {row.unmet_after:,} dropped do not now"
            yield f"Flag rule, {row.what}: {met}; {why}."


def _say_reasons(found: ScoreComparison) -> Iterator[str]:
    if found.reasons is None or found.reason_moves is None:
        return
    row = found.reasons.iloc[-1]
    yield f"Reasons of the {int(row['compared']):,} returns flagged and explained on both nights:"
    yield f"{_with_interval(row, 'first_changed')} have another first reason."
    yield f"{_with_interval(row, 'set_changed')} have another set of reasons."
    moves = found.reason_moves[found.reason_moves["reason_before"] != found.reason_moves["reason_after"]]
    for move in moves.head(TOP_MOVES).itertuples():
        yield f"  {move.returns:>6,}  {move.reason_before} -> {move.reason_after}"


def _say_drift(found: ScoreComparison) -> Iterator[str]:
    yield "Drift of means, and the population stability index"
    heads = (f"{name:<34}" for name in ("probability", "score (log pounds)"))
    yield f"{'tax year':<10}" + "".join(heads) + "index by chance"
    for period, rows in found.drift.groupby("period", sort=False):
        cells = [
            f"{f'{row.mean_before:.4f} -> {row.mean_after:.4f}':<19}{row.psi:.4f} {_mark(row.psi):<8}"
            for row in rows.itertuples()
        ]
        yield f"{period:<10}" + "".join(cells) + f"{rows['psi_by_chance'].iloc[0]:.4f}"
    yield "An index below 0.1 is called little, from 0.25 much: a custom, not a law."


def _mark(index: float) -> str:
    return next((name for limit, name in MARKS if index < limit), "")


def _say_last(found: ScoreComparison) -> Iterator[str]:
    yield from found.notes
    yield "Intervals are Wilson's at 95%, for as many returns as their taxpayers are worth."
    yield "A flag is a reason to look, not a finding."


def _with_interval(row: pd.Series, name: str) -> str:
    if math.isnan(row[name]):
        return "None"
    return f"{row[name]:.1%} ({row[f'{name}_low']:.1%} to {row[f'{name}_high']:.1%})"
