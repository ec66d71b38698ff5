"""A model trained over a Dask cluster beside one of a single machine: seconds, and quality on the same cases.

Both are trained on the same records with the same settings, and judged on the random enquiries of the later
year that neither has seen. Intervals are over draws of taxpayers; those of the differences are paired. The
second model of the cluster says whether the same cluster gives the same model.
"""

from __future__ import annotations

import argparse
from time import perf_counter

import pandas as pd

from taxgap.records import Records
from taxgap.regimes import get_regime
from taxgap.risk import RiskModel, train
from taxgap.risk.cases import gather_cases
from taxgap.risk.evidence import measure_on

MEASURES = {"auc": None, "average_precision": None, "share_of_gap": 0.05, "precision": 0.05}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("records")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--scheduler")
    parser.add_argument("--trees", type=int, default=200)
    options = parser.parse_args()
    records = Records.open(options.records)
    spread = {"engine": "dask", "workers": options.workers, "scheduler": options.scheduler}
    settings = {"trials": 1, "n_estimators": options.trees}
    alone = timed("one machine", records, settings)
    there = timed("the cluster", records, settings | spread)
    again = timed("the cluster", records, settings | spread)
    print(
        f"the same cluster again gives {'the same' if again.model_id == there.model_id else 'another'} model"
    )
    compare(records, alone, there)


def timed(where: str, records: Records, settings: dict[str, object]) -> RiskModel:
    start = perf_counter()
    model = train(records, **settings)  # type: ignore[arg-type]
    print(f"trained on {where}: {perf_counter() - start:.0f} s, model {model.model_id}", flush=True)
    return model


def compare(records: Records, alone: RiskModel, there: RiskModel) -> None:
    regime = get_regime("self_assessment")
    cases = gather_cases(
        records, regime, periods=None, material=alone.material, fewest=regime.evaluation_cases
    )
    later = cases.evaluation
    print(f"{len(cases.training.X):,} cases train, {len(later.X):,} of {cases.window.evaluate} judge")
    one = pd.Series(alone.ranking_score(later.X), later.X.index)
    found = measure_on(
        there, later, baselines={"one machine": one}, seed=0, label="random enquiries"
    ).to_dict()
    correlation = one.corr(pd.Series(there.ranking_score(later.X), later.X.index), method="spearman")
    print(f"rank correlation of the scores: {correlation:.4f}")
    levels, differences = pd.DataFrame(found["metrics"]), pd.DataFrame(found["differences"])
    for measure, coverage in MEASURES.items():
        name = measure if coverage is None else f"{measure}@{coverage:.0%}"
        print(name)
        for ranking, row in levels[levels["metric"] == name].set_index("ranking").iterrows():
            print(f"  {ranking!s:<12} {told(row)}")
        for _, row in differences[differences["metric"] == name].iterrows():
            print(f"  difference   {told(row)}")


def told(row: pd.Series) -> str:
    return f"{row['value']:.4f} [{row['low']:.4f}, {row['high']:.4f}]"


if __name__ == "__main__":
    main()
