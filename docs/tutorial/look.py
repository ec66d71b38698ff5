"""Print rows of a parquet file, or of all files of a folder, to look at: for the tutorial.

Run ``python docs/tutorial/look.py trusted/quarantine/vat --columns rule,taxpayer_id,period --rows 5``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from textwrap import wrap

import pandas as pd

WIDTH = 100


def to_text(table: pd.DataFrame) -> str:
    """Lay rows out as a table, or one below the other where they are too wide for that."""
    text = table.to_string(index=False)
    if max(map(len, text.splitlines())) <= WIDTH:
        return text + "\n"
    indent = 2 + max(map(len, table.columns))
    lines = []
    for row in table.itertuples(index=False, name=None):
        for name, cell in zip(table.columns, row, strict=True):
            value = f"{cell:,.2f}" if isinstance(cell, float) else str(cell)
            lines += wrap(f"{name:{indent}}{value}", WIDTH, subsequent_indent=" " * indent)
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    """Read, choose, sort and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("path", type=Path)
    parser.add_argument("--columns", help="names, parted by commas; all when absent")
    parser.add_argument("--sort", help="a column; its largest values come first")
    parser.add_argument("--rows", type=int, default=10)
    chosen = parser.parse_args()
    files = sorted(chosen.path.rglob("*.parquet")) if chosen.path.is_dir() else [chosen.path]
    table = pd.concat([pd.read_parquet(path) for path in files], ignore_index=True)
    if chosen.sort:
        table = table.sort_values(chosen.sort, ascending=False, kind="stable")
    names = chosen.columns.split(",") if chosen.columns else list(table.columns)
    sys.stdout.write(to_text(table[names].head(chosen.rows)))


if __name__ == "__main__":
    main()
