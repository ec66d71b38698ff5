"""The key of a kit: what is true of each case, and in which arm a form shows it; not for participants."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from json import dumps
from pathlib import Path
from typing import Any, Self

import pandas as pd

from taxgap.errors import InvalidDataError
from taxgap.reasons.audit.people.design import ARMS, KINDS, LAYOUT
from taxgap.records.files import check_format, read_json, write_json

KEY_NAME = "KEY-not-for-participants.json"
"""The file of the key, which says in its name who must not get it."""

FORMAT = "taxgap-task-key"
FORMAT_VERSION = 1

CASES = (
    "case",
    "taxpayer_id",
    "period",
    "kind",
    "flagged",
    "wrong",
    "tax_lost",
    "mechanisms",
    "planted_lines",
    "reason_codes",
    "wrong_codes",
    "wrong_lines",
)
"""The columns of the cases; the last five hold tuples of text. `wrong_lines` are the lines that the wrong
reasons point at and in which nothing was planted."""

_TUPLES = CASES[7:]


@dataclass(frozen=True, eq=False)
class Key:
    """What scoring needs to know of a kit.

    Attributes
    ----------
    regime, model_id, as_of : str
    seed : int
    material : float
        Pounds of tax from which a return counts as wrong.
    lines : DataFrame
        From `taxgap.reasons.audit.people.lines.list_lines`.
    cases : DataFrame
        `CASES`, one row a case.
    layout : DataFrame
        `LAYOUT`, one row a form and case; forms bear their full names.
    """

    regime: str
    model_id: str
    as_of: str
    seed: int
    material: float
    lines: pd.DataFrame
    cases: pd.DataFrame
    layout: pd.DataFrame

    @property
    def forms(self) -> list[str]:
        """The names of the forms."""
        return list(dict.fromkeys(self.layout["form"]))

    def named(self) -> Self:
        """Return the key with forms that bear the mark of the kit, so that no other kit's answers fit it."""
        mark = sha256(dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()[:4].upper()
        names = [f"{mark}-{int(number):02d}" for number in self.layout["form"]]
        return type(self)(**(self._parts() | {"layout": self.layout.assign(form=names)}))

    def to_dict(self) -> dict[str, Any]:
        """Return the key as plain data."""
        parts = self._parts()
        frames = {name: parts.pop(name).to_dict("records") for name in ("lines", "cases", "layout")}
        rows = [
            {name: list(value) if isinstance(value, tuple) else value for name, value in row.items()}
            for row in frames["cases"]
        ]
        return {**parts, **frames, "cases": rows}

    def write(self, path: str | Path) -> Path:
        """Write the key as JSON."""
        head = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "warning": "Participants must not get this.",
        }
        write_json(Path(path), head | self.to_dict())
        return Path(path)

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read a key, by its file or by the folder of the kit.

        Raises
        ------
        InvalidDataError
            It is missing, or is no whole key.
        IncompatibleError
            It is of a newer format.
        """
        file = Path(path) / KEY_NAME if Path(path).is_dir() else Path(path)
        content = read_json(file)
        check_format(content, name=FORMAT, version=FORMAT_VERSION, where=file)
        try:
            frames = {
                "lines": pd.DataFrame(content["lines"]).astype("object"),
                "cases": _tupled(pd.DataFrame(content["cases"])[list(CASES)]),
                "layout": pd.DataFrame(content["layout"])[list(LAYOUT)],
            }
            names = ("regime", "model_id", "as_of", "seed", "material")
            key = cls(**{name: content[name] for name in names}, **frames)
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidDataError(f"The key is not whole: {error}.", where=str(file)) from error
        key.check(str(file))
        return key

    def check(self, where: str = "key") -> None:
        """Refuse a key that contradicts itself.

        Raises
        ------
        InvalidDataError
        """
        wrong = {
            "a case stands twice": not self.cases["case"].is_unique,
            "a kind is unknown": not self.cases["kind"].isin(KINDS).all(),
            "an arm is unknown": not self.layout["arm"].isin(ARMS).all(),
            "a form shows an unknown case": not self.layout["case"].isin(self.cases["case"]).all(),
            "a form shows a case twice": self.layout.duplicated(["form", "case"]).any(),
            "a form has a position twice": self.layout.duplicated(["form", "position"]).any(),
        }
        found = [problem for problem, there in wrong.items() if there]
        if found:
            raise InvalidDataError(
                f"The key contradicts itself: {'; '.join(found)}.",
                where=where,
                remedy="Use the key as the kit was written; it must not be edited.",
            )

    def _parts(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def _tupled(cases: pd.DataFrame) -> pd.DataFrame:
    return cases.assign(**{name: [tuple(value) for value in cases[name]] for name in _TUPLES})
