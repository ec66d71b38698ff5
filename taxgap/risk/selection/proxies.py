"""Labels that copy past enforcement rather than what was found: noticed before a model is trained on them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import pandas as pd

from taxgap.errors import UsageError
from taxgap.risk.arrays import Bools, Column, Floats, Integers, to_flags, to_floats
from taxgap.risk.boosting import Growth, grow
from taxgap.risk.crossfit import cross_fit
from taxgap.risk.frames import FrameSpec
from taxgap.risk.selection.label_areas import Labels, read_labels
from taxgap.risk.selection.label_report import LabelReport

GAP_LIMIT = 0.10
"""AUC on the labels over AUC on what random enquiries found: more than this, with its interval, is a flag."""

CIRCUMSTANCE_LIMIT = 0.65
"""AUC that officer, region or date of the enquiry may reach on the labels by themselves."""

AGREEMENT_LIMIT = 0.95
"""Correlation (phi) of the label with having been opened, or with the programme."""

STRATUM_LIMIT = 1e-6
"""Chance that a stratum would be of one class if its cases were like the others, times the strata tried."""

_GROWTH = Growth(n_estimators=100, num_leaves=15, learning_rate=0.06, min_child_samples=10, path_smooth=30.0)
_COLUMNS = ["check", "about", "value", "low", "high", "limit", "flagged", "sentence"]
Finding = tuple[str, str, float, float, float, float, bool, str]


def check_labels(
    X: pd.DataFrame,
    y: Column,
    *,
    amount: Column | None = None,
    random: Column | None = None,
    inclusion_probability: Column | None = None,
    opened: Column | None = None,
    circumstances: pd.DataFrame | None = None,
    material: float = 1000.0,
    folds: int = 3,
    confidence: float = 0.95,
    draws: int = 200,
    seed: int = 0,
) -> LabelReport:
    """Check whether labels copy past enforcement.

    Parameters
    ----------
    X : DataFrame
        Features of the labelled returns.
    y : array-like of bool
        The labels that a model would learn.
    amount : array-like, optional
        Tax found (GBP); read on random cases. Without it the labels of the random cases stand for it.
    random : array-like of bool, optional
        Cases of the random programme: what they found is the reference.
    inclusion_probability : array-like, optional
        Probability that the return was opened, or the score of the older rule.
    opened : array-like of bool, optional
        Which returns were opened at all, if labels are given for others too.
    circumstances : DataFrame, optional
        Officer, region, month of the enquiry: what should not tell the label.
    material : float, default 1000
        Tax found from which an under-declaration is material (GBP).
    folds : int, default 3
        Folds of the model that learns the labels.
    confidence, draws, seed
        Of the bootstrap by taxpayer; every check is measured on the same draws.

    Returns
    -------
    LabelReport

    Raises
    ------
    InvalidDataError
        If the labels are of one class.

    Notes
    -----
    A proxy is easy to learn and wrong. Five checks; one flag suffices.

    1. *Learnt but not found*: a small model learns the labels out of fold. Flag: its AUC on them exceeds its
       AUC on what random enquiries found by more than 0.10 (low end of the paired interval).
    2. *Copies the rule*: the same with the opening probability as the score.
    3. *Circumstance*: officer, region or date alone reach an AUC above 0.65 (low end), out of fold.
    4. *One class*: a level of a category holds one class only, where chance would do so once in a million.
    5. *Was selected*: the label is the selection (phi of 0.95), or returns never opened are all negatives.

    The limits are choices of ours; what they catch and how often they err is measured in
    docs/explanation/labels.md.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"late": rng.random(2000), "mismatch": rng.random(2000)})
    >>> amount = np.where(rng.random(2000) < X["mismatch"] / 2, 3000.0, 0.0)
    >>> random = rng.random(2000) < 0.5
    >>> check_labels(X, amount >= 1000, amount=amount, random=random).flagged
    False
    >>> report = check_labels(X, X["late"] > 0.8, amount=amount, random=random)
    >>> print(report.reasons[0])
    A model tells the labels with an AUC of 1.00, and what random enquiries found with 0.49: ...
    """
    _check_shape(X, circumstances, folds, confidence, draws)
    labels = read_labels(
        X.index,
        y,
        amount,
        random,
        material=material,
        folds=folds,
        confidence=confidence,
        draws=draws,
        seed=seed,
    )
    skipped = (
        [] if labels.comparable else ["labels against what random enquiries found: too few random cases"]
    )
    findings: list[Finding] = []
    if labels.comparable:
        findings.append(_check_model(X, labels, seed))
    if inclusion_probability is None:
        skipped.append("labels against the older rule: no opening probability")
    else:
        score = to_floats(inclusion_probability, "inclusion_probability", index=X.index)
        findings.extend(_check_rule(score, labels))
    if circumstances is None:
        skipped.append("labels against officer, region or date: none given")
    else:
        findings.extend(_check_circumstances(circumstances, labels))
    findings.extend(_check_strata(X, circumstances, labels.y))
    chosen = None if opened is None else to_flags(opened, "opened", index=X.index)
    findings.extend(_check_selection(labels, chosen))
    frame = pd.DataFrame(findings, columns=_COLUMNS).astype({"flagged": bool})
    facts = {"rows": len(X), "random": int(labels.random.sum()), "confidence": confidence, "draws": draws}
    return LabelReport(frame, tuple(skipped), facts)


def _check_shape(
    X: pd.DataFrame, circumstances: pd.DataFrame | None, folds: int, confidence: float, draws: int
) -> None:
    if circumstances is not None and not circumstances.index.equals(X.index):
        raise UsageError(
            "The rows of circumstances are not those of the feature frame.", where="circumstances"
        )
    if folds < 2 or draws < 20 or not 0 < confidence < 1:
        raise UsageError("Folds are at least 2, draws at least 20, and the confidence lies between 0 and 1.")


def _check_model(X: pd.DataFrame, labels: Labels, seed: int) -> Finding:
    spec = FrameSpec.learn(X)
    growth = Growth(**{**vars(_GROWTH), "random_state": seed})
    plant = partial(grow, objective="binary", spec=spec, directions=[0] * len(spec.names), growth=growth)
    ones = np.ones(len(X))
    score = cross_fit(spec.encode(X), labels.y.astype(np.float64), ones, labels.fold, plant)
    own, found = labels.compare(score)
    value, low, high = labels.find_interval(own - found)
    sentence = (
        f"A model tells the labels with an AUC of {own[0]:.2f}, and what random enquiries found with "
        f"{found[0]:.2f}: {value:+.2f} ({low:+.2f} to {high:+.2f})."
    )
    return ("learnt but not found", "model", value, low, high, GAP_LIMIT, low > GAP_LIMIT, sentence)


def _check_rule(score: Floats, labels: Labels) -> Iterator[Finding]:
    if not labels.comparable:
        return
    own, found = labels.compare(score)
    value, low, high = labels.find_interval(own - found)
    sentence = (
        f"The probability of being opened tells the labels with an AUC of {own[0]:.2f}, and what random "
        f"enquiries found with {found[0]:.2f}: {value:+.2f} ({low:+.2f} to {high:+.2f})."
    )
    yield "copies the rule", "inclusion_probability", value, low, high, GAP_LIMIT, low > GAP_LIMIT, sentence


def _check_circumstances(circumstances: pd.DataFrame, labels: Labels) -> Iterator[Finding]:
    for name in circumstances.columns:
        level = pd.factorize(circumstances[name], use_na_sentinel=False)[0]
        value, low, high = labels.find_interval(labels.area(_encode_by_label(level, labels)))
        sentence = f"{name} alone tells the labels with an AUC of {value:.2f} ({low:.2f} to {high:.2f})."
        yield (
            "circumstance",
            str(name),
            value,
            low,
            high,
            CIRCUMSTANCE_LIMIT,
            low > CIRCUMSTANCE_LIMIT,
            sentence,
        )


def _encode_by_label(level: Integers, labels: Labels) -> Floats:
    """Give each case the share of positives of its level in the other folds, drawn to that of all."""
    folds = int(labels.fold.max()) + 1
    cell = level * folds + labels.fold
    size = int(level.max() + 1) * folds
    n = np.bincount(cell, minlength=size).reshape(-1, folds)
    hits = np.bincount(cell, weights=labels.y, minlength=size).reshape(-1, folds)
    others, positive = n.sum(axis=1, keepdims=True) - n, hits.sum(axis=1, keepdims=True) - hits
    # The mean it is drawn to leaves the same fold out: a common one would tell the fold.
    centre = (hits.sum() - hits.sum(axis=0)) / (n.sum() - n.sum(axis=0))
    encoded: Floats = ((positive + 10 * centre) / (others + 10) - centre).ravel()[cell]
    return encoded


def _check_strata(X: pd.DataFrame, circumstances: pd.DataFrame | None, y: Bools) -> Iterator[Finding]:
    frame = X if circumstances is None else X.join(circumstances.add_prefix("case_"))
    names = [c for c in frame.columns if not pd.api.types.is_numeric_dtype(frame[c])]
    tables = [pd.Series(y).groupby(frame[c].astype(str).to_numpy()).agg(["sum", "size"]) for c in names]
    tried = sum(len(t) for t in tables)
    for name, table in zip(names, tables, strict=True):
        others = (y.sum() - table["sum"]) / (len(y) - table["size"]).clip(lower=1)
        none, every = table["sum"] == 0, table["sum"] == table["size"]
        share = np.where(none, 1 - others, others)
        chance = np.where(none | every, np.minimum(1.0, tried * share ** table["size"]), 1.0)
        for level, p in zip(table.index[chance < STRATUM_LIMIT], chance[chance < STRATUM_LIMIT], strict=True):
            size = int(table.loc[level, "size"])
            sentence = f"All {size:,} cases where {name} is {level} have one label."
            yield "one class", f"{name}={level}", p, p, p, STRATUM_LIMIT, True, sentence


def _check_selection(labels: Labels, opened: Bools | None) -> Iterator[Finding]:
    flags = {"the random programme": labels.random, "having been opened": opened}
    for name, flag in flags.items():
        if flag is None or flag.all() or not flag.any():
            continue
        phi = abs(float(np.corrcoef(labels.y, flag)[0, 1]))
        sentence = f"The labels agree with {name}: correlation {phi:.2f}."
        yield "was selected", name, phi, phi, phi, AGREEMENT_LIMIT, phi > AGREEMENT_LIMIT, sentence
    if opened is not None and not opened.all():
        rest = ~opened
        share = float(labels.y[rest].mean())
        chance = float(len(rest[rest]) * np.log1p(-labels.y[opened].mean()) if opened.any() else 0.0)
        planted = share == 0.0 and chance < np.log(STRATUM_LIMIT)
        sentence = (
            f"{int(rest.sum()):,} returns were never opened, and {share:.1%} of them have a positive label: "
            "an unopened return has no label."
        )
        yield "never opened", "negatives", share, share, share, 0.0, planted, sentence
