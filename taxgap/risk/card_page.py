"""The card as a page that a person can read: Markdown, written beside the card that machines read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

_MEASURES = {
    "auc": ("AUC", ".2f"),
    "average_precision": ("average precision", ".2f"),
    "share_of_gap@1%": ("share of the tax found in the top 1%", ".0%"),
    "share_of_gap@5%": ("share of the tax found in the top 5%", ".0%"),
    "precision@5%": ("material findings among the top 5%", ".0%"),
    "yield_per_hour@5%": ("tax found an hour, top 5% (GBP)", ",.0f"),
}
_SETTINGS = (
    *("style", "material", "n_estimators", "num_leaves", "learning_rate", "path_smooth"),
    "random_state",
)
_USE = """A high score is a reason to look at a return, not a finding about a person. The model knows what is
on file, and nothing of what an officer would learn. People decide which cases are opened.

- **Use it** to order returns of this tax for review, and to say how much tax may be at stake.
- **Do not use it** to decide anything about a taxpayer without a person; on another tax, country or kind of
  record; or when monitoring says that the records have moved away from those it was trained on."""
_LIMITS = """- Officers miss part of what is there: expected tax is what they would find, not what is owed.
- Random enquiries carry calibration and evaluation; the intervals say how few they are.
- Region, nation, age, sex and whatever stands for a protected characteristic are no features. That does
  not make the burden equal: the fairness pack shows who bears it."""


def write_page(card: Mapping[str, Any]) -> str:
    """Return the card as Markdown.

    Parameters
    ----------
    card : mapping
        As `taxgap.risk.card.build_card` gives it.

    Returns
    -------
    str
        The same card gives the same text.

    Examples
    --------
    >>> features = [{"name": "margin", "direction": -1, "levels": None, "ordered": False}]
    >>> counts = {"cases": 200, "calibration_cases": 150, "calibration_material_share": 0.1}
    >>> page = write_page({"model_id": "abc", "features": features, "counts": counts, "settings": {}})
    >>> page.splitlines()[0]
    '# Risk model abc'
    """
    sections = [
        _head(card),
        ("What it is for", _USE),
        ("What it was trained on", _list(_training(card))),
        ("How good it is", _evaluation(card)),
        ("What it looks at", _features(card)),
        ("Its rules", _rules(card)),
        ("What to bear in mind", _LIMITS),
        ("How it was made", _list(_making(card))),
    ]
    parts = [text if title is None else f"## {title}\n\n{text}" for title, text in sections if text]
    return "\n\n".join(parts) + "\n"


def _head(card: Mapping[str, Any]) -> tuple[None, str]:
    kind = "Scorecard" if card["settings"].get("style") == "scorecard" else "Risk model"
    regime = f" for {card['regime'].replace('_', ' ')}" if card.get("regime") else ""
    training = card.get("training", {})
    known = f", with what was known on {training['as_of']}" if training.get("as_of") else ""
    window = f" It was trained on returns of {', '.join(training['periods'])}{known}." if training else ""
    text = (
        f"# {kind} {card['model_id']}{regime}\n\nIt ranks returns by the tax that an enquiry may be expected "
        f"to find, and gives the probability of a material finding.{window}"
    )
    return None, text


def _training(card: Mapping[str, Any]) -> Iterator[str]:
    counts, training = card["counts"], card.get("training", {})
    weighted = card["settings"].get("calibrate_on") == "weighted"
    material = counts.get("material_cases", 0)
    yield f"{counts['cases']:,} closed enquiries; {material:,} found something material."
    what = "all of them, weighted by their probability of being opened," if weighted else "random enquiries"
    mean = counts.get("calibration_mean_amount")
    found = "" if mean is None else f", £{mean:,.0f} found on average"
    yield (
        f"{counts['calibration_cases']:,} cases carry the calibration ({what} alone): "
        f"{counts['calibration_material_share']:.1%} material{found}."
    )
    yield from _absences(training)
    for row in training.get("waived_leaks", ()):
        yield f"Waived by name: {row['feature']} gives the label away by the check “{row['check']}”."
    yield from _labels(training)
    if training.get("enquiries_without_return"):
        left = training["enquiries_without_return"]
        yield f"{left:,} enquiries had no return to measure, and were left out."


def _absences(training: Mapping[str, Any]) -> Iterator[str]:
    reasons = {
        "missing_features": "Left out, because the records lack what they need",
        "constant_features": "Left out, because they had one value in all cases",
    }
    for name, words in reasons.items():
        if training.get(name):
            yield f"{words}: {', '.join(training[name])}."


def _labels(training: Mapping[str, Any]) -> Iterator[str]:
    """Say what is known of the labels, and what was not used."""
    for name in ("hours", "officer"):
        lacking = training.get(f"cases_without_{name}")
        if lacking:
            yield f"{lacking:,} cases lack {name}, so that none of it is used."
    if "waived_leaks" in training and not training["waived_leaks"]:
        yield "No feature was found to give the label away; that proves less than it sounds."
    found = training.get("labels", {}).get("detection", {}).get("share_found")
    if found:
        yield (
            f"Officers find perhaps {found['value']:.0%} ({found['low']:.0%} to {found['high']:.0%}) of the "
            "tax that is there, estimated from how they differ and an assumption about the best of them."
        )


def _evaluation(card: Mapping[str, Any]) -> str:
    if "evaluation" not in card:
        return "It was not evaluated."
    measured = {(row["ranking"], row["metric"]): row for row in card["evaluation"]["metrics"]}
    rankings = list(dict.fromkeys(ranking for ranking, _ in measured if ranking != "population"))
    shown = [name for name in _MEASURES if ("model", name) in measured]
    rows = [
        [ranking, *(_with_interval(measured.get((ranking, name)), _MEASURES[name][1]) for name in shown)]
        for ranking in rankings
    ]
    cases = next(iter(measured.values()))["n"]
    period = card.get("training", {}).get("evaluation_period", "a later period")
    table = _table(["ranking", *(_MEASURES[name][0] for name in shown)], rows)
    confidence = card["evaluation"].get("settings", {}).get("confidence", 0.95)
    return (
        f"On {cases:,} closed random enquiries of {period}, which took no part in training. In brackets the "
        f"{confidence:.0%} interval.\n\n{table}\n\n{_list(_verdicts(card['evaluation']))}"
    )


def _verdicts(evaluation: Mapping[str, Any]) -> Iterator[str]:
    """Say which rivals are beaten beyond chance, and whether the level is right."""
    for row in evaluation.get("differences", ()):
        if row["metric"] == "share_of_gap@5%" and None not in (row["value"], row["low"], row["high"]):
            beats = row["low"] > 0
            loses = row["high"] < 0
            word = "better than" if beats else "worse than" if loses else "not told apart from"
            yield (
                f"At 5% it is {word} {row['baseline']}: {100 * row['value']:+.1f} points of the tax found "
                f"({100 * row['low']:+.1f} to {100 * row['high']:+.1f}, case by case on the same draws)."
            )
    level = evaluation.get("calibration_error")
    if level:
        slope = level["slope"]
        yield (
            f"Level of the probabilities: error {level['debiased']:.3f} ({level['low']:.3f} to "
            f"{level['high']:.3f}) less noise; a perfect model would show {level['noise_mean']:.3f} with so "
            f"few cases. Slope {slope['value']:.2f} ({slope['low']:.2f} to {slope['high']:.2f}); 1 is right."
        )


def _features(card: Mapping[str, Any]) -> str:
    codes, titles = card.get("reason_codes", {}), card.get("reason_titles", {})
    words = {1: "more can only raise it", -1: "more can only lower it", 0: "not known beforehand"}
    rows = []
    for feature in card["features"]:
        code = codes.get(feature["name"], "")
        kind = "levels that rise" if feature.get("ordered") else "levels" if feature["levels"] else "number"
        reason = titles.get(code, code) or ("defines the peers, never a reason" if codes else "")
        rows.append([feature["name"], reason, kind, words[feature["direction"]]])
    return _table(["feature", "reason", "kind", "direction of the risk"], rows)


def _rules(card: Mapping[str, Any]) -> str:
    if not card.get("rules"):
        return ""
    steps = card["rules"]["steps"]
    rows = [[r["feature"], r["rule"], f"{r['factor']:.2f}", str(r["points"])] for r in steps]
    return (
        f"Start from £{card['rules']['base']:,.2f} and multiply by the factor of every step that applies; "
        "ten points double the tax expected. Comparisons with peers are in units of half the peers' middle "
        "half.\n\n" + _table(["feature", "where it is", "multiplies expected tax by", "points"], rows)
    )


def _making(card: Mapping[str, Any]) -> Iterator[str]:
    settings = card["settings"]
    if settings:
        names = (
            "style",
            "material",
            "n_estimators",
            "num_leaves",
            "learning_rate",
            "path_smooth",
            "random_state",
        )
        yield "Settings: " + ", ".join(f"{name} {settings[name]}" for name in names if name in settings) + "."
    tuning = card.get("training", {}).get("tuning")
    if tuning:
        changed = (
            ", ".join(f"{name} {value}" for name, value in tuning["settings"].items()) or "the default stayed"
        )
        yield (
            f"{len(tuning['trials'])} settings were tried on {', '.join(tuning['years'])}, each judged by "
            f"returns later than those it was trained on: {changed}."
        )
    if card.get("versions"):
        yield "Versions: " + ", ".join(f"{name} {v}" for name, v in sorted(card["versions"].items())) + "."
    yield "`card.json` beside this page holds all of it for machines, with a checksum of every file."


def _with_interval(row: Mapping[str, Any] | None, form: str) -> str:
    if row is None or row["value"] is None:
        return "not measured"
    if row["low"] is None or row["high"] is None:
        return f"{row['value']:{form}}"
    return f"{row['value']:{form}} ({row['low']:{form}} to {row['high']:{form}})"


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
