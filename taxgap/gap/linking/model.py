"""Pairs of records that may be one person, and the evidence: the model of Fellegi and Sunter, by Splink."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError, UsageError
from taxgap.risk.arrays import Floats

COLUMNS = {
    "first": ("first",),
    "middle": ("middle",),
    "last": ("last",),
    "born": ("born",),
    "place": ("postcode", "street"),
}
"""What is compared of two records, and the columns it needs."""

KEYS = (
    *(("born", "last"), ("born", "first"), ("born", "postcode")),
    *(("postcode", "first"), ("postcode", "last"), ("first", "last")),
)
"""Two records are compared where they agree in one of these, or have the same words as name, in any order."""

_SWAPPED = "(words_l = words_r and first_l <> first_r)"
_TRAINED_ON = (("born",), ("first", "last"), ("postcode",))
_SAMPLE = 2e5
_TRAINING = 2e6
_FEW = 0.5  # what a level that was never seen counts, in pairs
_START = 1e-4
_RARE = 0.05
_LEAST_REST = 0.005
_FIRST_GUESS = 100.0  # pairs of one person, before it is known how many there are

# A level: its condition, and the shares of pairs of one person and of two that it starts with.
_Level = tuple[str, float, float]


@dataclass(frozen=True)
class Scored:
    """Pairs that agree in a key, with the evidence of each field.

    Parameters
    ----------
    pairs : DataFrame
        ``left, right`` (positions of records) and one column for each compared field: log2 of how much
        likelier this agreement is for one person than for two.
    agree : mapping of str to float
        Share of pairs of one person that write first name, last name, date of birth or postcode alike, of
        those that have them; ``swapped``: in which the words of the name have changed places.
    """

    pairs: pd.DataFrame
    agree: Mapping[str, float]


def score_pairs(people: pd.DataFrame, seed: int) -> Scored:
    """Find pairs of records that may be one person, and weigh the evidence.

    Parameters
    ----------
    people : DataFrame
        The columns of `clean_people`, in an order that does not depend on that of the input.
    seed : int
        Of the sample of pairs that shows how often two people agree.

    Returns
    -------
    Scored

    Raises
    ------
    UsageError
        If Splink is not installed.
    InvalidDataError
        If the database refuses the records; why is not shown, for it may hold names.

    Notes
    -----
    How often two people agree is counted in a random sample of pairs, and how often two records of one person
    do is fitted by expectation and maximisation. The sample holds pairs of one person too, which in short
    lists are most of those that agree: they are taken off, and all is fitted once more. Rare names weigh
    more.
    """
    import duckdb  # noqa: PLC0415  heavy: only when people are linked

    check_installed()
    with _silent(), duckdb.connect(config={"threads": 1}) as connection:
        try:
            return _Model(people, connection, seed).run()
        except duckdb.Error as error:
            raise InvalidDataError(
                f"The records could not be compared ({type(error).__name__}).", where="lists"
            ) from None


def check_installed() -> None:
    """Raise UsageError with the remedy if Splink is not installed."""
    try:
        import splink  # noqa: F401, PLC0415  an extra
    except ImportError as error:
        raise UsageError(
            "Splink is not installed: people cannot be linked.",
            where="link_people",
            remedy="Install it: pip install 'taxgap[link]'.",
        ) from error


class _Model:
    """Splink's linker, fitted twice."""

    def __init__(self, people: pd.DataFrame, connection: Any, seed: int) -> None:
        from splink import DuckDBAPI  # noqa: PLC0415  an extra

        self._people, self._seed = people, seed
        known = people.notna()
        self._fields = [name for name, needs in COLUMNS.items() if known[needs[0]].any()]
        self._has = {name for name in people if known[name].any()}
        self._pairs = len(people) * (len(people) - 1) / 2
        connection.execute("set enable_progress_bar = false")
        table = people.astype(object).where(known, None).assign(record=np.arange(len(people)))
        texts = dict.fromkeys(people, "string[pyarrow]")
        self._table = DuckDBAPI(connection).register(table.astype(texts), table_name="people")

    def run(self) -> Scored:
        settings = self._settings()
        linker = self._link(_leave_out(settings))
        linker.training.estimate_u_using_random_sampling(
            _SAMPLE, seed=self._seed, min_count_per_level=None, num_chunks=1
        )
        apart = self._count_exact(_read(linker.misc.save_model_to_json(), "u_probability"))
        together = self._train(linker, settings, _FIRST_GUESS)
        share = self._share_of_matches(self._predict(self._fill(settings, together, apart)))
        apart = {name: _take_off(apart[name], together[name], share) for name in apart}
        better = self._fill(settings, together, apart)
        together = self._train(self._link(_leave_out(better)), better, share * self._pairs)
        pairs = self._predict(self._fill(settings, together, apart))
        return Scored(pairs, self._agreement(together))

    def _count_exact(self, apart: dict[str, Floats]) -> dict[str, Floats]:
        """Put counts of all pairs in the place of a sample where values are alike, which is rare."""
        for name, shares in apart.items():
            counted = [_share_alike(self._people[COLUMNS[name][0]])]
            if name == "place":  # the first level has the street too
                counted.insert(0, _share_alike(self._people["postcode"].str.cat(self._people["street"], "|")))
                counted[1] -= counted[0]
            if name != "middle":  # an initial counts there too
                shares[: len(counted)] = np.maximum(counted, _FEW / self._pairs)
        return {name: np.asarray(shares / shares.sum(), dtype=np.float64) for name, shares in apart.items()}

    def _settings(self) -> dict[str, Any]:
        rules = [
            " and ".join(f"l.{name} = r.{name}" for name in key) for key in KEYS if self._has.issuperset(key)
        ]
        if "first" in self._has:
            rules.append("l.words = r.words and l.first <> r.first")
        return {
            "link_type": "dedupe_only",
            "unique_id_column_name": "record",
            "probability_two_random_records_match": _START,
            "comparisons": [
                {"output_column_name": name, "comparison_levels": _levels(name, self._has)}
                for name in self._fields
            ],
            "blocking_rules_to_generate_predictions": [{"blocking_rule": rule} for rule in rules],
            "retain_matching_columns": False,
            "retain_intermediate_calculation_columns": True,
        }

    def _link(self, settings: Mapping[str, Any]) -> Any:
        from splink import Linker  # noqa: PLC0415  an extra

        return Linker(self._table, dict(settings), log_level=None, validate_settings=False)

    def _train(self, linker: Any, settings: Mapping[str, Any], pairs: float) -> dict[str, Floats]:
        """Return how often records of one person agree, fitted; ``pairs``: about how many they are."""
        from splink import block_on  # noqa: PLC0415  an extra

        rules = [key for key in _TRAINED_ON if self._has.issuperset(key) and self._agrees(key)]
        for key in rules[:2]:  # a household shares its postcode: trained on only where little else is known
            linker.training.estimate_parameters_using_expectation_maximisation(
                block_on(*key), max_pairs=_TRAINING
            )
        before = _read(settings, "m_probability")
        fitted = {}
        for name, shares in _read(linker.misc.save_model_to_json(), "m_probability").items():
            shares[-1] = max(1 - float(shares[:-1].sum()), 0.0)  # it was held
            fitted[name] = _smooth(shares, pairs) if shares[:-1].any() else before[name]
        return fitted

    def _agrees(self, key: tuple[str, ...]) -> bool:
        """Tell whether any two records agree in a key: Splink cannot be trained on none."""
        return bool(self._people[list(key)].dropna().duplicated().any())

    def _fill(
        self, settings: Mapping[str, Any], together: Mapping[str, Floats], apart: Mapping[str, Floats]
    ) -> dict[str, Any]:
        comparisons = []
        for one in settings["comparisons"]:
            name = one["output_column_name"]
            levels = [dict(level) for level in one["comparison_levels"]]
            known = [level for level in levels if not level.get("is_null_level")]
            for level, m, u in zip(known, together[name], apart[name], strict=True):
                level |= {"m_probability": float(m), "u_probability": float(u)}
            comparisons.append({**one, "comparison_levels": levels})
        return {**settings, "comparisons": comparisons}

    def _predict(self, settings: Mapping[str, Any]) -> pd.DataFrame:
        table = self._link(settings).inference.predict(warning_mode="never").as_pandas_dataframe()
        pairs = pd.DataFrame({"left": table["record_l"], "right": table["record_r"]}).astype(np.int64)
        for name in self._fields:
            rarity = table.get(f"mw_tf_adj_{name}", 0.0)
            pairs[name] = (table[f"mw_{name}"] + rarity).astype(np.float64)
        return pairs.sort_values(["left", "right"], ignore_index=True)

    def _share_of_matches(self, pairs: pd.DataFrame) -> float:
        """Return the share of all pairs of records that are of one person."""
        evidence = np.exp2(pairs[self._fields].sum(axis=1).to_numpy())
        share = _START
        for _ in range(200):
            share = float((share * evidence / (share * evidence + 1 - share)).sum()) / max(self._pairs, 1.0)
        return share

    def _agreement(self, together: Mapping[str, Floats]) -> dict[str, float]:
        same = {name: float(together[name][0]) for name in ("first", "last", "born") if name in together}
        if "place" in together:
            same["postcode"] = float(together["place"][0] + together["place"][1])
        if "first" in together:
            same["swapped"] = float(together["first"][1])
        return same


