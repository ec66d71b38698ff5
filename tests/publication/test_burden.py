from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.publication.burden import MODEL, OTHER, SHOWN, describe_burden, gather_burden
from taxgap.risk import measure_fairness


def test_every_level_has_its_figures() -> None:
    rng = np.random.default_rng(0)
    amount = np.where(rng.random(600) < 0.3, 3_000.0, 0.0)
    groups = pd.DataFrame({"income decile": rng.integers(1, 11, 600).astype(str), "shoe size": "9"})
    pack = measure_fairness(
        {MODEL: amount + rng.random(600), OTHER: rng.random(600)}, groups, amount=amount, draws=20
    )
    burden = gather_burden(pack)
    assert set(burden["dimension"]) == {"income decile"}
    assert len(burden) == 10
    measured = burden[burden["rate"].notna()]
    for row in measured.itertuples():
        assert row.rate == pack.value("audit_rate", MODEL, "income decile", row.level)
        assert row.rate_low <= row.rate <= row.rate_high
    assert (burden["budget"] == 0.05).all()


def test_levels_that_were_not_measured_say_so(content: object) -> None:
    burden = describe_burden(content.burden)  # type: ignore[attr-defined]
    assert burden.budget == "5%"
    assert [table.caption for table in burden.tables] == [SHOWN["income decile"], SHOWN["nation"]]
    tenths = burden.tables[0]
    assert [cell.text for cell in tenths.rows[0]] == ["Tenth 1", "2%", "1.6%", "0.40", "6%"]
    assert tenths.rows[3][2].text == "not known"
    assert tenths.rows[0][1].note == "1.8% to 2.2%"
