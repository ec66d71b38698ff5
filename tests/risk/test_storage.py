from __future__ import annotations

import copy
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import IncompatibleError, InvalidDataError, UsageError
from taxgap.risk import RiskModel, storage

FILES = ["card.json", "card.md", "expected_tax.txt", "peers.parquet", "probability.txt"]


@pytest.fixture(scope="module")
def with_peers(model: RiskModel, cases: Any) -> RiskModel:
    rows = cases.X.head(40).assign(region=["north", None] * 20)
    return copy.deepcopy(model).attach_peers(SimpleNamespace(rows=rows)).annotate(regime="self_assessment")


@pytest.fixture
def folder(with_peers: RiskModel, tmp_path: Path) -> Path:
    return with_peers.save(tmp_path / "model")


def test_a_loaded_model_predicts_to_the_bit(with_peers: RiskModel, folder: Path, later: Any) -> None:
    loaded = RiskModel.load(folder)
    assert np.array_equal(loaded.ranking_score(later.X), with_peers.ranking_score(later.X))
    assert np.array_equal(loaded.predict_proba(later.X), with_peers.predict_proba(later.X))
    pd.testing.assert_frame_equal(
        loaded.amount_interval(later.X), with_peers.amount_interval(later.X), check_exact=True
    )
    assert loaded.card_ == with_peers.card_
    assert loaded.get_params() == with_peers.get_params()
    assert loaded.parts_ == with_peers.parts_


def test_background_rows_come_back_without_their_index(with_peers: RiskModel, folder: Path) -> None:
    rows = RiskModel.load(folder).peer_rows_
    assert rows is not None
    pd.testing.assert_frame_equal(rows, with_peers.peer_rows_)
    assert isinstance(rows.index, pd.RangeIndex)
    assert "T00000" not in (folder / "peers.parquet").read_bytes().decode("latin-1")


def test_the_folder_holds_text_a_table_and_a_card(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == FILES
    assert (folder / "expected_tax.txt").read_text().startswith("tree")


def test_a_model_without_peers_has_no_table(model: RiskModel, tmp_path: Path) -> None:
    folder = model.save(tmp_path / "deep" / "model")
    assert sorted(path.name for path in folder.iterdir()) == [f for f in FILES if f != "peers.parquet"]
    assert RiskModel.load(folder).peer_rows_ is None


def test_same_model_same_bytes(with_peers: RiskModel, folder: Path, tmp_path: Path) -> None:
    again = RiskModel.load(folder).save(tmp_path / "again")
    assert all((folder / name).read_bytes() == (again / name).read_bytes() for name in FILES)


def test_background_rows_change_the_identity(with_peers: RiskModel, cases: Any) -> None:
    other = copy.deepcopy(with_peers).attach_peers(SimpleNamespace(rows=cases.X.head(39)))
    assert other.model_id != with_peers.model_id


@pytest.mark.parametrize("name", FILES)
def test_a_changed_file_is_refused(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(bytes(content))
    with pytest.raises(IncompatibleError):
        RiskModel.load(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_truncated_file_is_refused(folder: Path, name: str) -> None:
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[:-20])
    with pytest.raises(IncompatibleError):
        RiskModel.load(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(IncompatibleError, match="missing"):
        RiskModel.load(folder)


def edit_card(folder: Path, **changes: Any) -> None:
    """Change a card and give it the checksum it then needs: tampering that the checksum cannot show."""
    card = json.loads((folder / "card.json").read_text())
    card |= changes
    card["checksums"].pop("card.json")
    card["checksums"]["card.json"] = storage._hash_card(card)
    (folder / "card.json").write_text(json.dumps(card))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format_version": 3}, "version 3, newer than 2"),
        ({"format_version": 0}, "never was a version 0"),
        ({"format": "other"}, "not a 'taxgap.risk_model' file"),
        ({"calibration": {}}, "lacks what a model needs"),
        ({"settings": {"warp": 9}}, "lacks what a model needs"),
        ({"model_id": "0" * 16}, "not those of the model"),
        ({"regime": "vat"}, "not those of the model"),
    ],
)
def test_another_card_is_refused(folder: Path, changes: dict[str, Any], message: str) -> None:
    edit_card(folder, **changes)
    with pytest.raises(IncompatibleError, match=message):
        RiskModel.load(folder)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": "taxgap.risk_model", "format_version": 1}'])
def test_a_card_that_is_none_is_refused(folder: Path, content: str) -> None:
    (folder / "card.json").write_text(content)
    with pytest.raises(IncompatibleError):
        RiskModel.load(folder)


def test_an_empty_place_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(IncompatibleError, match="no model that can be read"):
        RiskModel.load(tmp_path / "nothing")


def test_an_existing_folder_is_kept_unless_replaced(model: RiskModel, folder: Path) -> None:
    with pytest.raises(UsageError, match="exists already"):
        model.save(folder)
    model.save(folder, replace=True)
    assert RiskModel.load(folder).model_id == model.model_id


def test_only_a_model_is_ever_replaced(model: RiskModel, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "mother.txt").write_text("dear")
    with pytest.raises(UsageError, match=r"holds no card\.json"):
        model.save(tmp_path / "letters", replace=True)
    assert (tmp_path / "letters" / "mother.txt").exists()


def test_nothing_half_written_is_left(
    with_peers: RiskModel, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("the disk is full")

    before = {path: path.read_bytes() for path in folder.iterdir()}
    monkeypatch.setattr(storage, "write_peer_rows", fail)
    for place in (folder, tmp_path / "new"):
        with pytest.raises(RuntimeError):
            with_peers.save(place, replace=True)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_background_rows_may_not_identify_anyone(model: RiskModel, cases: Any) -> None:
    rows = cases.X.head(3).reset_index()
    with pytest.raises(InvalidDataError, match="identify taxpayers; they hold taxpayer_id"):
        copy.deepcopy(model).attach_peers(SimpleNamespace(rows=rows))


def test_a_model_of_the_first_format_predicts_as_it_did(simulate: Any) -> None:
    model = RiskModel.load(Path(__file__).parent / "data" / "model-format-1")
    X = simulate(400, 5).X.head(5)
    assert model.ranking_score(X) == pytest.approx(
        [6.95250389733039, 7.289503258266329, 6.803054778899162, 5.456839968026466, 6.579803215110201],
        rel=1e-12,
    )
    assert model.predict_proba(X)[:, 1] == pytest.approx(
        [
            0.35243128580479804,
            0.17369365159183126,
            0.2484993638009576,
            0.06908223075834914,
            0.06908223075834914,
        ],
        rel=1e-12,
    )
    assert model.card_["former_model_id"] == "9d4e6da8058ed72c"
    assert model.card_["format_version"] == 2


def test_a_model_without_amounts_and_with_hours_comes_back(cases: Any, small: Any, tmp_path: Path) -> None:
    plain = RiskModel(**small).fit(cases.X, cases.material.map({True: "yes", False: "no"}))
    loaded = RiskModel.load(plain.save(tmp_path / "plain"))
    assert loaded.classes_.tolist() == ["no", "yes"]
    assert set(loaded.predict(cases.X)) <= {"no", "yes"}
    timed = RiskModel(**small).fit(cases.X, amount=cases.amount, hours=1.0 + cases.X["expenses"].abs())
    again = RiskModel.load(timed.save(tmp_path / "timed"))
    assert np.array_equal(again.expected_hours(cases.X), timed.expected_hours(cases.X))
    assert again.model_id == timed.model_id
