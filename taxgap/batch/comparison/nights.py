"""Two nights side by side: folders or frames opened, and their returns joined by their keys."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from taxgap.batch.comparison.result import SETTING
from taxgap.batch.files import read_manifest, read_part
from taxgap.errors import IncompatibleError, InvalidDataError
from taxgap.records.periods import tax_year_of
from taxgap.risk.arrays import Integers

KEYS = ["taxpayer_id", "period"]
NUMBERS = ["probability", "score", "rank"]
_READ = [*KEYS, *NUMBERS, "population_mean", "flagged"]
_SAID = ["regime", "model_id", "flag_rule"]  # a frame says them in every row, a folder in its manifest
_CODE = re.compile(r"reason_\d+_code")
_RULE = re.compile(r"at least (\S+) and the rank.* first (\S+)% of")

Scores: TypeAlias = pd.DataFrame | str | Path


@dataclass(frozen=True)
class Night:
    """Scores to compare: the files of a folder, or a frame as the only part."""

    about: dict[str, Any]
    rule: tuple[float, float] | None  # cut-off and share of capacity
    codes: list[str]  # the columns of reason codes
    levels: list[str]
    parts: dict[str, str]  # checksums; empty for a frame
    read: Callable[[str, list[str]], pd.DataFrame]


def open_night(source: Scores, side: str) -> Night:
    """Open a folder of scores, or take a frame; errors name the side."""
    if isinstance(source, pd.DataFrame):
        return _open_frame(source, side)
    folder = Path(source)
    manifest = read_manifest(folder)
    settings, outputs = manifest["settings"], manifest["outputs"]
    inputs = sha256(json.dumps(manifest["inputs"], sort_keys=True).encode()).hexdigest()[:16]
    about = {name: manifest[name] for name in ("regime", "model_id", "as_of")} | {"records": inputs}
    about |= {f"{SETTING}{name}": value for name, value in settings.items()}
    about |= {f"version: {name}": value for name, value in manifest["versions"].items()}
    codes = list(filter(_CODE.fullmatch, manifest["columns"]))
    return Night(
        about,
        (settings["cutoff"], settings["capacity_share"]),
        codes,
        [level for name in codes for level in manifest["levels"].get(name, [])],
        {name: entry["sha256"] for name, entry in sorted(outputs.items())},
        lambda name, columns: read_part(folder / name, outputs[name], columns),
    )


def _open_frame(scores: pd.DataFrame, side: str) -> Night:
    missing = [name for name in (*_READ, "regime") if name not in scores]
    if missing:
        raise InvalidDataError(f"The scores lack the columns {', '.join(missing)}.", where=side)
    if scores.duplicated(KEYS).any():
        raise InvalidDataError("The scores hold a return more than once.", where=side)
    said = {name: [str(each) for each in scores[name].unique()] for name in _SAID if name in scores}
    about = {name: ", ".join(sorted(values)) for name, values in said.items()}
    codes = list(filter(_CODE.fullmatch, scores.columns))
    levels = [str(level) for name in codes for level in scores[name].dropna().unique()]
    # The words give the cut-off with four digits; only a manifest holds it in full.
    words = _RULE.search(about.get("flag_rule", "")) if len(said.get("flag_rule", ())) == 1 else None
    rule = None if words is None else (float(words[1]), float(words[2]) / 100)
    return Night(about, rule, codes, levels, {"": ""}, lambda _, columns: scores[columns])


def check_regimes(first: Night, second: Night) -> None:
    """Refuse nights of different taxes."""
    regimes = [night.about["regime"] for night in (first, second)]
    if all(regimes) and regimes[0] != regimes[1]:
        raise IncompatibleError(
            f"Scores of {regimes[0]} cannot be compared with scores of {regimes[1]}.",
            where="regime",
            remedy="Compare two nights of the same regime.",
        )


def join_nights(first: Night, second: Night) -> tuple[pd.DataFrame, list[str] | None]:
    """Put the returns of both nights side by side, with the levels of the codes if both have reasons."""
    codes = min(first.codes, second.codes, key=len)
    levels = sorted({*first.levels, *second.levels}) if codes else []
    parts = list(first.parts)
    if parts == list(second.parts):  # a part holds the same taxpayers on both nights
        pairs: Iterator[Any] = (_read_pair(name, first, second, codes, levels) for name in parts)
        joined = pd.concat((_match(*pair) for pair in pairs), ignore_index=True)
    if parts != list(second.parts) or _alone(joined).duplicated(KEYS).any():
        joined = _match(*(_read(night, list(night.parts), codes, levels) for night in (first, second)))
    joined["tax_year"] = tax_year_of(joined["period"])
    joined["taxpayer"] = pd.factorize(joined["taxpayer_id"])[0]
    for side in ("before", "after"):
        length = joined.groupby("tax_year")[f"in_{side}"].transform("sum")
        joined[f"place_{side}"] = joined[f"rank_{side}"] / length
    return joined, levels if codes else None


def _alone(joined: pd.DataFrame) -> pd.DataFrame:
    return joined[joined["in_before"] != joined["in_after"]]


def _read_pair(
    name: str, first: Night, second: Night, codes: list[str], levels: list[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    before = _read(first, [name], codes, levels)
    if first.parts[name] and first.parts[name] == second.parts[name]:
        second.read(name, [])  # only whether it is still what was written
        return before, before
    return before, _read(second, [name], codes, levels)


def _read(night: Night, names: list[str], codes: list[str], levels: list[str]) -> pd.DataFrame:
    parts = (_prepare(night.read(name, [*_READ, *codes]), codes, levels) for name in names)
    return pd.concat(parts, ignore_index=True)


def _prepare(part: pd.DataFrame, codes: list[str], levels: list[str]) -> pd.DataFrame:
    coded = {name: pd.Categorical(part[name], categories=levels).codes.astype(np.int16) for name in codes}
    numbers = {name: part[name].astype("float64") for name in NUMBERS}  # where one is absent it is missing
    explained = part["population_mean"].notna()
    flagged = part["flagged"].astype("bool")
    return part[KEYS].astype("str").assign(**numbers, explained=explained, flagged=flagged, **coded)


def _match(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Join the rows of both, by their keys; most nights hold the same returns in the same order."""
    if before is after or (
        len(before) == len(after) and all(before[name].array.equals(after[name].array) for name in KEYS)
    ):
        joined, sides = before[KEYS].copy(), [np.arange(len(before))] * 2
    else:
        places = [
            part[KEYS].assign(**{name: np.arange(len(part))})
            for name, part in zip("ba", (before, after), strict=True)
        ]
        joined = places[0].merge(places[1], on=KEYS, how="outer")
        sides = [joined.pop(name).fillna(-1).to_numpy(np.int64) for name in "ba"]
    codes = list(filter(_CODE.fullmatch, before.columns))
    sets = []
    for side, part, at in zip(("before", "after"), (before, after), sides, strict=True):
        taken = {name: _take(part[name].to_numpy(), at) for name in part.columns if name not in KEYS}
        sets.append(np.sort(np.column_stack([taken.pop(name) for name in codes]), axis=1) if codes else at)
        first = {f"reason_{side}": _take(part[codes[0]].to_numpy(), at)} if codes else {}
        taken = {f"{name}_{side}": values for name, values in taken.items()}
        joined = joined.assign(**{f"in_{side}": at >= 0}, **taken, **first)
    same = (sets[0] == sets[1]).all(axis=1) if codes else np.ones(len(joined), dtype=np.bool_)
    return joined.assign(same_set=same)


def _take(values: Any, at: Integers) -> Any:
    # Place -1 is that of a return which this night does not hold.
    fill = {"b": False, "i": -1}.get(values.dtype.kind, np.nan)
    return np.append(values, np.array([fill], dtype=values.dtype))[at]
