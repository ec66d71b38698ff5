"""What checks of labels say: findings, reasons, a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from taxgap.errors import InvalidDataError
from taxgap.risk.card import to_plain


@dataclass(frozen=True)
class LabelReport:
    """What the checks of labels found.

    Parameters
    ----------
    frame : DataFrame
        ``check, about, value, low, high, limit, flagged, sentence``: one row a finding.
    skipped : tuple of str
        Checks that could not be made, and what they would need.
    settings : dict
        Rows, random cases, confidence.
    """

    frame: pd.DataFrame
    skipped: tuple[str, ...]
    settings: dict[str, Any]

    @property
    def flagged(self) -> bool:
        """Whether any check says that the labels copy something other than what was found."""
        return bool(self.frame["flagged"].any())

    @property
    def reasons(self) -> list[str]:
        """A sentence for each check that flagged."""
        return [str(sentence) for sentence in self.frame.loc[self.frame["flagged"], "sentence"]]

    def raise_if_flagged(self) -> LabelReport:
        """Return this, or refuse the labels.

        Raises
        ------
        InvalidDataError
            With every reason.
        """
        if self.flagged:
            raise InvalidDataError(
                f"The labels copy past enforcement rather than what was found: {' '.join(self.reasons)}",
                where="y",
                remedy="Train on the tax that closed enquiries found, with random cases among them.",
            )
        return self

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "flagged": self.flagged,
            "checks": to_plain(self.frame.to_dict("records")),
            "skipped": list(self.skipped),
            "settings": to_plain(self.settings),
        }

    def to_text(self) -> str:
        """Return the verdict and one line a check."""
        verdict = "Flagged: labels copy past enforcement." if self.flagged else "Not flagged."
        lines = [f"{'! ' if row.flagged else '  '}{row.sentence}" for row in self.frame.itertuples()]
        return "\n".join([verdict, *lines, *(f"  Not checked: {what}." for what in self.skipped)])

    def _repr_html_(self) -> str:
        return f"<pre>{self.to_text()}</pre>"
