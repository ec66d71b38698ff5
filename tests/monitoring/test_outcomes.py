"""Outcomes and advice: ratios that cover, and a rule in words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.monitoring.outcomes import beyond, judge_answers, judge_outcomes
from taxgap.monitoring.retraining import advise, changed_law


def cases(seed: int, cases: int = 400, factor: float = 1.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    probability = rng.uniform(0.05, 0.4, cases)
    material = rng.random(cases) < factor * probability
    return pd.DataFrame(
        {
            "period": "2025-26",
            "programme": "random",
            "material": material,
            "tax_found": material * rng.gamma(2.0, 1_500.0, cases),
            "probability": probability,
            "expected_tax": 3_000.0 * probability,
            "weight": rng.choice([10.0, 30.0], cases),
        }
    )


CLOSED = pd.Series({("2025-26", "random"): 0.9})


def test_ratios_cover_what_is_true() -> None:
    tables = pd.concat([judge_outcomes(cases(seed), CLOSED) for seed in range(150)])
    for _, held in tables.groupby("measure"):
        assert (held["low"].le(1) & held["high"].ge(1)).mean() == pytest.approx(0.95, abs=0.06)
        assert (held["p"] < 0.05).mean() < 0.03


def test_a_model_that_expects_half_is_found_out() -> None:
    told = judge_outcomes(cases(1, 800, factor=2.0), CLOSED).set_index("measure")
    assert told.loc["strike rate", "ratio"] == pytest.approx(2.0, rel=0.2)
    assert (told["p"] < 0.001).all()


@pytest.mark.parametrize("case", ["few", "early", "risk"])
def test_nothing_is_judged_on_few_early_or_chosen_cases(case: str) -> None:
    table = cases(1, 20 if case == "few" else 400).assign(programme="risk" if case == "risk" else "random")
    share = pd.Series({("2025-26", "random"): 0.3 if case == "early" else 0.9, ("2025-26", "risk"): 0.9})
    assert judge_outcomes(table, share)["p"].isna().all()


def test_no_cases_give_an_empty_table_with_all_columns() -> None:
    empty = judge_outcomes(cases(1).iloc[:0], CLOSED)
    assert empty.empty
    assert {"ratio", "p"} <= set(empty.columns)


def test_a_change_must_exceed_its_tolerance() -> None:
    assert beyond(0.0, 0.05) == pytest.approx(1.0)
    assert beyond(0.22, 0.05) == pytest.approx(0.5, abs=0.1)
    assert beyond(-0.6, 0.05) < 1e-6


def test_no_reviews_give_no_figures() -> None:
    columns = ["overridden", "minutes", "received_on"]
    columns += [f"reason_{k}_{name}" for k in range(1, 5) for name in ("code", "useful")]
    table = judge_answers(pd.DataFrame(columns=columns), pd.Timestamp("2026-12-31"))
    assert table["value"].isna().all()
    assert table["p"].isna().all()


def drift(moves: dict[str, tuple[float, bool]]) -> pd.DataFrame:
    rows = [
        {"what": "score", "kind": "all", "period": period, "shift": shift, "low": 0.01, "alarm": alarm}
        for period, (shift, alarm) in moves.items()
    ]
    return pd.DataFrame(rows)


NONE = pd.DataFrame({"family": []})


def test_the_rule_in_words() -> None:
    calm = drift({"2023-24": (0.0, False), "2024-25": (0.1, False)})
    assert advise(NONE, calm, "2023-24", "corporation_tax") == (
        False,
        ("Nothing that was compared calls for it.",),
    )
    same = drift({"2023-24": (0.2, True), "2024-25": (0.1, True)})
    assert "two periods running" in advise(NONE, same, "2022-23", "corporation_tax")[1][0]
    other = drift({"2023-24": (0.2, True), "2024-25": (-0.1, True)})
    assert not advise(NONE, other, "2022-23", "corporation_tax")[0]
    assert "last trained on 2021-22" in advise(NONE, calm, "2021-22", "corporation_tax")[1][0]
    found = pd.DataFrame({"family": ["outcomes"]})
    assert "Enquiries found" in advise(found, calm, "2023-24", "corporation_tax")[1][0]
    law = advise(pd.DataFrame({"family": ["whole"]}), calm, "2022-23", "vat")
    assert law[0]
    assert "deregistration_limit" in law[1][0]


def test_a_tax_whose_law_goes_by_day_is_not_compared() -> None:
    assert changed_law("corporation_tax", "2021-22", "2024-25") == []
    assert changed_law("self_assessment", "2024-25", "2024-25") == []


def test_finding_nothing_at_all_is_told() -> None:
    told = judge_outcomes(cases(1).assign(material=False, tax_found=0.0), CLOSED).set_index("measure")
    assert told.loc["strike rate", "ratio"] == 0.0
    assert told.loc["strike rate", "p"] < 1e-9


def test_a_fall_of_useful_answers_to_none_is_told() -> None:
    as_of = pd.Timestamp("2026-12-31")
    days = [as_of - pd.Timedelta(days=day) for day in (10, 300)]
    empty = {f"reason_{k}_{name}": None for k in (2, 3, 4) for name in ("code", "useful")}
    reviews = pd.DataFrame(
        {
            "overridden": False,
            "minutes": 5.0,
            "received_on": pd.to_datetime(days * 100),
            "reason_1_code": "third_party.takings",
            "reason_1_useful": ["no", "yes"] * 100,
            **empty,
        }
    )
    told = judge_answers(reviews, as_of).set_index(["measure", "code"])
    assert told.loc[("useful", "all"), "recent"] == 0.0
    assert told.loc[("useful", "all"), "p"] < 1e-3
