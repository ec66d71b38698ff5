"""The kit for people: case sheets and answer forms for participants, and the key that they do not get."""

from __future__ import annotations

import csv
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pandas as pd

from taxgap.batch import score
from taxgap.publication.task_sheets import (
    Sheet,
    SheetsPage,
    describe_cases,
    name_tax,
    number_sheet,
    render_form,
    render_sheets,
    tabulate_lines,
)
from taxgap.publication.wording import day, pounds
from taxgap.reasons.audit.people import (
    COLUMNS,
    KEY_NAME,
    Key,
    TaskCases,
    check_synthetic,
    choose_cases,
    count_kinds,
    lay_out,
    least_difference,
    lines_of,
    lines_of_features,
    list_lines,
    plan_variance,
)
from taxgap.reasons.audit.people.design import check_participants
from taxgap.records import Records, Truth
from taxgap.records.files import check_absent, new_folder, write_text
from taxgap.regimes import Regime
from taxgap.risk import RiskModel
from taxgap.risk.suitability import regime_of

FOR_PARTICIPANTS = "for-participants"
README = "README.txt"
KIND_NAMES = {
    "flagged_wrong": "flagged, and wrong",
    "flagged_right": "flagged, and nothing wrong",
    "passed_wrong": "not flagged, and wrong",
    "passed_right": "not flagged, and nothing wrong",
}


def write_tasks(
    folder: str | Path,
    records: Records,
    model: RiskModel,
    truth: Truth,
    *,
    participants: int = 12,
    cases: int = 24,
    seed: int = 0,
    say: Callable[[str], None] = lambda _: None,
) -> Path:
    """Write a kit for a study with people, to see whether reasons help them and wrong ones mislead them.

    Parameters
    ----------
    folder : str or Path
        A new folder. It will hold ``README.txt`` for the evaluator, a folder ``for-participants`` with one
        folder a form (sheets, an answer form as CSV, and one to print), and the key, whose name says that it
        is not for participants.
    records : Records
        Marked synthetic.
    model : RiskModel
        Trained for a regime, with its peers.
    truth : Truth
        Of the same population.
    participants : int, default 12
        A multiple of three: each gets a form.
    cases : int, default 24
        A multiple of three from 12 up: everyone sees all of them.
    seed : int, default 0
        The same seed gives the same kit, byte by byte.
    say : callable, optional
        Told what is being done.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    UsageError
        The records are not marked synthetic, a number cannot be balanced, or the folder exists.
    InvalidDataError
        There are not enough cases of a kind.
    IncompatibleError
        Truth, model and records do not fit each other.

    Notes
    -----
    A sheet shows the return, what others report, and the score; in two of three arms also reasons: the
    model's own, or as many wrong ones, which are true sentences about the return whose codes neither the
    model gives nor the evidence of a planted mechanism holds. Half of the returns are wrong.
    """
    path = Path(folder)
    check_synthetic(records, truth)
    count_kinds(cases)
    check_participants(participants)
    check_absent(path, marker=KEY_NAME)
    regime = regime_of(model)

    def score_year(year: str) -> pd.DataFrame:
        say(f"Scoring the returns of {year}, to choose cases")
        return score(records, model, reasons=0, periods=[year], validate=False)

    chosen = choose_cases(records, model, truth, score_year, cases=cases, seed=seed)
    say(f"Writing {cases} cases for {participants} participants")
    key = make_key(chosen, regime, model, str(records.as_of.date()), participants=participants, seed=seed)
    rule = str(chosen.facts["flag_rule"].iloc[0])
    sheets = dict(zip(key.cases["case"], describe_cases(records, regime, chosen), strict=True))
    with new_folder(path, marker=KEY_NAME) as new:
        for form in key.forms:
            _write_form(new / FOR_PARTICIPANTS / f"form-{form}", key, form, sheets, rule)
        key.write(new / KEY_NAME)
        write_text(new / README, _read_me(key, rule))
    return path


