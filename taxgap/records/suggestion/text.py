"""A draft of a mapping as TOML that people edit: aligned, with a comment on every line that is doubtful."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap
from typing import Any

from taxgap.records.ingestion.mapping_file import FORMAT, FORMAT_VERSION
from taxgap.records.suggestion.draft import SURE, Line, TableDraft, purpose

WIDTH = 110
_NAME_WIDTH = 25
_LISTED = 200
_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)

_HEAD = """\
# How the tables of {where} stand for those of the library.
#
# This is a draft, made from headers and a sample of values. A line is a guess until somebody who knows
# the extracts has read it. A percentage says how sure the draft is.
#
# What to do next:
#   1. Read every line that ends with a comment, and mend it. What begins with "#" is not in force: take the
#      mark away to use it. `taxgap schema TABLE` says what each column must hold.
#   2. taxgap ingest {place} --columns columns.toml --out population
#   3. taxgap validate population/records --out trusted
"""


def toml_text(where: str, tables: Sequence[TableDraft], left_out: dict[str, str]) -> str:
    """Write a draft.

    Parameters
    ----------
    where : str
        What the place of the tables is called.
    tables : sequence of TableDraft
    left_out : dict of str to str
        Files that no table was found for, and why.
    """
    shared = _shared([table.read for table in tables])
    place = where if re.fullmatch(r"[\w./-]+", where, re.ASCII) else "SOURCE"
    parts = [
        _HEAD.format(where=_quoted(where), place=place),
        f'format = "{FORMAT}"',
        f"format_version = {FORMAT_VERSION}",
    ]
    if shared.get("decimal") == ".":
        del shared["decimal"]
    if shared:
        parts += ["", "# How text is written, in all tables.", "[read]", *_aligned(shared)]
    for table in tables:
        parts += ["", "", *_table(table, _without_defaults(table.read, shared))]
    if left_out:
        parts += ["", "", "# Not drafted:"]
        parts += [f"#   {_quoted(name)}: {_one_line(why)}" for name, why in list(left_out.items())[:_LISTED]]
    return "\n".join(parts) + "\n"


def quote(text: str) -> str:
    r"""Return a text as a TOML string.

    Examples
    --------
    >>> print(quote('a "b"'))
    "a \"b\""
    """
    # JSON escapes what TOML does, but for the last control character; half a surrogate pair is no character.
    return json.dumps(_encodable(text), ensure_ascii=False).replace("\x7f", "\\u007f")


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def _quoted(text: str) -> str:
    """Return a text for a comment, where no control character may stand."""
    return re.sub(r"[\x80-\x9f\u2028\u2029]", " ", quote(text))


def _one_line(text: str) -> str:
    return _quoted(text)[1:-1].replace('\\"', '"')


def _shared(reads: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what may be said of all tables at once."""
    shared: dict[str, Any] = {}
    for key in ("encoding", "decimal", "dates"):
        found = [read[key] for read in reads if key in read]
        # A table that says nothing of its encoding may hold UTF-8; the others do not matter to it then.
        everywhere = key != "encoding" or len(found) == len(reads)
        if found and everywhere and all(item == found[0] for item in found):
            shared[key] = found[0]
    # What stands for nothing in one table was looked for in all of them.
    empty = sorted({text for read in reads for text in read.get("empty", [])})
    return shared | ({"empty": empty} if empty else {})


def _without_defaults(read: dict[str, Any], shared: dict[str, Any]) -> dict[str, Any]:
    own = {key: item for key, item in read.items() if shared.get(key) != item and key != "empty"}
    return {key: item for key, item in own.items() if (key, item) != ("decimal", ".") or "decimal" in shared}


def _aligned(settings: dict[str, Any]) -> list[str]:
    width = max(map(len, settings))
    return [f"{key:<{width}} = {_value(item)}" for key, item in settings.items()]


