"""What a VAT return leaves out or adds: the difference, truth less report, of each box.

Shares and spreads are assumptions; see `taxgap.synthetic.vat.mechanisms`.
"""

from __future__ import annotations

import numpy as np

from taxgap.synthetic.form import Amounts, Bools, Scene
from taxgap.synthetic.hiding import hidden_cash_share, hidden_share, hides_costs_too
from taxgap.synthetic.streams import Floats
from taxgap.synthetic.vat.boxes import RATE

_TYPICAL = 200_000.0  # turnover in GBP a year at which the median shares hold


def column(scene: Scene, name: str) -> Floats:
    """Return a box, or what is known of the activity, by name."""
    frame = scene.boxes if name in scene.boxes else scene.activity
    return np.asarray(frame[name], dtype=np.float64)


def _own_sales(scene: Scene) -> Floats:
    return np.asarray(column(scene, "sales") - column(scene, "chain_sales"))


def standard(scene: Scene) -> Bools:
    """Return the returns outside the flat rate scheme."""
    return ~np.asarray(scene.panel["flat"], dtype=np.bool_)


def sells(scene: Scene) -> Bools:
    """Return the returns with sales of the firm's own."""
    return np.asarray(_own_sales(scene) > 0)


def buys(scene: Scene) -> Bools:
    """Return the returns on which VAT on purchases can be reclaimed."""
    return np.asarray((column(scene, "purchases") > 0) & standard(scene))


def hidden(scene: Scene) -> Floats:
    """Return the share of turnover that is left out of every tax, whichever way it was paid."""
    panel = scene.panel
    return hidden_share(
        scene.streams,
        scene.year,
        disposition=panel["disposition"],
        lean=scene.lean,
        size=panel["gross"],
        covered=scene.covered,
    )


def hidden_cash(scene: Scene) -> Floats:
    """Return the share of turnover that is left out of every tax because it was paid in cash."""
    panel, cash = scene.panel, column(scene, "cash")
    share = hidden_cash_share(
        scene.streams,
        scene.year,
        disposition=panel["disposition"],
        lean=scene.lean,
        size=panel["gross"],
        cash=cash,
    )
    return np.asarray(share)


def _off_the_books(scene: Scene, share: Floats) -> Amounts:
    # Half leave out what the hidden sales cost as well, so that their ratios look like anyone's.
    whole = hides_costs_too(scene.streams, scene.form.difficulty) & standard(scene)
    bought = 0.75 * whole * share
    full = np.minimum(
        column(scene, "full_input_tax") - column(scene, "import_tax"), column(scene, "input_tax")
    )
    return {
        "sales": share * _own_sales(scene),
        "output_tax": share * column(scene, "supply_tax"),
        "purchases": bought * column(scene, "purchases"),
        "input_tax": bought * np.maximum(full, 0.0),
    }


def suppressed_sales(scene: Scene) -> Amounts:
    """Leave out sales, in half of cases with what they cost."""
    return _off_the_books(scene, hidden(scene))


def omitted_cash(scene: Scene) -> Amounts:
    """Leave out sales for cash, in half of cases with what they cost."""
    return _off_the_books(scene, hidden_cash(scene))


def inflated_inputs(scene: Scene) -> Amounts:
    """Add VAT on purchases that were not made."""
    # Some enter the purchase as well as its tax, which hides the rate; others only the tax.
    share = scene.severity("input_tax_inflated", 0.065, 1.5, typical=_TYPICAL)
    base = np.maximum(column(scene, "input_tax"), 0.35 * column(scene, "supply_tax"))
    extra = 1.1 * share * base
    entered = scene.streams.happens(0.65, "vat enters purchases")
    return {"input_tax": -extra, "purchases": -extra / RATE * entered}


def private_inputs(scene: Scene) -> Amounts:
    """Add VAT on private purchases."""
    share = scene.severity("private_input_tax", 0.07, 1.4, typical=_TYPICAL)
    extra = share * np.maximum(column(scene, "cost_tax"), 0.01 * column(scene, "sales"))
    return {"input_tax": -extra, "purchases": -extra / RATE}


