"""The section that says how good the model is, beside the truth, enquiries and naive orders."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from taxgap.publication.content import PageContent
from taxgap.publication.curves import NAMES, draw_calibration, draw_gain, name_ranking, order_rankings
from taxgap.publication.picture import Picture, take_picture
from taxgap.publication.tables import Cell, Table, make_table
from taxgap.publication.wording import Format, count, decimal, in_words, interval, money, number_of, share

BASELINES = {
    "largest mismatch": "puts first the returns that differ most from what others report: employers, banks, "
    "platforms, card processors, contractors.",
    "turnover": "puts the largest businesses first.",
    "random": "is what examining returns by lot would find.",
    "probability": "puts first the returns on which the model is most sure that a material amount is "
    "missing. It is no simple way: it shows what is lost when the size of amounts is left out.",
}
"""What each naive order is, to follow its name."""

LABELS = {
    "truth": "Measured against the truth",
    "random enquiries": "Measured on random enquiries",
}
"""What the ways to measure are called, in the order in which they are shown."""

_AT = re.compile(r"^(share_of_gap|strike_rate|precision)@(\d+(?:\.\d+)?)%$")
_CHANCE = "Part of what goes wrong on a return is chance, which no model can foresee."
_SHARES_SHOWN = (0.01, 0.05, 0.1, 0.2, 0.5)


@dataclass(frozen=True)
class Performance:
    """How good the model is.

    Attributes
    ----------
    material : str
        The amount from which under-declared tax is material.
    ceiling : str
    tables : tuple of Table
    baselines : tuple of (str, str)
        The name of each naive order, and what it does.
    gain, calibration : Picture
    """

    material: str
    ceiling: str
    tables: tuple[Table, ...]
    baselines: tuple[tuple[str, str], ...]
    gain: Picture
    calibration: Picture


def describe_performance(content: PageContent) -> Performance:
    """Turn an evaluation into words, tables and pictures.

    Parameters
    ----------
    content : PageContent

    Returns
    -------
    Performance
    """
    evaluation = content.evaluation
    labels = [label for label in LABELS if label in set(evaluation["label"])]
    labels += [label for label in dict.fromkeys(evaluation["label"]) if label not in LABELS]
    rankings = set(evaluation["ranking"]) | set(content.gain["ranking"])
    return Performance(
        material=money(content.made["material"]),
        ceiling=_describe_ceiling(content.ceiling),
        tables=tuple(_tabulate(label, evaluation[evaluation["label"] == label]) for label in labels),
        baselines=tuple((NAMES[name], text) for name, text in BASELINES.items() if name in rankings),
        gain=_picture_gain(content.gain),
        calibration=_picture_calibration(content.calibration),
    )


def name_metric(metric: str) -> str:
    """Say what a metric is, in words.

    Examples
    --------
    >>> name_metric("share_of_gap@5%")
    'Tax lost that the top 5% hold'
    """
    if matched := _AT.match(metric):
        what, top = matched.groups()
        return {
            "share_of_gap": f"Tax lost that the top {top}% hold",
            "strike_rate": f"Top {top}% with under-declared tax",
            "precision": f"Top {top}% with a material amount",
        }[what]
    known = {"auc": "Area under the curve (AUC)", "average_precision": "Average precision"}
    return known.get(metric, in_words(metric))


def _describe_ceiling(ceiling: Mapping[str, Any]) -> str:
    within = interval(ceiling["low"], ceiling["high"], decimal)
    most = f"{decimal(ceiling['auc'])} ({within})" if within else decimal(ceiling["auc"])
    return f"The ceiling is {most}. {ceiling.get('meaning', _CHANCE)}"


def _tabulate(label: str, rows: pd.DataFrame) -> Table:
    rankings = order_rankings(rows["ranking"])
    by_place = {(row["metric"], row["ranking"]): row for row in rows.to_dict("records")}
    body: list[list[str | Cell]] = [
        [name_metric(metric), *(_cell(by_place.get((metric, name)), metric) for name in rankings)]
        for metric in dict.fromkeys(rows["metric"])
    ]
    heads = ["Measure", *map(name_ranking, rankings)]
    returns = number_of(int(rows["n"].max()), "return")
    caption = f"{LABELS.get(label, in_words(label))} ({returns})"
    return make_table(f"evaluation-{label.replace(' ', '-')}", caption, heads, body)


def _cell(row: dict[str, Any] | None, metric: str) -> Cell:
    if row is None:
        return Cell("not measured")
    form: Format = share if _AT.match(metric) else decimal
    return Cell(form(row["value"]), note=interval(row["low"], row["high"], form))


def _picture_gain(gain: pd.DataFrame) -> Picture:
    table = _tabulate_gain(gain)
    words = [f"{head.head} {table.rows[1][place].text}" for place, head in enumerate(table.columns) if place]
    alt = (
        f"Line chart of {number_of(len(words), 'ranking')}. The first {table.rows[1][0].text} of returns "
        f"hold these shares of the tax lost: {', '.join(words)}. The table below has more points."
    )
    return take_picture(
        "gain",
        lambda size: draw_gain(gain, size),
        title="Tax found against returns examined",
        alt=alt,
        reading="The steeper a line rises at the left, the more of the tax lost is seen early. The thin "
        "upright line marks the first 5% of returns.",
        table=table,
    )


def _tabulate_gain(gain: pd.DataFrame) -> Table:
    rankings = order_rankings(gain["ranking"])
    curves = {name: gain[gain["ranking"] == name].sort_values("share_examined") for name in rankings}
    body = [
        [share(at), *(share(float(_read(curves[name], at))) for name in rankings)] for at in _SHARES_SHOWN
    ]
    heads = ["Returns examined", *map(name_ranking, rankings)]
    return make_table("gain-table", "Share of the tax lost that the first returns hold", heads, body)


def _read(curve: pd.DataFrame, at: float) -> float:
    return float(np.interp(at, curve["share_examined"], curve["share_of_gap"]))


def _picture_calibration(calibration: pd.DataFrame) -> Picture:
    body = [
        (
            _name_decile(int(row.decile)),
            share(row.predicted),
            Cell(share(row.observed), note=interval(row.low, row.high, share)),
            count(row.n),
        )
        for row in calibration.itertuples(index=False)
    ]
    heads = ["Tenth of the returns", "Predicted", "Observed", "Returns"]
    table = make_table("calibration-table", "Predicted and observed shares", heads, body)
    inside = int(calibration["predicted"].between(calibration["low"], calibration["high"]).sum())
    groups = number_of(len(calibration), "group")
    holds = f"In {count(inside)} of {groups} the interval holds the predicted share."
    alt = (
        f"Dot plot of observed against predicted shares, with 95% intervals. {holds} The table below has "
        "every number."
    )
    return take_picture(
        "calibration",
        lambda size: draw_calibration(calibration, size),
        title="Predicted and observed shares with a material under-declaration",
        alt=alt,
        reading="A dot on the dashed line means that the model's probability is right on average. The lines "
        f"through the dots are 95% intervals. {holds}",
        table=table,
    )


def _name_decile(decile: int) -> str:
    return {1: "1 (lowest)", 10: "10 (highest)"}.get(decile, str(decile))
