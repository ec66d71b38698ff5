"""Sources that went silent: kinds of rows that came far less often in the latest year than in any before."""

from __future__ import annotations

import pandas as pd

from taxgap.schemas import RETURN_TABLES
from taxgap.validation.quality.cells import ALL, UNKNOWN
from taxgap.validation.quality.counts import QualityCounts
from taxgap.validation.quality.cube import FEWEST, cube_of

STEADY = ("obligations", *RETURN_TABLES, "third_party", "third_party_unmatched")
"""Tables whose rows come every year; those of others hang on events, such as an enquiry being closed."""

SILENT_COLUMNS = ("table", "group", "year", "rows", "fewest_before")

_LEFT = 0.5


def silent_sources(counts: QualityCounts) -> pd.DataFrame:
    """List the kinds of rows of which less than half as many came as in the poorest year before.

    Parameters
    ----------
    counts : QualityCounts

    Returns
    -------
    DataFrame
        Columns `SILENT_COLUMNS`. Kinds with a year of fewer than 30 rows before are left out.
    """
    found = []
    for name in STEADY:
        cube = cube_of(name, counts.tables[name]) if name in counts.tables else None
        if cube is None or len(cube.years) < 2:
            continue
        for group, rows in zip(cube.groups, cube.rows.tolist(), strict=True):
            fewest = min(rows[:-1])
            if (group not in (ALL, UNKNOWN) or len(cube.groups) == 1) and fewest >= FEWEST:
                found.append((name, group, cube.years[-1], int(rows[-1]), int(fewest)))
    frame = pd.DataFrame(found, columns=list(SILENT_COLUMNS))
    return frame[frame["rows"] < _LEFT * frame["fewest_before"]].reset_index(drop=True)
