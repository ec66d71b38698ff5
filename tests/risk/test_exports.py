from __future__ import annotations

import taxgap.risk


def test_public_names_are_sorted_and_there() -> None:
    assert taxgap.risk.__all__ == sorted(taxgap.risk.__all__)
    assert all(callable(getattr(taxgap.risk, name)) for name in taxgap.risk.__all__)
