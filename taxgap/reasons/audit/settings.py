"""How to audit: checked before anything is read."""

from __future__ import annotations

from dataclasses import dataclass

from taxgap.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class AuditSettings:
    """The settings of an audit; see `taxgap.audit_explanations` for what each means.

    Raises
    ------
    UsageError
        Settings are out of range; all are named at once.

    Examples
    --------
    >>> AuditSettings(returns=5_000).refits
    20
    """

    returns: int = 20_000
    periods: tuple[str, ...] | None = None
    refits: int = 20
    reasons: int = 3
    capacity_share: float = 0.05
    draws: int = 400
    confidence: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        wrong = [
            f"{name} is {value}, not from {least:,}"
            for name, value, least in (
                ("returns", self.returns, 100),
                ("refits", self.refits, 2),
                ("reasons", self.reasons, 1),
                ("draws", self.draws, 20),
            )
            if value < least
        ]
        if self.reasons > 4:
            wrong.append(f"reasons is {self.reasons}, above 4")
        if not 0 < self.capacity_share <= 1:
            wrong.append(f"capacity_share is {self.capacity_share}, not above 0 and at most 1")
        if not 0 < self.confidence < 1:
            wrong.append(f"confidence is {self.confidence}, not between 0 and 1")
        if wrong:
            raise UsageError(f"These settings cannot be used: {'; '.join(wrong)}.", where="settings")
