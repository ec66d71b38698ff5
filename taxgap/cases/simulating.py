"""Programmes over years: cases are chosen, worked and learnt from, and the gap is estimated."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from taxgap.cases.drawing import draw
from taxgap.cases.economy import Economy, Year
from taxgap.cases.frontier import Frontier
from taxgap.cases.learning import learn_scores
from taxgap.cases.plans import Plan, plan_cases
from taxgap.errors import UsageError
from taxgap.gap import EstimateWarning, estimate_total
from taxgap.gap.designs import predict_spread
from taxgap.gap.streams import stream
from taxgap.risk.arrays import Bools, Floats
from taxgap.risk.frames import FrameSpec

PROGRAMMES = (
    "random",
    "stratified",
    "top_yield",
    "proportional",
    *(f"adaptive_bins:{steepness}" for steepness in (1, 2, 4)),
    *(f"balanced:{share}" for share in (0.25, 0.5, 1.0)),
)
"""What is played: a design, and after a colon its steepness or random share."""

_MEMORY = 4


@dataclass
class _Office:
    """What one programme has seen so far."""

    seen: list[Floats] = field(default_factory=list)
    found: list[Floats] = field(default_factory=list)
    scores: list[Floats] = field(default_factory=list)

    def note(self, seen: Floats, found: Floats, scores: Floats) -> None:
        self.seen, self.found = [*self.seen, seen][-_MEMORY:], [*self.found, found][-_MEMORY:]
        self.scores = [*self.scores, scores][-_MEMORY:]

    def learn(self, spec: FrameSpec, seed: int) -> Callable[[Floats], Floats]:
        return learn_scores(np.concatenate(self.seen), np.concatenate(self.found), spec, seed=seed)

    def spread(self, scores: Floats) -> Floats:
        return predict_spread(scores, np.concatenate(self.scores), np.concatenate(self.found))


def simulate_programme(
    economy: Economy,
    *,
    programmes: Sequence[str] = PROGRAMMES,
    years: int = 7,
    returns: int = 200_000,
    coverage: float = 0.03,
    seeds: Iterable[int] = range(10),
    progress: Callable[[int, int], None] | None = None,
) -> Frontier:
    """Play designs over years, and return tax found against error of the estimated gap.

    Parameters
    ----------
    economy : Economy
        Where returns come from; anything with ``years(returns, years, seed)`` and ``spec``.
    programmes : sequence of str
        Designs, each with its knob after a colon: ``balanced:0.5`` (random share), ``adaptive_bins:2``
        (steepness), ``random``, ``stratified``, ``proportional``, ``top_yield``.
    years : int, default 7
        Years that count. A year of random cases goes before, from which all learn alike.
    returns : int, default 200,000
        Returns a year.
    coverage : float, default 0.03
        Share of returns that is enquired into; every case takes the same hours.
    seeds : iterable of int
        Economies; each is played by all programmes.
    progress : callable, optional
        Called with years done and years in all.

    Returns
    -------
    Frontier

    Notes
    -----
    Each year each programme trains a model on its own cases of up to four years, chooses by it, works the
    cases, and estimates what enquiries into everyone would find, from the recorded probabilities and the
    scores (`estimate_total`: the best estimator each sample allows). The greedy list cannot be estimated
    from: its figure is what it found, and its own model's word for the others. A multiplier for what no
    enquiry finds is taken as known and the same for all, so that it changes no share. The score of the first
    year is tested on the cases before, by halves.

    Examples
    --------
    >>> played = simulate_programme(
    ...     Economy.invent(3_000), programmes=["random", "balanced:0.5"], years=1, returns=3_000,
    ...     coverage=0.1, seeds=[1]
    ... )
    >>> list(played.rows["programme"])
    ['random', 'balanced:0.5']
    """
    plans = {name: Plan.parse(name) for name in programmes}
    seeds = list(seeds)
    if not plans or not seeds or not 0 < coverage <= 1 or coverage * returns < 100:
        raise UsageError(
            "A programme needs a design, a seed, and at least 100 cases a year.", where="coverage"
        )
    rows: list[dict[str, object]] = []
    for place, seed in enumerate(seeds):
        offices = {name: _Office() for name in plans}
        for number, year in enumerate(economy.years(returns, years + 1, seed)):
            cases = round(coverage * len(year.found))
            if number == 0:
                _begin(offices, year, cases, economy.spec, seed)
                continue
            for name, plan in plans.items():
                rows.append(
                    {"programme": name, "seed": seed, "year": number}
                    | _play(name, plan, offices[name], year, cases, economy.spec, seed, number)
                )
            if progress:
                progress(place * years + number, len(seeds) * years)
    return Frontier.of(rows)


def _begin(offices: dict[str, _Office], year: Year, cases: int, spec: FrameSpec, seed: int) -> None:
    first = np.flatnonzero(draw(np.full(len(year.found), cases / len(year.found)), stream(seed, "before")))
    seen, found = year.features[first], year.found[first]
    half = np.arange(len(first)) % 2 == 0
    scores = np.empty(len(first))
    for own in (half, ~half):
        scores[own] = learn_scores(seen[~own], found[~own], spec, seed=seed)(seen[own])
    for office in offices.values():
        office.note(seen, found, scores)


def _play(  # noqa: PLR0917  a year of a programme, in the order it is told
    name: str, plan: Plan, office: _Office, year: Year, cases: int, spec: FrameSpec, seed: int, number: int
) -> dict[str, object]:
    scores = office.learn(spec, seed)(year.features)
    hours = np.ones(len(scores))
    planned = plan_cases(plan, scores, hours, float(cases), spread=office.spread(scores))
    chosen = draw(planned.probability, stream(seed, name, number), planned.kept(hours))
    total = float(year.found.sum())
    estimate, low, high = _estimate(year, planned.probability, planned.stratum, chosen, scores)
    office.note(year.features[chosen], year.found[chosen], scores[chosen])
    return {
        "cases": int(chosen.sum()),
        "truth": total,
        "tax_found": float(year.found[chosen].sum()),
        "estimate": estimate,
        "held": low <= total <= high if np.isfinite(low + high) else np.nan,
        "r_squared": float(np.corrcoef(scores, year.found)[0, 1] ** 2),
    }


def _estimate(
    year: Year, chance: Floats, stratum: np.ndarray | None, chosen: Bools, scores: Floats
) -> tuple[float, float, float]:
    """Return the estimate with its interval; NaN limits where there can be none."""
    found = year.found[chosen]
    if (chance <= 0).any():
        return float(found.sum() + scores[~chosen].sum()), float("nan"), float("nan")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EstimateWarning)
        if stratum is not None:
            drawn = (np.bincount(stratum[chosen], minlength=stratum.max() + 1) / np.bincount(stratum))[
                stratum
            ]
            made = estimate_total(
                found,
                drawn[chosen],
                scores[chosen],
                scores,
                strata=stratum[chosen],
                population_strata=stratum,
            )
        else:
            made = estimate_total(found, chance[chosen], scores[chosen], scores)
    return made.value, made.low, made.high
