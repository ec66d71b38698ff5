"""How an explanation shows itself: in a notebook, and as text."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape
from typing import Any

import pandas as pd

from taxgap.reasons.naming import TAXES, name_group, write_factor
from taxgap.reasons.selection import MOST_REASONS
from taxgap.reasons.telling import tell_share

MOST_RETURNS = 10
MOST_FEATURES = 3
MOST_IN_TEXT = 3
"""So many returns are told of in the text."""

MAINLY_GROUP = "most of the score comes from the group, which says nothing about one taxpayer."

_REASONS = "Reasons: "
_KEYS = ["taxpayer_id", "period"]
_AGAINST = {
    "peers": "their peers, taxpayers of the same trade and size",
    "training": "the cases the model was trained on",
}


def to_html(
    about: dict[str, Any],
    frame: pd.DataFrame,
    *,
    returns: int,
    reasons: pd.DataFrame | None = None,
    untold: pd.DataFrame | None = None,
) -> str:
    """Show the first returns of an explanation, each with its group and its reasons.

    Parameters
    ----------
    about : dict
        From `taxgap.reasons.explanation.Explanation.about`.
    frame : DataFrame
        From `taxgap.reasons.explanation.Explanation.to_frame`, of the first `MOST_RETURNS` at most.
    returns : int
        How many there are.
    reasons, untold : DataFrame, optional
        From `taxgap.reasons.explanation.Explanation`, of the same returns. Without them, the features that
        raise and lower each score most are shown.

    Returns
    -------
    str
        HTML.
    """
    each = _summarise(frame)
    shown = pd.DataFrame(
        {
            "expected tax": [f"£{math.exp(score):,.0f}" for score in each["score"]],
            "group": each["group"],
            "the group": each["group_effect"].map(_times),
            "its own": each["own"].map(_times),
        },
        index=each.index,
    )
    if reasons is None:
        largest = _largest(frame).reindex(each.index, fill_value="")
        shown = shown.assign(**{"what raises and lowers it most": largest})
    else:
        told = [_list_reasons(row).removeprefix(_REASONS) for row in reasons.to_dict("records")]
        rest = [" ".join(_tell_rest(key, own, row, untold)) for key, own, row in _walk(each, reasons)]
        shown = shown.assign(**{"reasons": told, "what they explain": rest})
    left = returns - len(shown)
    mainly = int((each["group_effect"] > each["own"].clip(lower=0.0)).sum())
    warning = f"<p>{_number(mainly, 'return')} of these: {MAINLY_GROUP}</p>" if mainly else ""
    table = shown.reset_index().to_html(index=False, border=0)
    more = f"<p>and {left:,} more</p>" if left > 0 else ""
    return f"<p>{escape(_name_tax(about))}: {escape(_head(about, returns))}</p>{table}{more}{warning}"


def to_text(
    about: dict[str, Any],
    frame: pd.DataFrame,
    *,
    returns: int,
    features: int,
    reasons: pd.DataFrame | None = None,
    untold: pd.DataFrame | None = None,
) -> str:
    """Say in a few lines what an explanation holds.

    Parameters
    ----------
    about, frame, returns, reasons, untold
        As for `to_html`, of the first `MOST_IN_TEXT` returns at most.
    features : int
        How many columns there are.

    Returns
    -------
    str
        Lines without an end.
    """
    lines = [f"Explanation of {_name_tax(about)}, {returns:,} x {features:,} (returns x features)"]
    lines.append(_head(about, returns))
    each = _summarise(frame)
    if reasons is None:
        largest = _largest(frame)
        lines += [
            f"{line}; {largest.get(key, '')}" for key, line in zip(each.index, _lines(each), strict=True)
        ]
    else:
        for line, (key, own, row) in zip(_lines(each), _walk(each, reasons), strict=True):
            lines += [line, f"  {_list_reasons(row)}"]
            lines += [f"  {said}" for said in _tell_rest(key, own, row, untold)]
    left = returns - len(each)
    return "\n".join([*lines, *([f"and {left:,} more"] if left > 0 else [])])


def _head(about: dict[str, Any], returns: int) -> str:
    against = _AGAINST.get(about["baseline"], about["baseline"])
    return (
        f"{_number(returns, 'return')} against {against}. Unit: {about['unit']}. "
        f"Model {about['model_id']}, engine {about['engine']}, as of {about['as_of']}."
    )


def _name_tax(about: dict[str, Any]) -> str:
    return TAXES.get(about["regime"], str(about["regime"]))


def _summarise(frame: pd.DataFrame) -> pd.DataFrame:
    """Lay out what is known of each return: its score, its group, what group and taxpayer add."""
    each = frame.drop_duplicates(_KEYS).set_index(_KEYS)
    trade, size = (each.get(name, [None] * len(each)) for name in ("trade_group", "size_band"))
    named = [name_group(*pair) for pair in zip(trade, size, strict=True)]
    own = each["score"] - each["population_mean"] - each["group_effect"]
    return each[["score", "group_effect"]].assign(own=own, group=named)


def _lines(each: pd.DataFrame) -> Iterator[str]:
    for key, row in zip(each.index, each.itertuples(index=False), strict=True):
        mainly = f" {MAINLY_GROUP.capitalize()}" if row.group_effect > max(row.own, 0.0) else ""
        yield (
            f"{' '.join(key)}: £{math.exp(row.score):,.0f} expected; group ({row.group}) "
            f"{_times(row.group_effect)}; its own {_times(row.own)}.{mainly}"
        )


def _walk(each: pd.DataFrame, reasons: pd.DataFrame) -> Iterator[tuple[Any, float, dict[Any, Any]]]:
    yield from zip(each.index, each["own"].tolist(), reasons.to_dict("records"), strict=True)


def _list_reasons(row: dict[Any, Any]) -> str:
    told = [
        f"{row[f'reason_{k}_code']} {_times(row[f'reason_{k}_contribution'])}"
        for k in range(1, MOST_REASONS + 1)
        if isinstance(row[f"reason_{k}_code"], str)
    ]
    return f"{_REASONS}{', '.join(told)}." if told else str(row["reason_1_sentence"])


def _tell_rest(key: Any, own: float, row: dict[Any, Any], untold: pd.DataFrame | None) -> list[str]:
    parts = [float(row[f"reason_{k}_contribution"]) for k in range(1, MOST_REASONS + 1)]
    said = tell_share([part for part in parts if math.isfinite(part)], own)
    rest = [] if untold is None else untold.loc[untold.index == key, "sentence"].tolist()
    return [*([said] if said else []), *rest]


def _largest(frame: pd.DataFrame) -> pd.Series:
    parts = frame[[*_KEYS, "feature", "contribution"]]
    order = parts["contribution"].abs().sort_values(ascending=False, kind="stable").index
    top = parts.loc[order].groupby(_KEYS, sort=False, observed=True).head(MOST_FEATURES)
    texts = top["feature"].astype("str") + " " + top["contribution"].map(_times).astype("str")
    return texts.groupby([top[name] for name in _KEYS], sort=False).agg(", ".join)


def _number(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def _times(contribution: float) -> str:
    return f"\N{MULTIPLICATION SIGN}{write_factor(math.exp(contribution))}"
