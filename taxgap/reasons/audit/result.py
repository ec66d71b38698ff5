"""What an audit found: checks, figures and tables, for people, for machines and as files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from taxgap.errors import UsageError
from taxgap.reasons.audit.audit_files import read_audit, write_audit
from taxgap.reasons.audit.figures import tidy
from taxgap.reasons.audit.part import Part
from taxgap.reasons.audit.rules import Check
from taxgap.reasons.audit.wording import say_amount
from taxgap.risk.card import to_plain

_VERDICT = {True: "passed", False: "failed", None: "not asked"}


@dataclass(frozen=True, eq=False)
class ExplanationAudit:
    """Whether the explanations of a model can be relied on.

    Attributes
    ----------
    about : dict
        What was audited: `model_id`, `regime`, `as_of`, `periods`, how many `returns` there are, `flagged`
        and `audited`, whether the records are `synthetic` and a `truth` was there, and the `settings`.
    parts : tuple of Part
        In the order of the page.
    checks : tuple of Check
        Each rule and what was found.
    examples : tuple of dict
        Reasons of synthetic cases; empty for records of real people.
    """

    about: Mapping[str, Any]
    parts: tuple[Part, ...]
    checks: tuple[Check, ...]
    examples: tuple[Mapping[str, Any], ...] = field(default=())

    @property
    def figures(self) -> pd.DataFrame:
        """Every figure; the columns are the fields of `taxgap.reasons.audit.figures.Figure`."""
        found = [part.figures for part in self.parts if len(part.figures)]
        return pd.concat(found, ignore_index=True) if found else tidy(())

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Whatever else was found, by ``part/table``."""
        return {f"{part.name}/{name}": table for part in self.parts for name, table in part.tables.items()}

    @property
    def left_out(self) -> dict[str, str]:
        """The parts that could not be done, and why."""
        return {part.name: part.left_out for part in self.parts if part.left_out}

    @property
    def notes(self) -> dict[str, tuple[str, ...]]:
        """What must be said beside the verdicts, by part."""
        return {part.name: part.notes for part in self.parts if part.notes}

    @property
    def verdicts(self) -> pd.DataFrame:
        """One row a check: `name, part, question, value, low, high, n, unit, rule, verdict, fails, why`.

        `n` counts what the figure rests on, returns as a rule; `why` says why a check is not asked.
        """
        left = self.left_out
        rows = [_lay_out(check, left.get(check.rule.part, "")) for check in self.checks]
        return pd.DataFrame(rows, columns=list(_COLUMNS))

    @property
    def failed(self) -> list[str]:
        """The names of the checks that failed."""
        return [check.rule.name for check in self.checks if check.passed is False]

    @property
    def passed(self) -> bool:
        """Whether no check failed, and any was asked."""
        return not self.failed and any(check.passed for check in self.checks)

    def value(self, measure: str, **where: str) -> float:
        """Return one figure.

        Parameters
        ----------
        measure : str
            Such as ``recall@3``.
        **where : str
            Other columns of `figures` that it must have, such as ``level="code"`` or ``method="reasons"``.
            Where several fit, those of the part ``recovery`` are meant, and of columns that are not named
            what `Figure` has by default.

        Raises
        ------
        UsageError
            There is no such figure, or there are several.
        """
        figures = self.figures
        found = figures[figures["measure"] == measure]
        for name, wanted in where.items():
            found = found[found[name] == wanted]
        for name, usual in (("part", "recovery"), ("group_by", ""), ("method", "reasons"), ("level", "")):
            if len(found) > 1 and name not in where and (found[name] == usual).any():
                found = found[found[name] == usual]
        if len(found) != 1:
            raise UsageError(
                f"There are {len(found)} figures '{measure}' with {where}.",
                where="measure",
                available=dict.fromkeys(figures["measure"]),
            )
        return float(found["value"].iloc[0])

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, without the tables."""
        return {
            **{str(name): to_plain(value) for name, value in self.about.items()},
            "passed": self.passed,
            "failed": self.failed,
            "checks": to_plain(self.verdicts.to_dict("records")),
            "left_out": self.left_out,
            "notes": {name: list(said) for name, said in self.notes.items()},
            "figures": to_plain(self.figures.to_dict("records")),
            "examples": to_plain(list(self.examples)),
        }

    def to_text(self) -> str:
        """Return the verdicts as text for a terminal."""
        return "\n".join(self._lines())

    def save(self, folder: str | Path) -> Path:
        """Write ``audit.json``, ``figures.parquet`` and one parquet file a table.

        Parameters
        ----------
        folder : str or Path
            Made if it is not there.

        Returns
        -------
        Path
            That of ``audit.json``.

        Raises
        ------
        UsageError
            The folder cannot be written.
        """
        return write_audit(Path(folder), self.to_dict(), {"figures": self.figures, **self.tables})

    def _lines(self) -> Iterator[str]:
        about = self.about
        truth = "with what was planted in them" if about["truth"] else "without a planted truth"
        yield (
            f"Explanations of model {about['model_id']} ({about['regime']}) at {about['as_of']}: "
            f"{about['audited']:,} of {about['returns']:,} returns, {truth}."
        )
        yield say_flagged(about)
        asked = [check for check in self.checks if check.passed is not None]
        yield f"{len(asked) - len(self.failed)} of {len(asked)} checks passed."
        width = max((len(check.rule.name) for check in self.checks), default=0)
        for check in sorted(self.checks, key=lambda one: _ORDER[one.passed]):
            yield f"  {_VERDICT[check.passed]:<9}  {check.rule.name:<{width}}  {_say_check(check)}"
        for name, why in self.left_out.items():
            yield f"Left out: {name}. {why}"
        for name, said in self.notes.items():
            yield f"Note on {name}: {' '.join(said)}"

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self.to_text())}</pre>"


_ORDER = {False: 0, True: 1, None: 2}
_COLUMNS = (
    *("name", "part", "question", "value", "low", "high", "n"),
    *("unit", "rule", "verdict", "fails", "why"),
)
NOTHING = "Nothing could be measured."
"""What is said of a check that is not asked, and of which no part says why."""


def say_flagged(about: Mapping[str, Any]) -> str:
    """Say which returns are flagged, how many of them are audited, and how many each audited one stands for.

    Parameters
    ----------
    about : mapping
        Of an `ExplanationAudit`.

    Examples
    --------
    >>> about = {"cutoff": 0.4, "settings": {"capacity_share": 0.05}, "returns": 1_000, "flagged": 40}
    >>> say_flagged(about | {"flagged_audited": 40, "audited": 136}).partition(": ")[2]
    '40 of 1,000. Audited are all 40 flagged returns and 96 of the others. Each of these stands for 10.'
    """
    cutoff, share = float(about["cutoff"]), float(about["settings"]["capacity_share"])
    flagged, own = int(about["flagged"]), int(about["flagged_audited"])
    some = f"all {flagged:,}" if own == flagged else f"{own:,} of the {flagged:,}"
    others, drawn = int(about["returns"]) - flagged, int(about["audited"]) - own
    each = [f"Each of these stands for {others / drawn:.3g}"] if drawn else []
    each += [f"each flagged one for {flagged / own:.3g}"] if 0 < own < flagged else []
    return (
        f"A return is flagged if its probability is at least {cutoff:.4g} and its rank within the first "
        f"{100 * share:.4g}% of its tax year: {flagged:,} of {int(about['returns']):,}. Audited are {some} "
        f"flagged returns and {drawn:,} of the others." + (f" {', '.join(each)}." if each else "")
    )


def why_not_asked(check: Check, left_out: str = "") -> str:
    """Say why a check is not asked, given why its part was left out; empty where it is judged."""
    return "" if check.passed is not None else check.why or left_out or NOTHING


def _say_check(check: Check) -> str:
    found = check.found
    amount = "" if found is None else f"{say_amount(found, check.rule.unit)}, n {found.n:,}; "
    return f"{amount}{check.rule.says}.{f' {check.why}' if check.why else ''}"


def _lay_out(check: Check, left_out: str) -> dict[str, Any]:
    rule, found = check.rule, check.found
    nothing = float("nan")
    return {
        "name": rule.name,
        "part": rule.part,
        "question": rule.question,
        "value": nothing if found is None else found.value,
        "low": nothing if found is None else found.low,
        "high": nothing if found is None else found.high,
        "n": 0 if found is None else found.n,
        "unit": rule.unit,
        "rule": rule.says,
        "verdict": _VERDICT[check.passed],
        "fails": rule.fails,
        "why": why_not_asked(check, left_out),
    }


def load_audit(folder: str | Path) -> tuple[dict[str, Any], dict[str, pd.DataFrame]]:
    """Read what `ExplanationAudit.save` wrote.

    Returns
    -------
    about : dict
        As `ExplanationAudit.to_dict`.
    tables : dict of str to DataFrame
        ``figures``, and the tables by ``part/table``.

    Raises
    ------
    InvalidDataError
        It is missing or damaged.
    IncompatibleError
        It is of a newer format.
    """
    return read_audit(Path(folder))
