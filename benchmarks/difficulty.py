"""How well misreporting can be told at each difficulty: the ceiling of every tax."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import pandas as pd

from taxgap.peers import PeerGroups
from taxgap.records import Records, Truth
from taxgap.regimes import get_regime
from taxgap.risk import ceiling
from taxgap.schemas import RETURN_TABLES
from taxgap.synthetic import generate

YEAR = "2023-24"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--taxpayers", type=int, default=20_000)
    parser.add_argument("--difficulties", type=float, nargs="+", default=[0.5, 1.0, 2.0])
    options = parser.parse_args()
    for difficulty in options.difficulties:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "population"
            generate(folder, taxpayers=options.taxpayers, difficulty=difficulty, workers=2)
            for regime in RETURN_TABLES:
                show(difficulty, regime, Records.open(folder / "records"), Truth.open(folder / "truth"))


def show(difficulty: float, name: str, records: Records, truth: Truth) -> None:
    regime = get_regime(name)
    observed = pd.concat([regime.measure(records, [YEAR], part) for part in records.partitions])
    X = regime.compare(observed, PeerGroups.fit(observed))
    lost = truth.table("enquiries", ["taxpayer_id", "period", "tax_lost"], where={"regime": name})
    amount = lost.set_index(["taxpayer_id", "period"])["tax_lost"].reindex(X.index)
    found = ceiling(X, amount, X.index.get_level_values("taxpayer_id"), n_threads=2)
    top = found.share_of_gap["5%"]
    print(
        f"difficulty {difficulty:g}, {name}: AUC {found.auc:.3f} ({found.low:.3f} to {found.high:.3f}), "
        f"top 5% hold {top[0]:.2f} ({top[1]:.2f} to {top[2]:.2f}) of the gap, {found.n:,} returns",
        flush=True,
    )


if __name__ == "__main__":
    main()
