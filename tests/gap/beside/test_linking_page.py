"""The how-to page of the hidden economy runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from taxgap.records import Records

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "how-to" / "hidden-economy.md").read_text("utf-8")
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_page_runs(workshop, capsys) -> None:
    names: dict[str, Any] = {"records": Records.open(workshop.records)}
    for number, block in enumerate(BLOCK.findall(PAGE)):
        exec(compile(block, f"block {number}", "exec"), names)  # noqa: S102  a page of ours
    linked, gap = names["linked"], names["gap"]
    assert set(linked.identities) == {"bank", "platform", "card_processor", "register"}
    assert 0 < names["found"].seen < names["found"].value
    assert gap.waterfall.set_index("step").loc["hidden_economy", "amount"] == names["hidden"].value
    assert "hidden economy" in capsys.readouterr().out
