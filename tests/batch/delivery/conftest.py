"""What the tests of deliveries share: scores as a run writes them, and databases to deliver them into."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import psycopg
import pytest

from taxgap.batch.files import FORMAT, FORMAT_VERSION, MANIFEST, write_part
from taxgap.records.files import write_json

_NUMBERS = count(1)

Make = Callable[..., Path]


def frame_of(rows: int, seed: int, first: int = 0) -> pd.DataFrame:
    """Rows with every kind of column, and texts that are not easy to write."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "taxpayer_id": [f"T{first + number:08d}" for number in range(rows)],
            "period": "2023-24",
            "regime": pd.Categorical(["vat"] * rows),
            "model_id": "abc",
            "probability": random.random(rows),
            "rank": np.arange(first + 1, first + rows + 1),
            "flagged": random.random(rows) < 0.1,
            "sentence": pd.Series([f"Costs are {number}% of sales." for number in range(rows)], dtype="str"),
        }
    )
    frame.loc[1, "probability"] = np.nan
    frame.loc[[0, 2, 3, 4], "sentence"] = ['say "a",\nb', None, "", "=A1"]
    return frame


@pytest.fixture
def make_scores(tmp_path: Path) -> Make:
    """A function that writes scores of a day: parts, rows a part, and a seed for what is in them."""

    def make(
        as_of: str = "2026-03-31", *, parts: int = 2, rows: int = 50, seed: int = 1, **others: Any
    ) -> Path:
        folder = tmp_path / f"scores-{next(_NUMBERS)}"
        folder.mkdir()
        outputs: dict[str, Any] = {}
        for part in range(parts):
            frame = frame_of(rows, seed + part, part * rows).assign(**others)
            outputs |= write_part(folder, f"part-{part:04d}.parquet", [frame])
        manifest = {"format": FORMAT, "format_version": FORMAT_VERSION, "as_of": as_of, "regime": "vat"}
        write_json(folder / MANIFEST, {**manifest, "model_id": "abc", "outputs": outputs})
        return folder

    return make


@dataclass(frozen=True)
class Place:
    """A database to deliver into, and a way to ask it."""

    target: str
    run: Callable[[str], list[tuple[Any, ...]]]

    def rows(self, table: str = '"scores"') -> list[tuple[Any, ...]]:
        return self.run(f"SELECT * FROM {table} ORDER BY as_of, taxpayer_id")  # noqa: S608


@pytest.fixture(params=["duckdb", pytest.param("postgresql", marks=pytest.mark.xdist_group("postgresql"))])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """An empty database of each kind."""
    if request.param == "duckdb":
        return duckdb_place(tmp_path / "night.duckdb")
    for name in [name for name in os.environ if name.startswith("PG")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    return postgresql_place(request.getfixturevalue("postgresql"))


def duckdb_place(path: Path) -> Place:
    def run(statement: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(path)) as connection:
            return connection.execute(statement).fetchall()

    return Place(str(path), run)


def postgresql_place(server: Any) -> Place:
    name = f"night_{next(_NUMBERS)}"
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())

    def run(statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(server.url(name), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    return Place(server.url(name), run)
