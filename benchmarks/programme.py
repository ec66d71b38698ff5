"""Programmes over years: tax found against the error of the estimated gap, for every design.

A population is made (or given), its features and findings become a compact economy, and every design is
played on the same years of it. Run with fewer seeds, years or returns to look around.
"""

from __future__ import annotations

import argparse
import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from time import monotonic

from taxgap.cases import Economy, Frontier, simulate_programme
from taxgap.cases.simulating import PROGRAMMES
from taxgap.records import Records, Truth
from taxgap.synthetic import generate


def _main() -> None:
    given = _read()
    start = monotonic()
    economy = _open(given)
    print(f"economy of {len(economy.mean):,} returns, {monotonic() - start:.0f} s", flush=True)
    play = partial(_play, economy, given)
    seeds = range(given.seed, given.seed + given.seeds)
    if given.workers == 1:
        parts = list(map(play, seeds))
    else:
        with ProcessPoolExecutor(given.workers, mp_context=get_context("spawn")) as pool:
            parts = list(pool.map(play, seeds))
    print(
        f"{given.years} years, {given.returns:,} returns a year, coverage {given.coverage:.1%}, "
        f"seeds {seeds.start} to {seeds.stop - 1}, {monotonic() - start:.0f} s; +- one standard error"
    )
    print(Frontier.join(parts).to_text())


def _play(economy: Economy, given: argparse.Namespace, seed: int) -> Frontier:
    names = ("programmes", "years", "returns", "coverage")
    played = simulate_programme(economy, seeds=[seed], **{name: getattr(given, name) for name in names})
    print(f"seed {seed} played", flush=True)
    return played


def _open(given: argparse.Namespace) -> Economy:
    if given.population:
        population = given.population
        records, truth = Records.open(population / "records"), Truth.open(population / "truth")
        return Economy.from_population(records, truth, given.regime)
    with tempfile.TemporaryDirectory() as folder:
        generate(folder, taxpayers=given.taxpayers, years=4, seed=given.seed, replace=True)
        records, truth = Records.open(Path(folder) / "records"), Truth.open(Path(folder) / "truth")
        return Economy.from_population(records, truth, given.regime)


def _read() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--population", type=Path, help="a population's folder; one is made when absent")
    parser.add_argument("--taxpayers", type=int, default=50_000, help="of the population that is made")
    parser.add_argument("--regime", default="self_assessment")
    parser.add_argument("--programmes", nargs="+", default=list(PROGRAMMES))
    parser.add_argument("--years", type=int, default=7)
    parser.add_argument("--returns", type=int, default=200_000)
    parser.add_argument("--coverage", type=float, default=0.03)
    parser.add_argument("--seed", type=int, default=11, help="of the population, and the first one played")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--workers", type=int, default=1, help="processes, one seed each")
    return parser.parse_args()


if __name__ == "__main__":
    _main()
