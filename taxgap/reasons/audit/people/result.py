"""What a study with people found: figures, what was left unanswered, and the size of the next study."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from taxgap.reasons.audit.people.design import ARMS
from taxgap.reasons.audit.people.intervals import Variance
from taxgap.reasons.audit.people.measures import MEASURES
from taxgap.reasons.audit.people.sample_size import ASSUMED, least_difference
from taxgap.records.files import write_json, write_text

ARM_NAMES = {
    "score": "score only",
    "reasons": "score and reasons",
    "wrong_reasons": "score and wrong reasons",
}


PAIRED = (
    "Differences are taken case by case, over the cases answered in both arms, each counted alike. So they "
    "need not be those of the means below."
)
"""What must be said between the differences and the means."""

FILE_NAME = "people.json"


@dataclass(frozen=True, eq=False)
class PeopleResult:
    """What returned forms say.

    Attributes
    ----------
    figures : DataFrame
        As of `taxgap.reasons.audit.figures.tidy`, and `interval`: how it was found. `group_by` is ``arm`` or
        ``difference``; `n` counts answers of an arm, and cases of a difference, which is paired by case.
        Minutes differ by a factor, in the unit ``times``.
    unanswered : DataFrame
        From `taxgap.reasons.audit.people.scoring.count_unanswered`.
    sample_sizes : DataFrame
        From `taxgap.reasons.audit.people.sample_size.tabulate_sizes`.
    variances : mapping of str to Variance
        Of the difference that `Measure.planned` names, by measure.
    forms, returned, cases : int
        Forms of the kit, forms with at least one answer, and cases on each.
    """

    figures: pd.DataFrame
    unanswered: pd.DataFrame
    sample_sizes: pd.DataFrame
    variances: Mapping[str, Variance]
    forms: int
    returned: int
    cases: int

    def figure(self, measure: str, group: str) -> pd.Series:
        """Return one row of the figures: a measure of an arm, or of a pair such as ``reasons less score``."""
        rows = self.figures[(self.figures["measure"] == measure) & (self.figures["group"] == group)]
        return rows.iloc[0]

    def summary(self) -> str:
        """Say in plain words what was found, verdicts first."""
        return "\n".join(
            [
                *(*self._verdicts(), PAIRED, ""),
                *(*self._returned(), ""),
                *(*self._table(), ""),
                *(*self._sizes(), ""),
                *self._how(),
            ]
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "forms": self.forms,
            "returned": self.returned,
            "cases": self.cases,
            "figures": _plain(self.figures),
            "unanswered": _plain(self.unanswered),
            "sample_sizes": _plain(self.sample_sizes),
            "design_effects": {name: _number(each.design_effect) for name, each in self.variances.items()},
        }

    def save(self, folder: str | Path) -> Path:
        """Write ``people.json`` with everything, and ``summary.txt`` with what `summary` says.

        Parameters
        ----------
        folder : str or Path
            Made if it is not there.

        Returns
        -------
        Path
            That of ``people.json``.

        Raises
        ------
        UsageError
            The folder cannot be written.
        """
        path = Path(folder) / FILE_NAME
        write_text(path.with_name("summary.txt"), f"{self.summary()}\n")
        write_json(path, {"format": "taxgap-people", "format_version": 1, **self.to_dict()})
        return path

    def _verdicts(self) -> Iterator[str]:
        arms = {"reasons": "reasons", "wrong_reasons": "wrong reasons"}
        questions = [(each.name, each.planned, each.title) for each in MEASURES.values() if each.planned]
        for measure, pair, title in questions:
            row = self.figure(measure, pair)
            words = f"{title}, {arms[pair.split(' ')[0]]} against the score only"
            if not np.isfinite(row["value"]):
                yield f"{words}: not known, since no case was answered in both arms."
                continue
            points = f"{100 * row['value']:+.0f} percentage points"
            if not np.isfinite(row["low"]):
                yield f"{words}: {points}, without an interval ({row['interval']})."
                continue
            shown = row["low"] > 0 or row["high"] < 0
            verdict = "a difference" if shown else "no difference is shown"
            yield f"{words}: {points} ({100 * row['low']:+.0f} to {100 * row['high']:+.0f}), {verdict}."

    def _returned(self) -> Iterator[str]:
        yield f"{self.returned} of {self.forms} forms were returned, with {self.cases} cases each."
        left = self.unanswered[self.unanswered["left_out"] > 0]
        for arm, rows in left.groupby("arm", sort=False):
            many = ", ".join(f"{row.question} {row.left_out}" for row in rows.itertuples(index=False))
            yield f"Left out, {ARM_NAMES[str(arm)]}, of {rows['asked'].iloc[0]} cases: {many}."
        if left.empty and self.returned:
            yield "On these, every question was answered."

    def _table(self) -> Iterator[str]:
        yield "Means of all answers of each arm:"
        yield f"{'':60}" + "".join(f"{ARM_NAMES[arm]:>26}" for arm in ARMS)
        for name, measure in MEASURES.items():
            cells = [_cell(self.figure(name, arm), measure.unit) for arm in ARMS]
            yield f"{measure.title:60}" + "".join(f"{cell:>26}" for cell in cells)

    def _sizes(self) -> Iterator[str]:
        yield "How many people a claim needs, to show it in four of five studies:"
        for name, measure in MEASURES.items():
            if not measure.planned:
                continue
            yield f"{measure.title} ({measure.planned.replace('_', ' ')}): {self._say_power(name)}"
            rows = self.sample_sizes
            rows = rows[(rows["measure"] == name) & np.isclose(rows["difference"], 0.1)]
            for row in rows.itertuples(index=False):
                needed = f"{row.participants:.0f} participants"
                enough = "no number of participants" if np.isnan(row.participants) else needed
                yield f"  10 points with {row.cases} such cases: {enough}."

    def _say_power(self, name: str) -> str:
        if name not in self.variances:
            return f"too few answers to tell how they vary ({ASSUMED})."
        variance = self.variances[name]
        return (
            f"a study like this one shows {100 * least_difference(variance):.0f} percentage points "
            f"(design effect {variance.design_effect:.1f})."
        )

    def _how(self) -> Iterator[str]:
        """Say how the intervals of the figures above were found."""
        planned = pd.Series({name: each.planned for name, each in MEASURES.items()})
        above = (self.figures["group_by"] == "arm") | (
            self.figures["group"] == self.figures["measure"].map(planned)
        )
        for how, rows in self.figures[above].groupby("interval", sort=False):
            yield f"Intervals of {len(rows)} of the figures above: {how}."
        yield "Intervals hold in 95 of 100 studies; each stands alone, and many are shown."


def _cell(row: pd.Series, unit: str) -> str:
    if not np.isfinite(row["value"]):
        return "none"
    form = "{:.0%}" if unit == "share" else "{:.1f}"
    text = form.format(row["value"])
    if np.isfinite(row["low"]):
        text += f" ({form.format(row['low'])} to {form.format(row['high'])})"
    return text


def _plain(frame: pd.DataFrame) -> list[dict[str, Any]]:
    rows = frame.to_dict("records")
    return [{str(name): _number(value) for name, value in row.items()} for row in rows]


def _number(value: Any) -> Any:
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value
