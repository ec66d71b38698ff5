"""``taxgap demo``: the main job end to end, with a page to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from taxgap.cli import options

_STEPS = 6
_OTHERS = ("vat", "corporation_tax", "employer_paye")


@click.command(short_help="Do the main job end to end, and write a page to look at.")
@options.out_option("population, trusted records, model, scores and page")
@click.option("--taxpayers", type=int, default=50_000, show_default=True, help="Taxpayers on the register.")
@click.option("--years", type=int, default=4, show_default=True, help="Tax years, counted back from 2024-25.")
@options.seed_option("Same seed, same bytes.")
@options.workers_option
@options.replace_option
@options.common
@click.pass_context
def command(ctx: click.Context, /, *, out: Path, replace: bool, **settings: Any) -> None:
    """Generate a population, validate it, train the risk model, score everyone, explain the flags.

    OUT/index.html is one page that a person can read, without a network.

    Example: taxgap demo --out demo
    """
    from taxgap.records.files import new_folder  # noqa: PLC0415  heavy: only when the verb runs

    with new_folder(out, replace=replace, marker="population/truth/manifest.json") as folder:
        summary = _run(ctx, folder, settings)
    page = out / "index.html"
    text = (
        f"{summary['returns']:,} returns scored, {summary['flagged']:,} flagged. AUC on later random "
        f"enquiries {summary['auc']:.2f}; the top 5% hold {summary['share_of_gap']:.0%} of the tax lost.\n"
        f"Open {page} in a browser."
    )
    options.show(ctx, text, {"page": page, **summary})


def _run(ctx: click.Context, folder: Path, settings: dict[str, Any]) -> dict[str, Any]:
    from taxgap.batch import read_scores, write_scores  # noqa: PLC0415  heavy: only when the verb runs
    from taxgap.publication import gather_content, write_calibration, write_page  # noqa: PLC0415  heavy
    from taxgap.records import Records, Truth  # noqa: PLC0415  heavy
    from taxgap.records.processes import MOST, count_workers  # noqa: PLC0415  heavy
    from taxgap.risk import train  # noqa: PLC0415  heavy
    from taxgap.schemas import RETURN_TABLES  # noqa: PLC0415  heavy
    from taxgap.synthetic import generate  # noqa: PLC0415  heavy
    from taxgap.validation import validate  # noqa: PLC0415  heavy

    with options.step(ctx, f"1/{_STEPS} Generating {settings['taxpayers']:,} taxpayers"):
        made = generate(folder / "population", **settings)
    returns = sum(made.manifest.rows(name) for name in RETURN_TABLES)
    with options.step(ctx, f"2/{_STEPS} Validating {returns:,} returns of four taxes"):
        report = validate(made, out=folder / "validated", workers=settings["workers"])
        report.raise_if_failed()
    records = Records.open(folder / "validated" / "records")
    truth = Truth.open(folder / "population" / "truth")
    threads = count_workers(settings["workers"], MOST)
    with options.step(ctx, f"3/{_STEPS} Training on closed enquiries"):
        model = train(records, n_threads=threads)
        model.save(folder / "model")
        others = [train(records, regime, n_threads=threads) for regime in _OTHERS]
        for other in others:
            other.save(folder / f"model-{other.card_['regime']}")
    with options.step(ctx, f"4/{_STEPS} Scoring and explaining everyone"):
        write_scores(records, model, folder / "scores", validate=False)
        scores = read_scores(folder / "scores")
    with options.step(ctx, f"5/{_STEPS} Comparing with published figures"):
        write_calibration(folder / "calibration", records, truth)
    with options.step(ctx, f"6/{_STEPS} Writing the page"):
        commands = (f"taxgap demo --taxpayers {settings['taxpayers']} --seed {settings['seed']} --out demo",)
        content = gather_content(records, truth, report, model, scores, others=others, commands=commands)
        write_page(folder / "index.html", content)
    return {
        "returns": len(scores),
        "flagged": int(scores["flagged"].sum()),
        "auc": content.measure("random enquiries", "auc"),
        "share_of_gap": content.measure("truth", "share_of_gap@5%"),
    }
