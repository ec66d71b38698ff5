"""What random enquiries into small companies found."""

from __future__ import annotations

import numpy as np

from taxgap.calibration.cells import size_of
from taxgap.calibration.intervals import weighted_share
from taxgap.calibration.partition import Part
from taxgap.calibration.row import Group, Row
from taxgap.calibration.sums import Sums, at, sum_up
from taxgap.synthetic.published import published


def tally_companies(part: Part) -> Sums:
    """Count closed random enquiries into small companies by what they found.

    Returns
    -------
    dict of DataFrame
        `small_companies` by outcome (``none``, ``some``, ``over 1000``): `w, ww`, each case weighted by what
        it stands for, because strata are drawn at different rates.
    """
    cases = part.cases
    cases = cases[(cases["regime"] == "corporation_tax") & (cases["programme"] == "random")]
    cases = cases[size_of(part.turnover)[cases["place"].to_numpy(dtype=int)] == "small"]
    found = cases["tax_found"].astype(float).to_numpy()
    outcome = np.select([found > 1_000, found > 0], ["over 1000", "some"], "none")
    weight = 1.0 / cases["inclusion_probability"].astype(float)
    return {"small_companies": sum_up({"outcome": outcome}, {"w": weight, "ww": weight**2})}


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
    table = at(sums.get("small_companies"), ["none", "some", "over 1000"], ("w", "ww"))
    whole, found = table.sum(), table.loc["some"] + table.loc["over 1000"]
    if not whole["w"]:
        return []
    fact = published()["company_random_enquiries"]
    group = Group("What random enquiries into small companies found", fact, taxpayers)
    title = "Small companies' returns with tax found"
    group.add(title, fact["under_declared"], weighted_share(found, whole))
    if found["w"]:
        over = weighted_share(table.loc["over 1000"], found)
        group.add("Of these, over £1,000", fact["found_over_1000"], over)
    return group.rows
