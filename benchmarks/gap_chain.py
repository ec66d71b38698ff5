"""The chain to the tax gap: coverage, detection-controlled estimation, and the truth beside it."""

from __future__ import annotations

import argparse
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from taxgap.gap import EstimateWarning, estimate_total
from taxgap.gap.areas import shrink_areas
from taxgap.gap.beside import estimate_large, read_top_down
from taxgap.gap.chain import Multiplier, estimate_gap
from taxgap.gap.chain.combining import draw_chain, sampling_limits
from taxgap.gap.chain.components import Amount, Part
from taxgap.gap.detection import control_detection
from taxgap.records import Records, Truth
from taxgap.risk import RiskModel
from taxgap.risk.fairness.groups import groups_of
from taxgap.synthetic import generate

RETURNS = 40_000
GROUPS = ("nation", "region", "trade group", "customer group")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replications", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--population", type=Path, help="folder with records/ and truth/; else made anew")
    parser.add_argument("--model", type=Path, help="a Self Assessment model of that population")
    options = parser.parse_args()
    warnings.simplefilter("ignore", EstimateWarning)
    print(f"seed {options.seed}, {options.replications:,} replications, nominal 95%\n")
    print_coverage(options.replications, options.seed)
    print_detection(10, options.seed)
    print_areas(max(100, options.replications // 10), options.seed)
    print_tail(max(50, options.replications // 40), options.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = options.population or Path(name) / "population"
        if options.population is None:
            generate(folder, taxpayers=50_000, seed=options.seed, workers=2)
        model = None if options.model is None else RiskModel.load(options.model)
        print_economy(folder, model)


def print_coverage(replications: int, seed: int) -> None:
    """Print how often intervals hold the truth where half of the tax is detected."""
    rng = np.random.default_rng(seed)
    none = Amount(0.0, 0.0, np.zeros(1))
    rows = []
    for sigma, spread, n in ((0.8, 0.1, 330), (1.54, 0.1, 1_000), (1.54, 0.1, 2_500), (1.54, 0.2, 1_000)):
        tax = np.where(rng.random(RETURNS) < 0.36, rng.lognormal(6.52, sigma, RETURNS), 0.0)
        full = alone = 0
        for draw in range(replications):
            found = estimate_total(
                0.5 * rng.choice(tax, n, replace=False), n / RETURNS, population_size=RETURNS
            )
            value = max(2 * np.exp(spread * rng.normal()), 1.0)
            low, high = (max(value * np.exp(sign * 1.96 * spread), 1.0) for sign in (-1, 1))
            stated = Multiplier(value, low, high)
            part = Part("tax", "2022-23", found, 0.0, 0.0, stated, none, none, 0.0, n, 0, "none")
            ends = np.quantile(draw_chain([part], draws=1_000, seed=draw).net[0], [0.025, 0.975])
            full += ends[0] <= tax.sum() <= ends[1]
            ends = sampling_limits([part])
            alone += ends[0] <= tax.sum() <= ends[1]
        rows.append((sigma, spread, n, full / replications, alone / replications))
    table = pd.DataFrame(rows, columns=["sigma", "error of log multiplier", "n", "full", "sampling alone"])
    print("Half of the tax detected, multiplier uncertain: share of intervals that hold the truth")
    print(table.to_string(index=False, float_format="{:.3f}".format), "\n")


def print_detection(seeds: int, seed: int) -> None:
    """Print what 40 officers who find 0.3 to 0.95 of the tax tell, and what alike officers do."""
    rows = []
    for number in range(seeds):
        rng = np.random.default_rng([seed, number])
        officer, share = rng.integers(0, 40, 5_000), rng.permutation(np.linspace(0.3, 0.95, 40))
        expected = rng.normal(size=5_000)
        wrong = rng.random(5_000) < 1 / (1 + np.exp(0.6 - 0.5 * expected))
        tax = np.where(wrong, np.exp(6.5 + 0.7 * expected + rng.normal(size=5_000)), 0.0)
        names = pd.Series(officer).map("O{:02d}".format)
        cases = pd.DataFrame(
            {"officer_id": names, "tax_found": tax * share[officer], "expected": np.exp(expected)}
        )
        found = control_detection(cases)
        alike = control_detection(cases.assign(tax_found=0.6 * tax))
        rank = spearmanr(found.officers["share"].to_numpy(), share).statistic
        true = tax.sum() / cases["tax_found"].sum()
        inside = found.multiplier.limits[0] <= true <= found.multiplier.limits[1]
        rows.append((found.identified, found.total / tax.sum(), rank, inside, alike.identified))
    columns = ["identified", "total over truth", "rank correlation", "limits hold", "alike: identified"]
    print("Detection-controlled estimation: 40 officers, 5,000 enquiries")
    print(pd.DataFrame(rows, columns=columns).to_string(index=False, float_format="{:.3f}".format), "\n")


def print_areas(replications: int, seed: int) -> None:
    """Print how often intervals of small areas hold the truth."""
    rng = np.random.default_rng([seed, 2])
    cases = np.tile([10, 30, 100, 300, 1_000], 4)
    rows = []
    for between in (0.0, 0.1, 0.3):
        inside, width = np.zeros(20), np.zeros(20)
        for _ in range(replications):
            true = 100 * np.exp(between * rng.normal(size=20))
            draws = [np.where(rng.random(n) < 0.36, rng.lognormal(0, 1.54, n), 0).mean() for n in cases]
            own = np.array(draws) * true / (0.36 * np.exp(1.54**2 / 2))
            sizes = cases.astype(float)
            variation = np.exp(1.54**2) / 0.36 - 1
            level = float(own @ cases / cases.sum())
            found = shrink_areas(
                own,
                cases.astype(float),
                np.full(20, level),
                sizes,
                variation=variation,
                total=level * float(sizes.sum()),
            )
            reach = np.exp(1.96 * np.sqrt(np.log1p(found.relative_error**2)))
            value = found.value / sizes
            inside += (value / reach <= true) & (true <= value * reach)
            width += reach - 1 / reach
        by_cases = pd.DataFrame(
            {"cases": cases, "held": inside / replications, "width": width / replications}
        )
        mean = by_cases.groupby("cases").mean()
        rows += [(between, n, row["held"], row["width"]) for n, row in mean.iterrows()]
    table = pd.DataFrame(rows, columns=["spread between areas", "cases", "held", "width over value"])
    print("Small areas, 20 at a time, lognormal amounts: share of intervals that hold the truth")
    print(table.to_string(index=False, float_format="{:.3f}".format), "\n")


def print_tail(replications: int, seed: int) -> None:
    """Print how a fitted tail does on Pareto amounts."""
    rng, rows = np.random.default_rng([seed, 3]), []
    for index in (1.6, 2.2, 3.0):
        inside, error, plain = 0, [], []
        for _ in range(replications):
            population = np.where(rng.random(2_000) < 0.7, 1e5 * (1 + rng.pareto(index, 2_000)), 0.0)
            sample = rng.choice(population, 400, replace=False)
            found = estimate_large(sample, 2_000, draws=200)
            inside += found.low <= population.sum() <= found.high
            error.append(found.value / population.sum() - 1)
            plain.append(found.expansion / population.sum() - 1)
        spread = [float(np.sqrt(np.mean(np.square(errors)))) for errors in (error, plain)]
        rows.append((index, inside / replications, np.mean(error), *spread))
    columns = ["Pareto index", "held", "bias", "error", "error of N times the mean"]
    print("Large businesses, 400 of 2,000, fitted tail")
    print(pd.DataFrame(rows, columns=columns).to_string(index=False, float_format="{:.3f}".format), "\n")


def print_economy(folder: Path, model: RiskModel | None) -> None:
    """Print the chain on a synthetic economy beside its truth."""
    records, truth = Records.open(folder / "records"), Truth.open(folder / "truth")
    lost = truth.read("enquiries", ["taxpayer_id", "regime", "period", "tax_lost", "tax_found"])
    lost = lost.assign(regime=lost["regime"].astype(str))
    sums = lost.groupby("regime")[["tax_lost", "tax_found"]].sum()
    true_multiplier = sums["tax_lost"] / sums["tax_found"]
    stated = {tax: Multiplier(m, max(1.0, 0.8 * m), 1.25 * m) for tax, m in true_multiplier.items()}
    for name, given in (
        ("true multiplier, stated with an error", stated),
        ("estimated over officers", "estimated"),
    ):
        gap = estimate_gap(records, model, non_detection=given)
        whole = gap.table[gap.table["year"] == "all years"].set_index("regime")
        rows = []
        for tax, row in whole.drop(index="all").iterrows():
            under = sums.loc[tax, "tax_lost"]
            made = gap.made["multipliers"][tax]
            low, high = (row[end] - row["non_payment"] for end in ("gross_low", "gross_high"))
            value = row["gross"] - row["non_payment"]
            rows.append(
                (tax, value, low, high, under, low <= under <= high, made["value"], true_multiplier[tax])
            )
        columns = ["tax", "under-declared", "low", "high", "truth", "held", "multiplier", "true"]
        print(f"Synthetic economy, all years, {name} (GBP)")
        print(pd.DataFrame(rows, columns=columns).to_string(index=False, float_format="{:,.2f}".format), "\n")
        if name.startswith("true"):
            print_groups(records, gap, lost)
    print("VAT from above (theoretical liability is of the real population's size)")
    print(read_top_down(records)[["period", "theoretical", "receipts"]].to_string(index=False), "\n")


def print_groups(records: Records, gap: object, lost: pd.DataFrame) -> None:
    """Print how many groups' intervals hold the truth, by dimension."""
    tallies: dict[str, list[pd.Series]] = {name: [] for name in GROUPS}
    for tax, mine in lost.groupby("regime"):
        index = pd.MultiIndex.from_frame(mine[["taxpayer_id", "period"]])
        frame = groups_of(records, index, regime=str(tax))
        for name in GROUPS:
            labels = frame[name].astype(object).to_numpy()
            tallies[name].append(mine["tax_lost"].groupby(labels).sum())
    rows = []
    for name, series in tallies.items():
        true = pd.concat(series).groupby(level=0).sum()
        table = gap.by(name).set_index("group")  # type: ignore[attr-defined]
        added = table["non_payment"] - table["compliance_yield"]
        joined = table.join(true.rename("truth"), how="inner")
        net = joined["truth"] + added.reindex(joined.index)
        held = (joined["low"] <= net) & (net <= joined["high"])
        error = float((joined["amount"] / net - 1).abs().median())
        width = float(((joined["high"] - joined["low"]) / joined["amount"]).median())
        rows.append((name, len(joined), int(held.sum()), error, width))
    columns = ["groups", "number", "held", "median error", "median width over value"]
    print("Groups, years together")
    print(pd.DataFrame(rows, columns=columns).to_string(index=False, float_format="{:.2f}".format), "\n")


if __name__ == "__main__":
    main()
