"""The hidden people of one partition: the truth about them, and what others report."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from taxgap.schemas.table import Table, column_names
from taxgap.schemas.third_party_unmatched import ThirdPartyUnmatched
from taxgap.schemas.truth import Unregistered
from taxgap.synthetic.hidden.amounts import draw_amounts, unregistered
from taxgap.synthetic.hidden.people import draw_hidden_people
from taxgap.synthetic.hidden.reports import draw_reports
from taxgap.synthetic.settings import Settings


@dataclass(frozen=True)
class Hidden:
    """What there is of some hidden people.

    Attributes
    ----------
    unregistered : DataFrame
        The columns of `taxgap.schemas.truth.Unregistered`.
    unmatched : DataFrame
        The columns of `taxgap.schemas.ThirdPartyUnmatched`.
    """

    unregistered: pd.DataFrame
    unmatched: pd.DataFrame


def draw_hidden(numbers: ArrayLike, settings: Settings, individuals: int) -> Hidden:
    """Draw hidden people and what others report of them.

    Parameters
    ----------
    numbers : array-like of int
        Which hidden people, from ``range(count_hidden(individuals))``: those whose `person_ids` belong to the
        partition that is being made.
    settings : Settings
    individuals : int
        People on the register, with the entity numbers below it: ``settings.register.individuals``.

    Returns
    -------
    Hidden

    Notes
    -----
    The reports of a hidden person are rows of his own partition, whatever their `report_id`.

    Examples
    --------
    >>> hidden = draw_hidden(range(50), Settings(taxpayers=200, years=1), individuals=200)
    >>> sorted(hidden.unregistered["regime"].unique())[0]
    'self_assessment'
    """
    people = draw_hidden_people(np.asarray(numbers, dtype=np.int64), settings, individuals)
    amounts = draw_amounts(people, settings.seed)
    truth = unregistered(people, amounts, settings.tax_years)
    reports = draw_reports(people, amounts, settings)
    return Hidden(_select(truth, Unregistered), _select(reports, ThirdPartyUnmatched))


def _select(table: pd.DataFrame, model: type[Table]) -> pd.DataFrame:
    # The texts of a partition without rows are texts all the same.
    texts = {name: "str" for name, kind in model.to_schema().dtypes.items() if str(kind).startswith("str")}
    return table[column_names(model)].astype(texts)
