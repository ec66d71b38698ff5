"""``taxgap calibrate``: how near a population comes to published figures."""

from __future__ import annotations

from pathlib import Path

import click

from taxgap.cli import options


@click.command(short_help="Compare a synthetic population with published figures, and say why it misses.")
@click.argument("population", type=click.Path(path_type=Path, file_okay=False))
@options.out_option("calibration.json and index.html")
@options.replace_option
@options.common
@click.pass_context
def command(ctx: click.Context, /, *, population: Path, out: Path, replace: bool) -> None:
    """Compare the folder POPULATION, which `taxgap generate` wrote, with published figures.

    It reads POPULATION/records and POPULATION/truth. OUT/index.html is a page for people, and
    OUT/calibration.json holds the same for machines.

    Example: taxgap calibrate population --out calibration
    """
    from taxgap.publication.calibration import write_calibration  # noqa: PLC0415  heavy: only when it runs
    from taxgap.publication.calibration_content import accuracy_of  # noqa: PLC0415  heavy
    from taxgap.records import Records, Truth  # noqa: PLC0415  heavy

    records, truth = Records.open(population / "records"), Truth.open(population / "truth")
    with options.progress(ctx, "Comparing with published figures") as progress:
        calibration = write_calibration(out, records, truth, replace=replace, progress=progress)
    accuracy = accuracy_of(calibration.figures)
    missed = accuracy["targets"] - accuracy["within"]
    text = (
        f"Overall accuracy: {accuracy['within']} of {accuracy['targets']} targets within tolerance; "
        f"{accuracy['unexplained']} of {missed} misses unexplained.\n"
        f"Open {out / 'index.html'} in a browser."
    )
    options.show(ctx, text, {"page": out / "index.html", **accuracy})
