"""Intervals of totals from samples: how often they cover, how wide they are, and what a score is worth."""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numba
import numpy as np
import pandas as pd
from scipy import stats

from taxgap.gap import EstimateWarning, design_sample, estimate_total
from taxgap.gap.intervals import find_limits
from taxgap.records import Records, Truth
from taxgap.synthetic import generate

SIZES = (330, 1000, 2500)
LEVEL, Z = 0.95, 1.959964
LEVELS = (0.5, 0.68, 0.8, 0.9, 0.95, 0.99, 0.999)
GRID = 200_000
SIZE = {
    "self_assessment": "turnover",
    "corporation_tax": "turnover",
    "vat": "total_output_tax",
    "employer_paye": "pay",
}
# Beside the four named populations, two in which a few returns hold most of the amount.
CONCENTRATED = ("VAT", "employers")
# What the interval was fitted to holds other lognormals, no Pareto mixture, and nothing of the economy.
MU, SIGMA, STRIKE = 6.52, 1.54, 0.36
BOOTSTRAP, BOOTSTRAP_SAMPLES = 499, 1000
FLOOR = 94.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replications", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--population", type=Path, help="folder with records/ and truth/; else made anew")
    parser.add_argument("--scores", type=Path, help="folder of Self Assessment scores of that population")
    options = parser.parse_args()
    warnings.simplefilter("ignore", EstimateWarning)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        folder = options.population or Path(name) / "population"
        if options.population is None:
            generate(folder, taxpayers=50_000, seed=options.seed, workers=2)
        economy = read_economy(folder)
        scored = read_scores(options.scores, economy["self_assessment"]["lost"]) if options.scores else None
    print(f"seed {options.seed}, {options.replications:,} replications, nominal {LEVEL:.0%}\n")
    check_one(np.random.default_rng(options.seed))
    print_coverage(dict(make_populations(economy)), options.replications, options.seed)
    print_levels(dict(make_populations(economy)), max(500, options.replications // 2), options.seed)
    print_certainty(economy, max(200, options.replications // 10), options.seed)
    print_designs(scored, max(200, options.replications // 10), options.seed)
    print_honesty(options.replications, options.seed)
    print(f"\ntook {time.perf_counter() - started:,.0f} s")


def read_economy(folder: Path) -> dict[str, pd.DataFrame]:
    """Return the tax not declared in each return, under-declarations only, and its declared size."""
    records, truth = Records.open(folder / "records"), Truth.open(folder / "truth")
    lost = (
        truth.read("misreporting")
        .groupby(["regime", "taxpayer_id", "period"], observed=True)["tax_lost"]
        .sum()
    )
    found = {}
    for regime, size in SIZE.items():
        returns = records.table(regime, ["taxpayer_id", "period", "version", size]).sort_values("version")
        returns = returns.drop_duplicates(["taxpayer_id", "period"]).set_index(["taxpayer_id", "period"])
        if regime == "corporation_tax":
            returns = returns[returns[size] < 10e6]
        tax = lost.loc[regime].reindex(returns.index).fillna(0.0).clip(lower=0.0)
        found[regime] = pd.DataFrame({"lost": tax, "size": returns[size].fillna(0.0)})
    return found


def read_scores(folder: Path, lost: pd.Series) -> pd.DataFrame:
    scores = pd.concat(
        pd.read_parquet(path, columns=["taxpayer_id", "period", "expected_tax"])
        for path in sorted(folder.glob("part-*.parquet"))
    )
    scores = scores.set_index(["taxpayer_id", "period"])
    return scores.assign(lost=lost.reindex(scores.index).fillna(0.0))


def make_populations(economy: dict[str, pd.DataFrame]) -> Iterator[tuple[str, np.ndarray]]:
    yield "Self Assessment", economy["self_assessment"]["lost"].to_numpy()
    yield "small companies", economy["corporation_tax"]["lost"].to_numpy()
    yield "lognormal", spread_out(lambda q: np.exp(MU + SIGMA * stats.norm.ppf(q)), STRIKE)
    yield "Pareto mixture", spread_out(mix_pareto, 0.15)
    yield "VAT", economy["vat"]["lost"].to_numpy()
    yield "employers", economy["employer_paye"]["lost"].to_numpy()


def spread_out(quantile: Callable[[np.ndarray], np.ndarray], strike: float) -> np.ndarray:
    """Return a population of even quantiles, with zeros in front."""
    positive = round(GRID * strike)
    amounts = quantile((np.arange(positive) + 0.5) / positive)
    return np.concatenate([np.zeros(GRID - positive), amounts])


def mix_pareto(q: np.ndarray) -> np.ndarray:
    """Nine in ten from a gamma body, one in ten from a Pareto tail of index 2.2 that starts at 3,000."""
    tail = len(q) // 10
    body = stats.gamma(0.9, scale=800).ppf((np.arange(len(q) - tail) + 0.5) / (len(q) - tail))
    return np.concatenate([body, 3000 * stats.pareto(2.2).ppf((np.arange(tail) + 0.5) / tail)])


def check_one(rng: np.random.Generator) -> None:
    """Make sure that what is done to many samples at once is what estimate_total does with each."""
    population = spread_out(mix_pareto, 0.15)
    drawn = draw_samples(population, 500, 3, rng)
    middle, _, below, above = limit_many(drawn, len(population))
    for row, sample in enumerate(drawn):
        found = estimate_total(sample, 500 / GRID, population_size=GRID)
        expected = (middle[row], middle[row] - below[row], middle[row] + above[row])
        assert np.allclose((found.value, found.low, found.high), expected)  # noqa: S101


def draw_samples(population: np.ndarray, n: int, samples: int, rng: np.random.Generator) -> np.ndarray:
    size = len(population)
    return population[np.stack([rng.choice(size, n, replace=False, shuffle=False) for _ in range(samples)])]


def limit_many(drawn: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return expansion totals, standard errors, and how far the limits lie below and above."""
    n = drawn.shape[1]
    centred = drawn - drawn.mean(axis=1, keepdims=True)
    parts = centred * (size / n * np.sqrt((1 - n / size) * n / (n - 1)))
    below, above = find_limits(parts, LEVEL)
    value = size * drawn.mean(axis=1)
    return value, np.sqrt((parts**2).sum(axis=1)), np.minimum(below, value - drawn.sum(axis=1)), above


@numba.njit(nogil=True)
def bootstrap_t(drawn: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """Return, for each sample, 2.5% and 97.5% quantiles of the studentised mean of samples drawn again."""
    np.random.seed(seed)  # noqa: NPY002
    samples, n = drawn.shape
    found = np.empty((samples, 2))
    t = np.empty(draws)
    for row in range(samples):
        mean = drawn[row].mean()
        for draw in range(draws):
            total, square = 0.0, 0.0
            for _ in range(n):
                d = drawn[row, np.random.randint(n)] - mean  # noqa: NPY002
                total += d
                square += d * d
            variance = (square - total * total / n) / (n - 1)
            t[draw] = total / np.sqrt(n * variance) if variance > 0 else 0.0
        t.sort()
        found[row, 0], found[row, 1] = t[int(0.025 * (draws + 1)) - 1], t[int(0.975 * (draws + 1)) - 1]
    return found


@dataclass
class Tally:
    """Misses and widths of one kind of interval, sample by sample."""

    low: np.ndarray
    high: np.ndarray
    width: np.ndarray

    @classmethod
    def of(cls, value: np.ndarray, below: np.ndarray, above: np.ndarray, total: float) -> Tally:
        """Return what an interval with these reaches missed."""
        return cls(value - below > total, value + above < total, (below + above) / total)

    @property
    def coverage(self) -> float:
        """In percent."""
        return 100 * float(1 - self.low.mean() - self.high.mean())

    @property
    def error(self) -> float:
        """The Monte Carlo error of the coverage, in percent."""
        return float(np.sqrt(self.coverage * (100 - self.coverage) / len(self.low)))


def measure(population: np.ndarray, n: int, replications: int, seed: int) -> tuple[dict[str, Tally], float]:
    """Return tallies by interval, and the bias of the total in Monte Carlo errors."""
    rng, total, size = np.random.default_rng([seed, n]), float(population.sum()), len(population)
    tallies: dict[str, list[Tally]] = {"tail": [], "normal": [], "bootstrap-t": []}
    values = []
    for start in range(0, replications, 500):
        drawn = draw_samples(population, n, min(500, replications - start), rng)
        value, error, below, above = limit_many(drawn, size)
        values.append(value)
        tallies["tail"].append(Tally.of(value, below, above, total))
        tallies["normal"].append(Tally.of(value, Z * error, Z * error, total))
        if start < BOOTSTRAP_SAMPLES:
            t = bootstrap_t(drawn, BOOTSTRAP, seed + start)
            tallies["bootstrap-t"].append(Tally.of(value, t[:, 1] * error, -t[:, 0] * error, total))
    joined = {
        name: Tally(*(np.concatenate([getattr(t, f) for t in many]) for f in ("low", "high", "width")))
        for name, many in tallies.items()
    }
    every = np.concatenate(values)
    return joined, float((every.mean() - total) / (every.std() / np.sqrt(len(every))))


def print_coverage(populations: dict[str, np.ndarray], replications: int, seed: int) -> None:
    print("simple random samples, expansion; coverage in %, its Monte Carlo error; misses below and above;")
    print(
        f"mean width over the total; bias in Monte Carlo errors; bootstrap-t on {BOOTSTRAP_SAMPLES:,} samples"
    )
    print(f"{'':16} {'strike':>6} {'n':>5}  {'tail':>5}   +-  low high width   {'normal':>6} width "
          f" {'boot-t':>6} width    bias")  # fmt: skip
    for name, population in populations.items():
        for n in SIZES:
            samples = max(1, replications // 5) if name in CONCENTRATED else replications
            found, bias = measure(population, n, samples, seed)
            tail, normal, again = found["tail"], found["normal"], found["bootstrap-t"]
            short = "" if tail.coverage >= FLOOR - 2 * tail.error else "  below target"
            print(
                f"{name:16} {(population > 0).mean():6.2f} {n:5d}  {tail.coverage:5.2f} {tail.error:4.2f} "
                f"{100 * tail.low.mean():4.1f} {100 * tail.high.mean():4.1f} {tail.width.mean():5.3f}   "
                f"{normal.coverage:6.2f} {normal.width.mean():5.3f}  {again.coverage:6.2f} "
                f"{again.width.mean():5.3f}  {bias:6.2f}{short}",
                flush=True,
            )


def print_levels(populations: dict[str, np.ndarray], replications: int, seed: int) -> None:
    """Print what other levels cover than those that the interval was fitted to."""
    n = 1000
    print(f"\nn = {n}, {replications:,} replications: coverage in % by level")
    print(f"{'':16} {'  '.join(f'{100 * level:5.1f}' for level in LEVELS)}")
    for name, population in populations.items():
        if name in CONCENTRATED:
            continue
        rng, covered = np.random.default_rng([seed, 5]), np.zeros(len(LEVELS))
        middle = float(population.mean())
        for _ in range(replications // 500):
            drawn = draw_samples(population, n, 500, rng)
            mean = drawn.mean(axis=1)
            parts = (drawn - mean[:, None]) * np.sqrt((1 - n / len(population)) / (n * (n - 1)))
            for place, level in enumerate(LEVELS):
                below, above = find_limits(parts, level)
                covered[place] += ((mean - below <= middle) & (middle <= mean + above)).sum()
        shares = 100 * covered / (replications // 500 * 500)
        print(f"{name:16} {'  '.join(f'{share:5.1f}' for share in shares)}", flush=True)


def print_certainty(economy: dict[str, pd.DataFrame], replications: int, seed: int) -> None:
    """Print what it helps to take the largest by declared size with certainty."""
    n, whole = 1000, 300
    print(
        f"\nn = {n}, of which the {whole} largest by declared size for certain; {replications:,} replications"
    )
    for name, regime in (
        ("VAT", "vat"),
        ("employers", "employer_paye"),
        ("Self Assessment", "self_assessment"),
    ):
        frame = economy[regime].sort_values("size", kind="stable", ascending=False)
        y, size = frame["lost"].to_numpy(), len(frame)
        sizes = {"certain": whole, "drawn": size - whole}
        strata = np.repeat(["certain", "drawn"], [whole, n - whole])
        chance = np.repeat([1.0, (n - whole) / (size - whole)], [whole, n - whole])
        rng, total, many = np.random.default_rng(seed), float(y.sum()), []
        for _ in range(replications):
            s = np.r_[:whole, whole + rng.choice(size - whole, n - whole, replace=False)]
            many.append(estimate_total(y[s], chance, strata=strata, population_strata=sizes))
        covered = np.mean([e.low <= total <= e.high for e in many])
        error = np.sqrt(covered * (1 - covered) / len(many))
        width = np.mean([e.width for e in many]) / total
        print(f"  {name:16} covers {covered:.1%} +- {error:.1%}, width {width:.3f} of the total", flush=True)


def make_scored(size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return amounts and scores of R-squared about 0.2: the lognormal above, four fifths of its log known."""
    rng = np.random.default_rng(seed)
    known = SIGMA * np.sqrt(0.8) * rng.standard_normal(size)
    rest = SIGMA * np.sqrt(0.2) * rng.standard_normal(size)
    amounts = np.where(rng.random(size) < STRIKE, np.exp(MU + known + rest), 0.0)
    return amounts, STRIKE * np.exp(MU + known + SIGMA**2 * 0.1)


def print_designs(scored: pd.DataFrame | None, replications: int, seed: int) -> None:
    earlier, now = make_scored(1000, seed), make_scored(50_000, seed + 1)
    cases = {"lognormal": (*now, *earlier)}
    if scored is not None:
        last = scored.index.get_level_values("period") == "2023-24"
        before = scored[~last].sample(1000, random_state=seed)
        columns = [scored[last][name].to_numpy() for name in ("lost", "expected_tax")]
        cases["Self Assessment"] = (*columns, before["lost"].to_numpy(), before["expected_tax"].to_numpy())
    n = 1000
    print(f"\nn = {n}, {replications:,} replications: mean width over that of simple random expansion")
    for name, (y, f, old_y, old_f) in cases.items():
        rng, total, size = np.random.default_rng(seed), float(y.sum()), len(y)
        tested = design_sample(f, n, earlier_scores=old_f, earlier_y=old_y)
        designs = {"untested: proportional": design_sample(f, n), "default": tested}
        rows = {"expansion": [], "prediction-powered": [], "untested: proportional": [], "default": []}
        for draw in range(replications):
            s = rng.choice(size, n, replace=False, shuffle=False)
            rows["expansion"].append(estimate_total(y[s], n / size, population_size=size))
            rows["prediction-powered"].append(estimate_total(y[s], n / size, f[s], f))
            for kind, design in designs.items():
                s = design.draw(draw)
                rows[kind].append(
                    estimate_total(
                        y[s], design.probability[s], f[s], f, design.stratum[s],
                        population_strata=design.stratum, score_tested=kind == "default",
                    )
                )  # fmt: skip
        plain = np.mean([e.width for e in rows["expansion"]])
        print(f"{name}: R-squared {np.corrcoef(y, f)[0, 1] ** 2:.2f}, {tested.certainty_cases} cases certain")
        for kind, many in rows.items():
            covered = np.mean([e.low <= total <= e.high for e in many])
            values = np.array([e.value for e in many])
            bias = (values.mean() - total) / (values.std() / np.sqrt(len(values)))
            error = np.sqrt(covered * (1 - covered) / len(many))
            width = np.mean([e.width for e in many]) / plain
            print(
                f"  {kind:24} {width:5.3f}   covers {covered:.1%} +- {error:.1%}   bias {bias:5.2f}",
                flush=True,
            )


def print_honesty(replications: int, seed: int) -> None:
    """Scores that do harm if believed, on equal-probability samples."""
    y, f = make_scored(50_000, seed)
    rng, size, total = np.random.default_rng(seed), len(y), float(y.sum())
    kinds = {
        "useless": rng.permutation(f),
        "ten times too large": 10 * f,
        "wrong sign": f.max() - f,
        "useless and heavy": rng.lognormal(0, 2, size),
    }
    samples = max(300, replications // 10)
    print(f"\nequal probabilities, {samples:,} replications: mean width over that without a score")
    for n in (330, 1000):
        drawn = [rng.choice(size, n, replace=False, shuffle=False) for _ in range(samples)]
        found = {"none": [estimate_total(y[s], n / size, population_size=size) for s in drawn]}
        for kind, score in kinds.items():
            found[kind] = [estimate_total(y[s], n / size, score[s], score) for s in drawn]
        plain = np.mean([e.width for e in found["none"]])
        for kind, many in found.items():
            width = np.mean([e.width for e in many]) / plain
            covered = np.mean([e.low <= total <= e.high for e in many])
            error = np.sqrt(covered * (1 - covered) / samples)
            print(f"  n = {n:5d}  {kind:20} {width:5.3f}   covers {covered:.1%} +- {error:.1%}", flush=True)


if __name__ == "__main__":
    main()
