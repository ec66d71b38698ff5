"""Truthful twins: what a return would look like had it told the truth, and what that says of its reasons.

The twin of a return differs from it in its own boxes alone: the returns before it, what others report and
its peers stay as they were reported. The Shapley values of a return against its own twin are the truth about
why it scores as it does.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from taxgap.errors import IncompatibleError, InvalidDataError, UsageError
from taxgap.peers import GROUPS, PeerGroups
from taxgap.reasons.audit.edited import FIXED, KEYS, edit_returns
from taxgap.reasons.audit.twins.pairs import pair_values
from taxgap.reasons.contributions import check_sum
from taxgap.records import Records, Truth
from taxgap.records.partitions import partition_of
from taxgap.records.periods import tax_year_of
from taxgap.regimes import Regime
from taxgap.risk.arrays import Bools
from taxgap.risk.boosting import score_raw
from taxgap.risk.model import RiskModel
from taxgap.risk.predicting import Kind


def measure_twins(records: Records, truth: Truth, regime: Regime, index: pd.MultiIndex) -> pd.DataFrame:
    """Measure the truthful twin of each of some returns.

    Parameters
    ----------
    records : Records
    truth : Truth
        With the table of truthful twins that bears the name of the regime.
    regime : Regime
    index : MultiIndex
        (taxpayer_id, period) of the returns, each once.

    Returns
    -------
    DataFrame
        As from `Regime.measure`, in the order of the index.

    Raises
    ------
    InvalidDataError
        A return has no twin, or is not in the records.
    UsageError
        The index has other levels, or a return twice.

    Notes
    -----
    Only one return of a taxpayer says the truth at a time: what it is held against, such as the return
    before, stands as it was filed. No measure looks at other taxpayers' returns, so that many taxpayers are
    measured together, partition by partition and tax year by tax year.
    """
    if list(index.names) != KEYS or not index.is_unique:
        raise UsageError("The index must hold taxpayer_id and period, each return once.", where="index")
    rows = _read_twins(records, truth, regime, index)
    parts = list(_measure_parts(records, regime, rows))
    return pd.concat(parts).reindex(index) if parts else regime.measure(records, []).iloc[:0]


def _measure_parts(records: Records, regime: Regime, rows: pd.DataFrame) -> Iterator[pd.DataFrame]:
    home = partition_of(rows.index.get_level_values(KEYS[0]), len(records.partitions))
    for partition in np.unique(home):
        own = rows[home == partition]
        held = records.hold(regime.tables, int(partition), own.index.get_level_values(KEYS[0]))
        for some in _split_rounds(own):
            people, periods = (some.index.get_level_values(key) for key in KEYS)
            edited = edit_returns(held.hold(regime.tables, 0, people), regime.name, some)
            yield regime.measure(edited, list(periods.unique())).reindex(some.index)


def _split_rounds(rows: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Split returns so that no part has two of one taxpayer, nor of two tax years."""
    keys = rows.index.to_frame(index=False)
    keys["year"] = tax_year_of(keys["period"]).to_numpy()
    keys["turn"] = keys.groupby(["taxpayer_id", "year"], sort=False).cumcount()
    for places in keys.groupby(["year", "turn"], sort=True).indices.values():
        yield rows.iloc[places]


def _read_twins(records: Records, truth: Truth, regime: Regime, index: pd.MultiIndex) -> pd.DataFrame:
    """Read what the boxes of each return would have held, as far as the records have the boxes."""
    if regime.name not in truth.tables:
        raise InvalidDataError(
            f"The truth has no twins of '{regime.name}'.", where=truth.where, available=truth.tables
        )
    filed = records.read(regime.name, partition=0).columns
    boxes = [name for name in truth.models[regime.name].to_schema().columns if name in filed]
    people, found = index.levels[0], []
    for partition in truth.partitions:
        twins = truth.read(regime.name, list(dict.fromkeys([*KEYS, *boxes])), partition)
        found.append(twins[people.get_indexer(pd.Index(twins["taxpayer_id"])) >= 0])
    rows = pd.concat(found).set_index(KEYS)
    place = rows.index.get_indexer(index)
    if (place < 0).any():
        raise InvalidDataError(
            f"{int((place < 0).sum())} of {len(index)} returns have no truthful twin.", where=truth.where
        )
    return rows.iloc[place][[name for name in boxes if name not in FIXED]]


def see_twins(
    regime: Regime,
    observed: pd.DataFrame,
    twins: pd.DataFrame,
    peers: PeerGroups,
    *,
    same_peers: bool = False,
) -> pd.DataFrame:
    """Turn the measures of twins into what the model sees.

    Parameters
    ----------
    regime : Regime
    observed : DataFrame
        Measures of the returns as they were reported.
    twins : DataFrame
        From `measure_twins`, of the same returns.
    peers : PeerGroups
    same_peers : bool, default False
        Whether a twin is held against the peers of its report even where its true size has others.

    Returns
    -------
    DataFrame
        As from `Regime.compare`.
    """
    check_alike(observed, twins)
    if same_peers:
        twins = twins.assign(**{name: observed[name] for name in GROUPS})
    return regime.compare(twins, peers)


