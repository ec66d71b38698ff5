"""The words of the audit's page: every measure, method, check and group in plain words, in this one place."""

from __future__ import annotations

import re

from taxgap.errors import TaxGapError
from taxgap.peers import SIZE_BANDS
from taxgap.publication.wording import in_words
from taxgap.reasons.audit.planting.manipulations import SELF_ASSESSMENT_MANIPULATIONS
from taxgap.reasons.naming import name_size
from taxgap.regimes import get_regime
from taxgap.synthetic.mechanisms import mechanisms

CHECKS = {
    "recall": "right reasons given",
    "chance": "hard to be right by chance",
    "lift_over_chance": "better than random reasons",
    "lift_over_baselines": "better than naive explanations",
    "specificity_lead": "more particular than naive explanations",
    "top_right": "first reason better than one code for all",
    "attained": "close to the best that can be said",
    "twin_mass": "score explained by what is untrue",
    "additivity": "contributions add up",
    "dummy": "nothing for unused features",
    "symmetry": "same credit for like features",
    "path": "agreement with LightGBM",
    "brute_families": "agreement with brute force, families",
    "brute_features": "agreement with brute force, features",
    "pairs": "agreement with a second algorithm",
    "completeness": "nothing that moves the score is hidden",
    "necessity": "flags need the first reason",
    "necessity_reached": "first reason carries the flag",
    "sufficiency": "reasons are enough for the flag",
    "deletion": "score falls as reasons are taken away",
    "insertion": "score rises as reasons are put back",
    "pgi": "named figures move the score",
    "pgu": "other figures do not move the score",
    "stable_share": "stable first reasons",
    "churn": "first reason after one refit",
    "first_kept": "first reason still shown after a refit",
    "seed_churn": "first reason under another seed",
    "background_agreement": "same reason against other peers",
    "reporting": "small changes of pounds",
    "randomisation_gap": "reasons depend on what was learned",
    "randomised_likeness": "randomised models explained differently",
    "randomised_recall": "right signs come from learning",
    "honest_no_reason": "honest people flagged without a reason",
    "honest_one_code": "no single reason for honest people",
    "parity_recall": "right reasons for every group",
    "parity_stable": "stable reasons for every group",
    "parity_reasons": "as many reasons for every group",
    "group_share": "flags that rest on the group",
    "trade_share": "flags that rest on the trade",
    "settled_lift": "reasons fit what enquiries changed",
    "planting": "planted manipulations named",
}
"""What each check is called in a sentence."""

