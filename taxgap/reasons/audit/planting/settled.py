"""Without a truth: do the reasons name what random enquiries changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.special import comb

from taxgap.reasons.audit.bands import FEWEST
from taxgap.reasons.audit.figures import Estimate, Figure, draw_figure, tidy
from taxgap.reasons.audit.material import Material
from taxgap.reasons.audit.part import Part
from taxgap.reasons.audit.planted import MOST_EVIDENCE, check_evidence
from taxgap.reasons.audit.recovery.metrics import Target, hits_of
from taxgap.reasons.audit.rules import Rule
from taxgap.reasons.audit.stability.naming import given_codes
from taxgap.reasons.selection import MOST_REASONS, NONE, Positions
from taxgap.regimes import Regime
from taxgap.risk.arrays import Bools, Floats

NAME = "settled"

RULES = (
    Rule(
        "settled_lift",
        NAME,
        "Do reasons name what random enquiries changed more often than random reasons would?",
        "above",
        0.0,
        "low",
        fails="What officers found cannot be told from what the reasons name by chance. Few settled cases "
        "make the interval wide: see how many there are before anything is concluded.",
    ),
)
"""The check of this part, with its bound."""

WORDS = (
    "Boxes that an officer changed are what he found, not what was wrong.",
    "What random enquiries miss these records do not say: what nobody looked into counts as wrongly named.",
    "Enquiries that found nothing are left out: they may have missed it.",
    "Officers who were shown the reasons look where these point, and their agreement proves nothing.",
    "The model may have learned from these very enquiries. What was not trained on is shown by itself.",
)
"""What must be said beside the figures."""

ALL = ("returns", "all")

NO_ENQUIRIES = "The records hold no enquiries with settled adjustments."
TOO_FEW = f"Fewer than {FEWEST} returns of the sample were changed by a random enquiry."


@dataclass(frozen=True, eq=False)
class Settled:
    """What random enquiries changed in the returns of a material: one row a return and box.

    Attributes
    ----------
    rows : ndarray of int64
        The place of the return.
    boxes : ndarray of str
    amount : ndarray of float64
        The size of the change in GBP.
    found, lost : ndarray of float64
        Of each return of the material, the tax found by the enquiry, and the tax truly lost where a truth
        says so; missing where no random enquiry was closed.
    """

    rows: Positions
    boxes: np.ndarray
    amount: Floats
    found: Floats
    lost: Floats

    @cached_property
    def returns(self) -> Positions:
        """The returns that were changed, each once."""
        return np.unique(self.rows)


def measure_settled(material: Material, *, boxes: Mapping[str, Sequence[str]] | None = None) -> Part:
    r"""Measure how often the reasons of a return name a box that a random enquiry changed.

    Parameters
    ----------
    material : Material
    boxes : mapping of str to sequence of str, optional
        Box to at most three reason codes that can reveal a change of it. When absent, the codes of the
        features that are computed from it, where there are at most three; other boxes are left out then.

    Returns
    -------
    Part
        Left out where the records hold no settled adjustments, or too few. The table ``words`` says what the
        figures cannot.

    Raises
    ------
    UsageError
        A box is to be revealed by more than three codes, or by one that the regime lacks.

    Notes
    -----
    By field: whether one of the first reasons names a feature that is computed from the box. By code: whether
    one of them is a code of the box. Recall of a return is the share of its changed boxes that are named; by
    chance it is, for each box with e of p to choose from and k reasons,

    .. math:: 1 - \binom{p - e}{k} / \binom{p}{k}

    with as many reasons as the return was given. Boxes from which nothing is computed count as never named.
    The check asks of flagged returns where enough of them were enquired into at random, and else of all.
    """
    settled = find_settled(material)
    if settled is None:
        return Part(NAME, tidy(()), left_out=NO_ENQUIRIES)
    if len(settled.returns) < FEWEST:
        return Part(NAME, tidy(()), left_out=TOO_FEW)
    figures, findings = [], {}
    for level, table, codes in _levels(material, settled, boxes):
        recall, chance = _find_recall(material, settled, table, codes)
        for by, name, rows in _groups(material):
            if np.count_nonzero(rows & ~np.isnan(recall)) < FEWEST:
                continue
            found = material.bootstrap.mean(np.where(rows, recall, np.nan))
            by_chance = material.bootstrap.mean(np.where(rows, chance, np.nan)).value
            figures.append(_figure(f"recall@{_most(material)}", found, level, (by, name), by_chance))
            lift = material.bootstrap.difference(np.where(rows, recall, np.nan), chance)
            figures.append(_figure("lift over chance", lift, level, (by, name)))
            if level == "field" and by == "returns" and name in {"all", "flagged"}:
                findings["settled_lift"] = lift  # of flagged returns where these are enough: they come later
    figures += _say_missed(material, settled)
    return Part(NAME, tidy(figures), {"words": pd.DataFrame({"text": WORDS})}, findings)


def find_settled(material: Material) -> Settled | None:
    """Look up what closed random enquiries changed in the returns of a material.

    Parameters
    ----------
    material : Material

    Returns
    -------
    Settled or None
        None where the records hold no enquiries or adjustments.
    """
    records, index = material.records, material.index
    if not {"enquiries", "adjustments"} <= set(records.tables):
        return None
    enquiries = records.read("enquiries")
    mine = (enquiries["regime"] == material.regime.name) & (enquiries["programme"] == "random")
    enquiries = enquiries[mine & enquiries["tax_found"].notna()]
    changes = records.read("adjustments", ["enquiry_id", "taxpayer_id", "period", "field", "amount"])
    changes = changes[changes["enquiry_id"].isin(enquiries["enquiry_id"]) & (changes["amount"] != 0)]
    place, of = (
        index.get_indexer(pd.MultiIndex.from_frame(table[["taxpayer_id", "period"]]))
        for table in (changes, enquiries)
    )
    found = np.full(len(material), np.nan)
    found[of[of >= 0]] = enquiries["tax_found"].to_numpy(dtype=np.float64)[of >= 0]
    planted = material.planted
    lost = (
        np.full(len(material), np.nan) if planted is None else np.where(np.isnan(found), np.nan, planted.tax)
    )
    here = changes[place >= 0]
    names = here["field"].to_numpy(dtype=object)
    return Settled(place[place >= 0], names, np.abs(here["amount"].to_numpy(dtype=np.float64)), found, lost)


def map_boxes(regime: Regime) -> dict[str, tuple[str, ...]]:
    """Say which codes can reveal a change of each box: those of the features that are computed from it.

    Parameters
    ----------
    regime : Regime

    Returns
    -------
    dict of str to tuple of str
        Boxes with at most three codes.

    Examples
    --------
    >>> from taxgap.regimes import get_regime
    >>> map_boxes(get_regime("self_assessment"))["gift_aid"]
    ('reliefs.gift_aid',)
    """
    codes: dict[str, dict[str, None]] = {}
    for feature in regime.features:
        for need in feature.needs:
            table, _, box = need.partition(".")
            if table == regime.name:
                codes.setdefault(box, {})[feature.code] = None
    return {box: tuple(own) for box, own in codes.items() if len(own) <= MOST_EVIDENCE}


def _levels(
    material: Material, settled: Settled, boxes: Mapping[str, Sequence[str]] | None
) -> Iterator[tuple[str, Mapping[str, Bools], Positions]]:
    """Yield the levels: of each box, what can reveal it; and what each return's reasons name."""
    regime, most = material.regime, _most(material)
    features = list(regime.feature.values())
    of_box = {
        box: np.array([f"{regime.name}.{box}" in feature.needs for feature in features], dtype=np.bool_)
        for box in dict.fromkeys(settled.boxes.tolist())
    }
    places = pd.Index(list(regime.feature))
    named = [
        places.get_indexer(pd.Index(material.reasons[f"reason_{k}_feature"].astype(object)))
        for k in range(1, most + 1)
    ]
    yield "field", of_box, np.stack(named, axis=1)
    known = {box: tuple(own) for box, own in (map_boxes(regime) if boxes is None else boxes).items()}
    check_evidence(regime, known)
    codes = {box: np.array([code in own for code in regime.code]) for box, own in known.items()}
    yield "code", codes, given_codes(material)[:, :most]


