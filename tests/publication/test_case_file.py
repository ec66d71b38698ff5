"""The case file: what it says of a return is what model and records say, and nobody else is in it."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from taxgap.batch import score
from taxgap.errors import IncompatibleError, InvalidDataError, UsageError
from taxgap.publication import case_file, case_file_alike
from taxgap.publication.case_file import REASONS, VALUES, Case, gather_case
from taxgap.publication.case_file_alike import find_alike
from taxgap.publication.case_file_content import CaseFile, find_standing, gather_case_file
from taxgap.publication.case_file_group import describe_group
from taxgap.publication.case_file_history import ENQUIRIES, MOST_RETURNS, gather_enquiries, gather_history
from taxgap.publication.case_file_page import case_file_name, render_case_file, write_case_file
from taxgap.publication.case_file_tables import round_found, tabulate_history, tabulate_reports
from taxgap.publication.case_file_text import write_lines
from taxgap.publication.case_file_words import (
    FLAGGED,
    MIDDLE,
    NOT_FLAGGED,
    describe_file,
    describe_rest,
    describe_work,
)
from taxgap.publication.wording import factor
from taxgap.reasons.baseline import PeerBaseline
from taxgap.reasons.naming import name_group, write_factor
from taxgap.reasons.refits import fit_refits
from taxgap.reasons.selection import LEAST_LOG_UNITS
from taxgap.records import Records
from taxgap.regimes import get_regime
from taxgap.risk import RiskModel
from taxgap.risk.suitability import peers_of

pytestmark = pytest.mark.xdist_group("case_file")

YEAR = "2023-24"


@pytest.fixture(scope="module")
def records(workshop: Any) -> Records:
    return Records.open(workshop.records)


@pytest.fixture(scope="module")
def model(workshop: Any) -> RiskModel:
    return RiskModel.load(workshop.model)


@pytest.fixture(scope="module")
def scores(records: Records, model: RiskModel) -> pd.DataFrame:
    return score(records, model, reasons=0, periods=[YEAR], validate=False)


@pytest.fixture(scope="module")
def first(scores: pd.DataFrame) -> str:
    """The taxpayer who ranks first."""
    return str(scores.loc[scores["rank"].idxmin(), "taxpayer_id"])


@pytest.fixture(scope="module")
def case(records: Records, model: RiskModel, first: str) -> Case:
    return gather_case(records, model, first, period=YEAR)


@pytest.fixture(scope="module")
def file(records: Records, model: RiskModel, case: Case, scores: pd.DataFrame) -> CaseFile:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(case_file_alike, "CANDIDATES", 60)
        return gather_case_file(records, model, case, scores=scores)


class Reader(HTMLParser):
    """Checks that what is opened is closed, and keeps tags, attributes and text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in {"meta", "img", "source"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data


@pytest.fixture(scope="module")
def page(file: CaseFile) -> Reader:
    reader = Reader()
    reader.feed(render_case_file(file))
    assert not reader.open
    return reader


def test_a_case_says_what_the_scores_say(case: Case, scores: pd.DataFrame) -> None:
    row = scores.set_index("taxpayer_id").loc[case.taxpayer_id]
    for name in ("score", "expected_tax", "amount_low", "amount_high", "probability"):
        assert case.numbers[name] == pytest.approx(row[name], rel=1e-12), name
    parts = case.numbers["population_mean"] + case.numbers["group_effect"]
    assert parts + case.contributions["contribution"].sum() == pytest.approx(row["score"], abs=1e-6)


def test_reasons_raise_and_what_lowers_lowers(case: Case) -> None:
    assert len(case.reasons) > 0
    assert (case.reasons["contribution"] > 0).all()
    assert (case.reasons["evidence"] != "").any()
    assert (case.lowering["contribution"] < 0).all()
    assert not set(case.reasons["code"]) & set(case.lowering["code"])
    assert case.reasons["pounds"].gt(0).all()


def test_refits_stand_beside_each_reason(records: Records, model: RiskModel, file: CaseFile) -> None:
    refits = fit_refits(records, model, refits=4)
    sure = gather_case(records, model, file.case.taxpayer_id, period=YEAR, refits=refits)
    pd.testing.assert_frame_equal(sure.reasons[list(REASONS)], file.case.reasons)
    assert (sure.reasons["low"] <= sure.reasons["high"]).all()
    assert sure.stability == sure.reasons["first"].iloc[0]
    page = describe_file(replace(file, case=sure))
    first = round(4 * sure.stability)
    assert page.reasons[0].refits.startswith(f"In {first} of 4 refits this reason comes first. Refits put ")
    assert all("among the first four" in told.refits for told in page.reasons[1:])
    assert all(not told.refits for told in page.lowering)
    text = render_case_file(replace(file, case=sure))
    lines = [line.text for line in write_lines(sure)]
    for said in (*(told.refits for told in page.reasons), page.stability):
        assert said in text
        assert said in lines
    assert sure.to_dict()["refits"] == 4
    assert {"low", "high", "first", "among_first"} <= set(sure.to_dict()["reasons"][0])


def test_without_refits_nothing_is_said_of_them(case: Case, file: CaseFile) -> None:
    assert list(case.reasons.columns) == list(REASONS)
    assert not {"refits", "stability"} & set(case.to_dict())
    assert "refit" not in render_case_file(file)
    assert not any("refit" in line.text for line in write_lines(case))


def test_a_figure_at_the_median_is_asked_of_the_model(records: Records, model: RiskModel, case: Case) -> None:
    regime, peers = get_regime("self_assessment"), peers_of(model)
    observed = regime.measure(records, [YEAR]).loc[[(case.taxpayer_id, YEAR)]]
    reason = case.reasons.iloc[0]
    asked = observed.assign(**{reason["feature"]: reason["peer_median"]})
    seen = regime.compare(asked, peers)[list(model.feature_names_in_)]
    row = case.what_if.iloc[0]
    assert row["expected_tax"] == pytest.approx(float(model.expected_tax(seen)[0]))
    assert row["factor"] == pytest.approx(row["expected_tax"] / case.numbers["expected_tax"])
    assert len(case.what_if) == len(case.reasons) + (len(case.reasons) > 1)


def test_what_the_reasons_leave_is_said(case: Case, file: CaseFile, page: Reader) -> None:
    own, told = case.contributions["contribution"].sum(), case.reasons["contribution"].sum()
    sums = case.contributions.groupby("code")["contribution"].sum().drop(list(case.reasons["code"]))
    largest = sums[sums >= LEAST_LOG_UNITS].sort_values(ascending=False).head(3)
    assert case.untold["code"].tolist() == largest.index.tolist()
    said = describe_file(file)
    assert said.rest == describe_rest(case)
    for part in (told, own):
        assert write_factor(math.exp(part)) in said.rest
    lines = [line.text for line in write_lines(case)]
    for sentence in (said.rest, *case.untold["sentence"]):
        assert sentence in page.text
        assert sentence in lines
    assert [row["sentence"] for row in case.to_dict()["untold"]] == case.untold["sentence"].tolist()
    usual = "Travel expenses: multiplies by 1.5, but 4% is usual here (2% to 9%), so it is no reason."
    other = replace(case, untold=pd.DataFrame({"sentence": [usual]}))
    assert usual in render_case_file(replace(file, case=other))
    assert usual in [line.text for line in write_lines(other)]


def test_pounds_are_shared_out_and_promise_nothing(case: Case, file: CaseFile) -> None:
    lowering = case.reasons.assign(pounds=-250.0)
    told = describe_file(replace(file, case=replace(case, lowering=lowering)))
    expected = f"£{case.numbers['expected_tax']:,.0f}"
    first = f"£{case.reasons['pounds'].iloc[0]:,.0f} of the {expected} expected is put down to it."
    assert told.reasons[0].money == first
    assert told.lowering[0].money == "It takes £250 off what is expected."
    assert "would be expected" not in render_case_file(file)
    assert MIDDLE["peers"] in [line.text for line in write_lines(case)]
    assert ("do not add up" in told.rest) is (len(case.reasons) > 1)


def test_the_group_is_named_and_taken_apart(
    records: Records, model: RiskModel, case: Case, page: Reader
) -> None:
    regime = get_regime("self_assessment")
    row = regime.measure(records, [YEAR]).loc[(case.taxpayer_id, YEAR)]
    group = name_group(str(row["trade_group"]), str(row["size_band"]))
    text = "\n".join(line.text for line in write_lines(case))
    for said in (text, page.text):
        assert f"(this return: {group})" in said
        assert f"({group})" in said.replace("this return: ", "")
    baseline = PeerBaseline(model, regime, peers_of(model))
    seen = regime.compare(regime.measure(records, [YEAR]).loc[[(case.taxpayer_id, YEAR)]], peers_of(model))
    trade = baseline.mean_over_trade(int(baseline.place(seen)[0])) - baseline.population_mean
    assert case.numbers["trade_effect"] == pytest.approx(trade)
    size = case.numbers["group_effect"] - trade
    assert f"Of that, the trade {factor(trade)} and the size within it {factor(size)}." in text
    unknown = replace(case, numbers={**case.numbers, "trade_effect": math.nan}, trade_group="")
    assert "Of that" not in describe_group(unknown)
    assert "trade not known" in describe_group(unknown)


@pytest.mark.parametrize(
    ("rung", "said"),
    [
        ("trade_and_size", "returns of this trade and size more often"),
        ("trade", "returns of this trade, read as if of this size too,"),
        ("size", "returns of this size, read as if of this trade too,"),
        ("everyone", "returns read as if of this trade and size are"),
    ],
)
def test_a_score_that_is_mainly_the_groups_is_said_to_be_so(
    rung: str, said: str, case: Case, file: CaseFile
) -> None:
    # What is taken from the mean goes to the group, so that the parts still add up.
    mean, group = case.numbers["population_mean"], case.numbers["group_effect"]
    moved = {"population_mean": mean - 20.0, "group_effect": group + 20.0}
    grouped = replace(case, rung=rung, numbers={**case.numbers, **moved})
    for text in (
        render_case_file(replace(file, case=grouped)),
        "\n".join(line.text for line in write_lines(grouped)),
    ):
        assert f"Most of this score comes from the group: {said}" in text
    moved = {"population_mean": mean + 20.0, "group_effect": group - 20.0}
    own = replace(case, rung=rung, numbers={**case.numbers, **moved})
    assert "Most of this score" not in "\n".join(line.text for line in write_lines(own))


def test_work_already_done_is_said_first(case: Case, file: CaseFile, records: Records) -> None:
    closed = ("risk", "2025-03-01", "2026-07-17", True, 30_175.0)
    opened = ("random", "2026-02-03", "", False, math.nan)
    rows = [(YEAR, *closed), (YEAR, *opened), ("2021-22", *closed)]
    worked = replace(case, enquiries=pd.DataFrame(rows, columns=list(ENQUIRIES)))
    expected = (
        "Work already done: an enquiry (risk) into this return was closed on 17 July 2026 and found £30,175.",
        "An enquiry (random) into this return has been open since 3 February 2026.",
    )
    assert describe_work(worked) == expected
    assert [line.text for line in write_lines(worked)][2:4] == list(expected)
    text = render_case_file(replace(file, case=worked))
    assert text.index(expected[0]) < text.index("Why it scores as it does")
    assert worked.to_dict()["enquiries"][1]["tax_found"] is None
    nobody = replace(case, enquiries=worked.enquiries.iloc[2:])
    assert describe_work(nobody) == ()


def test_enquiries_are_those_of_the_records(records: Records, model: RiskModel) -> None:
    table = records.table("enquiries", where={"regime": "self_assessment", "period": YEAR})
    closed = table[table["closed_on"].notna()].iloc[0]
    found = gather_enquiries(records, "self_assessment", str(closed["taxpayer_id"]))
    row = found[found["period"] == YEAR].iloc[0]
    assert (row["closed"], row["tax_found"]) == (True, closed["tax_found"])
    assert row["closed_on"] == str(closed["closed_on"].date())
    early = records.known_at(closed["opened_on"] - pd.Timedelta(days=1))
    assert YEAR not in set(gather_enquiries(early, "self_assessment", str(closed["taxpayer_id"]))["period"])
    assert gather_enquiries(records, "vat", "nobody").empty


def test_without_a_period_the_latest_return_is_taken(records: Records, model: RiskModel, first: str) -> None:
    filed = records.table("self_assessment", where={"taxpayer_id": first})["period"]
    case = gather_case(records, model, first, baseline="training")
    assert case.period == filed.max()
    assert (case.rung, case.peers) == ("", 0)


def test_where_it_ranks_is_read_off_the_scores(case: Case, scores: pd.DataFrame) -> None:
    standing = find_standing(scores, case)
    assert (standing["rank"], standing["ranked"]) == (1, len(scores))
    with pytest.raises(UsageError, match="lack this return"):
        find_standing(scores.iloc[:0], case)
    with pytest.raises(UsageError, match="another model"):
        find_standing(scores.assign(model_id="other"), case)


@pytest.mark.parametrize("moved", [2e-6, -0.1, math.nan])
def test_scores_of_another_day_are_refused(moved: float, case: Case, scores: pd.DataFrame) -> None:
    assert find_standing(scores.assign(score=scores["score"] + 5e-7), case)["rank"] == 1
    with pytest.raises(IncompatibleError, match="of another day") as refused:
        find_standing(scores.assign(score=scores["score"] + moved), case)
    assert refused.value.remedy


def test_the_rule_for_flags_is_that_of_the_scores_alone(case: Case, file: CaseFile) -> None:
    other = replace(file, case=replace(case, numbers={**case.numbers, "cutoff": 0.7654}))
    assert dict(describe_file(other).about)["Rule for flags"] == file.standing["flag_rule"]
    assert "77%" not in str(describe_file(other).about)


def test_the_history_is_what_was_declared(records: Records, file: CaseFile) -> None:
    returns = records.table("self_assessment", where={"taxpayer_id": file.case.taxpayer_id})
    latest = returns.sort_values("version").groupby("period").last()
    table = tabulate_history(file.history, YEAR)
    assert [column.head.split(" ")[0] for column in table.columns[1:]] == sorted(latest.index)
    assert f"{YEAR} (this return)" in [column.head for column in table.columns]
    totals = file.history[file.history["figure"] == "Total income"].set_index("period")["amount"]
    assert totals.to_dict() == latest["total_income"].to_dict()


def test_a_long_history_holds_the_return_in_question_and_those_before_it(records: Records) -> None:
    counts = records.table("vat")["taxpayer_id"].value_counts()
    taxpayer = str(counts.index[counts >= MOST_RETURNS + 3][0])
    periods = sorted(records.table("vat", where={"taxpayer_id": taxpayer})["period"].unique())
    shown = gather_history(records, "vat", taxpayer, periods[-1], 0)["period"].unique().tolist()
    assert shown == periods[-MOST_RETURNS:]
    shown = gather_history(records, "vat", taxpayer, periods[1], 0)["period"].unique().tolist()
    assert shown == periods[:MOST_RETURNS]
    shown = gather_history(records, "vat", taxpayer, periods[-2], 0)["period"].unique().tolist()
    assert shown == periods[-MOST_RETURNS - 1 : -1]


def test_reports_stand_beside_what_was_declared(records: Records, file: CaseFile) -> None:
    taxpayer = file.case.taxpayer_id
    reported = records.table("third_party", where={"taxpayer_id": taxpayer})
    others = file.reports[file.reports["source"] != ""]
    assert others["amount"].sum() == pytest.approx(reported["amount"].sum())
    beside = file.reports[file.reports["source"] == ""]
    assert set(beside["figure"]) == set(others["figure"]) - {""}


def test_what_nobody_declares_is_shown_alone() -> None:
    reports = pd.DataFrame(
        [("Interest", "", YEAR, 10.0), ("Interest", "bank", YEAR, 90.0), ("", "customs", YEAR, 5.0)],
        columns=["figure", "source", "period", "amount"],
    )
    table = tabulate_reports(reports)
    assert table is not None
    assert [(row[0].text, row[1].text) for row in table.rows] == [
        ("Interest, declared", "£10"),
        ("Interest, reported by banks", "£90"),
        ("Reported by customs", "£5"),
    ]
    assert tabulate_reports(reports.iloc[:0]) is None


def test_cases_alike_are_closed_and_someone_elses(records: Records, model: RiskModel, file: CaseFile) -> None:
    alike = file.alike
    assert 0 < len(alike) <= 5
    assert alike["agreement"].is_monotonic_decreasing
    assert alike["agreement"].between(0.5, 1 + 1e-12).all()
    enquiries = records.table("enquiries")
    others = enquiries[enquiries["closed_on"].notna() & (enquiries["taxpayer_id"] != file.case.taxpayer_id)]
    assert set(alike["tax_found"]) <= set(others["tax_found"])


def test_without_closed_cases_none_is_alike(records: Records, model: RiskModel, case: Case) -> None:
    tables = {name: records.table(name) for name in records.tables if name != "enquiries"}
    bare = Records.from_frames(tables, as_of=records.as_of)
    assert find_alike(bare, model, case).empty


def test_cases_into_returns_that_are_not_there_are_none(
    records: Records, model: RiskModel, case: Case
) -> None:
    tables = {name: records.table(name) for name in records.tables}
    tables["enquiries"] = tables["enquiries"].assign(period="1999-00")
    elsewhere = Records.from_frames(tables, as_of=records.as_of)
    assert find_alike(elsewhere, model, case).empty


def test_an_error_is_not_taken_for_no_closed_case(
    records: Records, model: RiskModel, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> pd.DataFrame:
        raise InvalidDataError("A column is missing.")

    monkeypatch.setattr(case_file_alike, "CANDIDATES", 5)
    monkeypatch.setattr(case_file_alike, "measure_cases", fail)
    with pytest.raises(InvalidDataError, match="column is missing"):
        find_alike(records, model, case)


def test_tax_found_by_others_is_rounded() -> None:
    assert [round_found(amount) for amount in (0.0, 3.0, 149.0, 8_881.43)] == [
        "nothing",
        "about £100",
        "about £100",
        "about £8,900",
    ]


def test_a_flag_is_said_to_be_a_reason_to_look(file: CaseFile) -> None:
    flagged = describe_file(replace(file, standing={**file.standing, "flagged": True}))
    assert flagged.lead == FLAGGED
    other = describe_file(replace(file, standing={**file.standing, "flagged": False, "rank": 1_500}))
    assert other.lead == NOT_FLAGGED
    assert other.advice.startswith("Flagged if the probability is at least")
    assert "no reason to open an enquiry" in other.advice
    assert dict(other.facts)["Rank in the tax year"].startswith("1,500 of ")


def test_the_group_is_never_a_reason(file: CaseFile) -> None:
    said = describe_file(file)
    assert "which is never a reason" in said.group
    assert f"£{math.exp(file.case.numbers['population_mean']):,.0f}" in said.group
    assert not {"trade_group", "size_band"} & set(file.case.contributions["feature"])
    assert said.group.startswith("A typical return is at £")
    assert "not the mean of the tax" in said.group


def test_against_the_cases_trained_on_nobody_else_is_spoken_of(case: Case, file: CaseFile) -> None:
    none = case.reasons.iloc[:0]
    own, group = case.contributions["contribution"].copy(), case.numbers["group_effect"]
    own.iloc[0] += group + 1.0
    numbers = {**case.numbers, "group_effect": -1.0}
    parts = case.contributions.assign(contribution=own)
    calm = replace(case, baseline="training", numbers=numbers, contributions=parts)
    said = describe_file(replace(file, case=replace(calm, reasons=none)))
    for text in (said.group, said.middle, said.outcome):
        assert "similar taxpayers" not in text
        assert "peers" not in text
        assert "everyone" not in text
    assert said.group.startswith("A typical case that the model was trained on is at £")
    assert "the cases that the model was trained on" in said.outcome


def test_another_family_that_comes_first_as_a_whole_is_named(
    records: Records, model: RiskModel, case: Case, file: CaseFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_first = get_regime("self_assessment").code[case.reasons["code"].iloc[0]].family
    other = "timing" if of_first != "timing" else "third_party"

    def turn(first: str) -> str:
        def values(model: RiskModel, regime: Any, seen: pd.DataFrame, **_: Any) -> pd.DataFrame:
            names = list(dict.fromkeys(code.family for code in regime.codes))
            return pd.DataFrame([[float(name == first) for name in names]], seen.index, names)

        monkeypatch.setattr(case_file, "family_values", values)
        monkeypatch.setattr(case_file, "sum_families", lambda regime, found: values(model, regime, found) * 0)
        return gather_case(records, model, case.taxpayer_id, period=YEAR).first_family

    assert turn(of_first) == ""
    assert turn(other) == other
    named = replace(case, first_family="third_party")
    sentence = describe_file(replace(file, case=named)).family
    assert sentence.startswith("Taken as a whole, the family 'third party' would come first")
    assert "Taken as a whole" in render_case_file(replace(file, case=named))
    assert sentence in [line.text for line in write_lines(named)]
    assert named.to_dict()["first_family"] == "third_party"


def test_a_family_is_named_only_where_it_is_another(case: Case, file: CaseFile) -> None:
    plain = replace(case, first_family="")
    assert describe_file(replace(file, case=plain)).family == ""
    assert "Taken as a whole" not in render_case_file(replace(file, case=plain))
    assert not any("Taken as a whole" in line.text for line in write_lines(plain))


def test_no_single_reason_is_said_and_needs_no_table(file: CaseFile) -> None:
    bare = replace(
        file.case,
        reasons=file.case.reasons.iloc[:0],
        what_if=file.case.what_if.iloc[:0],
        lowering=file.case.lowering.iloc[:0],
    )
    said = describe_file(replace(file, case=bare))
    assert said.outcome.startswith("No single reason stands out.")
    assert said.what_if is None
    text = render_case_file(replace(file, case=bare))
    assert "No single thing in the records lowers it much." in text


def test_the_page_has_every_part(page: Reader, file: CaseFile) -> None:
    headings = [attributes["id"] for tag, attributes in page.tags if tag == "h2"]
    wanted = ["why", "lowering", "score", "what-if-heading", "past", "others", "alike-heading", "about"]
    assert headings == wanted
    for reason in file.case.reasons.itertuples(index=False):
        for text in (reason.title, reason.sentence, reason.observed, reason.median, reason.middle_half):
            assert text in page.text
    assert page.text.count("Ask for:") == (file.case.reasons["evidence"] != "").sum()
    assert "This taxpayer is made up" in page.text


def test_the_page_needs_nothing_else_and_can_be_read_by_all(page: Reader) -> None:
    addresses = [
        value
        for _, attributes in page.tags
        for name, value in attributes.items()
        if name in {"src", "href", "srcset"}
    ]
    assert all(re.match("data:|#", address) for address in addresses)
    assert not [tag for tag, _ in page.tags if tag in {"script", "link", "iframe"}]
    assert all(attributes["alt"] for tag, attributes in page.tags if tag == "img")
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    named = [name for _, a in page.tags for name in a.get("aria-labelledby", "").split()]
    assert set(named) <= set(ids)
    assert ("html", {"lang": "en-GB"}) in page.tags


def test_nobody_else_is_named(page: Reader, records: Records, file: CaseFile) -> None:
    others = set(records.table("taxpayers")["taxpayer_id"]) - {file.case.taxpayer_id}
    assert not others & set(re.findall(r"\w+", page.text))
    assert not re.search(r"fraud|cheat|guilt|evader|suspect|dishonest", page.text, re.IGNORECASE)


def test_real_records_are_not_called_made_up(file: CaseFile) -> None:
    text = render_case_file(replace(file, case=replace(file.case, synthetic=False)))
    assert "made up" not in text
    assert "Taxpayer data" in text


def test_what_the_records_hold_is_escaped(file: CaseFile, tmp_path: Path) -> None:
    hostile = replace(file.case, taxpayer_id='../<script>alert("x")</script>')
    text = render_case_file(replace(file, case=hostile))
    assert "<script" not in text
    name = case_file_name(hostile)
    assert re.fullmatch(r"case-[A-Za-z0-9._-]+\.html", name)
    assert (tmp_path / name).parent == tmp_path
    path = write_case_file(tmp_path / name, replace(file, case=hostile))
    assert path.read_text("utf-8") == text


def test_plain_data_has_no_missing_numbers(case: Case) -> None:
    holed = replace(case, reasons=case.reasons.assign(**{VALUES[0]: np.nan}))
    plain = holed.to_dict()
    assert plain["reasons"][0]["value"] is None
    assert plain["expected_tax"] == case.numbers["expected_tax"]
    assert len(plain["contributions"]) == len(case.contributions)
