"""An evaluation as people read it: a sentence, a screen of text, tables with captions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from taxgap.risk.evaluation.report import Evaluation

_MODEL = "model"
# What the screen shows, in this order, as far as it was measured.
_SHOWN = {
    "auc": "AUC",
    "average_precision": "average precision",
    "share_of_gap@1%": "share of gap at 1%",
    "share_of_gap@5%": "share of gap at 5%",
    "precision@5%": "precision at 5%",
    "strike_rate@5%": "strike rate at 5%",
    "yield_per_hour@5%": "GBP an hour at 5%",
}
_GROUPS_SHOWN = 3


def state_headline(evaluation: Evaluation) -> str:
    """Return the result in one sentence.

    Parameters
    ----------
    evaluation : Evaluation

    Returns
    -------
    str
        The share of the gap at 5% and whether it beats every baseline there; the AUC where that coverage was
        not measured.
    """
    rows = evaluation.frame[evaluation.frame["ranking"] == _MODEL].set_index("metric")
    metric = next((m for m in ("share_of_gap@5%", "share_of_gap@1%") if m in rows.index), "auc")
    row = rows.loc[metric]
    on = f"On {row['n']:,.0f} cases ({evaluation.settings['label']})"
    if metric == "auc":
        stated = f"{on} the AUC is {_show(row, metric)}"
    else:
        stated = f"{on} the top {metric.split('@')[1]} hold {_show(row, metric)} of the tax"
    return f"{stated}{_compare_all(evaluation.verdicts(), metric)}."


def render_text(evaluation: Evaluation) -> str:
    """Return one screen of text.

    Parameters
    ----------
    evaluation : Evaluation

    Returns
    -------
    str
    """
    lines = [state_headline(evaluation), "", *_list_metrics(evaluation), *_list_verdicts(evaluation)]
    if evaluation.calibration_error is not None:
        lines += ["", evaluation.calibration_error.to_text()]
    lines += _list_groups(evaluation.by_group)
    if len(evaluation.unmeasured):
        reasons = evaluation.unmeasured.groupby("reason", sort=False)["metric"].unique()
        lines += [f"Not measured, {reason}: {', '.join(names)}." for reason, names in reasons.items()]
    settings = evaluation.settings
    lines += [
        "",
        f"Intervals of {settings['confidence']:.0%}; material is {settings['material']:,.0f} GBP or more.",
    ]
    return "\n".join(lines)


def render_html(evaluation: Evaluation) -> str:
    """Return tables with captions and header cells, numbers rounded.

    Parameters
    ----------
    evaluation : Evaluation

    Returns
    -------
    str
        HTML without a page around it; counts and measures only, no taxpayer.
    """
    label = evaluation.settings["label"]
    parts = [
        (f"Measures on {label}, with intervals", evaluation.frame),
        ("Model less baseline, on the same draws", evaluation.differences),
        ("Model over baseline or reference, on the same draws", evaluation.ratios),
        ("Calibration by decile", evaluation.calibration),
        ("What an order by lot and the best order reach", evaluation.bounds),
        ("By group, at a common cut-off", evaluation.by_group),
        ("Not measured", evaluation.unmeasured),
    ]
    tables = "".join(_to_table(caption, table) for caption, table in parts if not table.empty)
    error = evaluation.calibration_error
    text = "" if error is None else f"<p>{_escape(error.to_text()).replace(chr(10), '<br>')}</p>"
    return f"<p>{_escape(state_headline(evaluation))}</p>{tables}{text}"


def _list_metrics(evaluation: Evaluation) -> list[str]:
    table = evaluation.frame.pivot_table(
        index="metric", columns="ranking", values="value", sort=False, dropna=False
    )
    settings = evaluation.settings
    others = [
        name
        for name in ["probability", *settings["baselines"], *settings["references"]]
        if name in table.columns
    ]
    own = evaluation.frame[evaluation.frame["ranking"] == _MODEL].set_index("metric")
    chance = evaluation.bounds.set_index("metric")["chance"]
    header = ["", _MODEL, *others, "chance"]
    rows = [
        [title, _show(own.loc[metric], metric)]
        + [_form(float(table.loc[metric, name]), metric) for name in others]
        + [_form(float(chance[metric]), metric)]
        for metric, title in _SHOWN.items()
        if metric in own.index
    ]
    return _align([header, *rows])


def _align(rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _list_verdicts(evaluation: Evaluation) -> list[str]:
    verdicts = evaluation.verdicts()
    for metric in ("share_of_gap@5%", "auc"):
        chosen = verdicts[(verdicts["metric"] == metric) & verdicts["difference"].notna()]
        if len(chosen):
            break
    else:
        return []
    measure = "Points of share of gap at 5%" if "@" in metric else "AUC"
    return ["", f"{measure}, model less baseline:"] + [
        f"{'beats' if row.beats else 'does not surely beat'} {row.baseline}: "
        f"{_form_points(row.difference, metric)} ({_form_points(row.low, metric)} to "
        f"{_form_points(row.high, metric)})"
        for row in chosen.itertuples(index=False)
    ]


def _list_groups(by_group: pd.DataFrame) -> list[str]:
    if by_group.empty:
        return []
    small = by_group[by_group["metric"] == ""]
    gaps = by_group[(by_group["metric"] == "calibration_gap") & by_group["value"].notna()]
    aucs = by_group[(by_group["metric"] == "auc") & by_group["value"].notna()]
    lines = [""]
    if len(gaps):
        worst = gaps.iloc[gaps["value"].abs().argsort()[::-1][:_GROUPS_SHOWN]]
        named = "; ".join(f"{r.group} {r.level} {_signed(r)}" for r in worst.itertuples(index=False))
        lines.append(f"Furthest off, predicted less observed share: {named}.")
    if len(aucs):
        worst = aucs.nsmallest(_GROUPS_SHOWN, "value")
        named = "; ".join(
            f"{r.group} {r.level} {r.value:.2f} ({r.low:.2f} to {r.high:.2f})"
            for r in worst.itertuples(index=False)
        )
        lines.append(f"Lowest AUC: {named}.")
    measured = by_group.loc[by_group["metric"] != "", ["group", "level"]].drop_duplicates()
    lines.append(
        f"{len(measured)} levels of {by_group['group'].nunique()} groups measured; {len(small)} have too few "
        "cases. Among many levels some look bad by chance."
    )
    return lines


def _compare_all(verdicts: pd.DataFrame, metric: str) -> str:
    chosen = verdicts[(verdicts["metric"] == metric) & verdicts["difference"].notna()]
    if chosen.empty:
        return ""
    beaten = int(chosen["beats"].sum())
    if beaten == len(chosen):
        return f" and the model beats {f'all {beaten} baselines' if beaten > 1 else 'the baseline'}"
    baselines = "baselines" if len(chosen) > 1 else "baseline"
    return f"; it beats {beaten} of {len(chosen)} {baselines} with an interval above zero"


def _show(row: pd.Series, metric: str) -> str:
    if np.isnan(row["value"]):
        return "not measured"
    return f"{_form(row['value'], metric)} ({_form(row['low'], metric)} to {_form(row['high'], metric)})"


def _form(value: float, metric: str) -> str:
    if np.isnan(value):
        return "-"
    if metric.startswith("yield"):
        return f"{value:,.0f}"
    return f"{value:.1%}" if "@" in metric else f"{value:.3f}"


def _form_points(value: float, metric: str) -> str:
    return f"{100 * value:+.1f}" if "@" in metric else f"{value:+.3f}"


def _signed(row: tuple[object, ...]) -> str:
    value, low, high = (getattr(row, name) for name in ("value", "low", "high"))
    return f"{value:+.3f} ({low:+.3f} to {high:+.3f})"


def _to_table(caption: str, table: pd.DataFrame) -> str:
    html: str = table.to_html(index=False, na_rep="", float_format="{:,.4g}".format, border=0)
    html = html.replace("<th>", '<th scope="col">')
    return html.replace("<thead>", f"<caption>{_escape(caption)}</caption><thead>", 1)


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
