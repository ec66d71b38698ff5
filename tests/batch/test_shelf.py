"""A shelf gives back what was laid by, from memory or from disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from taxgap.batch.shelf import Shelf


@pytest.mark.parametrize("on_disk", [False, True])
def test_what_is_laid_by_comes_back_as_it_was(on_disk: bool, tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "taxpayer_id": pd.array(["0001", None], dtype="str"),
            "score": [0.1 + 0.2, np.nan],
            "code": pd.Categorical(["b", None], ["c", "b", "a"]),
            "nobody": pd.Categorical([None, None], ["z"]),
        }
    )
    shelf = Shelf(tmp_path / "by" if on_disk else None)
    shelf.put("0-0", frame.set_axis([7, 9]))
    shelf.put("12-0", frame.iloc[:0])
    pd.testing.assert_frame_equal(shelf.take("0-0"), frame)
    pd.testing.assert_frame_equal(shelf.take("12-0"), frame.iloc[:0])
    assert list(tmp_path.iterdir()) == []  # a folder that held it is gone with the last
