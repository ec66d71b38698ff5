"""What the page is made from: plain frames and mappings, checked before anything is drawn."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from taxgap.errors import UsageError

COLUMNS = {
    "comparison": (
        "target",
        "group",
        "unit",
        "published",
        "simulated",
        "low",
        "high",
        "tolerance",
        "within",
        "source",
        "basis",
        "is_target",
    ),
    "validation": ("rule", "severity", "table", "count", "sentence"),
    "rows": ("table", "rows_in", "kept", "quarantined"),
    "evaluation": ("label", "ranking", "metric", "value", "low", "high", "n"),
    "gain": ("ranking", "share_examined", "share_of_gap"),
    "taxes": ("regime", "returns", "auc", "ceiling_auc", "top", "ceiling_top", "turnover_top"),
    "calibration": ("decile", "predicted", "observed", "low", "high", "n"),
    "burden": ("dimension", "level", "budget", "rate", "other_rate", "burden", "no_change"),
    "contributions": ("feature", "code", "title", "contribution"),
    "reasons": (
        "code",
        "title",
        "sentence",
        "contribution",
        "observed",
        "peer_low",
        "peer_median",
        "peer_high",
        "evidence",
    ),
    "declared": ("item", "declared", "reported"),
    "truth": ("title", "field", "amount", "tax_lost", "could_reveal"),
}
"""The columns that each frame must have; others are ignored."""

KEYS = {
    "made": (
        "taxpayers",
        "returns",
        "tax_years",
        "as_of",
        "seed",
        "versions",
        "random_share",
        "risk_share",
        "detection",
        "multiplier",
        "material",
    ),
    "ceiling": ("auc", "low", "high"),
    "score_row": (
        "probability",
        "expected_tax",
        "amount_low",
        "amount_high",
        "score",
        "population_mean",
        "group_effect",
        "rank",
    ),
}
"""The keys that each mapping must have; others are ignored."""

UNITS = ("share", "GBP", "persons", "count")
"""What a compared figure can be measured in."""

BASES = ("found", "derived", "memory")
"""How sure a figure from outside is: read in its source, worked out from such figures, or recalled."""

HEADLINE = ("share_of_gap@5%", "strike_rate@5%", "auc")
"""What must be known of the model, measured against the truth."""

_SUM_TOLERANCE = 1e-5


@dataclass(frozen=True, eq=False)
class ExampleCase:
    """One return, why the model ranked it where it did, and the truth about it.

    Attributes
    ----------
    taxpayer_id, period : str
    score_row : mapping or Series
        A row of scores: `probability, expected_tax, amount_low, amount_high, score, population_mean,
        group_effect, rank`. The score and its parts are natural logarithms of pounds.
    contributions : DataFrame
        Every own contribution to the score: `feature, code, title` (of the code)`, contribution`.
    reasons : DataFrame
        The reasons given, largest first; empty where none stands out: `code, title, sentence, contribution,
        observed, peer_low, peer_median, peer_high, evidence`.
    declared : DataFrame
        Pounds: `item, declared, reported` (by third parties; missing where nobody reports it).
    truth : DataFrame
        What was done to the return, empty if nothing: `title` (of the mechanism)`, field, amount` (truth less
        report)`, tax_lost, could_reveal` (whether one of the reasons given could have led there).
    officer_would_find : float
        Tax that the officer would find if the return were opened.
    ranked : int
        Returns that were ranked.

    Raises
    ------
    UsageError
        A column or key is missing, or the parts do not add up to the score.
    """

    taxpayer_id: str
    period: str
    score_row: Mapping[str, Any] | pd.Series
    contributions: pd.DataFrame
    reasons: pd.DataFrame
    declared: pd.DataFrame
    truth: pd.DataFrame
    officer_would_find: float
    ranked: int

    def __post_init__(self) -> None:
        _check_names("score_row", self.score_row.keys(), KEYS)
        for name in ("contributions", "reasons", "declared", "truth"):
            _check_names(name, getattr(self, name).columns, COLUMNS)
        row = self.score_row
        total = row["population_mean"] + row["group_effect"] + self.contributions["contribution"].sum()
        if not abs(total - row["score"]) <= _SUM_TOLERANCE * max(1, abs(row["score"])):
            raise UsageError(
                f"The parts of a score add up to {total:.6f}, not to {row['score']:.6f}.",
                where="score_row",
                remedy="Give every contribution of the return, unrounded.",
            )


@dataclass(frozen=True, eq=False)
class PageContent:
    """Everything the page says.

    Attributes
    ----------
    title : str
    made : mapping
        How the population was made: `taxpayers, returns, tax_years` (sequence)`, as_of, seed, versions`
        (mapping of package to version)`, random_share, risk_share, detection` (assumed share of tax that
        officers find)`, multiplier` (that it implies)`, material` (pounds from which a loss counts).
    comparison : DataFrame
        The population beside figures from outside: `target, group, unit` (of `UNITS`)`, published` (the
        figure from outside)`, simulated, low, high` (95% interval, missing where none)`, tolerance` (largest
        difference allowed, in the unit of the row)`, within, source, basis` (of `BASES`)`, is_target`
        (whether the population was fitted to it).
    validation : DataFrame
        What validation found: `rule, severity, table, count, sentence`.
    rows : DataFrame
        `table, rows_in, kept, quarantined`.
    evaluation : DataFrame
        `label` (``truth`` or ``random enquiries``)`, ranking` (``model`` or the name of a baseline)`, metric`
        (``auc``, ``average_precision``, ``share_of_gap@5%``, ``strike_rate@5%`` for any tax, ``precision@5%``
        for a material amount; other percentages alike)`, value, low, high, n`.
    gain : DataFrame
        `ranking, share_examined, share_of_gap`, both shares from 0 to 1; a ranking ``ceiling`` is the best
        order there could be.
    ceiling : mapping
        The largest area under the curve that could be reached: `auc, low, high`, and `meaning`, a sentence
        that says how it was worked out.
    calibration : DataFrame
        `decile, predicted, observed, low, high, n`.
    taxes : DataFrame
        One row a tax, from `taxgap.publication.taxes.compare_taxes`.
    burden : DataFrame
        Who is looked at, from `taxgap.publication.burden.gather_burden`.
    cases : sequence of ExampleCase
    limits : sequence of str
        What the page does not show, a sentence each.
    commands : sequence of str
        The commands that make the page again.

    Raises
    ------
    UsageError
        A column, key or value is missing or unknown.
    """

    title: str
    made: Mapping[str, Any]
    comparison: pd.DataFrame
    validation: pd.DataFrame
    rows: pd.DataFrame
    evaluation: pd.DataFrame
    gain: pd.DataFrame
    ceiling: Mapping[str, Any]
    calibration: pd.DataFrame
    taxes: pd.DataFrame
    burden: pd.DataFrame
    cases: Sequence[ExampleCase]
    limits: Sequence[str]
    commands: Sequence[str]

    def __post_init__(self) -> None:
        for name in ("made", "ceiling"):
            _check_names(name, getattr(self, name), KEYS)
        for name in ("comparison", "validation", "rows", "evaluation", "gain", "calibration", "taxes"):
            _check_names(name, getattr(self, name).columns, COLUMNS)
        _check_values("unit", self.comparison["unit"], UNITS)
        _check_values("basis", self.comparison["basis"], BASES)
        model = self.evaluation.query("label == 'truth' and ranking == 'model'")
        _check_names("evaluation", model["metric"], {"evaluation": HEADLINE}, "The model's metrics")

    def measure(self, label: str, metric: str) -> float:
        """Return one measure of the model: `label` and `metric` as in `evaluation`."""
        rows = self.evaluation
        asked = (rows["label"] == label) & (rows["ranking"] == "model") & (rows["metric"] == metric)
        return float(rows.loc[asked, "value"].iloc[0]) if asked.any() else float("nan")


def _check_names(
    where: str, found: Collection[str], needed: Mapping[str, Sequence[str]], what: str = "The names"
) -> None:
    missing = [name for name in needed[where] if name not in set(found)]
    if missing:
        raise UsageError(
            f"{what} in '{where}' lack: {', '.join(missing)}.",
            where=where,
            available=[str(name) for name in found],
            remedy="Add them.",
        )


def _check_values(column: str, values: pd.Series, known: Sequence[str]) -> None:
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise UsageError(
            f"Unknown {column}: {', '.join(map(str, unknown))}.",
            where=f"comparison.{column}",
            available=known,
        )
