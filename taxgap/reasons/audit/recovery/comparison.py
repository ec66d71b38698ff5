"""Methods of explaining side by side, on the same flagged returns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from taxgap.errors import UsageError
from taxgap.peers import GROUPS
from taxgap.reasons.audit.figures import Figure, draw_figure, tidy
from taxgap.reasons.audit.material import Material
from taxgap.reasons.audit.part import Part
from taxgap.reasons.audit.recovery.metrics import measures_for
from taxgap.reasons.audit.recovery.ranked import Ranked, rank_contributions
from taxgap.reasons.audit.recovery.recovery import NO_CASES, NO_TRUTH, Ground, measure_methods, rankings_of
from taxgap.reasons.audit.rules import Rule
from taxgap.reasons.audit.subject import Explain, explain_against_peers
from taxgap.reasons.contributions import contributions
from taxgap.reasons.engines import compile_once
from taxgap.risk.arrays import Bools, Floats
from taxgap.risk.model import RiskModel

NAME = "comparison"

RULES: tuple[Rule, ...] = ()
"""It is for reading: what must hold is asked by the part ``recovery``."""

BACKGROUND = 300
"""So many returns of the whole population are the background of ``population``."""

METHODS = {
    "reasons": "The reasons as given",
    "contributions": "The contributions behind them, without floors",
    "path_dependent": "Against the cases trained on (path-dependent)",
    "population": "Against the whole population, whatever the trade and size",
    "global": "One ranking for everyone, by gain in training",
    "z_score": "The distance from the peers",
    "random": "In random order",
}
"""The methods that are always there, in words."""

PEERS = "peers"
"""What the peer baseline is called beside an explanation that is not the library's own."""


def compare_methods(material: Material, others: Mapping[str, Explain] | None = None) -> Part:
    """Compare methods of explaining on the same flagged returns.

    Parameters
    ----------
    material : Material
    others : mapping of str to callable, optional
        The evaluator's own methods by name: what the model sees of some returns, from `Regime.compare`, to
        contributions by feature of the same rows, larger where the feature raises the score more.

    Returns
    -------
    Part
        Recall, precision, R-precision, reciprocal rank and mass by method, and ``lead of recall@k``: by how
        much the reasons as given, and the contributions, are ahead of each method on the same returns (it is
        below zero where they are behind). The table ``methods`` has one line a method and level.

    Raises
    ------
    UsageError
        A method has the name of another, or returns other rows.

    Notes
    -----
    Every method but the reasons as given is ranked without floors, so that no rule of ours stands between.
    For a model that is not the library's own there is no path-dependent method and no population.
    """
    if material.planted is None:
        return Part(NAME, tidy(()), left_out=NO_TRUTH)
    ground = Ground(material, material.planted)
    if ground.cases.empty:
        return Part(NAME, tidy(()), left_out=NO_CASES)
    ranked = rank_by_methods(material, ground.targets["code"].cases > 0, others or {})
    figures = [*measure_methods(NAME, ground, ranked), *_lead(ground, ranked)]
    table = tidy(figures)
    return Part(NAME, table, {"methods": _lay_wide(table)})


def rank_by_methods(material: Material, rows: Bools, others: Mapping[str, Explain]) -> dict[str, Ranked]:
    """Rank some returns by every method.

    Parameters
    ----------
    material : Material
    rows : ndarray of bool
        Which returns; of the others, some methods name nothing.
    others : mapping of str to callable

    Returns
    -------
    dict of str to Ranked
    """
    ranked, model = rankings_of(material), material.subject.model
    taken = sorted({*METHODS, PEERS} & set(others))
    if taken:
        raise UsageError(
            f"The method '{taken[0]}' is there already.", where="others", remedy="Give it another name."
        )
    seen, explain = material.seen[rows], dict(others)
    if model is not None:
        explain = {
            "path_dependent": lambda own: contributions(model, own).values,  # noqa: PD011 - ours
            "population": lambda own: explain_against_population(material, model, own),
            **explain,
        }
    if model is not None and not material.subject.ours:
        explain = {PEERS: _against_peers(material, model), **explain}
    for name, method in explain.items():
        found = _align(method(seen), seen.index, name)
        ranked[name] = rank_contributions(material.regime, found, name).spread(rows)
    first = [name for name in METHODS if name in ranked]
    return {name: ranked[name] for name in dict.fromkeys([*first, *ranked])}


def explain_against_population(material: Material, model: RiskModel, seen: pd.DataFrame) -> pd.DataFrame:
    """Return exact Shapley values against one background for everyone, drawn from the whole population.

    Parameters
    ----------
    material : Material
    model : RiskModel
    seen : DataFrame
        The returns, from `Regime.compare`.

    Returns
    -------
    DataFrame
        By feature, in log units; trade group and size band, which have a part here, are left out.

    Notes
    -----
    The rows are drawn from the sample of peers, each by how many returns it stands for, with the audit's
    seed.
    """
    peers, names = material.subject.peers, list(model.feature_names_in_)
    random = np.random.default_rng([material.settings.seed, 17])
    chance = peers.stands_for / peers.stands_for.sum()
    drawn = np.sort(random.choice(len(chance), min(BACKGROUND, len(chance)), replace=False, p=chance))
    rows = material.regime.compare(peers.rows.iloc[drawn], peers)
    parts = compile_once(model.booster("expected_tax")).explain(
        model.encode(seen[names]), model.encode(rows[names])
    )
    own: Floats = parts[:, :-1]
    return pd.DataFrame(own, index=seen.index, columns=names).drop(columns=list(GROUPS), errors="ignore")


def _against_peers(material: Material, model: RiskModel) -> Explain:
    return explain_against_peers(model, material.regime, material.subject.peers)


def _align(found: pd.DataFrame, index: pd.Index, name: str) -> pd.DataFrame:
    if not isinstance(found, pd.DataFrame) or len(found) != len(index):
        raise UsageError(
            f"The method '{name}' did not return one row of contributions a return.",
            where="others",
            remedy="Return a DataFrame with the index of what was given, and one column a feature.",
        )
    return found if found.index.equals(index) else found.set_axis(index)


def _lead(ground: Ground, ranked: Mapping[str, Ranked]) -> Iterator[Figure]:
    bootstrap, target = ground.material.bootstrap, ground.targets["code"]
    for measure, (find, _) in measures_for(ground.most).items():
        values = {method: find(each, target) for method, each in ranked.items()}
        for ours in ("reasons", "contributions"):
            for method in (name for name in ranked if name != ours):
                ahead = bootstrap.difference(values[ours], values[method])
                yield draw_figure(
                    NAME,
                    f"lead of {measure}",
                    ahead,
                    level="code",
                    group_by="against",
                    group=method,
                    method=ours,
                )


def _lay_wide(figures: pd.DataFrame) -> pd.DataFrame:
    of_methods = figures[figures["group_by"] == ""]
    wide = of_methods.pivot_table("value", ["level", "method"], "measure", sort=False)
    return wide.reset_index().rename_axis(columns=None)
