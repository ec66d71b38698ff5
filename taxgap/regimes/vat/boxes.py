"""What a VAT return says of its own period: value added, inputs, repayments, the scheme, round figures."""

from __future__ import annotations

import numpy as np

from taxgap.regimes.amounts import Floats, ratio, round_share, shortfall
from taxgap.regimes.law import VAT_RATE, by_period, flat_rate_limit, just_below, vat_threshold
from taxgap.regimes.returns import trade_of
from taxgap.regimes.spans import Spans, add_up, find_overlap
from taxgap.regimes.vat.panel import YEAR, Panel
from taxgap.tax.flat_rates import flat_rate

FEWEST_BOXES = 3
"""Fewer boxes than this say nothing about rounding."""

SIC = r"[0-9]{5}"
"""Trades written in any other way have no flat rate."""

NEW = 365.0
"""Days for which a registration is new."""


def measure_margins(panel: Panel) -> dict[str, Floats]:
    """Measure the families `margin` and `inputs`; there are none under the flat rate scheme."""
    now, yearly = panel.now, panel.yearly
    found = {
        "value_added": ratio(now["net"] - now["purchases"], now["net"]),
        "yearly_value_added": ratio(yearly["net"] - yearly["purchases"], yearly["net"]),
        "inputs_to_outputs": ratio(now["input_tax"], now["output_tax"]),
        "yearly_inputs_to_outputs": ratio(yearly["input_tax"], yearly["output_tax"]),
        "output_rate": ratio(now["output_tax"], now["net"]),
        "input_rate": ratio(now["input_tax"], now["purchases"]),
        "inputs_above_rate": shortfall(now["input_tax"], VAT_RATE * now["purchases"]),
        "inputs_to_usual": ratio(now["input_tax"], panel.usual["input_tax"]),
    }
    return {name: values * panel.standard for name, values in found.items()}


def measure_repayments(panel: Panel) -> dict[str, Floats]:
    """Measure the family `repayment`."""
    boxes = panel.own.boxes
    claimed = np.maximum(-boxes["net_vat"], 0.0)
    age = panel.registration["age"].to_numpy(np.float64)
    return {
        "repayment_to_sales": ratio(claimed, boxes["sales"]),
        "repayment_to_inputs": ratio(claimed, boxes["input_tax"]),
        "repayment_share": _repayment_share(panel),
        "repayment_when_new": np.where(np.isnan(age), np.nan, (age < NEW) & (claimed > 0)),
    }


def measure_scheme(panel: Panel) -> dict[str, Floats]:
    """Measure the families `scheme` and `shape`."""
    boxes, flat = panel.own.boxes, panel.now["flat"] > 0
    rate = panel.registration["flat_rate"].to_numpy(np.float64)
    trade = trade_of(panel.own.table, panel.tables["taxpayers"])
    usual = flat_rate(trade.where(trade.str.fullmatch(SIC).fillna(False).astype(bool))).to_numpy(np.float64)
    threshold, limit = (by_period(panel.own.tax_years, law) for law in (vat_threshold, flat_rate_limit))
    filled = [boxes[name] for name in ("sales", "purchases", "output_tax", "input_tax")]
    return {
        "flat_tax_short": np.where(flat, shortfall(rate * boxes["sales"], boxes["output_tax"]), np.nan),
        "flat_tax_below_trade": np.where(
            flat, shortfall(usual * boxes["sales"], boxes["output_tax"]), np.nan
        ),
        "flat_rate_paid": np.where(flat, ratio(boxes["output_tax"], boxes["sales"]), np.nan),
        "flat_inputs": np.where(flat, ratio(boxes["input_tax"], boxes["output_tax"]), np.nan),
        "below_flat_rate_limit": just_below(panel.yearly["gross"] * YEAR, limit)
        * np.where(flat, 1.0, np.nan),
        "below_threshold": just_below(panel.yearly["net"] * YEAR, threshold),
        "round_boxes": round_share(np.column_stack(filled), FEWEST_BOXES),
    }


def _repayment_share(panel: Panel) -> Floats:
    # Of the returns that end within the twelve months, this one among them.
    every = panel.every
    pairs = find_overlap(panel.year, Spans(every.spans.who, every.spans.last, every.spans.last))
    length = len(panel.own.table)
    returns = add_up(pairs, np.ones(len(pairs.left)), length)
    return ratio(add_up(pairs, panel.claims[pairs.right], length), returns)