def twin_contributions(
    model: RiskModel, seen: pd.DataFrame, twin_seen: pd.DataFrame, *, kind: Kind = "expected_tax"
) -> pd.DataFrame:
    """Split what the model adds to a return for being untrue: Shapley values against its truthful twin.

    Parameters
    ----------
    model : RiskModel
    seen, twin_seen : DataFrame
        What the model sees of returns and of their twins, in the same order.
    kind : {"expected_tax", "probability", "hours"}, default "expected_tax"
        Which score, as for `taxgap.reasons.contributions`.

    Returns
    -------
    DataFrame
        One column for each the model has, in log units: trade group and size band too, where the twin has
        others. Rows add up to the score of the return less that of its twin.

    Raises
    ------
    UsageError
        The frames are of different returns.
    IncompatibleError
        A column that both share has a part, or the parts do not add up to within 1e-6.

    Notes
    -----
    Exact, in the interventional game whose only background row is the twin; see
    `taxgap.reasons.audit.twins.pairs.pair_values`.
    """
    check_alike(seen, twin_seen)
    names, booster = list(model.feature_names_in_), model.booster(kind)
    if seen.empty:
        return pd.DataFrame(index=seen.index, columns=names, dtype=np.float64)
    own, twin = model.encode(seen[names]), model.encode(twin_seen[names])
    parts = pair_values(booster, own, twin)
    if np.any(parts[(own == twin) | (np.isnan(own) & np.isnan(twin))]):
        raise IncompatibleError("A column on which a return and its twin agree has a part in the difference.")
    mine, theirs = (score_raw(booster, matrix, model.n_threads) for matrix in (own, twin))
    check_sum(parts.sum(axis=1) + theirs, mine)
    return pd.DataFrame(parts, index=seen.index, columns=names)


def sum_codes(regime: Regime, values: pd.DataFrame) -> pd.DataFrame:
    """Add up contributions by reason code.

    Of the contributions of `twin_contributions`, this is what an explanation that knows the truth would say:
    how often it names a mechanism bounds how often any explanation of this model can.

    Parameters
    ----------
    regime : Regime
    values : DataFrame
        One column a feature. Trade group and size band, which are no reasons, are passed over.

    Returns
    -------
    DataFrame
        One column a reason code, in the order in which the regime names them; zero without a feature.

    Raises
    ------
    UsageError
        A column is no feature of the regime.

    Examples
    --------
    >>> from taxgap.regimes import get_regime
    >>> values = pd.DataFrame({"gross_margin": [0.3], "margin_change": [0.1], "size_band": [0.5]})
    >>> sum_codes(get_regime("self_assessment"), values)["margin.gross"].tolist()
    [0.3]
    """
    names = [name for name in values.columns if name not in GROUPS]
    unknown = [str(name) for name in names if name not in regime.feature]
    if unknown:
        raise UsageError(f"'{unknown[0]}' is no feature of {regime.name}.", available=regime.feature)
    codes = {code: place for place, code in enumerate(regime.code)}
    sums = np.zeros((len(values), len(codes)))
    for name in names:
        sums[:, codes[regime.feature[name].code]] += values[name].to_numpy(dtype=np.float64)
    return pd.DataFrame(sums, index=values.index, columns=list(codes))


def changed_codes(regime: Regime, seen: pd.DataFrame, twin_seen: pd.DataFrame) -> pd.DataFrame:
    """Tell which reason codes have a feature on which a return and its twin differ.

    Where no code of a mechanism's evidence has one, the records hold no trace of it there, and no
    explanation of any model can name it for a good reason.

    Parameters
    ----------
    regime : Regime
    seen, twin_seen : DataFrame
        Measures, or what the model sees, of returns and of their twins.

    Returns
    -------
    DataFrame of bool
        One column a reason code, in the order of the regime.

    Examples
    --------
    >>> from taxgap.regimes import get_regime
    >>> seen, twin = pd.DataFrame({"gross_margin": [0.3]}), pd.DataFrame({"gross_margin": [0.5]})
    >>> changed_codes(get_regime("self_assessment"), seen, twin).loc[0].sum()
    np.int64(1)
    """
    names = [name for name in seen.columns if name not in GROUPS]
    changes = find_changes(seen[names], twin_seen[names])
    return sum_codes(regime, pd.DataFrame(changes, seen.index, names)) > 0


def check_alike(one: pd.DataFrame, other: pd.DataFrame) -> None:
    """Refuse frames of other returns, or in another order."""
    if not one.index.equals(other.index):
        raise UsageError("The frames are not of the same returns in the same order.", where="index")


def find_changes(seen: pd.DataFrame, twin_seen: pd.DataFrame) -> Bools:
    """Tell, by row and column, where a return and its twin differ; two missing values do not."""
    check_alike(seen, twin_seen)
    changes = np.zeros(seen.shape, dtype=np.bool_)
    for place, name in enumerate(seen.columns):
        one, other = seen[name].astype(object), twin_seen[name].astype(object)
        changes[:, place] = ((one != other) & ~(one.isna() & other.isna())).to_numpy()
    return changes