_LINES = {
    "recall@1": "What was planted is the first reason (of the things planted)",
    "recall@k": "What was planted is among the first {k} reasons",
    "recall@k by tax": "What was planted is among the first {k} reasons, by tax at stake",
    "recall@k of all planted": "The same, with small sums counted too",
    "recall@k over mechanisms": "The same, each way of understating counted alike",
    "recall@k of all": "Named among the first {k} reasons, flagged or not",
    "recall@k of opposite signs": "What was planted is among the first {k} codes, all signs turned",
    "recall@k less that of opposite signs": "Lead over the same ranking turned round",
    "precision@k": "Share of the first {k} reasons that fit",
    "R-precision": "Share that fits, of as many reasons as there are fitting codes",
    "reciprocal rank": "How early the first fitting reason comes (1 if it is first, one half if second)",
    "mass": "Share of what raises the score that lies where something was planted",
    "named elsewhere@k": "The same reasons are given where this was not planted",
    "specificity@k": "Named more often where it was planted than where it was not",
    "first reason right": "The first reason is right (of the returns)",
    "lift of the first reason": "Lead of the first reason over one code for everyone",
    "kappa": "Agreement of the first reason beyond chance (1 is perfect)",
    "tax not flagged": "Planted tax: not flagged",
    "tax flagged, wrong reason": "Planted tax: flagged for a wrong reason",
    "tax flagged, right reason": "Planted tax: flagged for a right reason",
    "same first code": "Same first code as the truth",
    "same first family": "Same first family of codes as the truth",
    "correlation by feature": "Correlation with the truth, by feature (1 is perfect)",
    "correlation by family": "Correlation with the truth, by family of codes (1 is perfect)",
    "right sign": "Contributions that point the right way",
    "mass on changed families": "Share of what raises the score that lies where the return is untrue",
    "scores higher than its twin": "The return scores higher than its truthful twin",
    "attained": "What is named, of what could be named",
    "no trace": "The records hold no trace of it",
    "additivity, largest difference": "Contributions against the score",
    "dummy, largest difference": "Unused features",
    "symmetry, largest difference": "Like features",
    "path, largest difference": "LightGBM's own contributions",
    "brute_families, largest difference": "Brute force by family",
    "brute_features, largest difference": "Brute force by feature",
    "pairs, largest difference": "Second algorithm, peer by peer",
    "completeness": "Share of the score's differences that the contributions add up to",
    "necessity@family": "The flag goes when the first reason's family is redrawn",
    "necessity@family of best": "First reason has the family that carries the flag, where one does",
    "sufficiency@0": "The flag stays when everything is redrawn",
    "sufficiency@k": "The flag stays when only the first {k} families are kept",
    "deletion area": "Mean change of the score as codes are taken away",
    "insertion area": "Mean change of the score as codes are put back",
    "PGI@k": "How far the score moves when what is named is redrawn",
    "PGU@k": "How far the score moves when what is not named is redrawn",
    "stable share": "Stable first reason (nine in ten refits agree)",
    "churn": "One refit gives another first reason",
    "first kept": "The first reason is still shown after a refit",
    "in common@k": "Share of the first {k} reasons in common",
    "same set@k": "The same first {k} reasons, in any order",
    "churn of one refit": "Another first reason, from the mildest refit to the worst",
    "stable share among near equals": "Stable, if codes of nearly equal weight count as the same",
    "churn beyond near equals": "One refit gives another first reason that is not nearly equal",
    "first reason without near equals": "No other code comes near the first",
    "top-1 agreement": "Two halves of the peers give the same first reason",
    "top-1 agreement with the whole": "One half gives the same first reason as all peers",
    "relative change": "Size of the change of a contribution, as a share of its size",
    "first code changes, score does not": "First reason changes though the score hardly moves, of all flags",
    "first code changes where the score does not": "First reason changes, of flags whose score hardly moves",
    "first code changes": "First reason changes",
    "score hardly moves": "Score hardly moves",
    "similarity": "Likeness to the model's own explanations (1 is the same, 0 is chance)",
    "top agreement": "Same first code as the model's own explanation",
    "share of lead over chance lost, recall@k": "Share of the lead over chance that is lost",
    "share of lead over opposite signs lost, recall@k": "Share of the lead over the turned ranking lost",
    "share of flags": "Share of the flags",
    "entropy of the first code": "Variety of first reasons (in bits; more is more varied)",
    "no reason": "Flagged without any reason",
    "reasons": "Reasons given of a return",
    "first contribution": "Weight of the first reason (log units)",
    "recall": "Right reason among those first",
    "recall like for like": "Right reason among those first, like for like",
    "rests on the group": "Flag would not stand without the group's part",
    "rests on the trade": "Flag would not stand without the trade's part",
    "would be flagged without": "Other returns that would be flagged without the group's part",
    "leaves when as many are flagged": "Flags that would go to others, with as many flags",
    "effect": "What the group adds to the score (log units)",
    "lift over chance": "Lead over random reasons",
    "random enquiries that changed something": "Random enquiries that changed something",
    "tax that random enquiries miss": "Tax lost that random enquiries miss",
    "untrue boxes that random enquiries leave": "Untrue boxes that random enquiries leave as they are",
    "flagged": "The changed return is flagged",
}

METHODS = {
    "reasons": "The reasons as given",
    "contributions": "The contributions behind the reasons",
    "peers": "The library's explanation against peers",
    "path_dependent": "Held against the cases trained on",
    "population": "Held against the whole population",
    "global": "One ranking for everyone",
    "z_score": "Furthest from similar taxpayers",
    "random": "Random order",
    "shuffled": "Contributions shuffled among features",
    "best": "The best any explanation could do",
    "truth": "An explanation that knows the truth",
    "most_alike": "The same codes for everyone, chosen with the truth",
    "halves": "Two halves of the peers",
    "refits": "Refits on cases drawn anew",
    "seeds": "Other seeds, same cases",
    "trained": "The model itself",
    "labels": "Outcomes exchanged",
    "labels, no directions": "Outcomes exchanged, no directions given",
    "leaves": "Values of leaves exchanged",
    "splits": "Splits drawn anew",
    "chance": "Chance",
}
"""What explains, in words for a meeting."""

LEVELS = {"code": "By reason code", "field": "By single figure", "family": "By family of codes"}
"""At which level things are compared."""

_GROUPINGS = {
    "mechanism": "Way of understating",
    "manipulation": "Manipulation",
    "against": "Held against",
    "change": "Change",
    "kind": "Kind of return",
    "spoilt model": "Model",
    "peers": "Number of peers",
    "margin to the cut-off": "Score above the cut-off (log units)",
    "lead of the first reason": "Lead of the first reason (log units)",
    "first code": "First reason",
    "trained on": "Used in training",
}

