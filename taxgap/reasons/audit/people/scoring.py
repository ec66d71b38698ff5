"""Scoring returned forms: what reasons, and wrong ones, do to decisions, lines asked about and time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from taxgap.reasons.audit.figures import Figure, tidy
from taxgap.reasons.audit.people.answers import Paths, read_answers
from taxgap.reasons.audit.people.design import ARMS
from taxgap.reasons.audit.people.intervals import Crossed, Measured, Variance
from taxgap.reasons.audit.people.key import Key
from taxgap.reasons.audit.people.measures import MEASURES, Measure, measure_answers
from taxgap.reasons.audit.people.result import PeopleResult
from taxgap.reasons.audit.people.sample_size import ASSUMED, plan_variance, tabulate_sizes
from taxgap.risk.arrays import Floats

QUESTIONS = ("enquiry", "line", "sure", "minutes")

PAIRS = (("reasons", "score"), ("wrong_reasons", "score"), ("reasons", "wrong_reasons"))
"""The arms that are compared: the first less the second."""


def score_answers(folder_or_files: Paths, key: Key | str | Path, *, draws: int = 1000) -> PeopleResult:
    """Score the forms that participants returned.

    Parameters
    ----------
    folder_or_files : str, Path or sequence of them
        A folder with the returned CSV files, or the files.
    key : Key, str or Path
        The key of the kit, its file, or the folder of the kit.
    draws : int, default 1000
        Bootstrap draws.

    Returns
    -------
    PeopleResult

    Raises
    ------
    UsageError, InvalidDataError, IncompatibleError
        As `taxgap.reasons.audit.people.answers.read_answers` and `Key.read`.

    Notes
    -----
    Cases that nobody answered are counted by arm and question. A form without any answer counts as not
    returned. The measures are those of `taxgap.reasons.audit.people.measures.MEASURES`; `accuracy_of_all`
    counts cases that were left out on a returned form as mistaken.

    Where too few answered to find the variance of a difference, the size of a further study is worked out
    from an assumed one, and says so in its `basis`.
    """
    known = key if isinstance(key, Key) else Key.read(key)
    answers = read_answers(folder_or_files, known)
    sheets = known.layout.merge(answers, on=["form", "position"], how="left", validate="one_to_one")
    sheets["returned"] = sheets["form"].isin(answers["form"])
    table = sheets.merge(
        known.cases.drop(columns=["taxpayer_id", "period"]), on="case", validate="many_to_one"
    )
    crossed = Crossed(
        pd.factorize(table["form"])[0], pd.factorize(table["case"])[0], draws=draws, seed=known.seed
    )
    arm = table["arm"].to_numpy()
    values = measure_answers(table, len(known.lines))
    figures, variances = _measure_all(values, crossed, arm)
    assumed = plan_variance(0.5, len(known.forms), len(known.cases))
    unknown = {name: assumed for name, each in MEASURES.items() if each.planned and name not in variances}
    return PeopleResult(
        figures=figures,
        unanswered=count_unanswered(table),
        sample_sizes=pd.concat(
            [tabulate_sizes(variances), tabulate_sizes(unknown, basis=ASSUMED)], ignore_index=True
        ),
        variances=variances,
        forms=len(known.forms),
        returned=int(answers["form"].nunique()),
        cases=len(known.cases),
    )


def count_unanswered(table: pd.DataFrame) -> pd.DataFrame:
    """Count answers by arm and question: `arm, question, asked, answered, left_out, form_not_returned`.

    Parameters
    ----------
    table : DataFrame
        One row a form and case: `arm`, `returned`, and the answers.
    """
    there = table[list(QUESTIONS)].notna() & table[list(QUESTIONS)].ne("")
    rows = [
        (
            arm,
            question,
            int(mine.sum()),
            int((mine & there[question]).sum()),
            int((mine & ~there[question] & table["returned"]).sum()),
            int((mine & ~table["returned"]).sum()),
        )
        for arm in ARMS
        for mine in [table["arm"] == arm]
        for question in QUESTIONS
    ]
    columns = ["arm", "question", "asked", "answered", "left_out", "form_not_returned"]
    return pd.DataFrame(rows, columns=columns)


def _measure_all(
    values: dict[str, tuple[Floats, Floats]], crossed: Crossed, arm: np.ndarray
) -> tuple[pd.DataFrame, dict[str, Variance]]:
    figures: list[tuple[Figure, str]] = []
    variances: dict[str, Variance] = {}
    for name, (value, chance) in values.items():
        measure = MEASURES[name]
        figures += list(_arms(measure, value, chance, crossed, arm))
        for first, second in PAIRS:
            found = crossed.difference(value, arm == first, arm == second)
            pair = f"{first} less {second}"
            figures.append(_tell_pair(measure, found, pair))
            if found.variance is not None and pair == measure.planned:
                variances[name] = found.variance
    frame = tidy(figure for figure, _ in figures)
    return frame.assign(interval=[how for _, how in figures]), variances


def _arms(
    measure: Measure, value: Floats, chance: Floats, crossed: Crossed, arm: np.ndarray
) -> Iterator[tuple[Figure, str]]:
    for name in ARMS:
        mine = arm == name
        found = crossed.mean(np.where(mine, value, np.nan), share=measure.unit == "share")
        counted = mine & ~np.isnan(value)
        by_chance = float(chance[counted].mean()) if counted.any() else float("nan")
        numbers = [found.value, found.low, found.high]
        if measure.logs:
            numbers = np.exp(numbers).tolist()
        yield (
            _figure(
                measure.name,
                numbers,
                n=found.n,
                group_by="arm",
                group=name,
                chance=by_chance,
                unit=measure.unit,
            ),
            found.interval,
        )


def _tell_pair(measure: Measure, found: Measured, pair: str) -> tuple[Figure, str]:
    numbers = [found.value, found.low, found.high]
    if measure.logs:
        numbers = np.exp(numbers).tolist()
    chance, unit = (1.0, "times") if measure.logs else (0.0, measure.unit)
    figure = _figure(
        measure.name, numbers, n=found.n, group_by="difference", group=pair, chance=chance, unit=unit
    )
    return figure, found.interval


def _figure(
    name: str, numbers: list[float], *, n: int, group_by: str, group: str, chance: float, unit: str
) -> Figure:
    value, low, high = numbers
    return Figure(
        part="people",
        measure=name,
        value=value,
        low=low,
        high=high,
        n=n,
        level="line" if "line" in name else "case",
        group_by=group_by,
        group=group,
        method=group.split(" ", maxsplit=1)[0],
        chance=chance,
        unit=unit,
    )
