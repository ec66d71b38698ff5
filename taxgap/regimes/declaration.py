"""How features and reason codes are declared, and read from a TOML file that people can review."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FAMILIES = (
    "third_party",
    "accounts",
    "expenses",
    "margin",
    "inputs",
    "repayment",
    "wages",
    "directors",
    "subcontractors",
    "cis",
    "tax",
    "nics",
    "allowance",
    "change",
    "reliefs",
    "property",
    "balance",
    "scheme",
    "timing",
    "network",
    "shape",
)
"""The families of reasons; the first part of a reason code names its family."""

LIMITS = {
    "share": 5.0,
    "times": 10.0,
    "points": 2.0,
    "days": 365.0,
    "count": 99.0,
    "yes_no": 1.0,
}
"""What a feature can be measured in, and how far it is measured; beyond, all is the same.

`share` is a fraction, shown in per cent; `times` a ratio; `points` a difference of fractions, shown in
percentage points; `days` and `count` are whole numbers; `yes_no` is 1 or 0.
"""


@dataclass(frozen=True)
class Feature:
    """One measure of a return.

    Attributes
    ----------
    name : str
        The column.
    code : str
        The reason code it belongs to.
    unit : str
        One of `LIMITS`.
    needs : tuple of str
        The columns it is computed from, as ``table.column``.
    sentence : str
        What a record shows, with ``{observed}`` and ``{peers}`` for the value and the peers' middle half. A
        feature of unit `yes_no` is a reason only where most peers differ, and its sentence says so in words.
    direction : int
        1 or -1 where it is known beforehand that more, or less, of it means more risk, else 0: the model's
        monotone constraint.
    relative : bool
        Whether the model sees the position among the peers instead of the value.
    side : int
        On which side of the peers' middle half the sentence makes a reason: 1 above, -1 below.
    otherwise : str
        What a record shows where it speaks for the return, if `sentence` would read badly there, with the
        same places; empty where it does not. A feature of unit `yes_no` without one is never listed among
        what lowers concern.
    """

    name: str
    code: str
    unit: str
    needs: tuple[str, ...]
    sentence: str
    direction: int = 0
    relative: bool = False
    side: int = 1
    otherwise: str = ""

    @property
    def limit(self) -> float:
        """How far from zero it is measured."""
        return LIMITS[self.unit]


@dataclass(frozen=True)
class ReasonCode:
    """One reason for which a return can stand out.

    Attributes
    ----------
    code : str
        Family and name, such as ``third_party.takings``.
    title : str
        What it is called, in a few words.
    evidence : str
        What to ask for.
    """

    code: str
    title: str
    evidence: str

    @property
    def family(self) -> str:
        """The family: the part of the code before the dot."""
        return self.code.split(".")[0]


@dataclass(frozen=True)
class Declaration:
    """What a regime's file declares.

    Attributes
    ----------
    groups : mapping of str to tuple of str
        The columns that each of the two peer-defining columns is computed from.
    codes : tuple of ReasonCode
    features : tuple of Feature
    told_first : tuple of str
        Codes that are told before others where reasons are near equals.
    """

    groups: Mapping[str, tuple[str, ...]]
    codes: tuple[ReasonCode, ...]
    features: tuple[Feature, ...]
    told_first: tuple[str, ...] = ()


def read_declaration(text: str) -> Declaration:
    """Read the declaration of a regime.

    Parameters
    ----------
    text : str
        TOML: an array ``code`` of tables, each with an array ``feature``, and a table ``groups`` of the
        needs of the peer-defining columns. A need is a column as ``table.column``, or a name from the table
        ``needs``. An array ``told_first`` may name codes that come first among near equals.

    Returns
    -------
    Declaration

    Examples
    --------
    >>> declaration = read_declaration('''
    ... [[code]]
    ... code = "timing.late"
    ... title = "Late return"
    ... evidence = "The reason for the delay."
    ...     [[code.feature]]
    ...     name = "days_late"
    ...     unit = "days"
    ...     needs = ["obligations.due_on"]
    ...     sentence = "The return came {observed} late; half of similar returns came {peers} late."
    ... ''')
    >>> declaration.features[0].needs, declaration.codes[0].family
    (('obligations.due_on',), 'timing')
    """
    content = tomllib.loads(text)
    named = content.get("needs", {})
    codes, features = [], []
    for entry in content["code"]:
        own = entry.pop("feature", [])
        codes.append(ReasonCode(**entry))
        features += [_read_feature(item, codes[-1].code, named) for item in own]
    groups = {name: _spell_out(needs, named) for name, needs in content.get("groups", {}).items()}
    return Declaration(groups, tuple(codes), tuple(features), tuple(content.get("told_first", ())))


def _read_feature(item: dict[str, Any], code: str, named: Mapping[str, list[str]]) -> Feature:
    # Unless the file says otherwise, a reason lies on the side to which the risk is known to grow.
    side = item.get("direction", 0) or 1
    return Feature(**{"side": side, **item, "needs": _spell_out(item["needs"], named), "code": code})


def _spell_out(needs: list[str], named: Mapping[str, list[str]]) -> tuple[str, ...]:
    return tuple(column for need in needs for column in named.get(need, [need]))
