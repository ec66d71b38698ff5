"""The demonstration's page says what the records, the model and the truth say."""

import pytest

from taxgap.batch import score
from taxgap.publication import gather_content, write_page
from taxgap.publication.examples import choose_examples
from taxgap.records import Records, Truth
from taxgap.risk import RiskModel
from taxgap.validation import validate

pytestmark = pytest.mark.xdist_group("cli")


@pytest.fixture(scope="module")
def gathered(workshop):
    records, truth = Records.open(workshop.records), Truth.open(workshop.population / "truth")
    model = RiskModel.load(workshop.model)
    scores = score(records, model, validate=False)
    return gather_content(records, truth, validate(records), model, scores), scores, truth


def test_the_page_is_written(gathered, tmp_path):
    page = write_page(tmp_path / "index.html", gathered[0])
    assert "A flag is a reason to look" in page.read_text("utf-8")


def test_examples_are_flagged_returns_of_the_evaluation_year(gathered):
    content, scores, _ = gathered
    flagged = scores[scores["flagged"]].set_index(["taxpayer_id", "period"]).index
    assert 1 <= len(content.cases) <= 5
    assert all((case.taxpayer_id, case.period) in flagged for case in content.cases)


def test_examples_tell_what_was_done(gathered):
    content, _, truth = gathered
    done = truth.table("misreporting")
    for case in content.cases:
        of_case = (done["taxpayer_id"] == case.taxpayer_id) & (done["period"] == case.period)
        mine = done[of_case & (done["regime"] == "self_assessment")]
        assert case.truth["tax_lost"].sum() == pytest.approx(mine["tax_lost"].sum())


def test_a_reason_could_reveal_only_what_its_evidence_names(gathered):
    content = gathered[0]
    for case in content.cases:
        if case.reasons.empty:
            assert not case.truth["could_reveal"].any()


def test_examples_differ_in_their_first_reason_where_they_can(gathered):
    _, scores, _ = gathered
    period = "2023-24"
    chosen = choose_examples(scores, period)
    families = chosen["reason_1_code"].astype("str").str.split(".").str[0]
    available = scores[(scores["period"] == period) & scores["flagged"]]["reason_1_code"].astype("str")
    assert families.nunique() == min(5, available.str.split(".").str[0].nunique())


def test_the_model_is_measured_against_truth_and_enquiries_and_naive_rankings(gathered):
    evaluation = gathered[0].evaluation
    assert set(evaluation["label"]) == {"truth", "random enquiries"}
    assert {"model", "random", "turnover", "largest mismatch"} <= set(evaluation["ranking"])
    assert gathered[0].measure("truth", "auc") > 0.6


def test_the_best_order_is_above_every_other(gathered):
    gain = gathered[0].gain.pivot_table(index="share_examined", columns="ranking", values="share_of_gap")
    assert (gain.drop(columns="ceiling").max(axis=1) <= gain["ceiling"] + 1e-9).all()
