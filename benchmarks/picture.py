"""Draw the README's picture from a demonstration: `benchmarks/picture.py demo docs/gain.svg`."""

from __future__ import annotations

import argparse
from pathlib import Path

from taxgap.publication.assessment import assess
from taxgap.publication.curves import draw_gain
from taxgap.publication.picture import to_svg
from taxgap.publication.theme import WIDE, drawing
from taxgap.records import Records, Truth
from taxgap.risk import RiskModel


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("demo", type=Path, help="what `taxgap demo --out` wrote")
    parser.add_argument("svg", type=Path)
    options = parser.parse_args()
    records = Records.open(options.demo / "validated" / "records")
    truth = Truth.open(options.demo / "population" / "truth")
    report = assess(records, truth, RiskModel.load(options.demo / "model"))
    with drawing(WIDE):
        options.svg.write_text(to_svg(draw_gain(report.gain, WIDE)), "utf-8")
    print(report.evaluation[report.evaluation["metric"] == "share_of_gap@5%"].to_string(index=False))
    print(report.ceiling)


if __name__ == "__main__":
    main()
