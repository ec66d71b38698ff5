"""What an evaluation on random enquiries says, held against the truth of a synthetic population."""

from __future__ import annotations

import pandas as pd

from taxgap.errors import IncompatibleError, UsageError
from taxgap.risk.evaluation.report import Evaluation

COLUMNS = (
    "ranking",
    "metric",
    "truth",
    "on_random",
    "low",
    "high",
    "on_truth",
    "difference",
    "covers",
    "n",
    "n_truth",
)


def compare_with_truth(on_random: Evaluation, *on_truth: Evaluation) -> pd.DataFrame:
    """Compare each measure on random enquiries with the same measure on the truth.

    Parameters
    ----------
    on_random : Evaluation
        On the cases of the random programme: what an administration can know.
    *on_truth : Evaluation
        On the truth of every return, each with its own label; say what kind of truth it is: what the officer
        of each return would have found, or the tax lost.

    Returns
    -------
    DataFrame
        ``ranking, metric, truth, on_random, low, high, on_truth, difference, covers, n, n_truth``: one row a
        measure that both have. `truth` is the label of the truth, `low` and `high` the interval on random
        enquiries, `covers` whether it holds the value on the truth, `difference` random less truth.

    Raises
    ------
    UsageError
        If no truth is given, or two have one label.
    IncompatibleError
        If material means another amount in the two.

    Notes
    -----
    What officers find is not what was lost: they miss part of it. So an evaluation on enquiries estimates
    that on what officers would find, and its intervals should cover this one about as often as they say
    (`confidence`; measures of one sample go together, so single comparisons miss in bundles). Against the tax
    lost it also shows how far the ranking leans towards what officers find; missing there is no fault of the
    interval.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> risk = rng.random(4000)
    >>> found = np.where(rng.random(4000) < risk / 2, 3000.0, 0.0)
    >>> from taxgap.risk.evaluation import evaluate
    >>> sample = evaluate(risk[:800], amount=found[:800], draws=100)
    >>> whole = evaluate(risk, amount=found, draws=20, label="truth: what officers would find")
    >>> table = compare_with_truth(sample, whole).set_index("metric")
    >>> abs(table.loc["auc", "difference"]) < 0.05
    np.True_
    """
    if not on_truth:
        raise UsageError("There is no truth to compare with.", remedy="Give an evaluation on the truth.")
    labels = [truth.settings["label"] for truth in on_truth]
    if len(set(labels)) < len(labels):
        raise UsageError(
            "Two truths have the same label.", available=labels, remedy="Label each its own way."
        )
    return pd.concat([_compare(on_random, truth) for truth in on_truth], ignore_index=True)


def _compare(on_random: Evaluation, on_truth: Evaluation) -> pd.DataFrame:
    amounts = [evaluation.settings["material"] for evaluation in (on_random, on_truth)]
    if amounts[0] != amounts[1]:
        raise IncompatibleError(
            f"Material is {amounts[0]:,.0f} GBP in one evaluation and {amounts[1]:,.0f} GBP in the other.",
            remedy="Measure both with the same amount.",
        )
    keys = ["ranking", "metric"]
    known = on_truth.frame[[*keys, "value", "n"]].rename(columns={"value": "on_truth", "n": "n_truth"})
    own = on_random.frame.rename(columns={"value": "on_random"})
    table = own.merge(known, on=keys, how="inner", sort=False).assign(truth=on_truth.settings["label"])
    table["difference"] = table["on_random"] - table["on_truth"]
    table["covers"] = table["on_truth"].between(table["low"], table["high"])
    return table[list(COLUMNS)]
