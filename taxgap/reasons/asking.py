"""What an explanation is asked for: records and a model, taxpayers and periods by name, or a refusal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from taxgap.errors import UsageError
from taxgap.records import Records
from taxgap.risk.model import RiskModel


def check_material(records: Records, model: RiskModel) -> None:
    """Refuse what is no records or no model, such as a path to them.

    Raises
    ------
    UsageError
    """
    for name, value, kind, opened in (
        ("records", records, Records, "taxgap.Records.open"),
        ("model", model, RiskModel, "taxgap.RiskModel.load"),
    ):
        if not isinstance(value, kind):
            raise UsageError(
                f"The argument '{name}' must be of type {kind.__name__}, not {type(value).__name__}.",
                where=name,
                remedy=f"Open the folder first: {opened}(path).",
            )


def list_periods(periods: Sequence[str] | str, records: Records) -> list[str]:
    """List the periods that are named.

    Raises
    ------
    UsageError
        None is, or not by text.
    """
    named = _list_texts(periods)
    if not named or not all(named):
        raise UsageError(
            "No period is named." if named == [] else "Periods are named by text, such as '2023-24'.",
            where="periods",
            available=records.periods,
            remedy="Name one, or leave them out to explain all.",
        )
    return named


def list_taxpayers(taxpayers: Sequence[str] | str) -> list[str]:
    """List the taxpayers that are named, each once.

    Raises
    ------
    UsageError
        None is, or not by text.
    """
    named = _list_texts(taxpayers)
    if named is None:
        raise UsageError(
            "Taxpayers are named by text, so that leading zeros count.",
            where="taxpayers",
            remedy="Give an identifier, or a list of them, as in the records: '0012345678'.",
        )
    if not named or not all(named):
        raise UsageError(
            "No taxpayer is named.",
            where="taxpayers",
            remedy="Name one, or leave it out to explain everyone.",
        )
    return list(dict.fromkeys(named))


def _list_texts(given: Any) -> list[str] | None:
    """List what is named by text; None if something is not, such as a number or a frame."""
    if isinstance(given, str):
        return [given]
    if isinstance(given, pd.DataFrame | Mapping) or not isinstance(given, Iterable):
        return None
    named = list(given)
    return named if all(isinstance(name, str) for name in named) else None
