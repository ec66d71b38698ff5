"""What random enquiries into small companies found."""

from __future__ import annotations

import numpy as np

from taxgap.gap.cells import size_of
from taxgap.gap.intervals import share_interval
from taxgap.gap.partition import Part
from taxgap.gap.row import Group, Row
from taxgap.gap.sums import Sums, at, sum_up
from taxgap.synthetic.published import published


def tally_companies(part: Part) -> Sums:
    """Count closed random enquiries into small companies by what they found.

    Returns
    -------
    dict of DataFrame
        `small_companies`: one row, `n, hit, over_1000`.
    """
    cases = part.cases
    cases = cases[(cases["regime"] == "corporation_tax") & (cases["programme"] == "random")]
    cases = cases[size_of(part.turnover)[cases["place"].to_numpy(dtype=int)] == "small"]
    found = cases["tax_found"].astype(float).to_numpy()
    values = {"n": np.ones(len(cases)), "hit": found > 0, "over_1000": found > 1_000}
    return {"small_companies": sum_up({"all": np.zeros(len(cases), dtype=int)}, values)}


def compare_companies(sums: Sums, taxpayers: float) -> list[Row]:
    """Compare how many small companies under-declared.

    Parameters
    ----------
    sums : dict of DataFrame
        From `tally_companies`, added up.
    taxpayers : float

    Returns
    -------
    list of Row
    """
    row = at(sums.get("small_companies"), [0], ("n", "hit", "over_1000")).iloc[0]
    if not row["n"]:
        return []
    fact = published()["company_random_enquiries"]
    group = Group("What random enquiries into small companies found", fact, taxpayers)
    title = "Small companies' returns with tax found"
    group.add(title, fact["under_declared"], share_interval(row["hit"], row["n"]))
    group.add("Of these, over £1,000", fact["found_over_1000"], share_interval(row["over_1000"], row["hit"]))
    return group.rows
