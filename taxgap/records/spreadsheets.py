"""Tables as CSV for people, who will open them in a spreadsheet: no cell of text is taken for a formula.

A spreadsheet runs what begins with ``=``, ``+``, ``-`` or ``@``, and texts of a record come from anywhere.
Such a text gets an apostrophe before it, the usual sign of text. See OWASP, "CSV Injection":
https://owasp.org/www-community/attacks/CSV_Injection (basis: memory).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from taxgap.records.files import new_file

_SIGNS = r"=+\-@\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}\x{FE66}\x{FE62}\x{FE63}\x{FE6B}\x{2212}"
_UNSEEN = r"\s\pZ\pC\x{FEFF}"  # white space, control and format characters of any kind
_FORMULA = rf"\A(?:[\t\r\n]|[{_UNSEEN}]*[{_SIGNS}])"
SHOWN = 10_000
"""Rows of a table that are written for people: what can be looked through."""

_NUMBER = r"\A[+-]?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?\z"


def write_csv(path: Path, frame: pd.DataFrame) -> None:
    """Write a frame as CSV that a spreadsheet opens as it is: UTF-8 with its mark, commas and CRLF.

    A text is written with an apostrophe before it when a spreadsheet would take it for a formula: when it
    begins with a tab or a line break, or, after whatever is not seen, with ``= + - @``, their full-width and
    small forms, or the minus sign. A plain number stays as it is, negative or not, in a column of any type.
    NUL becomes U+FFFD. What is missing is an empty cell. Headers are treated as cells.

    Parameters
    ----------
    path : Path
        The finished file; it appears whole or not at all.
    frame : DataFrame
        Its index is not written.

    Raises
    ------
    UsageError
        The folder cannot be written to.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "unread.csv")
    ...     write_csv(path, pd.DataFrame({"text": ["=1+1", "Smith"], "amount": [-5.5, None]}))
    ...     path.read_bytes().decode("utf-8-sig").split()
    ['text,amount', "'=1+1,-5.5", 'Smith,']
    """
    names = harmless_texts(pd.Series(list(frame.columns), dtype=object)).to_pylist()
    columns = [harmless_texts(frame.iloc[:, place]).to_pandas() for place in range(frame.shape[1])]
    shown = pd.DataFrame(dict(enumerate(columns)), index=range(len(frame)))
    with new_file(path) as temporary:
        shown.to_csv(
            temporary, header=names, index=False, encoding="utf-8-sig", lineterminator="\r\n", na_rep=""
        )


def read_first(files: Iterable[Path], most: int | None = None) -> pd.DataFrame:
    """Read the first rows of parquet files, one after the other; all of them where no number is given."""
    parts: list[pd.DataFrame] = []
    left = most
    for path in files:
        for batch in pq.ParquetFile(path).iter_batches():
            if left is not None and left <= 0:
                break
            parts.append(batch.slice(0, left).to_pandas())
            left = None if left is None else left - len(parts[-1])
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def harmless_texts(values: pd.Series) -> pa.Array:
    """Return values as texts that a spreadsheet takes for what they are.

    Parameters
    ----------
    values : Series
        Of any type.

    Returns
    -------
    Array
        Of strings; null where a value is missing.

    Examples
    --------
    >>> harmless_texts(pd.Series(["@A1", "-5.00", None])).to_pylist()
    ["'@A1", '-5.00', None]
    """
    texts = pc.replace_substring(_texts(values), "\0", "\ufffd")
    return pc.if_else(are_formulas(texts), pc.binary_join_element_wise("'", texts, ""), texts)


def are_formulas(texts: pa.Array) -> pa.Array:
    """Tell which texts a spreadsheet would take for a formula; null where a text is missing.

    Examples
    --------
    >>> are_formulas(pa.array(["=A1", "-5.00", None, "Smith"])).to_pylist()
    [True, False, None, False]
    """
    return pc.and_not(pc.match_substring_regex(texts, _FORMULA), pc.match_substring_regex(texts, _NUMBER))


def _texts(values: pd.Series) -> pa.Array:
    missing = values.isna().to_numpy()
    try:
        array = pa.array(values.astype("str").astype(object), pa.string(), mask=missing)
    except UnicodeEncodeError:  # lone surrogates, in a column of objects
        written = [str(value).encode("utf-8", "replace").decode("utf-8") for value in values]
        array = pa.array(written, pa.string(), mask=missing)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
