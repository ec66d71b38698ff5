"""Any file becomes whole lines with their numbers, or is refused; none is too long for the memory."""

from __future__ import annotations

import gzip
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxgap.errors import InvalidDataError, UsageError
from taxgap.records.readers import raw_files, text_lines
from taxgap.records.readers.text_lines import CUT, ENCODINGS, TextFile, count_lines, line_fault, text_fault


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(content: bytes, name: str = "file.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


def lines(path: Path, encoding: str | None = None) -> list[str]:
    return [line for block in TextFile(path, encoding).blocks() for line in block.lines()]


@settings(max_examples=25, deadline=None)
@given(
    st.text(st.sampled_from("ab\r\n\u00e9\u20ac\U0001f600\x0b\x85\u2028"), max_size=60),
    st.integers(1, 9),
    st.data(),
)
def test_lines_do_not_depend_on_where_the_file_is_cut_into_pieces(
    text: str, size: int, data: st.DataObject
) -> None:
    encoding = data.draw(st.sampled_from(["utf-8", "utf-16-le", "utf-16-be"]))
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        path = Path(name, "file.csv")
        path.write_bytes(text.encode(encoding))
        patch.setattr(raw_files, "_BLOCK", size)
        patch.setattr(text_lines, "_BLOCK_LINES", 2)
        blocks = list(TextFile(path, encoding).blocks())
    found = [line for block in blocks for line in block.lines()]
    assert "".join(found) == text.removeprefix("\ufeff")
    assert len(found) == count_lines(text)
    assert all(
        line.rstrip("\r\n") == line[: len(line.rstrip("\r\n"))] and "\n" not in line[:-2] for line in found
    )
    assert [block.first for block in blocks] == [
        1 + sum(len(before.lines()) for before in blocks[:at]) for at in range(len(blocks))
    ]
    assert [block.final for block in blocks] == [False] * (len(blocks) - 1) + [True]
    assert not any(block.odd for block in blocks)


@pytest.mark.parametrize("asked", ["utf-8", "windows-1252"])
@pytest.mark.parametrize("marked", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_stronger_than_the_setting(
    write: Callable[..., Path], asked: str, marked: str
) -> None:
    assert lines(write("caf\u00e9\n".encode(marked)), asked) == ["caf\u00e9\n"]
    assert lines(write(b"\xfe\xff" + "caf\u00e9\n".encode("utf-16-be")), asked) == ["caf\u00e9\n"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_encodings_can_be_asked_for(write: Callable[..., Path], encoding: str) -> None:
    path = write("\u00a3\u00e9\n".encode(ENCODINGS[encoding]))
    assert lines(path, encoding) == ["\u00a3\u00e9\n"]
    assert lines(path, encoding.upper().replace("-", "_")) == ["\u00a3\u00e9\n"]


def test_an_unknown_encoding_is_misuse(write: Callable[..., Path]) -> None:
    with pytest.raises(UsageError, match="'ebcdic' is not known"):
        TextFile(write(b""), "ebcdic")


@pytest.mark.parametrize(
    ("content", "encoding", "shown"),
    [
        (b"good\ncaf\xe9\n", "utf-8", "caf\\xe9"),
        (b"good\n\xed\xa0\x80\n", "utf-8", "\\xed\\xa0\\x80"),
        (b"good\n\x81\x8d\x8f\x90\x9d\n", "windows-1252", "\\x81\\x8d\\x8f\\x90\\x9d"),
        ("good\n".encode("utf-16-le") + b"\x41\xd8\n\x00", "utf-16-le", "\\x41\\xd8"),
        (b"good\nbad\xc3", "utf-8", "bad\\xc3"),
    ],
)
def test_bytes_that_are_no_text_mark_their_line(
    write: Callable[..., Path], content: bytes, encoding: str, shown: str
) -> None:
    path = write(content)
    good, bad = lines(path, encoding)
    assert any(block.odd for block in TextFile(path, encoding).blocks())
    assert (text_fault(good), text_fault(bad)) == (None, "undecodable_text")
    fault = line_fault(2, "undecodable_text", bad)
    assert fault.text == shown
    assert fault.text.encode("utf-8")


def test_a_nul_marks_its_line(write: Callable[..., Path]) -> None:
    good, bad = lines(write(b"good\na\0b\n"))
    assert (text_fault(good), text_fault(bad)) == (None, "null_character")
    assert line_fault(2, "null_character", bad).text == "a\\x00b"


def test_what_a_fault_shows_is_bounded() -> None:
    assert len(line_fault(1, "undecodable_text", "\udce9" * 5_000).text) == 1_000


def test_a_line_without_end_is_cut_off_and_the_next_is_read(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw_files, "_BLOCK", 50)
    monkeypatch.setattr(text_lines, "LINE_LIMIT", 100)
    path = write(b"first\n" + b"x" * 1_000 + b"\r\nthird\n" + b"y" * 1_000)
    found = lines(path)
    assert [line.rstrip() for line in found] == [
        "first",
        found[1].rstrip(),
        "third",
        found[3].rstrip(),
    ]
    assert CUT in found[1]
    assert len(found[1]) < 200
    assert text_fault(found[1]) == "cell_too_long"
    assert line_fault(2, "cell_too_long", found[1]).text.strip("x") == ""
    assert [block.first for block in TextFile(path).blocks()][-1] == 5


def test_the_beginning_of_an_endless_line_is_given_before_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "endless.csv"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # a terabyte of NUL, none of it on the disk
    blocks = TextFile(path).blocks()
    assert CUT in next(blocks).text
    blocks.close()


def test_gzip_is_unpacked_whatever_the_name(write: Callable[..., Path]) -> None:
    packed = gzip.compress(b"a,b\n") + gzip.compress(b"1,2\n")
    assert lines(write(packed)) == ["a,b\n", "1,2\n"]
    assert lines(write(gzip.compress("\ufeffa\n".encode("utf-16")), "a.csv.gz")) == ["\ufeffa\n"]


@pytest.mark.parametrize("damage", [lambda data: data[:-9], lambda data: data[:30] + b"\0\0" + data[32:]])
def test_damaged_gzip_is_refused(write: Callable[..., Path], damage: Callable[[bytes], bytes]) -> None:
    packed = gzip.compress(os.urandom(2_000))
    with pytest.raises(InvalidDataError, match="cannot be read to its end"):
        lines(write(damage(packed)))


def test_a_bomb_is_refused(write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw_files, "_EXPANDED", 1 << 20)
    monkeypatch.setattr(raw_files, "_RATIO", 100)
    path = write(gzip.compress(b"1,2\n" * (1 << 20)))
    with pytest.raises(InvalidDataError, match="expands to more than"):
        lines(path)
    assert len(lines(write(gzip.compress(b"1,2\n" * 1_000)))) == 1_000


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in [tmp_path / "pipe", tmp_path, Path("/dev/zero")]:
        with pytest.raises(InvalidDataError, match="no regular file"):
            lines(path)
    with pytest.raises(InvalidDataError, match="missing"):
        lines(tmp_path / "absent.csv")
    for name in ["a\0b", "x" * 5_000]:
        with pytest.raises(InvalidDataError, match="cannot be opened"):
            lines(tmp_path / name)


def test_other_kinds_of_files_are_refused_by_name(write: Callable[..., Path], tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.csv", "a,b\n")
    with pytest.raises(InvalidDataError, match="zip file") as caught:
        lines(tmp_path / "a.zip")
    assert "Unpack it first" in str(caught.value)
    for content, kind in [(b"\xd0\xcf\x11\xe0....", "workbook"), (b"PAR1....", "parquet")]:
        with pytest.raises(InvalidDataError, match=kind):
            lines(write(content))
        with pytest.raises(InvalidDataError, match=kind):
            lines(write(gzip.compress(content)))


def test_messages_name_no_folder(tmp_path: Path) -> None:
    with pytest.raises(InvalidDataError) as caught:
        lines(tmp_path / "absent.csv")
    assert str(tmp_path) not in str(caught.value)
