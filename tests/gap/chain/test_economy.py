"""The chain on synthetic records: groups that add up, scores, and the command."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from taxgap.cli.main import main
from taxgap.errors import UsageError
from taxgap.gap.chain import GapEstimate, Multiplier, estimate_gap
from taxgap.gap.chain.reading import read_regime
from taxgap.gap.chain.scoring import score_regime
from taxgap.records import Records
from taxgap.risk import RiskModel

HALF = Multiplier(2.0, low=1.6, high=2.5)


@pytest.fixture(scope="module")
def gap(workshop) -> GapEstimate:
    records = Records.open(workshop.records)
    model = RiskModel.load(workshop.model)
    return estimate_gap(
        records, model, non_detection=HALF, regimes=["self_assessment", "vat"], pool_years=True
    )


def test_groups_add_up(gap: GapEstimate) -> None:
    for name in ("tax", "customer group", "trade group", "nation", "region", "behaviour"):
        assert gap.by(name)["amount"].sum() == pytest.approx(gap.value, rel=1e-6), name
    nations, regions = (gap.by(name).set_index("group")["amount"] for name in ("nation", "region"))
    assert regions["Wales"] == pytest.approx(nations["Wales"])
    assert len(gap.by("behaviour")) == 8
    assert gap.by("behaviour").set_index("group")["amount"].isna()["hidden_economy"]
    assert any("combined authority" in note for note in gap.notes)


def test_the_breakdown_by_tax_is_the_table(gap: GapEstimate) -> None:
    own, table = (frame.set_index(name) for frame, name in ((gap.by("tax"), "group"), (gap.table, "regime")))
    columns = {"amount": "net", "low": "low", "high": "high", "cases": "cases"}
    for tax in ("self_assessment", "vat"):
        assert own.loc[tax, list(columns)].tolist() == table.loc[tax, list(columns.values())].tolist()


def test_breakdowns_are_found_as_people_write_them(gap: GapEstimate) -> None:
    assert gap.by("Trade_group").equals(gap.by("trade group"))
    assert len(gap.by("nation"))
    drawn = gap.groups[gap.groups["dimension"].isin(["trade group", "region", "customer group"])]
    assert (drawn["low"] >= 0).all()
    assert (drawn["low"] <= drawn["amount"]).all()
    assert gap.by("combined authority").empty
    with pytest.raises(UsageError, match=r"no breakdown by regime.*nation"):
        gap.by("regime")


def test_scores_are_never_of_a_model_that_saw_the_case(gap: GapEstimate) -> None:
    scores = gap.table.set_index("regime")["scores"]
    assert scores["self_assessment"] == "cross-fitted"
    assert scores["vat"] == "none"


def test_covariates_are_of_models_that_did_not_see_the_taxpayer(workshop) -> None:
    """A case that finds a thousand times as much moves the scores of others, never its own."""
    records, model = Records.open(workshop.records), RiskModel.load(workshop.model)
    frames = {name: records.read(name) for name in records.tables}
    cases = frames["enquiries"]
    case = cases[(cases["regime"] == "self_assessment") & (cases["tax_found"] > 1_000)].iloc[0]
    scored = []
    for factor in (1.0, 1_000.0):
        told = cases["tax_found"].where(cases["enquiry_id"] != case["enquiry_id"], factor * case["tax_found"])
        changed = frames | {"enquiries": cases.assign(tax_found=told)}
        view = Records.from_frames(changed, as_of=str(records.as_of.date()))
        data = read_regime(view, "self_assessment", None)
        scores = score_regime(view, data, model)
        scored.append(pd.DataFrame({"mean": scores.everyone, "own": scores.held_out}, index=data.index))
    key = (case["taxpayer_id"], case["period"])
    before, after = (frame.loc[key] for frame in scored)
    assert after["own"] == before["own"]
    assert after["mean"] != before["mean"]


def test_the_truth_is_shown_only_where_it_is_told(gap: GapEstimate) -> None:
    assert gap.to_dict()["truth"] is None
    assert "Truth" in gap.beside({"net": 1e6}).to_text()


def test_the_command(workshop, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    verb = ["estimate", str(workshop.records), "--regime", "self_assessment", "--pool-years", "--no-groups"]
    out = ["--out", str(tmp_path / "gap")]
    assert main([*verb, "--non-detection", "1.9,1.5,2.3", *out, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said == json.loads((tmp_path / "gap" / "estimate.json").read_text())
    assert said["made"]["multipliers"]["self_assessment"]["value"] == 1.9
    assert main([*verb, "--non-detection", "some", "--out", str(tmp_path / "other")]) == 2
    assert main([*verb, "--non-detection", "1.9", *out]) == 2
