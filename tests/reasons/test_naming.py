"""Names in plain words: one name a tax, and a name for every trade group and size band."""

from __future__ import annotations

from taxgap.peers import SIZE_BANDS, trade_groups
from taxgap.reasons.baseline import RUNGS
from taxgap.reasons.naming import TAXES, WHOM, name_group, name_size, name_trade
from taxgap.schemas.codes import REGIMES


def test_every_tax_has_a_name() -> None:
    assert list(TAXES) == REGIMES


def test_every_trade_size_and_rung_has_a_name() -> None:
    trades = [name_trade(group) for group in trade_groups()]
    sizes = [name_size(band) for band in SIZE_BANDS]
    assert len(set(trades)) == len(trades)
    assert len(set(sizes)) == len(sizes)
    assert not any("_" in name for name in (*trades, *sizes))
    assert all("£" in size for size in sizes)
    assert set(WHOM) == {*RUNGS, ""}


def test_what_is_not_known_is_said() -> None:
    assert name_group(float("nan"), "other") == "trade not known, size not known"
