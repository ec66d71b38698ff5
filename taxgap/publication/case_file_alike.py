"""Closed cases most like one: which enquiries looked like it when they were opened, and what they found."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.publication.case_file import Case
from taxgap.reasons.explaining import find_contributions
from taxgap.reasons.refitted import sum_by_code
from taxgap.records import Records
from taxgap.records.partitions import partition_of
from taxgap.records.periods import tax_year_of
from taxgap.regimes import Regime
from taxgap.risk import RiskModel
from taxgap.risk.arrays import Floats
from taxgap.risk.observing import measure_cases
from taxgap.risk.suitability import peers_of, regime_of

CANDIDATES = 400
"""So many closed cases are compared, where there are as many."""

MOST = 5
LEAST_AGREEMENT = 0.5
"""Cases are alike if the cosine between their contributions, summed by reason code, is at least this."""

ALIKE = ("programme", "tax_year", "tax_found", "reason", "agreement")


def find_alike(records: Records, model: RiskModel, case: Case, *, most: int = MOST) -> pd.DataFrame:
    """Find the closed cases that are most like a case.

    Parameters
    ----------
    records : Records
        As they stand on the day of the case.
    model : RiskModel
    case : Case
    most : int, default 5

    Returns
    -------
    DataFrame
        `ALIKE`, the most alike first: programme, tax year, tax found (pounds), the title of the reason code
        that raises both scores most, empty where none does, and the agreement. Nothing in it says who they
        were.

    Notes
    -----
    Candidates are the closed enquiries of the same tax in the case's own partition and, until there are
    `CANDIDATES`, in those after it; partitions are drawn by hash, so these are a fair sample. Of more, those
    that were opened last are taken. Each is
    measured by what was known when it was opened. The taxpayer's own enquiries are left out. Agreement is
    the cosine between contributions, summed by reason code; of equal ones the nearest score comes first.
    """
    regime, peers = regime_of(model), peers_of(model)
    closed = _closed_cases(records, regime, case.taxpayer_id)
    if closed.empty:
        return pd.DataFrame(columns=list(ALIKE))
    observed = measure_cases(records, regime, closed["opened_on"], records.periods)
    if observed.empty:  # none of them is into a return that is there
        return pd.DataFrame(columns=list(ALIKE))
    seen = regime.compare(observed, peers)
    found = find_contributions(model, seen, regime, peers, baseline=case.baseline, engine=case.engine)
    own = case.contributions.set_index("feature")["contribution"]
    theirs = found.values  # noqa: PD011 - a field of ours, not that of pandas
    by_code = sum_by_code(regime, theirs)
    mine = sum_by_code(regime, own[theirs.columns].to_frame().T).to_numpy()
    sums = by_code.to_numpy()
    agreement = compare_directions(mine[0], sums)
    score = found.population_mean + found.group_effect + found.own_effect
    away = np.abs(score.to_numpy() - case.numbers["score"])
    best = np.lexsort((away, -agreement))[:most]
    best = best[agreement[best] >= LEAST_AGREEMENT]
    shared = np.minimum(mine, sums[best])
    titles = [regime.code[code].title for code in by_code.columns[shared.argmax(axis=1)]]
    label = closed.loc[observed.index[best]].reset_index()
    return pd.DataFrame(
        {
            "programme": label["programme"].astype("str"),
            "tax_year": tax_year_of(label["period"]),
            "tax_found": label["tax_found"],
            "reason": np.where((shared > 0).any(axis=1), titles, ""),
            "agreement": agreement[best],
        }
    )


def compare_directions(one: Floats, others: Floats) -> Floats:
    """Return the cosine between one row and each of some others; 0 where a row is nothing but zeros.

    Examples
    --------
    >>> compare_directions(np.array([1.0, 0.0]), np.array([[2.0, 0.0], [0.0, 3.0], [0.0, 0.0]])).tolist()
    [1.0, 0.0, 0.0]
    """
    lengths = np.linalg.norm(others, axis=1) * np.linalg.norm(one)
    agreement: Floats = others @ one / np.where(lengths > 0, lengths, 1.0)
    return agreement


def _closed_cases(records: Records, regime: Regime, taxpayer: str) -> pd.DataFrame:
    """Read closed enquiries of other taxpayers, by (taxpayer_id, period), each return once."""
    columns = ["taxpayer_id", "period", "regime", "programme", "opened_on", "closed_on", "tax_found"]
    home = int(partition_of([taxpayer], len(records.partitions))[0])
    parts: list[pd.DataFrame] = []
    for step in range(len(records.partitions) if "enquiries" in records.tables else 0):
        table = records.read("enquiries", columns, partition=(home + step) % len(records.partitions))
        closed = table["closed_on"].notna() & table["tax_found"].notna()
        mine = table["taxpayer_id"] == taxpayer
        parts.append(table[closed & ~mine & (table["regime"] == regime.name)])
        if sum(map(len, parts)) >= CANDIDATES:
            break
    cases = pd.concat(parts) if parts else pd.DataFrame(columns=columns)
    # Of two enquiries into a return the later one counts; the identifier leaves nothing to chance.
    cases = cases.sort_values(["opened_on", "taxpayer_id"], kind="stable")
    cases = cases.drop_duplicates(["taxpayer_id", "period"], keep="last").tail(CANDIDATES)
    return cases.set_index(["taxpayer_id", "period"])
