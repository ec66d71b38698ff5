"""Explanations: what shap's plots draw, what survives slicing, and what files keep."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from taxgap.errors import IncompatibleError, InvalidDataError, UsageError
from taxgap.reasons.explained import UNIT, Explained
from taxgap.reasons.explanation import Explanation, read_explanation
from taxgap.reasons.explanation_files import METADATA

mpl.use("Agg")

ROWS, FEATURES = 30, 6


@pytest.fixture(scope="module")
def explanation() -> Explanation:
    """Made by hand: two years of fifteen taxpayers; one figure is missing."""
    random = np.random.default_rng(5)
    observed = random.lognormal(size=(ROWS, FEATURES))
    observed[3, 2] = np.nan
    index = pd.MultiIndex.from_product(
        [[f"00{i:02}" for i in range(ROWS // 2)], ["2022-23", "2023-24"]], names=["taxpayer_id", "period"]
    )
    rungs = pd.Categorical(["trade"] * ROWS, ["trade_and_size", "trade"])
    explained = Explained(
        index=index,
        codes={f"feature_{place}": f"family.code_{place // 2}" for place in range(FEATURES)},
        population_mean=6.5,
        group_effect=random.normal(size=ROWS),
        peers=pd.DataFrame({"number": np.arange(ROWS), "rung": rungs, "peers": 60}),
        baseline="peers",
        engine="taxgap",
        model_id="abc",
        regime="self_assessment",
        as_of="2026-09-30",
    )
    return Explanation(random.normal(size=(ROWS, FEATURES)), observed, observed * 2, explained)


@pytest.mark.parametrize("name", ["waterfall", "bar", "beeswarm", "heatmap", "scatter", "one bar"])
def test_the_plots_that_people_know_draw_it(name: str, explanation: Explanation) -> None:
    import matplotlib.pyplot as plt  # noqa: PLC0415 - after the backend was chosen
    import shap  # noqa: PLC0415 - loaded by the explanation, quietly

    drawn = {
        "waterfall": lambda: shap.plots.waterfall(explanation[3], show=False),
        "bar": lambda: shap.plots.bar(explanation, show=False),
        "one bar": lambda: shap.plots.bar(explanation[3], show=False),
        "beeswarm": lambda: shap.plots.beeswarm(explanation, show=False),
        "heatmap": lambda: shap.plots.heatmap(explanation, show=False),
        "scatter": lambda: shap.plots.scatter(explanation[:, "feature_2"], color=explanation, show=False),
    }
    drawn[name]()
    texts = {text.get_text() for axes in plt.gcf().axes for text in axes.get_yticklabels()}
    texts |= {axes.get_xlabel() for axes in plt.gcf().axes}
    plt.close("all")
    assert any("feature_2" in text for text in texts)


def test_a_row_with_its_base_value_is_its_score(explanation: Explanation) -> None:
    one = explanation[4]
    frame = one.to_frame()
    total = one.population_mean + one.group_effect.iloc[0] + frame["contribution"].sum()
    parts = one.values  # noqa: PD011 - shap's name
    assert one.base_values + parts.sum() == pytest.approx(total, abs=1e-12)
    assert one.unit == UNIT == "log of expected tax, pounds"
    assert (one.baseline, one.engine, one.model_id) == ("peers", "taxgap", "abc")


@pytest.mark.parametrize(
    ("item", "rows"),
    [
        (4, [4]),
        (slice(2, 5), [2, 3, 4]),
        ([7, 3], [7, 3]),
        (np.arange(ROWS) == 9, [9]),
        ((slice(0, 2), slice(0, 3)), [0, 1]),
        ((slice(None), "feature_1"), list(range(ROWS))),
    ],
)
def test_slices_know_their_returns(item: Any, rows: list[int], explanation: Explanation) -> None:
    part = explanation[item]
    assert isinstance(part, Explanation)
    assert part.index.equals(explanation.index[rows])
    assert part.group_effect.tolist() == explanation.group_effect.iloc[rows].tolist()
    assert part.peers["number"].tolist() == rows
    frame = part.to_frame()
    whole = explanation.to_frame().set_index(["taxpayer_id", "period", "feature"])
    same = whole.loc[list(frame[["taxpayer_id", "period", "feature"]].itertuples(index=False, name=None))]
    assert frame["contribution"].tolist() == same["contribution"].tolist()
    assert part._repr_html_().count("<tr>") == min(len(rows), 10)


def test_a_slice_of_a_slice_and_copies(explanation: Explanation) -> None:
    assert explanation[10:20][3].index.tolist() == [explanation.index[13]]
    for twin in (copy.deepcopy(explanation), pickle.loads(pickle.dumps(explanation))):  # noqa: S301  our own
        assert isinstance(twin, Explanation)
        pd.testing.assert_frame_equal(twin[5].to_frame(), explanation[5].to_frame())


def test_what_shap_computes_explains_no_return(explanation: Explanation) -> None:
    for computed in (explanation.abs, explanation.mean(0), explanation.sum(1), explanation + 1.0):
        assert not isinstance(computed, Explanation)
    with pytest.raises(UsageError, match="percentile was applied"):
        explanation.percentile(50, axis=0).to_frame()


def test_a_return_is_taken_by_its_name(explanation: Explanation) -> None:
    part = explanation["0003", "2023-24"]
    assert part.index.tolist() == [("0003", "2023-24")]
    pd.testing.assert_frame_equal(part.to_frame(), explanation[7].to_frame())
    for wrong in (explanation, part):
        with pytest.raises(UsageError, match="no return of 0003 for 2019-20"):
            wrong["0003", "2019-20"]


def test_it_says_in_few_lines_what_it_is(explanation: Explanation) -> None:
    lines = repr(explanation).splitlines()
    assert lines[0] == "Explanation of Self Assessment, 30 x 6 (returns x features)"
    assert "Model abc, engine taxgap" in lines[1]
    assert lines[-1] == "and 27 more"
    assert len(lines) <= 12
    assert repr(explanation[4]).splitlines()[0].endswith("1 x 6 (returns x features)")
    assert repr(explanation[:, "feature_1"]).splitlines()[0].endswith("30 x 1 (returns x features)")
    assert "1 return against" in repr(explanation[4])
    assert repr(explanation[:0]).count("\n") == 1
    assert ".values" in repr(explanation.percentile(50, axis=0))


def test_the_table_holds_all_that_adds_up(explanation: Explanation) -> None:
    frame = explanation.to_frame()
    of_return = ["taxpayer_id", "period"]
    each = frame.groupby(of_return, sort=False)
    first = each[["population_mean", "group_effect", "score"]].first()
    total = first["population_mean"] + first["group_effect"] + each["contribution"].sum()
    np.testing.assert_allclose(first["score"], total, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(explanation.score, first["score"])
    part = explanation[:, "feature_1"].to_frame()
    assert part["score"].tolist() == first["score"].tolist()


@pytest.mark.parametrize("name", ["why.parquet", "why.json"])
def test_files_keep_the_scores_and_not_the_reasons(
    name: str, explanation: Explanation, tmp_path: Path
) -> None:
    path = tmp_path / name
    part = explanation[:, "feature_1"]
    part.to_json(path) if path.suffix == ".json" else part.to_parquet(path)
    back = read_explanation(path)
    np.testing.assert_array_equal(back.score, explanation.score)
    for told in ("reasons", "untold"):
        with pytest.raises(UsageError, match=r"A file keeps contributions.*taxgap\.explain"):
            getattr(back, told)


def test_the_long_form_has_a_row_for_each_return_and_feature(explanation: Explanation) -> None:
    frame = explanation.to_frame()
    assert len(frame) == ROWS * FEATURES
    assert frame.loc[FEATURES, ["taxpayer_id", "period", "feature", "code"]].tolist() == [
        "0000",
        "2023-24",
        "feature_0",
        "family.code_0",
    ]
    assert np.isnan(frame.loc[3 * FEATURES + 2, "observed"])
    assert frame["seen"].equals(frame["observed"] * 2)
    assert set(frame["rung"]) == {"trade"}


@pytest.mark.parametrize("name", ["why.parquet", "why.json"])
def test_files_bring_back_everything(name: str, explanation: Explanation, tmp_path: Path) -> None:
    path = tmp_path / name
    if path.suffix == ".json":
        assert json.loads(explanation.to_json(path)) == json.loads(path.read_text())
    else:
        assert explanation.to_parquet(path) == path
    back = read_explanation(path)
    np.testing.assert_array_equal(back.values, explanation.values)
    np.testing.assert_array_equal(back.data, explanation.data)
    np.testing.assert_array_equal(back.display_data, explanation.display_data)
    np.testing.assert_array_equal(back.base_values, explanation.base_values)
    assert back.about == explanation.about
    assert back.index.equals(explanation.index)
    assert back.peers["rung"].astype("str").tolist() == explanation.peers["rung"].astype("str").tolist()


def test_a_slice_can_be_kept(explanation: Explanation, tmp_path: Path) -> None:
    part = explanation[2:4]
    back = Explanation.read(part.to_parquet(tmp_path / "part.parquet"))
    assert back.to_frame()["contribution"].tolist() == part.to_frame()["contribution"].tolist()


def test_parquet_says_what_it_holds(explanation: Explanation, tmp_path: Path) -> None:
    schema = pq.read_schema(explanation.to_parquet(tmp_path / "why.parquet"))
    head = json.loads(schema.metadata[METADATA.encode()])
    assert head["format_version"] == 1
    assert head["unit"] == UNIT
    assert {"baseline", "model_id", "engine", "population_mean"} <= set(head)


def test_a_newer_format_is_refused_by_name(explanation: Explanation, tmp_path: Path) -> None:
    path = tmp_path / "why.json"
    path.write_text(json.dumps(json.loads(explanation.to_json()) | {"format_version": 99}))
    with pytest.raises(IncompatibleError, match="'taxgap-explanation' has version 99"):
        read_explanation(path)


def test_other_files_are_refused(explanation: Explanation, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="parquet or JSON"):
        read_explanation(tmp_path / "why.csv")
    for name in ("none.parquet", "none.json"):
        with pytest.raises(InvalidDataError, match="missing"):
            read_explanation(tmp_path / name)
    (tmp_path / "text.parquet").write_text("no parquet")
    with pytest.raises(InvalidDataError, match="cannot be read as parquet"):
        read_explanation(tmp_path / "text.parquet")
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "other.parquet")
    with pytest.raises(IncompatibleError, match="not a 'taxgap-explanation'"):
        read_explanation(tmp_path / "other.parquet")
    whole = json.loads(explanation.to_json())
    del whole["unit"]
    (tmp_path / "half.json").write_text(json.dumps(whole))
    with pytest.raises(InvalidDataError, match="whole explanation"):
        read_explanation(tmp_path / "half.json")


def _without(content: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in content.items() if key != name}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda whole: _without(whole, "features"),
        lambda whole: _without(whole, "returns"),
        lambda whole: whole | {"features": whole["features"][:-1]},
        lambda whole: whole | {"features": None},
        lambda whole: (
            whole | {"returns": [entry | {"seen": entry["seen"][:-1]} for entry in whole["returns"]]}
        ),
        lambda whole: whole | {"returns": [_without(whole["returns"][0], "observed"), *whole["returns"][1:]]},
        lambda whole: whole | {"returns": [_without(whole["returns"][0], "period"), *whole["returns"][1:]]},
        lambda whole: whole | {"returns": [1, 2]},
        lambda whole: whole | {"refits": 4},
        lambda whole: whole | {"refits": 4, "coverage": 0.95},
    ],
)
def test_json_that_lacks_something_is_refused(spoil: Any, explanation: Explanation, tmp_path: Path) -> None:
    path = tmp_path / "why.json"
    path.write_text(json.dumps(spoil(json.loads(explanation.to_json()))))
    with pytest.raises(InvalidDataError, match="whole explanation") as refused:
        read_explanation(path)
    assert refused.value.remedy


@pytest.mark.parametrize(
    "name", ["taxpayer_id", "group_effect", "feature", "code", "contribution", "observed", "seen"]
)
def test_parquet_that_lacks_a_column_is_refused(name: str, explanation: Explanation, tmp_path: Path) -> None:
    path = explanation.to_parquet(tmp_path / "why.parquet")
    pq.write_table(pq.read_table(path).drop_columns([name]), path)
    with pytest.raises(InvalidDataError, match="whole explanation"):
        read_explanation(path)


def test_parquet_in_another_order_is_refused(explanation: Explanation, tmp_path: Path) -> None:
    path = explanation.to_parquet(tmp_path / "why.parquet")
    content = pq.read_table(path)
    pq.write_table(content.take([1, 0, *range(2, content.num_rows)][::-1]), path)
    with pytest.raises(InvalidDataError, match="whole explanation"):
        read_explanation(path)


@pytest.mark.parametrize("name", ["why.parquet", "why.json"])
def test_no_return_at_all_can_be_shown_and_kept(name: str, explanation: Explanation, tmp_path: Path) -> None:
    none, path = explanation[:0], tmp_path / name
    assert json.loads(none.to_json())["returns"] == []
    assert "0 returns against" in none._repr_html_()
    none.to_json(path) if path.suffix == ".json" else none.to_parquet(path)
    back = read_explanation(path)
    assert len(back.index) == 0
    assert back.about == explanation.about


@pytest.mark.parametrize("columns", [slice(None), "feature_1"])
def test_only_the_returns_that_are_shown_are_laid_out(
    columns: Any, explanation: Explanation, monkeypatch: pytest.MonkeyPatch
) -> None:
    laid_out, to_frame = [], Explanation.to_frame

    def watch(part: Explanation) -> pd.DataFrame:
        frame = to_frame(part)
        laid_out.append(frame["taxpayer_id"].str.cat(frame["period"]).nunique())
        return frame

    monkeypatch.setattr(Explanation, "to_frame", watch)
    shown = explanation[:, columns]._repr_html_()
    assert laid_out == [10]
    assert f"{ROWS} returns against" in shown
    assert f"and {ROWS - 10} more" in shown


def test_shap_is_loaded_by_explanations_alone(tmp_path: Path) -> None:
    code = "import sys, taxgap.batch, taxgap.reasons, taxgap.reasons.explaining; print('shap' in sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert answer.stdout.split() == ["False"]