def _levels(name: str, has: set[str]) -> list[dict[str, Any]]:
    """Return the levels of a comparison, the closest agreement first."""
    near = (
        f"jaro_winkler_similarity({name}_l, {name}_r) >= 0.88 or damerau_levenshtein({name}_l, {name}_r) <= 1"
    )
    missing = f"{name}_l is null or {name}_r is null"
    if name in ("middle", "last") and "first" in has:
        missing += f" or {_SWAPPED}"  # the first name has then told it all
    same = f"{name}_l = {name}_r"
    if name == "first":
        shown = [
            (same, 0.88, 0.005),
            (_SWAPPED, 0.01, 1e-6),
            (_initial(name), 0.02, 0.01),
            (near, 0.07, 0.005),
        ]
    elif name == "middle":
        shown = [(f"{same} or {_initial(name)}", 0.94, 0.01), (near, 0.03, 0.005)]
    elif name == "last":
        shown = [(same, 0.9, 0.003), (near, 0.07, 0.003)]
    elif name == "born":
        shown = [(same, 0.95, 1e-4), (_misdated(), 0.04, 2e-3)]
    else:
        street = "(street_l = street_r or damerau_levenshtein(street_l, street_r) <= 2)"
        missing = "postcode_l is null or postcode_r is null"
        shown = [
            (f"postcode_l = postcode_r and {street}", 0.7, 1e-6),
            ("postcode_l = postcode_r", 0.15, 1e-6),
            (f"damerau_levenshtein(postcode_l, postcode_r) <= 1 and {street}", 0.04, 1e-7),
            ("postcode_l[:-4] = postcode_r[:-4]", 0.02, 5e-3),
        ]
    return _write(name, missing, shown)