def _find_recall(
    material: Material, settled: Settled, table: Mapping[str, Bools], named: Positions
) -> tuple[Floats, Floats]:
    """Return the share of each return's changed boxes that are named, and what it is by chance."""
    known = np.isin(settled.boxes, list(table))
    rows, kinds = settled.rows[known], pd.factorize(settled.boxes[known])
    if not len(rows):
        return np.full(len(material), np.nan), np.full(len(material), np.nan)
    relevant = np.stack([table[str(box)] for box in kinds[1]])[kinds[0]]
    target = Target("", rows, relevant, len(material))
    choices, evidence, reasons = relevant.shape[1], relevant.sum(axis=1), (named[rows] != NONE).sum(axis=1)
    by_chance = 1 - comb(choices - evidence, reasons) / comb(choices, reasons)
    return target.by_return(hits_of(named, target)), target.by_return(by_chance)


def _groups(material: Material) -> Iterator[tuple[str, str, Bools]]:
    flagged = material.flagged
    yield "returns", "all", np.ones(len(material), dtype=np.bool_)
    yield "returns", "flagged", flagged
    yield "returns", "not flagged", ~flagged
    model = material.subject.model
    training = {} if model is None else model.card_.get("training") or {}
    if "periods" in training:
        seen = material.index.get_level_values("period").isin(list(training["periods"]))
        yield "trained on", "yes", seen
        yield "trained on", "no", ~seen


