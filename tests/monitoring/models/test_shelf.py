"""Adding, promoting and rolling back: who is champion, and what is refused."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxgap.errors import IncompatibleError, InvalidDataError, UsageError
from taxgap.monitoring.models import ModelShelf, resolve_model
from taxgap.monitoring.models import copies as copying
from taxgap.monitoring.models.log import LOG
from taxgap.risk import RiskModel

REGIME = "self_assessment"


def test_a_model_that_is_added_is_a_challenger(shelf: ModelShelf, tiny: list[Path], names: list[str]) -> None:
    place = shelf.add(tiny[0], by="A. Officer")
    assert (place.model_id, place.regime, place.role) == (names[0], REGIME, "challenger")
    assert shelf.standing().champions == {}
    assert shelf.load(names[0]).model_id == names[0]
    assert shelf.history()[0].by == "A. Officer"


def test_the_user_of_the_system_decides_where_nobody_is_named(
    shelf: ModelShelf, tiny: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "somebody")
    shelf.add(tiny[0])
    assert shelf.history()[0].by == "somebody"

    def unknown() -> str:
        raise OSError("No username set in the environment")

    monkeypatch.setattr("getpass.getuser", unknown)
    with pytest.raises(UsageError, match="who decides"):
        shelf.add(tiny[1])


def test_the_same_model_is_added_once(shelf: ModelShelf, tiny: list[Path], names: list[str]) -> None:
    shelf.add(tiny[0])
    shelf.promote(names[0], reason="the first")
    assert shelf.add(tiny[0]).role == "champion"
    assert len(shelf.history()) == 2


def test_a_model_that_is_not_identical_is_refused(
    shelf: ModelShelf, tiny: list[Path], tmp_path: Path
) -> None:
    shelf.add(tiny[0])
    other = RiskModel.load(tiny[0]).annotate(note="another card").save(tmp_path / "other")
    with pytest.raises(UsageError, match="not identical"):
        shelf.add(other)
    assert len(shelf.history()) == 1


def test_a_copy_that_was_not_logged_is_taken_or_refused(
    shelf: ModelShelf, tiny: list[Path], names: list[str]
) -> None:
    copying.copy_model(tiny[0], shelf.folder / names[0])
    shelf.add(tiny[0])
    assert names[0] in shelf.standing().places
    (shelf.folder / names[1]).mkdir()
    with pytest.raises(UsageError, match="not identical"):
        shelf.add(tiny[1])


def test_a_model_is_copied_whole_or_not_at_all(
    shelf: ModelShelf, tiny: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shutil.copyfile

    def fail(source: Path, target: Path) -> None:
        if Path(source).name == "probability.txt":
            raise OSError(28, "No space left on device")
        copy(source, target)

    monkeypatch.setattr(copying.shutil, "copyfile", fail)
    with pytest.raises(UsageError, match="No space left"):
        shelf.add(tiny[0])
    assert not (shelf.folder / LOG).exists()
    assert [path.name for path in shelf.folder.iterdir() if path.is_dir()] == []


def test_what_does_not_load_is_not_added(shelf: ModelShelf, tiny: list[Path], tmp_path: Path) -> None:
    damaged = Path(shutil.copytree(tiny[0], tmp_path / "damaged"))
    (damaged / "probability.txt").write_text("nothing")
    for folder in (damaged, tmp_path / "nowhere"):
        with pytest.raises(IncompatibleError):
            shelf.add(folder)
    assert not (shelf.folder / LOG).exists()


def test_a_rollback_leads_back_one_by_one(full: ModelShelf, names: list[str]) -> None:
    for name in names:
        full.promote(name, reason="try it", by="B")
    assert full.rollback(reason="no", by="C").model_id == names[1]
    assert full.rollback(reason="no").model_id == names[0]
    with pytest.raises(UsageError, match="no model was champion"):
        full.rollback(reason="no")
    last = full.history()[-2]
    assert (last.action, last.previous_champion, last.reason, last.by) == ("rollback", names[2], "no", "C")
    roles = {place.model_id: place.role for place in full.standing().places.values()}
    assert roles == dict(zip(names, ["champion", "former champion", "former champion"], strict=True))


def test_a_decision_needs_a_reason(full: ModelShelf, names: list[str]) -> None:
    with pytest.raises(UsageError, match="why"):
        full.promote(names[0], reason="  ")
    full.promote(names[0], reason="good")
    with pytest.raises(UsageError, match="already"):
        full.promote(names[0], reason="again")
    with pytest.raises(UsageError, match="why"):
        full.rollback(reason="")


def test_a_model_is_found_by_how_it_begins(full: ModelShelf, names: list[str]) -> None:
    assert full.path(names[1][:6]) == full.folder / names[1]
    for name in ("nobody", names[1][:3], ""):
        with pytest.raises(UsageError, match="No model of the shelf") as caught:
            full.path(name)
        assert names[1] in caught.value.available


def test_a_damaged_model_is_not_promoted(full: ModelShelf, tiny: list[Path], names: list[str]) -> None:
    (full.folder / names[0] / "probability.txt").write_text("nothing")
    with pytest.raises(InvalidDataError, match="not on the shelf as it was added"):
        full.promote(names[0], reason="try it")
    shutil.rmtree(full.folder / names[0])
    with pytest.raises(InvalidDataError, match="folder is missing"):
        full.promote(names[0], reason="try it")
    full.add(tiny[0])  # which puts it back
    full.promote(names[0], reason="try it")


def test_two_who_decide_at_once_do_not_overrule_each_other(
    full: ModelShelf, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    load = ModelShelf._load

    def load_late(shelf: ModelShelf, place: object) -> RiskModel:
        monkeypatch.setattr(ModelShelf, "_load", load)
        full.promote(names[1], reason="first")
        return load(shelf, place)  # type: ignore[arg-type]

    monkeypatch.setattr(ModelShelf, "_load", load_late)
    with pytest.raises(UsageError, match="meanwhile"):
        full.promote(names[0], reason="second")
    assert full.standing().champions == {REGIME: names[1]}


def test_each_regime_has_its_own_champion(full: ModelShelf, of_vat: Path, names: list[str]) -> None:
    vat = full.add(of_vat).model_id
    full.promote(names[0], reason="a")
    full.promote(vat, reason="b")
    assert full.standing().champions == {REGIME: names[0], "vat": vat}
    with pytest.raises(UsageError, match="say which") as caught:
        full.rollback(reason="c")
    assert caught.value.available == (REGIME, "vat")
    assert resolve_model(full.folder, "vat") == full.folder / vat
    with pytest.raises(UsageError, match="say which"):
        resolve_model(full.folder)


def test_a_path_is_resolved(full: ModelShelf, tiny: list[Path], names: list[str], tmp_path: Path) -> None:
    assert resolve_model(tiny[0]) == tiny[0]
    assert resolve_model(str(tiny[0]), REGIME) == tiny[0]
    with pytest.raises(IncompatibleError, match="not of the regime 'vat'"):
        resolve_model(tiny[0], "vat")
    with pytest.raises(UsageError, match="champion") as caught:
        resolve_model(full.folder)
    assert any(names[0] in name for name in caught.value.available)
    full.promote(names[0], reason="a")
    assert resolve_model(full.folder) == full.folder / names[0]
    with pytest.raises(UsageError, match="No model is champion of 'vat'") as caught:
        resolve_model(full.folder, "vat")
    assert caught.value.available == (REGIME,)
    with pytest.raises(IncompatibleError, match="neither a model"):
        resolve_model(tmp_path)
    shutil.rmtree(full.folder / names[0])
    with pytest.raises(InvalidDataError, match="missing"):
        resolve_model(full.folder)


def test_the_list_says_who_is_what(full: ModelShelf, of_vat: Path, names: list[str]) -> None:
    full.add(of_vat)
    full.promote(names[1], reason="a")
    full.promote(names[2], reason="b")
    shutil.rmtree(full.folder / names[0])
    frame = full.list_models().frame
    roles = ["champion", "former champion", "challenger", "challenger"]
    assert frame["role"].tolist() == roles
    assert frame["model_id"].tolist()[:3] == [names[2], names[1], names[0]]
    assert frame["present"].tolist() == [True, True, False, True]
    text = full.list_models().to_text()
    assert "its folder is missing" in text
    assert "vat (no champion" in text
    assert full.list_models().to_dict()["models"][0]["auc"] is None


def test_a_folder_without_a_log_is_no_shelf(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no shelf"):
        ModelShelf(tmp_path).list_models()


ACTIONS = st.one_of(
    st.tuples(st.just("add"), st.integers(0, 2)),
    st.tuples(st.just("promote"), st.integers(0, 2)),
    st.tuples(st.just("rollback"), st.just(0)),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(ACTIONS, max_size=10))
def test_any_sequence_leaves_the_champion_that_a_stack_says(
    tiny: list[Path], names: list[str], actions: list[tuple[str, int]]
) -> None:
    added: set[int] = set()
    stack: list[int] = []
    with tempfile.TemporaryDirectory() as folder:
        shelf = ModelShelf(Path(folder) / "shelf")
        written = 0
        for action, which in actions:
            allowed = {
                "add": True,
                "promote": which in added and stack[-1:] != [which],
                "rollback": len(stack) > 1,
            }[action]
            written += allowed and not (action == "add" and which in added)
            try:
                if action == "add":
                    shelf.add(tiny[which])
                    added.add(which)
                elif action == "promote":
                    shelf.promote(names[which], reason="a")
                    stack.append(which)
                else:
                    shelf.rollback(reason="b")
                    stack.pop()
            except UsageError:
                assert not allowed, action
            else:
                assert allowed, action
            champions = shelf.standing().champions if added else {}
            assert champions == ({REGIME: names[stack[-1]]} if stack else {})
        assert len(shelf.history()) == written
