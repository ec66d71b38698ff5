"""A classifier that looks at one feature alone, and explanations of it whose quality is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from taxgap.reasons.audit.material import Material, name_reasons
from taxgap.reasons.audit.subject import Scored, Subject

FEATURE = "expenses_to_turnover"
OTHERS = ("interest_unmatched", "gross_margin", "rents_change")


def look_at_one(seen: pd.DataFrame) -> Scored:
    score = seen[FEATURE].fillna(0.0).to_numpy(dtype=np.float64)
    return Scored(score, 1 / (1 + np.exp(-score)))


def explain_truly(seen: pd.DataFrame) -> pd.DataFrame:
    own = seen[FEATURE].fillna(0.0)
    return pd.DataFrame(0.0, seen.index, list(OTHERS)).assign(**{FEATURE: own - own.mean()})


def explain_falsely(seen: pd.DataFrame) -> pd.DataFrame:
    return -explain_truly(seen) + pd.DataFrame(0.1, seen.index, [*OTHERS, FEATURE])


def explain_alike(seen: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(0.2, seen.index, [OTHERS[0]]).assign(**{FEATURE: 0.0, OTHERS[1]: 0.1, OTHERS[2]: 0.1})


def material_of(
    make: Callable[..., Material], base: Material, explain: Callable[[pd.DataFrame], pd.DataFrame]
) -> Material:
    """Flag the returns with the highest score, and explain them."""
    subject = Subject(base.regime, base.subject.peers, 0.0, look_at_one, explain)
    seen, found = base.seen, explain(base.seen)
    scored = look_at_one(seen)
    flagged = scored.score >= max(np.quantile(scored.score, 0.8), 1e-9)
    scores = pd.DataFrame(
        {"score": scored.score, "probability": scored.probability, "rank": 0, "flagged": flagged}, seen.index
    )
    return make(
        subject=subject,
        scores=scores,
        cut=np.full(len(seen), scored.score[flagged].min()),
        contributions=found,
        reasons=name_reasons(subject, base.observed, found),
    )
