"""A kit made by hand, and participants whose figures are known beforehand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from taxgap.reasons.audit.people import COLUMNS, KINDS, Key, count_kinds, lay_out, list_lines

Answer = Callable[[pd.Series], dict[str, object]]


@pytest.fixture(scope="session")
def key() -> Key:
    """Twelve participants and 24 cases: each wrong return is so in L4, and each wrong reason points at L9."""
    kinds = [kind for kind in KINDS for _ in range(count_kinds(24)[kind])]
    wrong = [kind.endswith("_wrong") for kind in kinds]
    cases = pd.DataFrame(
        {
            "case": [f"C{number:02d}" for number in range(1, 25)],
            "taxpayer_id": [f"T{number:08d}" for number in range(1, 25)],
            "period": "2024-25",
            "kind": kinds,
            "flagged": [kind.startswith("flagged") for kind in kinds],
            "wrong": wrong,
            "tax_lost": [2_000.0 if each else 0.0 for each in wrong],
            "mechanisms": [("turnover_suppressed",) if each else () for each in wrong],
            "planted_lines": [("L4",) if each else () for each in wrong],
            "reason_codes": [("third_party.takings",)] * 24,
            "wrong_codes": [("expenses.travel",)] * 24,
            "wrong_lines": [("L9",)] * 24,
        }
    )
    layout = lay_out(cases.set_index("case")["kind"], participants=12, seed=4)
    lines = list_lines("self_assessment")
    return Key("self_assessment", "m", "2026-09-30", 4, 1_000.0, lines, cases, layout).named()


@pytest.fixture
def give_answers(key: Key, tmp_path: Path) -> Callable[[Answer], Path]:
    """Write the answers of participants, one file a form; what an answer leaves out stays empty."""

    def write(answer: Answer) -> Path:
        table = key.layout.merge(key.cases, on="case")
        rows = [{"form": row["form"], "case": row["position"], **answer(row)} for _, row in table.iterrows()]
        given = pd.DataFrame(rows).reindex(columns=list(COLUMNS))
        for form, mine in given.groupby("form"):
            mine.to_csv(tmp_path / f"answers-{form}.csv", index=False)
        return tmp_path

    return write
