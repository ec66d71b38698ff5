"""The chain to the tax gap: coverage, detection-controlled estimation, and the truth beside it."""

from __future__ import annotations

import argparse
import itertools
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from taxgap.gap import EstimateWarning, estimate_total
from taxgap.gap.areas import Shrunk, shrink_areas
from taxgap.gap.beside import estimate_large
from taxgap.gap.chain import Multiplier
from taxgap.gap.chain.combining import draw_chain, sampling_limits
from taxgap.gap.chain.components import Amount, Chain, Part, estimate_found, project_cases
from taxgap.gap.chain.detecting import control_regime
from taxgap.gap.chain.groups import break_down
from taxgap.gap.chain.lags import Spread
from taxgap.gap.chain.reading import fill_cases, read_regime
from taxgap.gap.chain.tabulating import tabulate_chain
from taxgap.gap.detection import control_detection
from taxgap.records import Records, Truth
from taxgap.regimes.returns import KEY
from taxgap.risk.fairness.groups import groups_of
from taxgap.synthetic import generate

TAXES = ("self_assessment", "vat", "corporation_tax", "employer_paye")
RETURNS = 40_000
GROUPS = ("nation", "region", "trade group", "customer group")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replications", type=int, default=2_000, help="0 leaves out all but the economies")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--detections", type=int, default=20, help="sets of cases for detection")
    parser.add_argument("--economies", type=int, default=30, help="synthetic populations")
    parser.add_argument("--first", type=int, default=101, help="seed of the first of them")
    parser.add_argument("--taxpayers", type=int, default=50_000)
    parser.add_argument(
        "--populations", type=Path, help="folder of popSEED/records and truth; else made anew"
    )
    options = parser.parse_args()
    warnings.simplefilter("ignore", EstimateWarning)
    print(f"seed {options.seed}, {options.replications:,} replications, nominal 95%\n")
    if options.replications:
        print_coverage(options.replications, options.seed)
        print_areas(max(100, options.replications // 10), options.seed)
        print_tail(max(50, options.replications // 40), options.seed)
    if options.detections:
        print_detection(options.detections, options.seed)
    if options.economies:
        seeds = range(options.first, options.first + options.economies)
        print_economies(seeds, options.taxpayers, options.populations)


def print_coverage(replications: int, seed: int) -> None:
    """Print how often intervals hold the truth where half of the tax is detected."""
    rng = np.random.default_rng(seed)
    none = Amount(0.0, Spread(), np.zeros(1))
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
            part = Part("tax", "2022-23", found, 0.0, Spread(), stated, "tax", none, none, 0.0, n, 0, "none")
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
    for spread, number in itertools.product((0.8, 1.0, 1.3), range(seeds)):
        rng = np.random.default_rng([seed, number])
        officer, share = rng.integers(0, 40, 5_000), rng.permutation(np.linspace(0.3, 0.95, 40))
        expected = rng.normal(size=5_000)
        wrong = rng.random(5_000) < 1 / (1 + np.exp(0.6 - 0.5 * expected))
        tax = np.where(wrong, np.exp(6.5 + 0.7 * expected + spread * rng.normal(size=5_000)), 0.0)
        names = pd.Series(officer).map("O{:02d}".format)
        cases = pd.DataFrame(
            {"officer_id": names, "tax_found": tax * share[officer], "expected": np.exp(expected)}
        )
        found, alike = control_detection(cases), control_detection(cases.assign(tax_found=0.6 * tax))
        rank = spearmanr(found.officers["share"].to_numpy(), share).statistic
        true, ends = tax.sum() / cases["tax_found"].sum(), found.facts.get("sampling_limits", (1.0, 1.0))
        held = [low <= true <= high for low, high in (ends, found.multiplier.limits)]
        rows.append((spread, found.identified, found.total / tax.sum(), rank, *held, alike.identified))
    columns = ["spread", "identified", "total", "rank", "sampling", "limits", "alike"]
    grouped = pd.DataFrame(rows, columns=columns).groupby("spread")
    table = grouped[["identified", "alike", "sampling", "limits"]].mean()
    ratio, rank = grouped["total"], grouped["rank"]
    table = table.assign(lowest=ratio.min(), mean=ratio.mean(), highest=ratio.max())
    table["within 10%"] = ratio.apply(lambda column: ((column - 1).abs() <= 0.1).mean())
    table = table.assign(rank_lowest=rank.min(), rank_median=rank.median())
    print(f"Detection-controlled estimation: 40 officers, 5,000 enquiries, {seeds} sets. Shares: called")
    print("identified, called so where officers are alike, limits that hold; then the total over the truth")
    print(table.to_string(float_format="{:.3f}".format), "\n")


def print_areas(replications: int, seed: int) -> None:
    """Print how often intervals of small areas hold the truth, with variation and total of the sample."""
    rng = np.random.default_rng([seed, 2])
    cases = np.tile([15, 40, 120, 400], 5)
    rows = []
    for drawn, sizes in (("alike", 20 * cases), ("as sizes are not", np.full(20, 2_000))):
        for between in (0.0, 0.1, 0.25, 0.5):
            inside, width = np.zeros(20), np.zeros(20)
            for _ in range(replications):
                scale = 100 * np.exp(between * rng.normal(size=20))
                returns = [np.where(rng.random(n) < 0.36, rng.lognormal(0, 1.54, n), 0) for n in sizes]
                true = scale * np.array([amounts.sum() for amounts in returns])
                y = np.concatenate([m * y[:n] for m, y, n in zip(scale, returns, cases, strict=True)])
                found = shrink_sample(y, cases, sizes)
                inside += (found.low <= true) & (true <= found.high)
                width += (found.high - found.low) / true
            by_cases = pd.DataFrame({"held": inside, "width": width}).groupby(cases).mean() / replications
            rows += [(drawn, between, n, *row) for n, *row in by_cases.itertuples()]
    columns = ["drawn", "spread between areas", "cases", "held", "width over truth"]
    print("Small areas, 20 at a time, lognormal amounts: share of intervals that hold the truth")
    print(pd.DataFrame(rows, columns=columns).to_string(index=False, float_format="{:.3f}".format), "\n")


def shrink_sample(y: np.ndarray, cases: np.ndarray, sizes: np.ndarray) -> Shrunk:
    """Estimate areas as the chain does: all that is needed comes from the same cases."""
    total = estimate_total(y, np.repeat(cases / sizes, cases), population_size=int(sizes.sum()))
    own = np.add.reduceat(y, np.cumsum(cases) - cases) / cases
    expected = np.full(len(own), total.value / sizes.sum())
    middle = (cases * own + 20 * expected) / (cases + 20)
    weight = np.repeat(sizes / cases, cases)
    variation = float(np.average((y / np.repeat(middle, cases) - 1) ** 2, weights=weight))
    error = float(np.log(total.high / max(total.low, 0.05 * total.value))) / (2 * 1.96)
    return shrink_areas(
        own,
        cases,
        expected,
        sizes,
        variation=max(variation, error**2 * float(cases.sum())),
        total=total.value,
        total_error=error,
    )


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


def print_economies(seeds: range, taxpayers: int, populations: Path | None) -> None:
    """Print the chain on synthetic economies beside their truth, link by link and group by group."""
    links, sums, groups, multipliers = [], [], [], []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "population" if populations is None else populations / f"pop{seed}"
            if populations is None:
                generate(folder, taxpayers=taxpayers, seed=seed, workers=2)
            records, truth = Records.open(folder / "records"), Truth.open(folder / "truth")
            chains, known = [], []
            for tax in TAXES:
                chain, lost, found = build_chain(records, truth, tax)
                links += check_links(chain, found)
                multipliers.append(check_multiplier(chain, lost.sum() / found.sum()))
                chains.append(chain)
                known.append(lost)
            sums += check_sums(chains, known)
            groups += check_groups(records, chains, known)
    print(f"Synthetic economies of {taxpayers:,} taxpayers, seeds {seeds.start} to {seeds.stop - 1}\n")
    print_links(pd.DataFrame(links))
    print_sums(pd.DataFrame(sums))
    print_multipliers(pd.DataFrame(multipliers))
    print_groups(pd.DataFrame(groups))


def build_chain(records: Records, truth: Truth, tax: str) -> tuple[Chain, np.ndarray, np.ndarray]:
    """Return a tax with the multiplier that is true, and the tax lost and findable on each return."""
    data = read_regime(records, tax, None)
    told = truth.read("enquiries", [*KEY, "regime", "tax_lost", "tax_found"])
    told = told[(told["regime"].astype(str) == tax).to_numpy()].drop_duplicates(KEY).set_index(KEY)
    lost, found = (
        told[name].reindex(data.index).fillna(0.0).to_numpy() for name in ("tax_lost", "tax_found")
    )
    multiplier = Multiplier(max(1.0, float(lost.sum() / found.sum())))
    filled, lags = fill_cases(data)
    none, parts = Amount(0.0, Spread(), np.zeros(len(data.index))), []
    for year in data.years:
        rows = data.rows_of(year)
        mine = rows[filled["row"].to_numpy()]
        value, _ = estimate_found(filled[mine], rows, None, np.flatnonzero(mine), level=0.95, seed=0)
        later, spread, _ = project_cases(filled[mine], lags, int(rows.sum()))
        parts.append(
            Part(
                tax,
                year,
                value,
                later,
                spread,
                multiplier,
                tax,
                none,
                none,
                0.0,
                value.n,
                0,
                "none",
            )
        )
    return Chain(data, filled, None, parts), lost, found


def check_links(chain: Chain, true: np.ndarray) -> list[dict[str, object]]:
    """Return by year what was found over what all officers would find, and whether a caution came."""
    rows, said = [], " ".join(note for note in chain.data.notes if "no heavy tail" in note)
    for part in chain.parts:
        mine = chain.data.rows_of(part.year)
        settled = chain.filled.assign(y=true[chain.filled["row"].to_numpy()])[mine[chain.filled["row"]]]
        full, _ = estimate_found(settled, mine, None, np.arange(0), level=0.95, seed=0)
        found, wide = part.found, 1.96 * part.projected_spread.variance**0.5
        low = found.value - np.hypot(found.value - found.low, wide)
        high = found.value + np.hypot(found.high - found.value, wide)
        whole = true[mine].sum()
        rows.append(
            {
                "tax": part.regime,
                "found": found.value / whole,
                "all closed": full.value / whole,
                "held": low <= whole <= high,
                "width": (high - low) / found.value,
                "warned": part.year in said,
            }
        )
    return rows


def check_sums(chains: list[Chain], known: list[np.ndarray]) -> list[dict[str, object]]:
    """Return the interval of all years of each tax, and of all taxes, beside what was lost."""
    parts = [part for chain in chains for part in chain.parts]
    table, _ = tabulate_chain(parts, None, level=0.95, draws=4_000, seed=0)
    last = table.drop_duplicates("regime", keep="last").set_index("regime")
    lost = {chain.data.regime: float(each.sum()) for chain, each in zip(chains, known, strict=True)}
    lost["all"] = sum(lost.values())
    return [
        {
            "tax": tax,
            "ratio": last.loc[tax, "net"] / whole,
            "held": last.loc[tax, "low"] <= whole <= last.loc[tax, "high"],
            "width": (last.loc[tax, "high"] - last.loc[tax, "low"]) / last.loc[tax, "net"],
        }
        for tax, whole in lost.items()
    ]


def check_multiplier(chain: Chain, true: float) -> dict[str, object]:
    """Return what detection-controlled estimation says of the multiplier."""
    control = control_regime(chain.data, None, 0.95)
    low, high = control.multiplier.limits
    return {
        "tax": chain.data.regime,
        "identified": control.identified,
        "true": true,
        "value": control.multiplier.value,
        "low": low,
        "high": high,
        "held": low <= true <= high,
    }


def check_groups(records: Records, chains: list[Chain], known: list[np.ndarray]) -> list[dict[str, object]]:
    """Return every group's interval, and the group's own expansion with a normal one beside it."""
    frames = [groups_of(records, chain.data.index, regime=chain.data.regime) for chain in chains]
    rows = []
    for name, use in (("all four taxes", slice(None)), ("Self Assessment", slice(0, 1))):
        parts = [part for chain in chains[use] for part in chain.parts]
        taxes, _ = tabulate_chain(parts, None, level=0.95, draws=1_000, seed=0)
        table, _ = break_down(records, chains[use], taxes, 0.95)
        for dimension in GROUPS:
            parts = zip(chains[use], frames[use], known[use], strict=True)
            beside = pd.concat(
                [
                    expand(c, f[dimension].astype(object).fillna("not known").astype(str), t)
                    for c, f, t in parts
                ]
            )
            beside = beside.groupby(level=0).sum()
            own = table[table["dimension"] == dimension].set_index("group").join(beside, how="inner")
            half = 1.96 * own["variance"] ** 0.5
            for group, row in own.iterrows():
                rows.append(
                    {
                        "taxes": name,
                        "dimension": dimension,
                        "group": group,
                        "thin": row["method"] != "own cases",
                        "held": row["low"] <= row["lost"] <= row["high"],
                        "width": (row["high"] - row["low"]) / max(row["amount"], 1.0),
                        "error": abs(row["amount"] / max(row["lost"], 1.0) - 1),
                        "naive": abs(row["expanded"] - row["lost"]) <= half[group],
                        "naive width": 2 * half[group] / max(row["expanded"], 1.0),
                    }
                )
    return rows


def expand(chain: Chain, group: pd.Series, lost: np.ndarray) -> pd.DataFrame:
    """Return what was lost in each group, its own expansion times the multiplier, and its variance."""
    label, cases = group.to_numpy(), chain.filled
    weight, y = pd.Series(1 / cases["probability"].to_numpy()), pd.Series(cases["y"].to_numpy())
    mine = label[cases["row"].to_numpy()]
    whole = weight.groupby(mine).sum()
    mean = (weight * y).groupby(mine).sum() / whole
    spread = weight * (weight - 1) * (y - mean.reindex(mine).to_numpy()) ** 2
    number = pd.Series(label).value_counts() * chain.parts[0].multiplier.value
    table = pd.DataFrame({"lost": pd.Series(lost).groupby(label).sum(), "expanded": number * mean})
    return table.assign(variance=spread.groupby(mine).sum() * (number / whole) ** 2).fillna(0.0)


def print_links(table: pd.DataFrame) -> None:
    """Print found over truth by tax, one row a tax, years one by one; and what the caution is worth."""
    grouped = table.groupby("tax")
    shown = (
        grouped[["found", "all closed", "held", "warned"]]
        .mean()
        .assign(median_width=grouped["width"].median(), years=grouped.size())
    )
    print("Found over what officers would find on all returns, by year; the same with all cases closed")
    print(shown.to_string(float_format="{:.3f}".format))
    for warned, rows in table.groupby("warned"):
        print(f"{'with' if warned else 'without'} caution: {len(rows)} years, {rows['held'].mean():.1%} held")
    for held, rows in table.groupby("held"):
        print(f"where the interval {'holds' if held else 'misses'}: caution in {rows['warned'].mean():.0%}")
    print()


def print_sums(table: pd.DataFrame) -> None:
    """Print how often the interval of all years together held, the multiplier known."""
    grouped = table.groupby("tax", sort=False)
    shown = grouped[["ratio", "held"]].mean().assign(median_width=grouped["width"].median())
    print("All years together over what was lost, the multiplier known: mean, held, width over value")
    print(shown.to_string(float_format="{:.3f}".format), "\n")


def print_multipliers(table: pd.DataFrame) -> None:
    """Print the estimated multiplier beside the true one."""
    grouped = table.groupby("tax")
    shown = grouped[["identified", "held"]].mean().join(grouped[["true", "value", "low", "high"]].median())
    print("Multiplier over officers: shares identified and held, medians of the rest")
    print(shown.to_string(float_format="{:.2f}".format), "\n")


def print_groups(table: pd.DataFrame) -> None:
    """Print the share of groups held, pooled over economies, beside a naive interval."""
    names = ["held", "naive"]
    for by in (["taxes", "dimension"], ["taxes", "thin"]):
        grouped = table.groupby(by)
        shown = grouped[names].mean().join(grouped[["width", "naive width", "error"]].median())
        shown["+-"] = (shown["held"] * (1 - shown["held"]) / grouped.size()) ** 0.5
        print("Groups, years together, the multiplier known: held, and medians of width and error over value")
        print(shown.assign(groups=grouped.size()).to_string(float_format="{:.3f}".format), "\n")


if __name__ == "__main__":
    main()
