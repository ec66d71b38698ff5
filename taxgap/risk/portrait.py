"""What monitoring compares of each return: features, score, flag and leading reason, by slices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.errors import InvalidDataError
from taxgap.peers import PeerGroups
from taxgap.records import Records
from taxgap.records.periods import tax_year_of
from taxgap.regimes import Regime
from taxgap.risk.reference import FLAGGED, FLAGGED_SHARE, NO_YES, REASON, SCORE, Part, Reference

if TYPE_CHECKING:
    from taxgap.risk.model import RiskModel


def read_parts(
    records: Records,
    regime: Regime,
    *,
    names: Sequence[str],
    peers: PeerGroups,
    periods: Sequence[str],
    partitions: Iterable[int],
) -> Iterator[Part]:
    """Yield the features of returns as the model sees them, and their slices, partition by partition.

    Parameters
    ----------
    records : Records
    regime : Regime
        The tax.
    names : sequence of str
        The features of the model.
    peers : PeerGroups
        With which they are compared.
    periods : sequence of str
        Tax years.
    partitions : iterable of int
        Which to read.

    Yields
    ------
    (DataFrame, DataFrame)
    """
    keys = ["taxpayer_id", "period"]
    for partition in partitions:
        observed = regime.measure(records, list(periods), partition)
        if observed.empty:
            continue
        filed = records.read(regime.name, [*keys, "received_on"], partition)
        received = filed.groupby(keys)["received_on"].min()
        people = records.read("taxpayers", ["taxpayer_id", "region"], partition)
        region = people.drop_duplicates("taxpayer_id").set_index("taxpayer_id")["region"]
        slices = slice_returns(observed.index, received, region, observed["trade_group"])
        yield regime.compare(observed, peers)[list(names)], slices


def build_reference(
    model: RiskModel, parts: Iterable[Part], codes: Mapping[str, str], *, share: float = 1.0
) -> Reference:
    """Take the returns that a model was trained on as the reference that monitoring compares with.

    Parameters
    ----------
    model : RiskModel
        Fitted.
    parts : iterable of (DataFrame, DataFrame)
        Features as the model sees them, and their slices, from `slice_returns`; best those of all tax years
        of the window, partition by partition.
    codes : mapping of str to str
        Feature to reason code.
    share : float, default 1
        The share of all returns that the parts hold.

    Returns
    -------
    Reference
    """
    rest = iter(parts)
    first = next(rest, None)
    if first is None:
        raise InvalidDataError("There are no returns to take as a reference.", where="reference")
    flag_from = float(np.quantile(model.ranking_score(first[0]), 1 - FLAGGED_SHARE))

    returns = people = 0

    def described() -> Iterable[Part]:
        nonlocal returns, people
        for X, slices in chain([first], rest):
            returns += len(X)
            taxpayer = X.index.get_level_values("taxpayer_id")
            people += len(pd.MultiIndex.from_arrays([taxpayer, slices["year"]]).unique())
            yield describe_returns(model, X, codes, flag_from), slices

    found = Reference.fit(described(), flag_from)
    return replace(found, share=share, returns_each=returns / max(people, 1))


def describe_returns(
    model: RiskModel, X: pd.DataFrame, codes: Mapping[str, str], flag_from: float
) -> pd.DataFrame:
    """Return what is compared of each return: its features, score, whether it is flagged, its leading reason.

    The leading reason is the code whose features add most to the score by the booster's own contributions; it
    is missing where nothing adds, and for returns that are not flagged.
    """
    frame = X[list(model.feature_names_in_)].copy()
    score = model.ranking_score(X) if len(X) else np.empty(0)
    flagged = score >= flag_from
    lead = pd.Series(None, index=X.index, dtype="str")
    if flagged.any():
        lead[flagged] = _leading(model, X[flagged], codes)
    frame[SCORE] = score
    frame[FLAGGED] = pd.Categorical.from_codes(flagged.astype(int), categories=list(NO_YES))
    frame[REASON] = lead.astype("object")
    return frame


def slice_returns(
    index: pd.MultiIndex, received_on: pd.Series, region: pd.Series, trade_group: pd.Series
) -> pd.DataFrame:
    """Return the slices of returns: tax year, month of receipt, region and trade group.

    Parameters
    ----------
    index : MultiIndex
        (taxpayer_id, period), one a return.
    received_on : Series
        The day on which each return was received, indexed alike.
    region : Series
        By taxpayer_id.
    trade_group : Series
        On the rows of `index`.

    Returns
    -------
    DataFrame
    """
    people, period = index.get_level_values("taxpayer_id"), index.get_level_values("period")
    month = pd.to_datetime(received_on.reindex(index)).dt.month
    return pd.DataFrame(
        {
            "year": tax_year_of(pd.Series(period.astype("str"))).to_numpy(),
            "month": month.map("{:02.0f}".format, na_action="ignore").to_numpy(),
            "region": region.reindex(people).astype("object").to_numpy(),
            "trade_group": np.asarray(trade_group.astype("object")),
        },
        index=index,
    )


def _leading(model: RiskModel, X: pd.DataFrame, codes: Mapping[str, str]) -> NDArray[np.object_]:
    parts = model.booster("expected_tax").predict(
        model.encode(X), pred_contrib=True, num_threads=model.n_threads
    )
    by_feature = pd.DataFrame(np.asarray(parts)[:, :-1], columns=[str(n) for n in model.feature_names_in_])
    named = by_feature[[name for name in by_feature.columns if name in codes]]
    if named.empty:
        return np.full(len(X), None, dtype=object)
    summed = named.T.groupby(dict(codes)).sum().T
    lead = summed.columns.to_numpy(dtype=object)[summed.to_numpy().argmax(axis=1)]
    return np.asarray(np.where(summed.to_numpy().max(axis=1) > 0, lead, None), dtype=object)
