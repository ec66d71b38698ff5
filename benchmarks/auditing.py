"""How long the audit of explanations takes, part by part, and what it finds."""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from taxgap.reasons.audit.auditing import audit_explanations
from taxgap.records import Records, Truth
from taxgap.risk import train
from taxgap.synthetic import generate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--taxpayers", type=int, default=50_000)
    parser.add_argument("--returns", type=int, default=20_000)
    parser.add_argument("--refits", type=int, default=20)
    options = parser.parse_args()
    cores = os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as name:
        population = Path(name) / "population"
        records = generate(population, taxpayers=options.taxpayers, workers=cores)
        model = train(records, n_threads=cores)
        start = time.perf_counter()
        audit = audit_explanations(
            Records.open(population / "records"),
            model,
            Truth.open(population / "truth"),
            returns=options.returns,
            refits=options.refits,
            say=lambda text: print(f"{time.perf_counter() - start:7.1f} s  {text}", flush=True),
        )
        print(f"{time.perf_counter() - start:7.1f} s in all\n")
        print(audit.to_text())


if __name__ == "__main__":
    main()
