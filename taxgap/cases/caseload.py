"""A caseload: who was chosen, with which probability and why, and what it is expected to bring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

import pandas as pd

from taxgap.cases.limits_told import sum_up
from taxgap.risk.card import to_plain

AMOUNTS = ("bound", "expected", "drawn")
LIMITS = ("limit", "kind", *AMOUNTS, "kept", *(f"{name}_share" for name in AMOUNTS))
"""The columns of `Caseload.limits`."""


REASONS = ["certain", "chance", "not_selected", "out_of_time", "not_received"]
"""Why a return is a case, or is none."""

CLOSED = REASONS[3:]
"""Why a return could not have been chosen: its time has passed, or it came after the day of the selection."""


@dataclass(frozen=True, repr=False)
class Caseload:
    """Cases to work, and everyone's probability of being among them.

    Parameters
    ----------
    frame : DataFrame
        One row a return, in the order of the scores: ``taxpayer_id, period, regime, expected_tax``,
        ``probability, inclusion_probability`` (0 to 1)``, selected, reason`` (``certain, chance``,
        ``not_selected, out_of_time, not_received``)``, treatment, hours`` (of an officer, if chosen)``,
        stratum`` (within which probabilities are equal, else missing) and ``received_on, window_ends,
        discovery, limit_years, limit_ends, out_of_time``, missing where no records were given; then the
        region where it is known, and what limits name, as it was given: ``skill``, ``case_type``, the
        columns of caps.
    design : str
        How they were chosen.
    seed : int
        Of the draw.
    settings : dict
        What was asked for.
    notes : tuple of str
        What a reader should know.
    limits : DataFrame
        One row a limit: ``limit`` (its name)``, kind`` (``hours, coverage, cap``)``, bound`` (the least of a
        coverage, in cases; the most of the others, in hours)``, expected`` (of the probabilities)``, drawn,
        kept`` (whether what was drawn keeps the bound)``, bound_share, expected_share, drawn_share`` (of all
        hours: those given, or what all returns would take where that is less; missing for a coverage).
    """

    frame: pd.DataFrame
    design: str
    seed: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    limits: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(LIMITS)))

    @property
    def cases(self) -> pd.DataFrame:
        """The cases to work, most expected tax first."""
        chosen = self.frame[self.frame["selected"]]
        return chosen.sort_values(["expected_tax", "taxpayer_id", "period"], ascending=[False, True, True])

    @property
    def hours(self) -> float:
        """Hours that the cases take."""
        return float(self.frame.loc[self.frame["selected"], "hours"].sum())

    @property
    def estimable(self) -> bool:
        """Whether a total can be estimated: everyone that can be chosen might have been."""
        return bool((self.frame.loc[~self.frame["reason"].isin(CLOSED), "inclusion_probability"] > 0).all())

    def to_dict(self) -> dict[str, Any]:
        """Return a summary as plain data, without any personal row."""
        chosen = self.frame[self.frame["selected"]]
        plain: dict[str, Any] = to_plain(
            {
                "design": self.design,
                "seed": self.seed,
                "returns": len(self.frame),
                "cases": len(chosen),
                "certain": int((chosen["reason"] == "certain").sum()),
                "chance": int((chosen["reason"] == "chance").sum()),
                "hours": self.hours,
                "expected_tax": float(chosen["expected_tax"].sum()),
                "estimable": self.estimable,
                "least_probability": float(self.frame["inclusion_probability"].min()),
                "treatments": {str(k): int(v) for k, v in self.frame["treatment"].value_counts().items()},
                "discovery": None if chosen["discovery"].isna().all() else int(chosen["discovery"].sum()),
                "out_of_time": int((self.frame["reason"] == "out_of_time").sum()),
                "limits": self.limits.to_dict("records"),
                "settings": dict(self.settings),
                "notes": list(self.notes),
            }
        )
        return plain

    def to_text(self) -> str:
        """Return the summary in a few lines."""
        told = self.to_dict()
        chosen = f"{told['cases']:,} of {told['returns']:,} returns chosen ({self.design})"
        treated = ", ".join(f"{name} {count:,}" for name, count in told["treatments"].items())
        lines = [
            f"{chosen}: {told['certain']:,} for certain, {told['chance']:,} by chance.",
            f"They take {told['hours']:,.0f} hours; {told['expected_tax']:,.0f} pounds of tax are expected.",
            f"Treatments: {treated}.",
        ]
        if told["discovery"] is not None:
            lines.append(
                f"{told['discovery']:,} of them are past the enquiry window; "
                f"{told['out_of_time']:,} returns are out of time and were not considered."
            )
        if len(self.limits) > 1:
            lines.append(sum_up(self.limits))
        return "\n".join([*lines, *self.notes])

    def __repr__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        return "".join(f"<p>{escape(line)}</p>" for line in self.to_text().split("\n"))
