"""Faithfulness: does the score move as the explanation says, when features are redrawn from peers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.reasons.audit.faithfulness.asked import NAME, Asked
from taxgap.reasons.audit.faithfulness.curves import measure_curves, measure_gaps
from taxgap.reasons.audit.faithfulness.draws import DRAWS, draw_from_margins, draw_from_peers
from taxgap.reasons.audit.faithfulness.removal import measure_necessity, measure_sufficiency
from taxgap.reasons.audit.figures import tidy
from taxgap.reasons.audit.material import Material
from taxgap.reasons.audit.part import Part
from taxgap.reasons.audit.rules import Rule

RETURNS = 1_000
"""So many flagged returns are redrawn; intervals tell what that leaves open."""

_RANDOM, _SHUFFLED = "a random explanation", "shuffled contributions"

RULES: tuple[Rule, ...] = (
    Rule(
        "necessity",
        NAME,
        "Does the flag rest on the first reason's family more than on one named from shuffled contributions?",
        "above",
        0.0,
        of="low",
        fails="Taking the first reason away changes flags no more than taking any other: it is not why.",
    ),
    Rule(
        "necessity_reached",
        NAME,
        "Of the flags that some one family carries, how many have that family in the first reason?",
        "at least",
        0.7,
        fails="Flags rest on families that the first reason does not name.",
    ),
    Rule(
        "sufficiency",
        NAME,
        "Do the families named keep the return flagged more often than those of shuffled contributions?",
        "above",
        0.0,
        of="low",
        fails="What is named does not carry the score; look for what does, such as the group.",
    ),
    *(
        Rule(
            name,
            NAME,
            f"{question} than by {against}?",
            "above",
            0.0,
            of="low",
            unit="log",
            fails="The score does not follow: contributions are of another model, or hide something.",
        )
        for name, question, against in (
            ("deletion", "Does the score fall faster as codes are taken away in their order", _RANDOM),
            ("insertion", "Does the score rise faster as codes are put back in their order", _RANDOM),
            ("pgi", "Does the score move more when what is named is redrawn", _SHUFFLED),
            ("pgu", "Does the score move less when what is not named is redrawn", _SHUFFLED),
        )
    ),
)


def measure_faithfulness(material: Material, *, returns: int = RETURNS, draws: int = DRAWS) -> Part:
    """Measure how far scores follow their explanations.

    Parameters
    ----------
    material : Material
    returns : int, default 1000
        The most flagged returns that are redrawn, drawn at random.
    draws : int, default 16
        Rows of peers a return.

    Returns
    -------
    Part
        Its table ``curves`` has the mean change of the score (log units) as codes are redrawn, or put back:
        ``curve, method, codes, value, low, high, n``.

    Notes
    -----
    Of flagged returns only. ``necessity@family``: the share whose mean score falls below the cut when the
    family is redrawn from peers, all of its features from the same row. ``sufficiency@k``: the share whose
    mean score stays at or above it when k families are kept and all others redrawn. Both have their value by
    chance from all families and all sets of as many, not from draws; ``best`` is what no explanation could
    beat: some family, or some set, does it. A flag without a reason counts as one whose reason is not needed.
    ``random`` names as many codes by lot; ``shuffled`` gives reasons by the same rules from contributions
    that belong to other features of the return, which is the harder to beat: reasons are named only where a
    feature is unusual. Rules on reasons are held against the latter.

    The areas under the deletion and insertion curves are in log units of the score, over the share of codes.
    ``PGI@k`` and ``PGU@k`` are the mean absolute change of the score when the features of the first k codes,
    or of all others, are drawn one by one from the population.

    Sources: necessity and sufficiency after Dhurandhar and others; PGI and PGU as OpenXAI names them, with
    draws from the sample instead of noise, which trees hardly see.
    """
    random = np.random.default_rng([material.settings.seed, 23])
    flagged = np.flatnonzero(material.flagged)
    rows = np.sort(random.choice(flagged, min(returns, len(flagged)), replace=False))
    asked = Asked(material, rows, draw_from_peers(material, rows, draws))
    parts = [
        measure_necessity(asked),
        measure_sufficiency(asked),
        measure_curves(asked, random),
        measure_gaps(asked, draw_from_margins(material, rows, draws), random),
    ]
    figures = [figure for part in parts for figure in part.figures]
    findings = {name: found for part in parts for name, found in part.findings.items()}
    return Part(
        NAME,
        tidy(figures),
        {"curves": pd.concat([part.curves for part in parts if part.curves is not None])},
        findings,
    )