def _write(name: str, missing: str, shown: Sequence[_Level]) -> list[dict[str, Any]]:
    rest = ("ELSE", 1 - sum(level[1] for level in shown), 1 - sum(level[2] for level in shown))
    levels: list[dict[str, Any]] = [{"sql_condition": missing, "is_null_level": True}]
    levels += [
        {"sql_condition": condition, "m_probability": m, "u_probability": u}
        for condition, m, u in (*shown, rest)
    ]
    if name in ("first", "last"):
        levels[1]["tf_adjustment_column"] = name
    return levels


def _initial(name: str) -> str:
    return f"(length({name}_l) = 1 or length({name}_r) = 1) and {name}_l[1:1] = {name}_r[1:1]"


def _misdated() -> str:
    """Return the condition of one slip: a digit, day and month changed places, or the year beside."""
    return (
        "damerau_levenshtein(born_l, born_r) <= 1"
        " or (born_l[1:4] = born_r[1:4] and born_l[6:7] = born_r[9:10] and born_l[9:10] = born_r[6:7])"
        " or (born_l[5:] = born_r[5:] and abs(born_l[1:4]::int - born_r[1:4]::int) = 1)"
    )


def _leave_out(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what will be fitted, so that a level that is never seen does not keep what it started with.

    Pairs that disagree altogether hardly ever are one person. Fitted, their share would run down to zero,
    where Splink stops with an error: it is held, at no less than a few.
    """
    comparisons = []
    for one in settings["comparisons"]:
        levels = [dict(level) for level in one["comparison_levels"]]
        for level in levels[:-1]:
            level.pop("m_probability", None)
        levels[-1] |= {
            "m_probability": max(levels[-1]["m_probability"], _LEAST_REST),
            "fix_m_probability": True,
        }
        comparisons.append({**one, "comparison_levels": levels})
    return {**settings, "comparisons": comparisons}


def _read(settings: Mapping[str, Any], what: str) -> dict[str, Floats]:
    """Return the shares of a model's levels, by field; a level never seen has none."""
    return {
        one["output_column_name"]: np.array(
            [level.get(what) or 0.0 for level in one["comparison_levels"] if not level.get("is_null_level")]
        )
        for one in settings["comparisons"]
    }


def _share_alike(values: pd.Series) -> float:
    """Return the share of pairs that have the same value, of those that have one."""
    counts = values.value_counts().to_numpy(dtype=np.float64)
    known = counts.sum()
    return float((counts * (counts - 1)).sum() / max(known * (known - 1), 1.0))


def _take_off(apart: Floats, together: Floats, share: float) -> Floats:
    """Take the pairs of one person off those that should be of two.

    Where these are nearly all, what is left cannot be told from none: a part of `_RARE` always stays.
    """
    matched = share * together
    kept = np.maximum(apart - matched, np.maximum(_RARE * matched, 1e-12))
    return np.asarray(kept / kept.sum(), dtype=np.float64)


def _smooth(shares: Floats, pairs: float) -> Floats:
    """Let no level be impossible for one person only because it was not seen."""
    counted = shares / max(shares.sum(), 1e-12) * pairs + _FEW
    return np.asarray(counted / counted.sum(), dtype=np.float64)


@contextmanager
def _silent() -> Iterator[None]:
    """Keep Splink's messages, which may hold values, out of every log."""
    logger = logging.getLogger("splink")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)
