"""Which ranking finds the gap: expected tax against probability, two parts, a quantile and naive rankings.

Every figure is measured on all returns of the year that evaluates, against the truth; differences and ratios
share their bootstrap draws. Calibration is held against what the officer of each return would have found.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from taxgap.records import Records, Truth
from taxgap.regimes import Regime, get_regime
from taxgap.risk import RiskModel, evaluate, train
from taxgap.risk.alternatives import rank_otherwise
from taxgap.risk.cases import Cases, gather_cases
from taxgap.risk.evaluation import Evaluation, Trained, measure_calibration, rank_baselines
from taxgap.risk.outcomes import Rules, check_outcomes
from taxgap.risk.settings import check_settings
from taxgap.synthetic import generate

SHOWN = ("share_of_gap@1%", "share_of_gap@5%")
COVERAGES = (0.5, 0.8, 0.9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--taxpayers", type=int, default=50_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[7, 8, 9])
    parser.add_argument("--regime", default="self_assessment")
    parser.add_argument(
        "--populations", type=Path, help="folder of populations named by seed; made if absent"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        for seed in options.seeds:
            folder = (options.populations or Path(name)) / f"pop{seed}"
            if not folder.is_dir():
                generate(folder, taxpayers=options.taxpayers, seed=seed, workers=2)
            print(f"\nseed {seed}, {options.regime}", flush=True)
            truth = Truth.open(folder / "truth")
            show(Records.open(folder / "records"), truth, get_regime(options.regime))


def show(records: Records, truth: Truth, regime: Regime) -> None:
    model = train(records, regime.name, n_threads=2)
    cases = gather_cases(
        records, regime, periods=None, material=model.material, fewest=regime.evaluation_cases
    )
    X = measure(records, regime, cases, model)
    columns = ["taxpayer_id", "period", "tax_lost", "tax_found"]
    told = truth.table("enquiries", columns, {"regime": regime.name})
    told = told.set_index(["taxpayer_id", "period"]).loc[X.index]
    by_truth = evaluate(
        pd.Series(model.ranking_score(X), X.index),
        amount=told["tax_lost"],
        baselines={**rank_others(model, cases, X), **rank_rivals(records, regime, cases, X)},
        draws=400,
        label="truth",
    )
    show_rankings(by_truth)
    show_calibration(model, X, told["tax_found"])
    show_intervals(model, X, told["tax_found"].to_numpy())


def measure(records: Records, regime: Regime, cases: Cases, model: RiskModel) -> pd.DataFrame:
    parts = [regime.measure(records, [cases.window.evaluate], part) for part in records.partitions]
    return regime.compare(pd.concat(parts), cases.peers)[list(model.feature_names_in_)]


def rank_others(model: RiskModel, cases: Cases, X: pd.DataFrame) -> dict[str, np.ndarray]:
    training = cases.training
    outcomes = check_outcomes(training.X.index, training.given, Rules())
    growth = check_settings(model.get_params(deep=False))
    directions = model.frame_.check_directions(model.monotone)
    others = rank_otherwise(training.X, outcomes, X, growth=growth, directions=directions)
    simple = RiskModel(**{**model.get_params(deep=False), "style": "scorecard"})
    return {**others, "scorecard": training.fit(simple).ranking_score(X)}


def rank_rivals(records: Records, regime: Regime, cases: Cases, X: pd.DataFrame) -> dict[str, np.ndarray]:
    labels = cases.training.labels
    trained = Trained(cases.training.X, labels["material"], 1 / labels["opening_probability"])
    return rank_baselines(records, regime, X, seed=0, trained=trained)


def show_rankings(found: Evaluation) -> None:
    shown = found.frame[found.frame["metric"].isin([*SHOWN, "auc"])]
    values = shown.pivot_table(index="ranking", columns="metric", values="value", sort=False)
    print(values.drop(index="population", errors="ignore").round(3).to_string())
    for title, table in (("expected tax less", found.differences), ("expected tax over", found.ratios)):
        for row in table[table["metric"].isin(SHOWN)].itertuples():
            print(f"{title} {row.baseline}, {row.metric}: {row.value:.3f} ({row.low:.3f} to {row.high:.3f})")


def show_calibration(model: RiskModel, X: pd.DataFrame, found: pd.Series) -> None:
    probability = model.predict_proba(X)[:, 1]
    against = measure_calibration(probability, found >= model.material, draws=100)
    print(f"all returns: {against.to_text()}")
    told = model.card_["evaluation"]["calibration_error"]
    slope = told["slope"]
    print(f"{told['n']:,} random cases, less noise: error {told['debiased']:.3f}", end=" ")
    print(f"({told['low']:.3f} to {told['high']:.3f}), noise floor {told['noise_mean']:.3f},", end=" ")
    print(f"up to {told['noise_high']:.3f}; slope {slope['value']:.2f}", end=" ")
    print(f"({slope['low']:.2f} to {slope['high']:.2f})")


def show_intervals(model: RiskModel, X: pd.DataFrame, found: np.ndarray) -> None:
    some = found > 0
    for coverage in COVERAGES:
        interval = model.amount_interval(X, coverage)[some]
        inside = (found[some] >= interval["amount_low"]) & (found[some] <= interval["amount_high"])
        print(f"intervals of {coverage:.0%} hold {inside.mean():.1%} of {some.sum():,} amounts")


if __name__ == "__main__":
    main()
