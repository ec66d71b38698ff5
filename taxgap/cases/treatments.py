"""What a case is given: a prompt, education, a check or an enquiry, the lightest that will do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from taxgap.errors import UsageError
from taxgap.risk.arrays import Bools

TREATMENTS = ("none", "prompt", "educate", "check", "enquire")

DELIBERATE = ("evasion", "criminal_attacks", "hidden_economy", "avoidance")


@dataclass(frozen=True)
class Thresholds:
    """Where one treatment ends and the next begins; all are choices of ours, not published ones.

    Parameters
    ----------
    enquire : float, default 2,000
        Expected tax (GBP) from which a chosen case is enquired into in full.
    enquire_deliberate : float, default 500
        The same where the predicted behaviour is deliberate.
    educate : float, default 0.3
        Probability of a material amount from which a return that is not chosen is sent guidance.
    prompt : float, default 0.15
        Probability from which it is sent a reminder to look at its return again.
    """

    enquire: float = 2_000.0
    enquire_deliberate: float = 500.0
    educate: float = 0.3
    prompt: float = 0.15

    def __post_init__(self) -> None:
        if min(self.enquire, self.enquire_deliberate) < 0 or not 0 <= self.prompt <= self.educate <= 1:
            raise UsageError("Amounts are 0 or more, and 0 <= prompt <= educate <= 1.", where="thresholds")


def choose_treatments(scores: pd.DataFrame, chosen: Bools, drawn: Bools, thresholds: Thresholds) -> pd.Series:
    """Return the treatment of each return.

    Parameters
    ----------
    scores : DataFrame
        ``expected_tax`` (GBP), ``probability``, and ``behaviour`` where one is predicted.
    chosen : ndarray of bool
        Cases of the caseload.
    drawn : ndarray of bool
        Those of them that were drawn by chance: they are enquired into in full whatever is predicted, for
        they stand for others.
    thresholds : Thresholds
        Where one treatment ends.

    Returns
    -------
    Series of category
        ``none, prompt, educate, check, enquire``. A check looks at what the reasons name, an enquiry at the
        whole return. Returns that are not chosen take no officer's hours.

    Examples
    --------
    >>> scores = pd.DataFrame({"expected_tax": [5000.0, 900.0, 50.0], "probability": [0.8, 0.5, 0.2]})
    >>> chosen = np.array([True, True, False])
    >>> list(choose_treatments(scores, chosen, np.zeros(3, dtype=bool), Thresholds()))
    ['enquire', 'check', 'prompt']
    """
    tax, probability = scores["expected_tax"].to_numpy(), scores["probability"].to_numpy()
    least = np.full(len(scores), thresholds.enquire)
    if "behaviour" in scores.columns:
        least[scores["behaviour"].isin(DELIBERATE).to_numpy()] = thresholds.enquire_deliberate
    rules = [
        chosen & (drawn | (tax >= least)),
        chosen,
        probability >= thresholds.educate,
        probability >= thresholds.prompt,
    ]
    given = np.select(rules, ["enquire", "check", "educate", "prompt"], "none")
    return pd.Series(pd.Categorical(given, categories=list(TREATMENTS)), index=scores.index, name="treatment")