def _table(table: TableDraft, own: dict[str, Any]) -> Iterator[str]:
    files = len(table.group.names)
    yield f"# {table.table}: {files} files" if files > 1 else f"# {table.table}"
    yield f"[tables.{table.table}]"
    yield f"source = {quote(table.group.source)}"
    if table.group.layout:
        yield f"layout = {quote(table.group.layout)}"
    if own:
        yield ""
        yield f"[tables.{table.table}.read]"
        yield from _aligned(own)
    yield ""
    yield f"[tables.{table.table}.columns]"
    yield from _columns(table)
    yield from _remarks(table)
    for line in table.lines:
        if _is_long(line):
            yield from _long(table.table, line)


def _columns(table: TableDraft) -> Iterator[str]:
    short = [line for line in table.lines if not _is_long(line)]
    names = [line.column for line in short if line.in_force]
    width = max(map(len, names), default=0)
    starts = {
        line.column: f"{line.column:<{width}} = {_value(line.entry)}" for line in short if line.in_force
    }
    reach = max((len(text) for text in starts.values() if len(text) <= WIDTH // 2), default=0)
    for line in short:
        if line.in_force:
            yield (
                f"{starts[line.column]:<{reach}}  # {_comment(line)}"
                if _comment(line)
                else starts[line.column]
            )
        else:
            yield f"# {line.column} = {_in_comment(line.entry)}  # {_comment(line)}"


def _comment(line: Line) -> str:
    unknown = f": {', '.join(_quoted(code) for code in line.unknown)}" if line.unknown else ""
    note = _one_line(line.note) + unknown
    if line.confidence is None or line.confidence >= SURE:
        return note
    return f"{100 * line.confidence:.0f}%" + (f": {note}" if note else "")


def _remarks(table: TableDraft) -> Iterator[str]:
    for column in table.needed:
        if all(line.column != column for line in table.lines):
            yield f'# {column} = "..."  # needed: {purpose(column)}'
        else:
            yield f"# {column} is needed: {purpose(column)}."
    if table.absent:
        yield from _listing("Absent, so that features that need them are left out:", table.absent)
    if table.unused:
        yield from _listing(
            "Columns of the source that nothing takes:", [_quoted(name) for name in table.unused]
        )


def _listing(title: str, names: Sequence[str]) -> Iterable[str]:
    shown = list(names[:_LISTED])
    more = [f"and {len(names) - _LISTED:,} more"] if len(names) > _LISTED else []
    text = f"{title} {', '.join([*shown, *more])}."
    return wrap(
        text,
        WIDTH,
        initial_indent="# ",
        subsequent_indent="#   ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _is_long(line: Line) -> bool:
    """Tell whether the codes of a column take lines of their own."""
    if not line.in_force or not isinstance(line.entry, dict) or "codes" not in line.entry:
        return False
    return bool(line.unknown) or len(_value(line.entry)) > WIDTH - _NAME_WIDTH


def _long(table: str, line: Line) -> Iterator[str]:
    entry = line.entry if isinstance(line.entry, dict) else {}
    place = f"tables.{table}.columns.{line.column}"
    note = _comment(Line(line.column, line.entry, line.confidence, note=line.note))
    yield ""
    yield f"[{place}]" + (f"  # {note}" if note else "")
    yield from (f"{key} = {_value(item)}" for key, item in entry.items() if key != "codes")
    yield ""
    if any(re.fullmatch("[EWSN][19]2[0-9]{6}", code) for code in entry["codes"]):
        yield "# The codes of the Office for National Statistics (Register of Geographic Codes)."
    yield f"[{place}.codes]"
    codes = {_key(code): level for code, level in entry["codes"].items()}
    yield from _aligned(codes)
    for code in line.unknown:
        yield f"# {_in_comment(code)} = ?  # like none of the levels; rows with it will not be read"


def _in_comment(item: Any) -> str:
    return re.sub(r"[\x80-\x9f\u2028\u2029]", " ", _value(item))


def _key(text: str) -> str:
    return text if _BARE.fullmatch(text) else quote(text)


def _value(item: Any) -> str:
    if isinstance(item, dict):
        return "{ " + ", ".join(f"{_key(key)} = {_value(value)}" for key, value in item.items()) + " }"
    if isinstance(item, list):
        return "[" + ", ".join(map(_value, item)) + "]"
    if isinstance(item, bool):
        return "true" if item else "false"
    return quote(item) if isinstance(item, str) else str(item)
