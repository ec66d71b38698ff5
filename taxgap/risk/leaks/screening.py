"""The gate before training: every check, in one error."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from taxgap.risk.arrays import Column, to_flags, to_floats, to_probabilities
from taxgap.risk.leaks.chains import examine_chains
from taxgap.risk.leaks.columns import examine_columns
from taxgap.risk.leaks.evidence import gather
from taxgap.risk.leaks.keys import examine_keys
from taxgap.risk.leaks.levels import examine_levels
from taxgap.risk.leaks.pairs import examine_pairs
from taxgap.risk.leaks.report import Finding, check_waived, settle
from taxgap.risk.leaks.sums import examine_sums
from taxgap.risk.leaks.timing import examine_timing
from taxgap.risk.leaks.together import examine_together


def check_leaks(
    X: pd.DataFrame,
    y: Column,
    amount: Column | None = None,
    *,
    inclusion_probability: Column | None = None,
    recorded_on: pd.DataFrame | pd.Series | None = None,
    opened_on: pd.Series | None = None,
    waive: Sequence[str] = (),
) -> pd.DataFrame:
    """Refuse features that give the label away, alone or as a simple function of several.

    Parameters
    ----------
    X : DataFrame
        Features: numbers, days, levels or texts; missing values are a value of their own. Where the first
        level of the index repeats, it is taken for the taxpayer.
    y : array-like of bool
        Whether a material under-declaration was found.
    amount : array-like, optional
        Tax found (GBP).
    inclusion_probability : array-like, optional
        Chance that each case was opened. Areas are then also measured by design, and a feature that follows
        it is noted.
    recorded_on : DataFrame or Series, optional
        The day on which each value became known, by feature, or that of whole rows. Missing where not known.
    opened_on : Series, optional
        The day on which each enquiry was opened. Given together with ``recorded_on``.
    waive : sequence of str
        Names to let pass, as the error gives them: features, or functions such as ``"settled - declared"``.
        A function of which every column is waived is waived with them.

    Returns
    -------
    DataFrame
        ``feature, check, value, limit, standing`` of what was waived, and of what was ``noted`` and stops
        nothing; empty if there is neither.

    Raises
    ------
    LeakError
        Naming every feature or function found and not waived, by which check, and the value measured.
    UsageError
        If a waived name is no feature, or days are not those of the frame.

    Notes
    -----
    The checks, their limits and what passing does not prove are told in ``docs/explanation/leaks.md``.
    Relations are measured on at most 20,000 rows and confirmed on cases held out of the search. The
    probability of any alarm on noise is held to about 0.001 for each check of the label, by approximation.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"margin": rng.normal(size=300), "declared": rng.gamma(2.0, 9000.0, size=300)})
    >>> found = rng.random(300) < 0.3
    >>> len(check_leaks(X, found))
    0
    >>> check_leaks(X.assign(outcome=found * 2.0), found)
    Traceback (most recent call last):
    ...
    taxgap.errors.LeakError: 1 feature(s) give the label away: outcome (auc 1.000, purity 1.000). ...
    >>> settled = X["declared"] + rng.exponential(900.0, size=300) + 1000 * found
    >>> check_leaks(X.assign(settled=settled), settled - X["declared"] > 1000)
    Traceback (most recent call last):
    ...
    taxgap.errors.LeakError: 1 feature(s) give the label away: declared - settled (function 1.000). ...
    """
    features = tuple(str(name) for name in X.columns)
    check_waived(waive, features)
    material = to_flags(y, "y", index=X.index)
    found = None if amount is None else to_floats(amount, "amount", index=X.index)
    weight = None
    if inclusion_probability is not None:
        weight = 1.0 / to_probabilities(inclusion_probability, "inclusion_probability", index=X.index)
    whole = gather(X, material, found, weight)
    some = whole.sample()
    findings: list[Finding] = [*examine_keys(whole, X.index), *examine_columns(some)]
    findings += examine_timing(whole, X.index, recorded_on, opened_on)
    for examine in (examine_pairs, examine_levels, examine_chains, examine_sums, examine_together):
        # A column that is found already would give away whatever it is added to.
        known = {feature for f in findings if not f.noted for feature in f.features}
        findings += examine(some, [i for i, name in enumerate(features) if name not in known])
    return settle(findings, waive)
