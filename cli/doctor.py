"""``taxgap doctor``: say in seconds whether the installation works."""

from __future__ import annotations

import platform
import re
import tempfile
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import click

from taxgap import __version__
from taxgap.cli import options
from taxgap.errors import TaxGapError

Check = Callable[[], str]


@click.command(short_help="Say in seconds whether the installation works.")
@options.common
@click.pass_context
def command(ctx: click.Context, /) -> None:
    """Check the installation: libraries, tax law, files, a small population, its validation, a small model.

    Example: taxgap doctor
    """
    results = [_run(name, check) for name, check in CHECKS.items()]
    rows = [("check", "result", ""), *results]
    failed = [name for name, result, _ in results if result != "fine"]
    verdict = f"Not working: {', '.join(failed)}." if failed else "Everything works."
    data = [{"check": name, "result": result, "detail": detail} for name, result, detail in results]
    options.show(ctx, f"{options.table(rows)}\n\n{verdict}", {"checks": data, "works": not failed})
    if failed:
        raise TaxGapError(
            verdict, remedy="Install again from requirements.lock, or report the check by name."
        )


def _run(name: str, check: Check) -> tuple[str, str, str]:
    try:
        return name, "fine", check()
    except Exception as error:  # noqa: BLE001  a broken installation may fail in any way; all of it is reported
        return name, "broken", f"{type(error).__name__}: {error}"


def _python() -> str:
    return f"taxgap {__version__}, Python {platform.python_version()}, {platform.system()}"


def _libraries() -> str:
    # A requirement begins with the name of the library; extras are not needed to work.
    needed = [
        re.split(r"[^A-Za-z0-9._-]", text)[0] for text in requires("taxgap") or [] if "extra" not in text
    ]
    found = []
    for name in sorted(needed):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError as error:
            raise TaxGapError(f"The library {name} is not installed.") from error
    return ", ".join(found)


def _tax_law() -> str:
    import pandas as pd  # noqa: PLC0415  heavy: only when the verb runs

    from taxgap.tax import personal_tax  # noqa: PLC0415  heavy

    zero = dict.fromkeys(("self_employment", "property", "interest", "dividends"), 0.0)
    scot = pd.DataFrame([{"employment": 60_000.0, "nation": "Scotland", **zero}])
    tax = float(personal_tax(scot, "2021-22")["income_tax"].iloc[0])
    if abs(tax - 13_079.67) > 0.01:
        raise TaxGapError(f"A known liability came out as {tax:.2f}.")
    return "a hand-worked liability comes out to the penny"


def _population() -> str:
    from taxgap.synthetic import generate  # noqa: PLC0415  heavy
    from taxgap.validation import validate  # noqa: PLC0415  heavy

    with tempfile.TemporaryDirectory() as folder:
        records = generate(Path(folder) / "population", taxpayers=300, years=2)
        report = validate(records)
        report.raise_if_failed()
        return f"{records.manifest.rows('self_assessment')} returns made, read back and found valid"


def _model() -> str:
    import numpy as np  # noqa: PLC0415  heavy
    import pandas as pd  # noqa: PLC0415  heavy

    from taxgap.risk import RiskModel  # noqa: PLC0415  heavy

    draws = np.random.default_rng(0)
    features = pd.DataFrame(draws.normal(size=(600, 3)), columns=["a", "b", "c"])
    amount = np.where(features["a"] + draws.normal(size=600) > 1, 2_000.0, 0.0)
    model = RiskModel(n_estimators=20, n_threads=1).fit(features, amount >= 1_000, amount=amount)
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "model")
        again = RiskModel.load(Path(folder) / "model")
    if not np.array_equal(again.predict_proba(features), model.predict_proba(features)):
        raise TaxGapError("A saved model predicts otherwise than it did before.")
    return "a small model trains, is saved, and predicts the same when loaded"


CHECKS: dict[str, Check] = {
    "python": _python,
    "libraries": _libraries,
    "tax law": _tax_law,
    "population": _population,
    "model": _model,
}
