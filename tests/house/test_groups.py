"""Tests that share what is dear to make are run by one worker: it is then made once."""

from __future__ import annotations

import os

import pytest


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="there is one worker")
@pytest.mark.xdist_group("kept_together")
def test_groups_are_kept_together(request: pytest.FixtureRequest) -> None:
    assert request.node.nodeid.endswith("@kept_together")
