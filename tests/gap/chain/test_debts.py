"""Debts: only what is still owed can be written off, and what will be is expected right."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from taxgap.gap.chain.debts import find_non_payment, find_spread_of_debts
from taxgap.gap.chain.reading import RegimeData, read_regime
from taxgap.records import Records

Make = Callable[..., Records]
START, TODAY = pd.Timestamp("2019-01-31"), pd.Timestamp("2025-01-31")


def make_debts(rng: np.random.Generator, base: RegimeData) -> tuple[RegimeData, np.ndarray]:
    """Debts of six years; a tenth is never paid and written off after one to three years."""
    count = len(base.index)
    due = START + pd.to_timedelta(rng.integers(0, 2_100, count), "D")
    liability = rng.lognormal(8, 1, count).round(2)
    lost = rng.random(count) < 0.1
    gone_on = due + pd.to_timedelta(np.where(lost, rng.integers(365, 1_095, count), 0), "D")
    paid_on = due + pd.to_timedelta(rng.integers(0, 700, count), "D")
    written_off, paid = lost & (gone_on <= TODAY), ~lost & (paid_on <= TODAY)
    debts = pd.DataFrame(
        {
            "row": np.arange(count),
            "liability": liability,
            "due_on": due,
            "paid_on": pd.Series(paid_on).where(paid),
            "paid": np.where(paid, liability, 0.0),
            "written_off_on": pd.Series(gone_on).where(written_off),
            "written_off": np.where(written_off, liability, 0.0),
        }
    )
    still = float(liability[lost & ~written_off].sum())
    fields = vars(base) | {"debts": debts, "as_of": TODAY}
    return RegimeData(**fields), np.array(still)


@pytest.fixture
def base(make_records: Make, amounts: np.ndarray) -> RegimeData:
    return read_regime(make_records(amounts), "self_assessment", None)


def test_what_will_be_written_off_is_expected_right(base: RegimeData) -> None:
    rng = np.random.default_rng(3)
    errors, wide, truth = [], [], []
    for _ in range(60):
        data, still = make_debts(rng, base)
        gone, later = find_non_payment(data)
        owed = (data.debts["liability"] - data.debts["paid"] - data.debts["written_off"]).to_numpy()  # type: ignore[index]
        assert (later <= owed + 1e-9).all()
        assert gone.sum() == pytest.approx(data.debts["written_off"].sum())  # type: ignore[index]
        errors.append(later.sum() - still)
        wide.append(find_spread_of_debts(data, np.ones(len(later), dtype=bool)).variance ** 0.5)
        truth.append(still)
    assert abs(np.mean(errors)) < 0.05 * np.mean(truth)
    assert 0.7 < np.std(errors) / np.mean(wide) < 1.4


def test_nothing_is_expected_of_debts_that_are_paid(workshop) -> None:
    records = Records.open(workshop.records)
    for tax in ("self_assessment", "vat"):
        data = read_regime(records, tax, None)
        debts = data.debts
        assert debts is not None
        owed = (debts["liability"] - debts["paid"] - debts["written_off"]).clip(lower=0)
        limit = np.bincount(debts["row"], owed, len(data.index))
        _, later = find_non_payment(data)
        assert later.sum() > 0
        assert (later <= limit + 1e-6).all()
