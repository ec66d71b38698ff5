"""The population against published figures, and how well the truth can be told, for several seeds."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from time import process_time

from taxgap.calibration import calibrate
from taxgap.publication.assessment import assess
from taxgap.publication.calibration_content import accuracy_of
from taxgap.records import Records, Truth
from taxgap.risk import train
from taxgap.synthetic import generate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--taxpayers", type=int, default=50_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[7, 8, 9])
    options = parser.parse_args()
    for seed in options.seeds:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "population"
            generate(folder, taxpayers=options.taxpayers, seed=seed, workers=2)
            show(seed, Records.open(folder / "records"), Truth.open(folder / "truth"))


def show(seed: int, records: Records, truth: Truth) -> None:
    start = process_time()
    calibration = calibrate(records, truth)
    table = calibration.figures
    seconds, accuracy = process_time() - start, accuracy_of(table)
    inside = f"{accuracy['within']} of {accuracy['targets']} targets within tolerance"
    print(f"seed {seed}: {inside} ({seconds:.1f} s)")
    for group, counts in accuracy["groups"].items():
        print(f"  {group:<62}{counts['within']:>4} of {counts['targets']}")
    for row in table[table["is_target"] & ~table["within"]].itertuples():
        print(f"  missed: {row.group}: {row.target}: {row.simulated:,.4g} for {row.published:,.4g}")
    found = calibration.gaps.multipliers["self_assessment"]
    print(f"  officers find {found['detection']:.3f} of the tax, miss {found['missed_whole']:.3f} whole")
    model = train(records, n_threads=2)
    report = assess(records, truth, model)
    top = report.ceiling
    print(f"  ceiling AUC {top['auc']:.3f} ({top['low']:.3f} to {top['high']:.3f})")
    rows = report.evaluation[report.evaluation["metric"].isin(["auc", "share_of_gap@5%"])]
    print(rows.to_string(index=False, float_format="{:.3f}".format), flush=True)


if __name__ == "__main__":
    main()