def _say_missed(material: Material, settled: Settled) -> Iterator[Figure]:
    """Say what officers found of what was lost, where a truth tells."""
    draws = material.bootstrap
    closed = ~np.isnan(settled.found)
    changed = np.isin(np.arange(len(material)), settled.returns)
    strike = draws.mean(np.where(closed, changed, np.nan))
    yield _figure("random enquiries that changed something", strike, "", ALL)
    if material.planted is None:
        return
    lost, found = (np.nan_to_num(values) for values in (settled.lost, settled.found))
    missed = draws.ratio(np.where(closed, lost - np.minimum(found, lost), 0.0), np.where(closed, lost, 0.0))
    yield _figure("tax that random enquiries miss", missed, "", ALL)
    boxes, seen = _compare_boxes(material, settled)
    untouched = draws.ratio(np.where(closed, boxes - seen, 0.0), np.where(closed, boxes, 0.0))
    yield _figure("untrue boxes that random enquiries leave", untouched, "field", ALL)


def _compare_boxes(material: Material, settled: Settled) -> tuple[Floats, Floats]:
    """Count, by return, the boxes that are untrue, and those of them that an officer changed."""
    assert material.planted is not None  # noqa: S101 - for the type checker: asked before
    cases = material.planted.cases
    untrue = cases[["row", "fields"]].explode("fields").dropna().drop_duplicates()
    truth = pd.MultiIndex.from_arrays([untrue["row"].astype(np.int64), untrue["fields"].astype(object)])
    changed = truth.isin(pd.MultiIndex.from_arrays([settled.rows, settled.boxes]))
    rows = untrue["row"].to_numpy(dtype=np.int64)
    boxes, seen = (
        np.bincount(rows, by, len(material)).astype(np.float64) for by in (np.ones(len(rows)), changed)
    )
    return boxes, seen


def _most(material: Material) -> int:
    return min(material.settings.reasons, MOST_REASONS)


def _figure(measure: str, found: Estimate, level: str, of: tuple[str, str], chance: float = np.nan) -> Figure:
    by, group = of
    return draw_figure(NAME, measure, found, level=level, group_by=by, group=group, chance=chance)
