"""What is misreported on VAT returns, and what it costs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from taxgap.regimes.vat import VAT as REGIME
from taxgap.schemas.codes import BEHAVIOURS
from taxgap.synthetic.form import Mechanism, Scene
from taxgap.synthetic.misreporting import Planted, plant
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.streams import Streams
from taxgap.synthetic.trading import Trading
from taxgap.synthetic.vat import VAT, chains
from taxgap.synthetic.vat.boxes import PRIMITIVE_BOXES, complete
from taxgap.synthetic.vat.chains import SPAN, missing_trader_chains
from taxgap.synthetic.vat.differences import hidden
from taxgap.synthetic.vat.mechanisms import MECHANISMS
from taxgap.synthetic.vat.older_rule import risk_score

COMPANIES = 400_000_000


@pytest.mark.parametrize("mechanism", MECHANISMS, ids=lambda mechanism: mechanism.name)
def test_a_mechanism_changes_its_own_boxes_alone(mechanism: Mechanism, vat: Scene) -> None:
    certain = replace(mechanism, rate=50.0)
    planted = plant(replace(vat, form=replace(VAT, mechanisms=(certain,))))
    assert set(planted.items["field"]) <= set(mechanism.fields) <= set(PRIMITIVE_BOXES)
    others = [box for box in PRIMITIVE_BOXES if box not in mechanism.fields]
    assert (planted.reported[others] == planted.twin[others]).all(axis=None)
    assert (planted.reported[list(PRIMITIVE_BOXES)] >= 0).all(axis=None)
    if len(planted.items) > 200:  # few returns are those of missing traders
        assert planted.tax_lost.sum() > 0


def test_mechanisms_are_described_in_known_words() -> None:
    codes = {feature.code for feature in REGIME.features}
    for mechanism in MECHANISMS:
        assert set(mechanism.evidence) <= codes
        assert 1 <= len(mechanism.evidence) <= 3
        assert set(mechanism.behaviours) <= set(BEHAVIOURS)
        assert sum(mechanism.behaviours.values()) == pytest.approx(1.0)


def test_what_is_lost_adds_up_and_is_the_difference_in_net_vat(filed: Planted) -> None:
    lost = np.bincount(filed.items["row"], filed.items["tax_lost"], len(filed.reported))
    assert np.allclose(lost, filed.tax_lost, atol=0.06)
    assert filed.tax_lost.mean() > 0


def test_many_returns_are_wrong_and_most_by_little(filed: Planted) -> None:
    wrong = filed.tax_lost >= 1
    assert 0.3 < wrong.mean() < 0.6
    assert np.median(filed.tax_lost[wrong]) < 1_000
    assert (filed.tax_lost < -1).mean() > 0.02


def test_hidden_sales_are_hidden_in_every_return_of_a_year_alike(vat: Scene) -> None:
    share = pd.Series(hidden(vat)).groupby([vat.panel["entity"], vat.year]).nunique()
    assert share.max() == 1


def test_whoever_improves_hides_less(vat: Scene) -> None:
    better = replace(vat, panel=vat.panel.assign(reform=0.7))
    assert plant(better).tax_lost.sum() < 0.6 * plant(vat).tax_lost.sum()


def test_either_end_of_a_chain_finds_the_other() -> None:
    few = Settings(taxpayers=60_000)
    everyone = COMPANIES + np.arange(few.register.companies)
    links = chains(everyone, few)
    sells = links[links["kind"] == "sells_to"]
    buys = links[links["kind"] == "buys_from"]
    there = sells.sort_values("entity").reset_index(drop=True)
    back = buys.sort_values("other_entity").reset_index(drop=True)
    assert len(there) > 100
    assert (there["entity"] == back["other_entity"]).all()
    assert (there["other_entity"] == back["entity"]).all()
    assert (there["since"] == back["since"]).all()
    alone = chains(everyone[::7], few)
    assert len(alone) == links["entity"].isin(everyone[::7]).sum()


def test_what_a_chain_sells_at_one_end_it_buys_at_the_other() -> None:
    members = missing_trader_chains(COMPANIES + np.arange(200 * SPAN), seed=7)
    traders, buffers, brokers = (members[members["role"] == role] for role in range(3))
    assert len(traders) == len(buffers) == len(brokers) > 5
    assert np.allclose(traders["sells"], buffers["buys"])
    assert np.allclose(buffers["sells"], brokers["buys"])


def test_a_missing_trader_charges_vat_and_hides_most_of_it(few: Settings, firms: Trading) -> None:
    members = missing_trader_chains(COMPANIES + np.arange(200 * SPAN), seed=7)
    assert (members["last"] >= members["first"]).all()
    assert (members["sells"] > 0).all()


def test_the_older_rule_looks_at_what_is_on_file(vat: Scene, filed: Planted) -> None:
    none = pd.DataFrame({"row": [], "source": [], "amount": []}).astype({"row": int, "amount": float})
    score = risk_score(vat, filed.reported, none, np.zeros(len(vat), dtype=bool))
    late = risk_score(vat, filed.reported, none, np.ones(len(vat), dtype=bool))
    assert np.isfinite(score).all()
    assert (late > score).all()
    takings = pd.DataFrame({"row": [0], "source": ["card_processor"], "amount": [1e9]})
    assert risk_score(vat, filed.reported, takings, np.zeros(len(vat), dtype=bool))[0] > score[0]


def test_repayments_are_worth_a_look(vat: Scene) -> None:
    done = complete(vat.boxes)
    assert 0.05 < (done["net_vat"] < 0).mean() < 0.45
    assert isinstance(vat.streams, Streams)
