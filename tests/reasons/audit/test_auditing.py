"""The audit end to end, on a small population: every part, its checks, its files, and what it refuses."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import taxgap as tg
from taxgap.errors import UsageError
from taxgap.reasons.audit import auditing
from taxgap.reasons.audit.audit_files import FORMAT_VERSION
from taxgap.reasons.audit.auditing import PARTS, RULES, audit_explanations, evidence_of
from taxgap.reasons.audit.planted import MOST_EVIDENCE
from taxgap.reasons.audit.planting.manipulations import Manipulation
from taxgap.reasons.audit.result import ExplanationAudit, load_audit
from taxgap.reasons.spreading import Spread
from taxgap.records import Records, Truth
from taxgap.regimes import get_regime
from taxgap.risk import RiskModel

pytestmark = pytest.mark.xdist_group("auditing")

SMALL = {"returns": 600, "refits": 2, "draws": 40, "cutoff": 0.0, "capacity_share": 0.1}


TWIN = Manipulation(
    "interest_away", lambda returns, _: 0 * returns[["interest"]], ("third_party.interest",), lambda _: True
)
BANKS = replace(TWIN, evidence=("third_party.banks",))


@pytest.fixture(scope="module")
def records(workshop) -> Records:
    return Records.open(workshop.population / "records")


@pytest.fixture(scope="module")
def truth(workshop) -> Truth:
    return Truth.open(workshop.population / "truth")


@pytest.fixture(scope="module")
def model(workshop) -> RiskModel:
    return RiskModel.load(workshop.model)


@pytest.fixture(scope="module")
def audit(records: Records, truth: Truth, model: RiskModel) -> ExplanationAudit:
    return audit_explanations(records, model, truth, **SMALL)


@pytest.fixture(scope="module")
def bare(records: Records, model: RiskModel) -> ExplanationAudit:
    parts = ["recovery", "truthful", "honest", "settled", "planting", "numbers"]
    return audit_explanations(records, model, parts=parts, **SMALL)


def test_every_part_is_done_and_every_check_is_asked(audit: ExplanationAudit) -> None:
    assert [part.name for part in audit.parts] == list(PARTS)
    assert {rule.part for rule in RULES} <= set(PARTS)
    assert len({rule.name for rule in RULES}) == len(RULES)
    asked = audit.verdicts.set_index("name")["verdict"]
    assert list(asked.index) == [rule.name for rule in RULES]
    assert set(asked) <= {"passed", "failed", "not asked"}
    assert asked[["recall", "chance", "additivity", "churn", "attained"]].ne("not asked").all()
    assert audit.failed == list(asked.index[asked == "failed"])


@pytest.mark.long
def test_figures_do_not_depend_on_who_fits_and_explains_refits(
    audit: ExplanationAudit,
    records: Records,
    truth: Truth,
    model: RiskModel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    jobs: list[str] = []

    def run(function: Callable[[Any], Any], work: Iterable[Any]) -> Iterator[Any]:
        for job in work:  # what another process would be given, and give
            jobs.append(function.__name__)
            yield pickle.loads(pickle.dumps(function(pickle.loads(pickle.dumps(job)))))  # noqa: S301 - our own

    monkeypatch.setattr(auditing, "start_spread", lambda *_: nullcontext(Spread(run, 1)))
    parts = ["stability", "randomised"]
    spread = audit_explanations(records, model, truth, parts=parts, **SMALL)
    assert jobs.count("grow_job") == 2 + 5 + 2 + 2
    assert jobs.count("explain_job") > 10
    own = audit.figures[audit.figures["part"].isin(parts)].reset_index(drop=True)
    pd.testing.assert_frame_equal(spread.figures, own, check_exact=True, check_categorical=False)


@pytest.mark.long
def test_processes_give_the_same_figures(
    audit: ExplanationAudit, records: Records, truth: Truth, model: RiskModel
) -> None:
    spread = audit_explanations(records, model, truth, workers=2, **SMALL)
    pd.testing.assert_frame_equal(spread.figures, audit.figures, check_exact=True)
    assert spread.to_dict() == audit.to_dict()


def test_figures_are_tidy_and_their_intervals_hold_them(audit: ExplanationAudit) -> None:
    figures = audit.figures
    keys = ["part", "measure", "level", "group_by", "group", "method"]
    assert not figures.duplicated(keys).any()
    known = figures.dropna(subset=["value", "low", "high"])
    assert (known["low"] <= known["value"] + 1e-9).all()
    assert (known["value"] <= known["high"] + 1e-9).all()


def test_what_nine_in_ten_of_few_refits_do_is_not_asked_and_says_why(audit: ExplanationAudit) -> None:
    verdicts = audit.verdicts.set_index("name")
    line = verdicts.loc["stable_share"]
    assert line["verdict"] == "not asked"
    assert 0 <= line["value"] <= 1
    assert "10 are needed" in line["why"]
    assert (verdicts["why"] != "").equals(verdicts["verdict"] == "not asked")


def test_text_says_who_is_flagged_and_what_each_verdict_rests_on(audit: ExplanationAudit) -> None:
    text = audit.to_text()
    assert "A return is flagged if its probability is at least 0 and its rank within the first 10%" in text
    recall = audit.verdicts.set_index("name").loc["recall"]
    assert f", n {recall['n']:,}; passes if the figure is at least 80%." in text
    assert "One ranking for everyone" in text
    assert audit.to_dict()["notes"]["recovery"]


def test_numbers_are_those_of_the_kernel_and_of_other_peoples_code(audit: ExplanationAudit) -> None:
    verdicts = audit.verdicts.set_index("name")
    exact = verdicts[verdicts["part"] == "numbers"].drop("completeness")
    assert (exact["verdict"] == "passed").all()
    assert exact["value"].max() < 1e-9


def test_no_row_of_a_taxpayer_is_in_figures_or_tables(audit: ExplanationAudit, records: Records) -> None:
    people = set(records.read("taxpayers", ["taxpayer_id"])["taxpayer_id"])
    for table in (audit.figures, *audit.tables.values()):
        for name in table.select_dtypes(include=["object", "str", "category"]):
            assert not people & set(table[name].astype(str))


def test_examples_are_of_synthetic_cases_and_say_what_was_planted(audit: ExplanationAudit) -> None:
    kinds = [example["kind"] for example in audit.examples]
    assert {"right", "wrong"} & set(kinds)
    for example in audit.examples:
        assert (example["kind"] == "honest") == (not example["planted"])


def test_examples_are_never_of_real_people(records: Records, truth: Truth, model: RiskModel) -> None:
    real = Records(records._source, replace(records.manifest, synthetic=False))
    found = audit_explanations(real, model, truth, parts=["recovery"], **SMALL)
    assert found.examples == ()
    assert found.about["synthetic"] is False


def test_it_is_saved_and_read_as_it_was(audit: ExplanationAudit, tmp_path: Path) -> None:
    assert audit.save(tmp_path / "audit").name == "audit.json"
    content, tables = load_audit(tmp_path / "audit")
    assert content["format_version"] == FORMAT_VERSION
    assert content["failed"] == audit.failed
    pd.testing.assert_frame_equal(tables["figures"], audit.figures, check_dtype=False)
    assert set(tables) == {"figures", *audit.tables}


def test_the_same_seed_gives_the_same_audit(records: Records, truth: Truth, model: RiskModel) -> None:
    parts = ["recovery", "planting"]
    one, other = (audit_explanations(records, model, truth, parts=parts, **SMALL) for _ in range(2))
    pd.testing.assert_frame_equal(one.figures, other.figures)


def test_without_a_truth_what_enquiries_settled_and_what_is_planted_are_asked(bare: ExplanationAudit) -> None:
    assert {"recovery", "truthful", "honest"} <= set(bare.left_out)
    assert not {"planting", "numbers"} & set(bare.left_out)
    assert bare.value("recall@3 of all", level="code") > 0.3  # chance is 0.25
    assert bare.examples == ()
    assert "without a planted truth" in bare.to_text()


def test_bounds_can_be_changed(records: Records, truth: Truth, model: RiskModel) -> None:
    easy, hard = (
        audit_explanations(records, model, truth, parts=["recovery"], bounds={"recall": bound}, **SMALL)
        for bound in (0.0, 1.1)
    )
    assert "recall" not in easy.failed
    assert "recall" in hard.failed


def test_any_classifier_can_be_audited_with_its_attributions(records: Records, truth: Truth) -> None:
    class Late:
        feature_names_in_ = np.array(["days_late"])

        def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
            late = np.clip(X["days_late"].fillna(0).to_numpy() / 400, 0, 0.95)
            return np.column_stack([1 - late, late])

    def explain(seen: pd.DataFrame) -> pd.DataFrame:
        return seen[["days_late"]].fillna(0.0) - seen["days_late"].mean()

    audit = audit_explanations(
        records,
        Late(),
        truth,
        regime="self_assessment",
        attributions=explain,
        **{**SMALL, "cutoff": 0.01},
    )
    assert audit.value("recall@3", part="recovery", level="code") < 0.3
    assert "lift_over_baselines" in audit.failed
    assert audit.about["own_explanations"] is False
    assert {"truthful", "stability"} <= set(audit.left_out)


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"parts": ["recoverry"]}, "parts"),
        ({"bounds": {"recal": 0.5}}, "rules"),
        ({"bounds": {"attained": 0.8}}, "rules"),
        ({"manipulations": [BANKS]}, "evidence"),
        ({"manipulations": [TWIN, TWIN]}, "manipulations"),
        ({"refits": 1}, "settings"),
        ({"regime": "vat"}, "regime"),
        ({"evidence": {"interest_omitted": ["third_party.banks"]}}, "evidence"),
        ({"evidence": {"interest_omitted": ["a", "b", "c", "d"]}}, "evidence"),
    ],
)
def test_what_is_wrong_is_named(
    records: Records, truth: Truth, model: RiskModel, wrong: dict[str, object], where: str
) -> None:
    said: list[str] = []
    chosen = {**SMALL, "parts": ["recovery"], "say": said.append, **wrong}
    with pytest.raises(UsageError) as caught:
        audit_explanations(records, model, truth, **chosen)
    assert said == [], "it is refused before anything is read"
    assert caught.value.where == where


def test_another_model_needs_attributions_and_a_tax(records: Records) -> None:
    with pytest.raises(UsageError, match="The tax must be named"):
        audit_explanations(records, object())
    with pytest.raises(UsageError, match="predict_proba"):
        audit_explanations(records, object(), regime="self_assessment")


@pytest.mark.parametrize("regime", ["self_assessment", "vat", "corporation_tax", "employer_paye"])
def test_the_maps_of_evidence_name_at_most_three_codes_of_the_tax(regime: str) -> None:
    known = set(get_regime(regime).code)
    for codes in evidence_of(regime).values():
        assert 1 <= len(set(codes)) <= MOST_EVIDENCE
        assert set(codes) <= known


def test_it_is_public() -> None:
    assert tg.audit_explanations is audit_explanations
    assert tg.ExplanationAudit is ExplanationAudit