_GROUPS = {
    ("trade group", "none"): "No trade",
    ("kind", "honest"): "Nothing planted",
    ("kind", "true"): "Something planted",
    ("change", "1% up"): "Every box 1% higher",
    ("change", "1% down"): "Every box 1% lower",
    ("change", "1% up or down by box"): "Each box 1% higher or lower",
    ("change", "rounded to £1"): "Rounded to £1",
    ("change", "rounded to £10"): "Rounded to £10",
    ("change", "rounded to £100"): "Rounded to £100",
}

_IN_PARTS = {("randomised", "seeds"): "Refits on other samples of the same cases"}

_AT = re.compile(r"@([2-9])")
_WHOLE = {"lift of": "Lead over others: ", "lead of": "Lead over others: ", "gap of": "Largest gap: "}


def name_check(name: str) -> str:
    """Say what a check is called in a sentence.

    Examples
    --------
    >>> name_check("stable_share"), name_check("my_check")
    ('stable first reasons', 'my check')
    """
    return CHECKS.get(name) or name.replace("_", " ")


def name_measure(measure: str) -> str:
    """Say what a measure is in plain words; one that is not known keeps its own.

    Examples
    --------
    >>> name_measure("recall@3")
    'What was planted is among the first 3 reasons'
    >>> name_measure("gap of recall")
    'Largest gap: right reason among those first'
    """
    found = _AT.search(measure)
    plain = _LINES.get(measure) or _LINES.get(_AT.sub("@k", measure))
    if plain:
        text = plain.format(k=found[1] if found else "k")
        return text.replace("first 1 families", "first family")
    if measure == "sufficiency@1":
        return "The flag stays when only the first family is kept"
    for prefix, whole in _WHOLE.items():
        if measure.startswith(f"{prefix} "):
            return whole + _small(name_measure(measure.removeprefix(f"{prefix} ")))
    return in_words(measure)


def is_known(measure: str) -> bool:
    """Tell whether a measure has plain words of its own."""
    bare = re.sub("^(lift|lead|gap) of ", "", measure)
    return bare == "sufficiency@1" or any(
        name in _LINES for name in (measure, _AT.sub("@k", measure), bare, _AT.sub("@k", bare))
    )


def name_method(method: str, part: str = "") -> str:
    """Say what explains, in a part of the audit.

    Examples
    --------
    >>> name_method("seeds", "stability"), name_method("seeds", "randomised")
    ('Other seeds, same cases', 'Refits on other samples of the same cases')
    """
    return _IN_PARTS.get((part, method)) or METHODS.get(method) or in_words(method)


def name_grouping(by: str) -> str:
    """Say what divides the returns."""
    return _GROUPINGS.get(by) or in_words(by)


def name_code(code: str, regime: str) -> str:
    """Say what a reason code is called.

    Examples
    --------
    >>> name_code("margin.gross", "self_assessment"), name_code("", "vat"), name_code("my.code", "vat")
    ('Gross profit', 'No reason', 'My: code')
    """
    if code in {"", "no reason", "nan", "None"}:
        return "No reason"
    try:
        known = get_regime(regime).code
    except TaxGapError:
        return in_words(code)
    return known[code].title if code in known else in_words(code)


def name_mechanism(name: str) -> str:
    """Say what a mechanism or a manipulation does.

    Examples
    --------
    >>> name_mechanism("interest_omitted"), name_mechanism("others, too few each")
    ('Bank interest is left out', 'Others, too few each')
    """
    known = mechanisms()
    if name in known:
        return known[name].title
    planted = {each.name: each.title for each in SELF_ASSESSMENT_MANIPULATIONS}
    return planted.get(name) or in_words(name)


def name_group(by: str, group: str, regime: str) -> str:
    """Say what a group is.

    Examples
    --------
    >>> name_group("nation", "scotland", "vat"), name_group("income decile", "10", "self_assessment")
    ('Scotland', 'Tenth 10 (highest)')
    """
    if by in {"mechanism", "manipulation", "blind"}:
        return name_mechanism(group)
    if by == "first code":
        return name_code(group, regime)
    if by == "spoilt model":
        return name_method(group, "randomised")
    if by == "against":
        return METHODS.get(group) or name_code(group, regime)
    return _GROUPS.get((by, group)) or _large(_name_people(by, group))


def _name_people(by: str, group: str) -> str:
    if by.endswith("decile") and group.isdigit():
        return f"tenth {group}" + {"1": " (lowest)", "10": " (highest)"}.get(group, "")
    if by == "size band" and group in SIZE_BANDS:
        return name_size(group)
    return group.replace("-", " to ") if by == "age band" else group.replace("_", " ")


def _large(text: str) -> str:
    return text[:1].upper() + text[1:]


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]
