"""What truly belongs in the boxes of a VAT return."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.schemas.table import column_names
from taxgap.schemas.vat import Vat
from taxgap.synthetic.form import Scene
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.trading import Trading
from taxgap.synthetic.vat import VAT, draw_scene
from taxgap.synthetic.vat.boxes import PRIMITIVE_BOXES, RATE, complete

NOT_BOXES = {"taxpayer_id", "period", "period_start", "period_end", "version", "by_agent", "received_on"}


def test_a_completed_return_has_the_boxes_of_its_table(vat: Scene) -> None:
    assert set(complete(vat.boxes)) == set(column_names(Vat)) - NOT_BOXES


def test_the_boxes_add_up(vat: Scene) -> None:
    done = complete(vat.boxes)
    assert (done["total_output_tax"] == done["output_tax"] + done["acquisition_tax"]).all()
    assert (done["net_vat"] == done["total_output_tax"] - done["input_tax"]).all()


def test_boxes_are_whole_pounds_and_never_negative(vat: Scene) -> None:
    boxes = vat.boxes[list(PRIMITIVE_BOXES)].to_numpy()
    assert (boxes >= 0).all()
    assert (boxes == boxes.round()).all()


def test_vat_never_exceeds_the_standard_rate(vat: Scene) -> None:
    assert (vat.activity["supply_tax"] <= RATE * vat.boxes["sales"] + 1).all()
    assert (vat.boxes["input_tax"] <= RATE * vat.boxes["purchases"] + 3).all()


def test_sales_of_the_periods_are_those_of_the_accounts(vat: Scene, firms: Trading) -> None:
    own = vat.boxes["sales"] - vat.activity["chain_sales"]
    per_year = vat.panel.assign(sales=own, months=vat.activity["months"])
    per_year = per_year[~vat.panel["flat"]].groupby(["entity", "year"])[["sales", "months"]].sum()
    per_year = per_year[per_year["months"] == 12].reset_index()
    place = pd.Index(firms.firms["entity"]).get_indexer(per_year["entity"])
    turnover = firms.annual["turnover"][place, per_year["year"] + 1]
    ratio = (per_year["sales"] / turnover)[turnover > 0]
    assert abs(ratio.median() - 1) < 0.02
    assert ((ratio > 0.8) & (ratio < 1.25)).mean() > 0.9


def test_under_the_flat_rate_tax_is_a_share_of_sales_with_vat(vat: Scene) -> None:
    flat = vat.panel["flat"].to_numpy() & (vat.activity["chain_sales"] == 0).to_numpy()
    boxes, rate = vat.boxes[flat], vat.activity.loc[flat, "rate"]
    assert flat.any()
    assert np.allclose(boxes["output_tax"], rate * boxes["sales"], atol=1)
    assert (boxes["goods_from_eu"] == 0).all()


def test_trade_with_the_eu_is_of_northern_ireland_alone(vat: Scene, firms: Trading) -> None:
    with_eu = vat.boxes[["goods_to_eu", "goods_from_eu"]].sum(axis=1) > 0
    nation = firms.firms.set_index("entity")["nation"].astype(str)
    assert set(vat.panel.loc[with_eu, "entity"].map(nation)) <= {"Northern Ireland"}
    assert ((vat.boxes["acquisition_tax"] > 0) <= (vat.boxes["goods_from_eu"] > 0)).all()


def test_a_scene_does_not_depend_on_who_else_is_drawn(vat: Scene, firms: Trading, few: Settings) -> None:
    rows = np.arange(1, len(firms), 2)
    part = draw_scene(firms.take(rows), VAT, few)
    mine = vat.take(np.flatnonzero(vat.panel["entity"].isin(firms.firms["entity"].iloc[rows])))
    pd.testing.assert_frame_equal(part.panel, mine.panel)
    pd.testing.assert_frame_equal(part.boxes, mine.boxes)


def test_fewer_years_leave_the_others_as_they_are(vat: Scene, firms: Trading) -> None:
    last = draw_scene(firms, VAT, Settings(taxpayers=1_500, seed=7, years=1))
    mine = vat.take(np.flatnonzero(vat.year == 3))
    pd.testing.assert_frame_equal(last.boxes, mine.boxes)