def make_key(
    chosen: TaskCases, regime: Regime, model: RiskModel, as_of: str, *, participants: int, seed: int
) -> Key:
    """Make the key of a kit: the truth of its cases, and the layout of its forms.

    Parameters
    ----------
    chosen : TaskCases
    regime : Regime
    model : RiskModel
    as_of : str
    participants, seed : int

    Returns
    -------
    Key
    """
    lines = list_lines(regime.name)
    codes = [f"C{number:02d}" for number in range(1, len(chosen.facts) + 1)]
    facts = chosen.facts.reset_index().assign(case=codes)
    planted = [lines_of(fields, lines) for fields in facts["costly"]]
    astray = [lines_of(fields, lines) for fields in facts["fields"]]
    pointed = [lines_of_features(each, regime, lines) for each in _gather(chosen.misleading, "feature")]
    cases = pd.DataFrame(
        {
            **{name: facts[name] for name in ("case", "taxpayer_id", "period", "kind", "flagged", "wrong")},
            "tax_lost": facts["tax_lost"].round(2),
            "mechanisms": list(facts["mechanisms"]),
            "planted_lines": planted,
            "reason_codes": _gather(chosen.given, "code"),
            "wrong_codes": _gather(chosen.misleading, "code"),
            "wrong_lines": [
                tuple(line for line in many if line not in own)
                for many, own in zip(pointed, astray, strict=True)
            ],
        }
    )
    layout = lay_out(cases.set_index("case")["kind"], participants=participants, seed=seed)
    material = float(model.material)
    return Key(regime.name, model.model_id, as_of, seed, material, lines, cases, layout).named()


def _gather(table: pd.DataFrame, part: str) -> list[tuple[str, ...]]:
    """Gather one part of the reasons of each return."""
    names = [name for name in table.columns if name.endswith(f"_{part}")]
    rows = table[names].astype("object").to_numpy()
    return [tuple(str(name) for name in row if isinstance(name, str)) for row in rows]


def _write_form(folder: Path, key: Key, form: str, sheets: dict[str, dict[str, Sheet]], rule: str) -> None:
    mine = key.layout[key.layout["form"] == form].sort_values("position")
    page = SheetsPage(
        form=form,
        tax=name_tax(key.regime),
        material=pounds(key.material),
        rule=rule,
        lines=tabulate_lines(key.lines),
        sheets=tuple(
            number_sheet(sheets[row.case][row.arm], int(row.position)) for row in mine.itertuples(index=False)
        ),
    )
    write_text(folder / f"sheets-{form}.html", render_sheets(page))
    write_text(folder / f"answers-{form}.html", render_form(page))
    write_text(folder / f"answers-{form}.csv", _empty_answers(form, len(page.sheets)))


def _empty_answers(form: str, cases: int) -> str:
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([form, number, *[""] * (len(COLUMNS) - 2)] for number in range(1, cases + 1))
    return text.getvalue()


def _read_me(key: Key, rule: str) -> str:
    forms, cases = len(key.forms), len(key.cases)
    shown = least_difference(plan_variance(0.5, forms, cases))
    counts = key.cases["kind"].value_counts()
    kinds = "\n".join(f"    {words}: {counts[kind]}" for kind, words in KIND_NAMES.items())
    return f"""A kit for people: do the reasons help, and do wrong ones mislead?

NOT FOR PARTICIPANTS: this file, and {KEY_NAME}. They tell what is true of each case.

What is here
  {FOR_PARTICIPANTS}/form-.../  one folder a participant: give each participant one folder, and nothing else
    sheets-....html   {cases} cases, to read on a screen or print; no network is needed
    answers-....csv   the answer form for a spreadsheet; fill in, keep the first row and the file type
    answers-....html  the same to print; somebody types it into the CSV file afterwards
  {KEY_NAME}
    keep it apart until the answers are in

The cases
  {name_tax(key.regime)} returns of made-up taxpayers, as known on {day(key.as_of)}. Wrong means that
  {pounds(key.material)} of tax or more is lost; in the others nothing at all is wrong.
{kinds}
  These cases are no sample of a population: shares found here are not those of daily work.
  Cases were drawn by lot among returns for which the model gives a reason and wrong reasons can be written.
  {rule}
  Returns not flagged rank in the first quarter of their year. None had an enquiry.

The arms
  Each participant sees each case once: with the score only, with reasons, or with wrong reasons, a third
  each. Over any three forms each case stands once in each arm. Wrong reasons are true sentences about the
  return, as many as the real ones and with their effects, but the model does not give them and none could
  reveal what is wrong.

Before and after
  Tell participants beforehand what the first page of the sheets says, that they may stop at any time, and
  what you do with the answers. Tell them afterwards that some reasons were chosen to be wrong, and why.
  No names are asked for. Have each begin with a case of yours for practice.

What it can show
  If answers were independent, {forms} participants and {cases} cases would show a difference of
  {100 * shown:.0f} percentage points in right decisions between two arms in four of five tries. Answers of
  one person and on one case are alike, so count on more; the scoring says how much more, and what a
  further study needs.

Scoring
  Put the returned CSV files in a folder (any names, or as they are here) and score them with the
  key: taxgap audit --answers FOLDER --key KIT --out people. Cases left out are counted, and no case is
  scored twice. Differences between arms are taken case by case.
"""
