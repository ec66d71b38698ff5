"""Recall of mechanisms that no model, feature or reason was made for, beside that of the others.

The models are trained on a population without them. `--leave-out` names mechanisms of the library that are
taken out of the training population too. What is audited holds all of them, and is of other people.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

import pandas as pd

from taxgap.reasons.audit.auditing import evidence_of
from taxgap.reasons.audit.material import Material, gather_material
from taxgap.reasons.audit.recovery.recovery import measure_recovery
from taxgap.reasons.audit.settings import AuditSettings
from taxgap.reasons.audit.subject import subject_of
from taxgap.records import Records, Truth
from taxgap.risk import RiskModel, train
from taxgap.risk.suitability import peers_of, regime_of
from taxgap.synthetic import generate

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.blind_mechanisms import EVIDENCE, PLUG_INS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--taxpayers", type=int, default=50_000)
    parser.add_argument("--leave-out", nargs="*", default=["interest_omitted", "expenses_inflated"])
    options = parser.parse_args()
    os.environ["PYTHONPATH"] = sys.path[0]  # processes that generate find the mechanisms
    with tempfile.TemporaryDirectory() as name:
        folder, cores = Path(name), os.cpu_count() or 1
        common = {"taxpayers": options.taxpayers, "workers": cores}
        generate(folder / "audited", seed=19, plug_ins=PLUG_INS, **common)
        for left in ([], options.leave_out):
            training = folder / f"training-{len(left)}"
            generate(training, seed=18, rates=dict.fromkeys(left, 0.0), **common)
            model = train(Records.open(training / "records"), n_threads=cores)
            print(f"\ntrained without: {', '.join([*EVIDENCE, *left])}")
            print(recall_of(folder / "audited", model).to_string(index=False))


def recall_of(population: Path, model: RiskModel) -> pd.DataFrame:
    part = measure_recovery(gather(population, model))
    figures = part.figures[(part.figures["measure"] == "recall@3") & (part.figures["level"] == "code")]
    methods = figures["method"].isin(["reasons", "contributions", "z_score"])
    kept = figures[methods & figures["group_by"].isin(["", "mechanism", "blind"])]
    return kept[["group_by", "group", "method", "value", "low", "high", "chance", "n"]].round(3)


def gather(population: Path, model: RiskModel) -> Material:
    regime = regime_of(model)
    return gather_material(
        Records.open(population / "records"),
        subject_of(model, regime, peers_of(model)),
        AuditSettings(),
        truth=Truth.open(population / "truth"),
        evidence=evidence_of(regime.name) | EVIDENCE,
    )


if __name__ == "__main__":
    main()
