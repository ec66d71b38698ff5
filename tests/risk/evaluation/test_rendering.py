from __future__ import annotations

from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from taxgap.risk.evaluation import Evaluation, evaluate


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    rng = np.random.default_rng(0)
    risk = rng.random(900)
    index = pd.MultiIndex.from_product(
        [[f"SECRET{i}" for i in range(900)], ["2022-23"]], names=["taxpayer_id", "period"]
    )
    return evaluate(
        pd.Series(risk, index),
        amount=np.where(rng.random(900) < risk / 2, 2000.0, 0.0),
        probability=risk / 2,
        hours=rng.uniform(5, 20, 900),
        baselines={"random": rng.random(900), "<turnover>": -risk},
        references={"ceiling": risk + 0.01 * rng.random(900)},
        groups=pd.DataFrame({"nation": rng.choice(["England", "Wales"], 900)}),
        draws=60,
    )


def test_the_screen_says_what_was_beaten_and_by_how_much(evaluation: Evaluation) -> None:
    text = evaluation.to_text()
    assert "900 cases (random enquiries)" in text
    assert "beats random: +" in text
    assert "Noise floor with 900 cases" in text
    assert "ceiling" in text.splitlines()[2]
    assert "chance" in text.splitlines()[2]
    assert "GBP an hour at 5%" in text
    assert max(map(len, text.splitlines())) < 170
    assert len(text.splitlines()) < 40


def test_the_headline_is_one_sentence(evaluation: Evaluation) -> None:
    assert evaluation.headline().startswith("On 900 cases (random enquiries) the top 5% hold ")
    assert evaluation.headline().endswith("beats all 2 baselines.")
    bare = evaluate(np.arange(30.0), amount=np.arange(30) * 100.0, coverages=(), draws=5)
    assert "the AUC is 1.000" in bare.headline()
    worse = evaluate(-np.arange(30.0), amount=np.arange(30) * 100.0, baselines={"b": np.arange(30)}, draws=5)
    assert "it beats 0 of 1 baseline with" in worse.headline()


def test_what_was_not_measured_is_told_with_its_reason() -> None:
    text = evaluate(np.arange(30.0), amount=np.zeros(30), draws=5).to_text()
    assert "Not measured, no tax in any case: auc" in text


def test_tables_have_captions_and_headings_and_no_taxpayer(evaluation: Evaluation) -> None:
    html = evaluation._repr_html_()
    assert html.count("<table") == html.count("<caption>") >= 6
    assert '<th scope="col">' in html
    assert "<th>" not in html
    assert "SECRET" not in html
    assert "<turnover>" not in html
    opened: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
            if tag != "br":
                opened.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert opened.pop() == tag

    Reader().feed(html)
    assert not opened
