"""Participants whose figures are known beforehand get those figures."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import InvalidDataError
from taxgap.reasons.audit.people import ARMS, KEY_NAME, MEASURES, Key, PeopleResult, score_answers
from taxgap.reasons.audit.people.result import PAIRED
from taxgap.reasons.audit.people.sample_size import ASSUMED

Give = Callable[[Callable[[pd.Series], dict[str, object]]], Path]


def _yes(answer: Any) -> str:
    return "yes" if answer else "no"


def _value(result: PeopleResult, measure: str, group: str) -> float:
    return float(result.figure(measure, group)["value"])


def test_who_knows_the_truth_is_right_in_every_arm(key: Key, give_answers: Give) -> None:
    folder = give_answers(lambda row: {"enquiry": _yes(row["wrong"]), "line": "L4", "sure": 5, "minutes": 3})
    result = score_answers(folder, key, draws=200)
    for arm in ARMS:
        expected = {"accuracy": 1, "opens_wrong": 1, "opens_right": 0, "line_right": 1, "line_misled": 0}
        expected |= {"agrees_when_model_wrong": 0, "agrees_when_model_right": 1, "sure": 5}
        for measure, value in expected.items():
            assert _value(result, measure, arm) == value, measure
        assert _value(result, "minutes", arm) == pytest.approx(3)
        row = result.figure("accuracy", arm)
        assert row["interval"].startswith("Wilson")
        assert row["n"] == 96
        assert row["low"] == pytest.approx(96 / (96 + 1.959964**2))  # Wilson's, where all are right
        assert row["high"] == 1
    assert _value(result, "accuracy", "reasons less score") == 0
    assert np.isnan(result.figure("sure_when_mistaken", "score")["value"])


def test_who_follows_reasons_blindly_is_misled_by_wrong_ones_alone(key: Key, give_answers: Give) -> None:
    lines = {"score": "none", "reasons": "L4", "wrong_reasons": "L9"}

    def follow(row: pd.Series) -> dict[str, object]:
        opens = row["flagged"] if row["arm"] == "score" else True
        minutes = 2 if row["arm"] == "score" else 4
        return {"enquiry": _yes(opens), "line": lines[row["arm"]], "sure": 4, "minutes": minutes}

    result = score_answers(give_answers(follow), key)
    assert _value(result, "line_misled", "wrong_reasons") == 1
    assert _value(result, "line_misled", "wrong_reasons less score") == 1
    assert "do not vary" in result.figure("line_misled", "wrong_reasons less score")["interval"]
    assert _value(result, "line_misled", "reasons less score") == 0
    assert _value(result, "line_right", "reasons less score") == 1
    assert _value(result, "line_right", "reasons less wrong_reasons") == 1
    assert _value(result, "opens_right", "wrong_reasons") == 1
    assert _value(result, "opens_right", "wrong_reasons less score") == pytest.approx(0.5)
    assert _value(result, "accuracy", "reasons") == pytest.approx(0.5)
    assert _value(result, "accuracy", "score") == pytest.approx(15 / 24)
    assert _value(result, "agrees_when_model_wrong", "score") == 1
    assert _value(result, "agrees_when_model_wrong", "reasons") == pytest.approx(6 / 9)
    assert _value(result, "minutes", "reasons less score") == pytest.approx(2)
    assert result.figure("minutes", "reasons less score")["unit"] == "times"


def test_who_agrees_with_the_model_relies_on_it_where_it_errs(key: Key, give_answers: Give) -> None:
    folder = give_answers(lambda row: {"enquiry": _yes(row["flagged"])})
    result = score_answers(folder, key, draws=200)
    for arm in ARMS:
        assert _value(result, "agrees_when_model_wrong", arm) == 1
        assert _value(result, "agrees_when_model_right", arm) == 1
        assert _value(result, "accuracy", arm) == pytest.approx(15 / 24)


def test_who_guesses_gets_what_chance_gives(key: Key, give_answers: Give) -> None:
    random = np.random.default_rng(5)
    lines = list(key.lines["line"])

    def guess(_: pd.Series) -> dict[str, object]:
        return {"enquiry": _yes(random.random() < 0.5), "line": random.choice(lines), "sure": 1, "minutes": 1}

    result = score_answers(give_answers(guess), key)
    figures = result.figures[(result.figures["group_by"] == "arm") & result.figures["chance"].notna()]
    held = figures["chance"].between(figures["low"], figures["high"])
    assert len(held) == 8 * len(ARMS)
    assert held.mean() >= 0.85
    assert result.figure("line_right", "score")["chance"] == pytest.approx(1 / 30)
    assert result.figure("accuracy", "score")["interval"].startswith("bootstrap")
    row = result.figure("accuracy", "reasons less score")
    assert row["low"] < 0 < row["high"]


def test_what_is_left_out_is_counted(key: Key, give_answers: Give) -> None:
    def leave_out(row: pd.Series) -> dict[str, object]:
        if row["form"] == key.forms[0]:
            return {}
        if row["form"] == key.forms[1] and row["arm"] == "reasons":
            return {}
        return {"enquiry": _yes(row["wrong"]), "sure": 3}

    result = score_answers(give_answers(leave_out), key)
    table = result.unanswered.set_index(["arm", "question"])
    assert (result.forms, result.returned) == (12, 11)
    assert table.loc[("reasons", "enquiry")].tolist() == [96, 80, 8, 8]
    assert table.loc[("score", "enquiry")].tolist() == [96, 88, 0, 8]
    assert table.loc[("score", "line")].tolist() == [96, 0, 88, 8]
    assert (table["asked"] == table[["answered", "left_out", "form_not_returned"]].sum(axis=1)).all()
    assert _value(result, "accuracy", "reasons") == 1
    assert _value(result, "accuracy_of_all", "reasons") == pytest.approx(80 / 88)
    assert "11 of 12 forms were returned" in result.summary()
    assert "score and reasons, of 96 cases: enquiry 8, line 88" in result.summary()


def test_nothing_answered_gives_no_figures_and_says_so(key: Key, give_answers: Give) -> None:
    result = score_answers(give_answers(lambda _: {}), key)
    assert result.returned == 0
    assert result.figures["value"].isna().all()
    assert "0 of 12 forms" in result.summary()
    assert "not known" in result.summary()


def test_few_participants_get_no_bootstrap(key: Key, give_answers: Give) -> None:
    some = key.forms[:3]
    folder = give_answers(lambda row: {"enquiry": _yes(row["position"] % 2)} if row["form"] in some else {})
    result = score_answers(folder, key, draws=200)
    assert result.figure("accuracy", "score")["interval"].startswith("Wilson")
    row = result.figure("accuracy", "reasons less score")
    assert np.isfinite(row["value"])
    assert np.isnan(row["low"])
    assert row["interval"].startswith("none")
    said = result.summary()
    assert "too few answers to tell how they vary" in said
    assert "10 points with 24 such cases: " in said, "the size of a further study is said all the same"
    assert set(result.sample_sizes["basis"]) == {ASSUMED}
    assert set(result.sample_sizes["measure"]) == {name for name, each in MEASURES.items() if each.planned}


def test_the_summary_speaks_of_what_it_shows(key: Key, give_answers: Give) -> None:
    result = score_answers(give_answers(lambda row: {"enquiry": _yes(row["position"] % 2)}), key, draws=200)
    lines = result.summary().splitlines()
    counted = [int(line.split(" ")[2]) for line in lines if line.startswith("Intervals of ")]
    planned = [measure for measure in MEASURES.values() if measure.planned]
    assert sum(counted) == len(ARMS) * len(MEASURES) + len(planned)
    assert lines.index(PAIRED) == len(planned), "it stands between the differences and the means"


def test_what_was_found_is_saved(key: Key, give_answers: Give, tmp_path: Path) -> None:
    result = score_answers(give_answers(lambda row: {"enquiry": _yes(row["wrong"])}), key, draws=200)
    path = result.save(tmp_path / "people")
    assert json.loads(path.read_text("utf-8"))["returned"] == 12
    assert (tmp_path / "people" / "summary.txt").read_text("utf-8") == f"{result.summary()}\n"


def test_the_order_of_files_and_rows_is_no_matter(key: Key, give_answers: Give) -> None:
    folder = give_answers(lambda row: {"enquiry": _yes(row["position"] % 3), "line": "L4", "sure": 2})
    files = sorted(folder.glob("*.csv"))
    first = score_answers(files, key)
    for path in files:
        table = pd.read_csv(path, dtype="str")
        table.iloc[::-1].to_csv(path, index=False)
    second = score_answers(files[::-1], key)
    pd.testing.assert_frame_equal(first.figures, second.figures)


def test_a_key_survives_its_file(key: Key, give_answers: Give, tmp_path: Path) -> None:
    folder = give_answers(lambda row: {"enquiry": _yes(row["position"] % 2), "line": "L9"})
    kit = tmp_path / "kit"
    kit.mkdir()
    key.write(kit / KEY_NAME)
    first, second = (score_answers(folder, each, draws=200) for each in (key, kit))
    pd.testing.assert_frame_equal(first.figures, second.figures)
    json.dumps(second.to_dict(), allow_nan=False)
    assert set(second.figures["measure"]) == set(MEASURES)


def test_a_key_that_contradicts_itself_is_refused(key: Key, tmp_path: Path) -> None:
    twice = replace(key, layout=pd.concat([key.layout, key.layout.iloc[:1]]))
    path = twice.write(tmp_path / "key.json")
    with pytest.raises(InvalidDataError, match="a form shows a case twice"):
        Key.read(path)
