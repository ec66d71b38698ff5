"""The tables of every tax: twins, versions, obligations and tax lost that agree, whatever the tax."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.schemas import TABLES
from taxgap.schemas.table import column_names
from taxgap.synthetic.casework import Casework
from taxgap.synthetic.misreporting import correct
from taxgap.synthetic.tables import Tables

KEYS = ["taxpayer_id", "period"]
each_tax = pytest.mark.parametrize("regime", ["self_assessment", "vat", "corporation_tax", "employer_paye"])


def of(table: pd.DataFrame, regime: str) -> pd.DataFrame:
    return table[table["regime"] == regime]


def latest(records: Tables, regime: str) -> pd.DataFrame:
    """The last version of every return, in the order of its keys."""
    returns = records[regime].sort_values([*KEYS, "version"])
    return returns.drop_duplicates(KEYS, keep="last").set_index(KEYS).sort_index()


@each_tax
def test_there_is_one_twin_a_return_on_file(records: Tables, truth: Tables, regime: str) -> None:
    filed, twins = latest(records, regime), truth[regime].set_index(KEYS).sort_index()
    assert filed.index.equals(twins.index)
    assert (filed["version"] == twins["version"]).all()


@each_tax
def test_a_twin_differs_by_what_was_planted_and_what_follows_from_it(
    records: Tables, truth: Tables, works: dict[str, Casework], regime: str
) -> None:
    filed, twins = latest(records, regime), truth[regime].set_index(KEYS).sort_index()
    form = works[regime].scene.form
    follows = {"losses_brought_forward"}  # a company uses what losses it has: more where its profit is more
    boxes = [box for box in form.boxes if box in twins.columns and box not in follows]
    planted = of(truth["misreporting"], regime).pivot_table(
        index=KEYS, columns="field", values="amount", aggfunc="sum", observed=True
    )
    planted = planted.reindex(index=twins.index, columns=boxes).fillna(0.0)
    np.testing.assert_array_equal((twins[boxes] - filed[boxes]).to_numpy(), planted.to_numpy())
    wrong = pd.MultiIndex.from_frame(of(truth["misreporting"], regime)[KEYS])
    honest = ~twins.index.isin(wrong)
    assert honest.any()
    money = [name for name in twins.select_dtypes("float").columns if name in filed]
    pd.testing.assert_frame_equal(twins.loc[honest, money], filed.loc[honest, money])


@each_tax
def test_the_tax_lost_adds_up_in_every_table_of_the_truth(
    truth: Tables, works: dict[str, Casework], regime: str
) -> None:
    done = works[regime]
    lost = pd.Series(done.planted.tax_lost, pd.MultiIndex.from_frame(done.scene.panel[KEYS]))[done.in_time]
    potential = of(truth["enquiries"], regime).set_index(KEYS)["tax_lost"]
    items = of(truth["misreporting"], regime).groupby(KEYS, observed=True)["tax_lost"].sum()
    np.testing.assert_allclose(potential.reindex(lost.index), lost, rtol=0, atol=0.006)
    np.testing.assert_allclose(items.reindex(lost.index, fill_value=0.0), lost, rtol=0, atol=0.12)
    assert lost.sum() > 0


@each_tax
def test_setting_every_planted_box_right_gives_the_twin(works: dict[str, Casework], regime: str) -> None:
    planted, form = works[regime].planted, works[regime].scene.form
    boxes = planted.reported[[*form.boxes, *form.context]]
    settled = form.complete(correct(boxes, planted.items))
    money = list(settled.select_dtypes("float").columns)
    pd.testing.assert_frame_equal(settled[money], planted.twin[money])


@each_tax
def test_every_mechanism_of_the_tax_occurs(works: dict[str, Casework], regime: str) -> None:
    done = works[regime]
    names = [mechanism.name for mechanism in done.scene.form.mechanisms]
    seen = {names[position] for position in done.planted.items["mechanism"].unique()}
    exposed = {one.name for one in done.scene.form.mechanisms if one.exposed(done.scene).sum() > 60}
    assert exposed <= seen


@each_tax
def test_reports_and_twins_have_every_box_of_the_schema(works: dict[str, Casework], regime: str) -> None:
    about = {"taxpayer_id", "period", "period_start", "period_end", "version", "by_agent", "received_on"}
    assert set(column_names(TABLES[regime])) - about <= set(works[regime].planted.reported.columns)


@each_tax
def test_every_return_has_an_obligation_met_when_its_first_version_came(records: Tables, regime: str) -> None:
    table = of(records["obligations"], regime)
    assert not table.duplicated(KEYS).any()
    first = records[regime].groupby(KEYS, as_index=False, observed=True)["received_on"].min()
    both = table.dropna(subset="met_on").merge(first, on=KEYS, suffixes=("", "_return"))
    assert len(both) == len(first) == table["met_on"].notna().sum()
    assert (both["met_on"] == both["received_on_return"]).all()


@each_tax
def test_some_returns_are_late_and_a_few_never_come(works: dict[str, Casework], regime: str) -> None:
    done = works[regime]
    late = (done.filed > done.scene.panel["due_on"].to_numpy()).mean()
    assert late == pytest.approx(done.scene.form.late, abs=0.03)
    assert np.isnat(done.filed).mean() == pytest.approx(done.scene.form.never, abs=0.02)


@each_tax
def test_amendments_follow_a_first_version(records: Tables, regime: str) -> None:
    versions = records[regime].groupby(KEYS, observed=True)["version"].agg(["min", "max", "size"])
    assert (versions["min"] == 0).all()
    assert (versions["max"] == versions["size"] - 1).all()


@each_tax
def test_what_is_paid_is_what_is_due_and_nobody_pays_a_repayment(
    records: Tables, works: dict[str, Casework], regime: str
) -> None:
    done, paid = works[regime], of(records["payments"], regime)
    owed = np.maximum(done.scene.form.payable(done.planted.reported), 0.0)[done.in_time]
    assert (paid["liability"] > 0).all()
    assert paid["liability"].sum() == pytest.approx(owed.sum())


@each_tax
def test_returns_come_after_the_taxpayer_has_applied(records: Tables, regime: str) -> None:
    registered = of(records["registrations"], regime).drop_duplicates("taxpayer_id").set_index("taxpayer_id")
    returns = records[regime].join(registered[["applied_on"]], on="taxpayer_id")
    assert returns["applied_on"].notna().all()
    assert (returns["applied_on"] < returns["received_on"]).all()


@each_tax
def test_every_enquiry_is_into_a_return_on_file_after_it_came(records: Tables, regime: str) -> None:
    cases = of(records["enquiries"], regime)
    assert cases["enquiry_id"].is_unique
    received = latest(records, regime)["received_on"].reindex(pd.MultiIndex.from_frame(cases[KEYS]))
    assert (cases["opened_on"].to_numpy() > received.to_numpy()).all()


@each_tax
def test_officers_find_a_good_part_of_the_tax(works: dict[str, Casework], regime: str) -> None:
    done = works[regime]
    share = done.tax_found.sum() / done.planted.tax_lost.clip(min=0).sum()
    assert 0.3 < share < 0.9  # a few large companies decide


@each_tax
def test_adjustments_belong_to_closed_cases_that_found_tax(records: Tables, regime: str) -> None:
    cases = of(records["enquiries"], regime)
    found = set(cases.loc[cases["tax_found"] > 0, "enquiry_id"])
    letter = {"self_assessment": "S", "vat": "V", "corporation_tax": "C", "employer_paye": "E"}[regime]
    adjustments = records["adjustments"]
    mine = adjustments[adjustments["enquiry_id"].str.startswith(f"E{letter}-")]
    assert set(mine["enquiry_id"]) == found
    assert not mine.duplicated(["enquiry_id", "field"]).any()
    assert set(mine["field"]) <= set(TABLES[regime].to_schema().columns)
