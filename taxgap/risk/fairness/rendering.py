"""A fairness pack as people read it: one screen of text, tables with captions."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from taxgap.risk.fairness.pack import FairnessPack

_SHOWN = {
    "share_of_gap": "share of gap",
    "strike_rate": "strike rate",
    "no_change_rate": "no-change rate",
    "fpr": "compliant looked at",
    "yield_per_audit": "GBP a case",
    "yield_per_hour": "GBP an hour",
    "concentration": "concentration over income",
    "falls_given_amount": "falls with income, like amounts",
}
_MONEY = ("yield_per_audit", "yield_per_hour")
_LEVELS = 4


def render_text(pack: FairnessPack) -> str:
    """Return one screen of text.

    Parameters
    ----------
    pack : FairnessPack

    Returns
    -------
    str
    """
    settings = pack.settings
    reference = settings["reference"]
    lines = [_state_budget(pack), "", *_list_overall(pack)]
    lines += [
        "",
        f"Looked at more than their share of the gap ({reference}; share of cases over share of gap):",
    ]
    lines += _list_burdens(pack, reference)
    lines += [
        f"No-change rates ({reference}) that differ most from the rest:",
        *_list_no_change(pack, reference),
    ]
    lines += _list_choices(pack)
    small = int((pack.by_group["reason"] == "too few cases").sum())
    lines += [
        "",
        f"Intervals of {settings['confidence']:.0%}. False discovery rate: {settings['discovery_rate']:.0%}.",
        f"{small} levels of fewer than {settings['minimum']} cases are not measured.",
        "Rates describe the ranking under this budget. They are no findings about people.",
    ]
    return "\n".join(lines)


def render_html(pack: FairnessPack) -> str:
    """Return tables with captions and header cells, numbers rounded.

    Parameters
    ----------
    pack : FairnessPack

    Returns
    -------
    str
        HTML without a page around it; measures only, no taxpayer.
    """
    rate = pack.settings["discovery_rate"]
    parts = [
        ("Measures of everybody, by ranking", pack.summary),
        ("Measures by group", pack.by_group[pack.by_group["reason"] == ""].drop(columns="reason")),
        (f"Each ranking less {pack.settings['reference']}, on the same draws", pack.differences),
        ("Audit rate by income, for all and for like amounts", pack.vertical_equity),
        (f"Levels held against the rest, false discovery rate {rate:.0%}", pack.departures),
        (
            "Not measured",
            pack.by_group.loc[
                pack.by_group["reason"] == "too few cases", ["dimension", "level", "n", "reason"]
            ],
        ),
    ]
    tables = "".join(_to_table(caption, table) for caption, table in parts if not table.empty)
    note = "Rates describe the ranking under this budget. They are no findings about people."
    return f"<p>{escape(_state_budget(pack))}</p>{tables}<p>{note}</p>"


def _state_budget(pack: FairnessPack) -> str:
    settings = pack.settings
    budget = (
        f"{settings['budget_share']:.1%} of cases"
        if settings["hours"] is None
        else f"{settings['hours']:,.0f} officer hours"
    )
    return f"Who would be looked at, of {settings['cases']:,} cases, with a budget of {budget}."


def _list_overall(pack: FairnessPack) -> list[str]:
    table = pack.summary.pivot_table(index="metric", columns="ranking", values="value", dropna=False)
    names = [*pack.settings["rankings"], *pack.settings["selected"]]
    rows = [["", *names]]
    for metric, title in _SHOWN.items():
        if metric in table.index:
            rows.append([title, *(_form(float(table.loc[metric, name]), metric) for name in names)])
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return [
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _list_burdens(pack: FairnessPack, reference: str) -> list[str]:
    own = pack.by_group[(pack.by_group["ranking"] == reference) & (pack.by_group["metric"] == "burden_ratio")]
    over = own[(own["low"] > 1) & (own["dimension"] != "all")].nlargest(_LEVELS, "value")
    if over.empty:
        return ["  none whose interval lies above 1"]
    return [
        f"  {row.dimension} {row.level}: {row.value:.1f} ({row.low:.1f} to {row.high:.1f})"
        for row in over.itertuples(index=False)
    ]


def _list_no_change(pack: FairnessPack, reference: str) -> list[str]:
    looks = pack.departures
    own = looks[(looks["ranking"] == reference) & (looks["metric"] == "no_change_rate") & looks["departs"]]
    if own.empty:
        return ["  none by more than chance"]
    most = own.iloc[np.argsort(-own["difference"].abs().to_numpy(), kind="stable")[:_LEVELS]]
    return [
        f"  {row.dimension} {row.level}: {100 * row.difference:+.0f} points "
        f"({100 * row.low:+.0f} to {100 * row.high:+.0f})"
        for row in most.itertuples(index=False)
    ]


def _list_choices(pack: FairnessPack) -> list[str]:
    table, lines = pack.differences, []
    for name in pack.settings["rankings"]:
        own = table[
            (table["ranking"] == name) & (table["level"] != "all") & (table["metric"] == "audit_share")
        ]
        sure = own[(own["low"] > 0) | (own["high"] < 0)]
        found = table[
            (table["ranking"] == name) & (table["level"] == "all") & (table["metric"] == "share_of_gap")
        ]
        if found.empty or name == "random":
            continue
        row = found.iloc[0]
        value, low, high = (f"{100 * row[end]:+.1f}" for end in ("value", "low", "high"))
        effect = f"{value} points of the gap ({low} to {high})"
        lines.append(f"Ranking by {name} instead of {row['less']}: {effect}. Share of cases taken:")
        most = sure.iloc[np.argsort(-sure["value"].abs().to_numpy(), kind="stable")[:_LEVELS]]
        moved = [
            f"  {r.dimension} {r.level} {100 * r.value:+.1f} points" for r in most.itertuples(index=False)
        ]
        lines += moved or ["  no level moves by more than chance"]
    return lines


def _form(value: float, metric: str) -> str:
    if np.isnan(value):
        return "-"
    if metric in _MONEY:
        return f"{value:,.0f}"
    return f"{value:+.2f}" if metric == "concentration" else f"{value:.1%}"


def _to_table(caption: str, table: pd.DataFrame) -> str:
    html: str = table.to_html(index=False, na_rep="", float_format="{:,.4g}".format, border=0)
    html = html.replace("<th>", '<th scope="col">')
    return html.replace("<thead>", f"<caption>{escape(caption)}</caption><thead>", 1)
