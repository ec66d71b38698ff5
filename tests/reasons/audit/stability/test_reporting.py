"""Small changes of reported pounds: closed forms, and edited records of a small population."""

import numpy as np
import pandas as pd
import pytest

from taxgap.reasons.audit.material import gather_material
from taxgap.reasons.audit.rules import judge
from taxgap.reasons.audit.settings import AuditSettings
from taxgap.reasons.audit.stability.naming import given_codes
from taxgap.reasons.audit.stability.reporting import CHANGES, NAME, RULES, Changed, measure_reporting, part_of
from taxgap.reasons.audit.subject import subject_of
from taxgap.records import Records
from taxgap.risk.model import RiskModel
from taxgap.risk.suitability import peers_of, regime_of


@pytest.fixture(scope="module")
def population(workshop):
    model = RiskModel.load(workshop.model)
    subject = subject_of(model, regime_of(model), peers_of(model), cutoff=0.01)
    settings = AuditSettings(returns=200, draws=50, capacity_share=0.2)
    return gather_material(Records.open(workshop.records), subject, settings)


def _value(part, measure, change):
    found = part.figures[(part.figures["measure"] == measure) & (part.figures["group"] == change)]
    return found["value"].iloc[0]


def _part(material, moved, other):
    first = given_codes(material)[material.flagged, 0]
    found = Changed("some", np.full(len(first), moved), np.where(other, first + 1, first))
    return part_of(material, material.flagged, first, [found])


def test_codes_that_change_while_the_score_does_not_fail(material):
    part = _part(material, 0.0, np.arange(material.flagged.sum()) % 4 == 0)
    assert part.findings[NAME].value == pytest.approx(0.25, abs=0.01)
    assert judge(RULES, part.findings)[0].passed is False


def test_codes_may_change_with_the_score(material):
    part = _part(material, float(np.ptp(material.score)), np.ones(material.flagged.sum(), dtype=bool))
    assert part.findings[NAME].value == 0
    assert judge(RULES, part.findings)[0].passed
    assert np.isnan(_value(part, "first code changes where the score does not", "some"))


def test_the_worst_change_is_judged(material):
    first = given_codes(material)[material.flagged, 0]
    still = np.zeros(len(first))
    found = [Changed("none", still, first), Changed("all", still, first + 1)]
    assert part_of(material, material.flagged, first, found).findings[NAME].value == 1


def test_boxes_that_stay_change_nothing(population):
    part = measure_reporting(population, most=40, changes={"nothing": lambda boxes, _: boxes})
    assert _value(part, "first code changes", "nothing") == 0
    assert _value(part, "score hardly moves", "nothing") == 1


def test_boxes_that_double_move_scores(population):
    part = measure_reporting(population, most=40, changes={"double": lambda boxes, _: 2 * boxes})
    assert _value(part, "score hardly moves", "double") < 1


def test_the_changes_are_the_stated_ones():
    boxes, random = np.array([[1234.56, 0.0, np.nan]]), np.random.default_rng(0)
    done = {name: change(boxes, random)[0] for name, change in CHANGES.items()}
    assert done["1% up"][0] == 1246.91
    assert done["rounded to £100"][0] == 1200
    assert done["1% up or down by box"][0] in {1222.21, 1246.91}
    assert all(values[1] == 0 and np.isnan(values[2]) for values in done.values())


def test_explanations_that_are_a_frame_are_left_out(population, workshop):
    model = population.subject.model
    frame = population.contributions
    subject = subject_of(
        model,
        population.regime,
        population.subject.peers,
        attributions=frame,
        cutoff=population.subject.cutoff,
    )
    fixed = type(population)(**{**_fields(population), "subject": subject})
    part = measure_reporting(fixed, most=40, changes={"double": lambda boxes, _: 2 * boxes})
    assert "given as a frame" in part.left_out


def _fields(material):
    return {name: getattr(material, name) for name in material.__dataclass_fields__}


def test_records_without_the_returns_leave_it_out(make_material, material):
    empty = pd.DataFrame({"taxpayer_id": ["X"], "period": ["2022-23"], "version": [0], "turnover": [1.0]})
    empty["received_on"] = pd.Timestamp("2024-01-31")
    records = Records.from_frames({"self_assessment": empty})
    assert measure_reporting(make_material(records=records)).left_out
