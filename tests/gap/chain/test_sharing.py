"""Errors that parts have in common go together; others do not."""

from __future__ import annotations

import math
from dataclasses import replace
from operator import attrgetter

import numpy as np
import pytest

from taxgap.gap.chain.combining import build_waterfall, draw_chain
from taxgap.gap.chain.components import Amount, Part, add_variances
from taxgap.gap.chain.lags import Spread
from taxgap.gap.chain.multiplier import Multiplier
from taxgap.gap.estimate import Estimate

DRAWS = 20_000
OWED = attrgetter("non_payment.spread")


def make_part(regime: str, *, spread: Spread, multiplier: Multiplier, together: str) -> Part:
    """A year in which nothing but debts and the multiplier is uncertain."""
    found = Estimate(1_000.0, 1_000.0, 1_000.0, 0.0, "expansion", 100)
    none = Amount(0.0, Spread(), np.zeros(1))
    debts = Amount(500.0, spread, np.zeros(1))
    return Part(
        regime, "2022-23", found, 0.0, Spread(), multiplier, together, debts, none, 9e3, 100, 0, "none"
    )


def spread_of(parts: list[Part]) -> float:
    return float(draw_chain(parts, draws=DRAWS, seed=1).net.sum(axis=0).std())


def test_what_years_of_a_tax_share_is_added_before_it_is_squared() -> None:
    certain = Multiplier(2.0)
    same, other = (
        [
            make_part(tax, spread=Spread(own, shared), multiplier=certain, together="all")
            for tax, own, shared in (("vat", 12.0, 30.0), (second, 5.0, 40.0))
        ]
        for second in ("vat", "self_assessment")
    )
    assert add_variances(same, OWED) == pytest.approx(13**2 + 70**2)
    assert add_variances(other, OWED) == pytest.approx(13**2 + 50**2)
    for parts in (same, other):
        expected = math.sqrt(add_variances(parts, OWED))
        assert spread_of(parts) == pytest.approx(expected, rel=0.03)
        assert build_waterfall(parts)["variance"].iloc[-1] == pytest.approx(expected**2)


def test_the_gap_is_never_negative() -> None:
    part = make_part("vat", spread=Spread(), multiplier=Multiplier(1.0), together="all")
    found = Estimate(1_000.0, 100.0, 9_000.0, 400.0, "expansion", 100)
    settled = Amount(800.0, Spread(100.0), np.zeros(1))
    drawn = draw_chain([replace(part, found=found, compliance_yield=settled)], draws=DRAWS, seed=1)
    assert (drawn.net >= drawn.gross - drawn.under_declared).all()


def test_one_multiplier_errs_in_all_and_several_by_themselves_whatever_objects_they_are() -> None:
    def width(*words: str, copies: bool) -> float:
        one = Multiplier(2.0, 1.6, 2.5)
        parts = [
            make_part(
                f"tax {k}",
                spread=Spread(),
                multiplier=Multiplier(2.0, 1.6, 2.5) if copies else one,
                together=word,
            )
            for k, word in enumerate(words)
        ]
        variance = build_waterfall(parts)["variance"].iloc[-1]
        assert spread_of(parts) == pytest.approx(math.sqrt(variance), rel=0.03)
        return math.sqrt(variance)

    assert width("all", "all", copies=True) == pytest.approx(width("all", "all", copies=False))
    assert width("a", "b", copies=False) == pytest.approx(width("a", "b", copies=True))
    assert width("all", "all", copies=False) == pytest.approx(math.sqrt(2) * width("a", "b", copies=False))