def zero_rated(scene: Scene) -> Amounts:
    """Leave the VAT off some sales at the standard rate."""
    share = scene.severity("zero_rating_abused", 0.065, 1.4, typical=_TYPICAL)
    return {"output_tax": share * column(scene, "supply_tax")}


def low_flat_rate(scene: Scene) -> Amounts:
    """Use a flat rate below the one of the trade."""
    # Limited cost traders keep the rate of their sector; others take one that is lower than theirs.
    own, right = column(scene, "sector_rate"), column(scene, "rate")
    lower = own * (1 - 0.12 - 0.38 * scene.streams.uniform("vat lower rate"))
    used = np.where(right > own, own, lower)
    return {"output_tax": column(scene, "sales") * (right - used)}


def undeclared_imports(scene: Scene) -> Amounts:
    """Leave postponed VAT out of box 1."""
    share = scene.severity("imports_undeclared", 0.35, 1.4, typical=_TYPICAL)
    left_out = scene.streams.happens(0.4, "vat goods left out")  # of box 7, or of box 1 alone
    tax = share * column(scene, "import_tax")
    return {"output_tax": tax, "purchases": left_out * tax / RATE}


def missing_trader(scene: Scene) -> Amounts:
    """Leave out most of what was sold down a chain."""
    share = 0.75 + 0.2 * scene.streams.uniform("vat missing trader hides")
    sales = share * column(scene, "chain_sales")
    return {"output_tax": share * column(scene, "chain_tax"), "sales": sales, "purchases": 0.97 * sales}


def invented_purchases(scene: Scene) -> Amounts:
    """Add VAT on purchases that were never made, whatever the size of the trade."""
    months = column(scene, "months")
    level = 9_000.0 * np.exp(0.7 * scene.streams.normal("vat invented"))
    now = np.exp(0.3 * scene.streams.normal("vat invented", scene.counter))
    claim = level * now * months / 3
    return {"input_tax": -claim, "purchases": -claim / RATE}


def exempt_recovered(scene: Scene) -> Amounts:
    """Recover some of the VAT on purchases for exempt sales."""
    barred = np.maximum(column(scene, "full_input_tax") - column(scene, "input_tax"), 0.0)
    return {"input_tax": -(0.05 + 0.3 * scene.streams.uniform("vat method")) * barred}


def avoided(scene: Scene) -> Amounts:
    """Leave out a small part of the VAT on sales."""
    # Large traders have more to gain from it, and better advice.
    large = np.interp(np.log10(np.maximum(scene.panel["gross"].to_numpy(), 1.0)), [7.0, 8.5], [0.4, 3.4])
    share = large * (0.01 + 0.05 * scene.streams.uniform("vat scheme"))
    return {"output_tax": share * column(scene, "supply_tax")}


def slip(scene: Scene) -> Amounts:
    """Miss a box by a little, either way."""
    # Small and either way; those that cost the Exchequer are a little more common.
    streams, counter = scene.streams, scene.counter
    size = np.log(np.maximum(scene.panel["gross"].to_numpy(), 20_000.0) / _TYPICAL)
    share = np.minimum(0.035 * np.exp(-0.18 * size + 1.1 * streams.normal("vat slip", counter)), 0.4)
    signed = share * np.where(streams.happens(0.60, "vat slip costs tax", counter), 1.0, -1.0)
    pick = np.where(standard(scene), streams.choice([0.35, 0.15, 0.5], "vat slip box", counter), 0)
    tax, inputs = column(scene, "supply_tax"), column(scene, "input_tax")
    return {
        "output_tax": signed * tax * (pick < 2),
        "sales": signed * _own_sales(scene) * (pick == 0),  # a sale left out, or charged at the wrong rate
        "input_tax": -signed * inputs * (pick == 2),
        "purchases": -signed * inputs / RATE * (pick == 2),
    }


def anyone(scene: Scene) -> Bools:
    """Return all returns."""
    return np.ones(len(scene), dtype=np.bool_)
