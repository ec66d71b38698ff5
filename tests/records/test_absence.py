"""What a path holds instead of records is said, and where they may be."""

from __future__ import annotations

from pathlib import Path

import pytest

from taxgap.records.absence import no_records


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("records/manifest.json", r"in a folder within.*Name .*records\."),
        ("trusted/records/manifest.json", r"in a folder within.*Name .*trusted/records\."),
        ("card.json", "holds a model"),
        ("_manifest.json", "holds scores"),
        ("some.csv", r"no manifest\.json.*taxgap ingest"),
    ],
)
def test_what_is_there_is_named(file: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    with pytest.raises(Exception, match=says):
        raise no_records(tmp_path)
