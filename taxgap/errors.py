"""Every error the library raises: what is wrong, where, what was available, what to do next."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial


class TaxGapError(Exception):
    """The base of all errors of this library.

    Parameters
    ----------
    message : str
        What is wrong, in one sentence, without any personal value.
    where : str, optional
        The file, table, column or row it concerns.
    available : iterable of str, optional
        What could have been named instead.
    remedy : str, optional
        What to do next.

    Attributes
    ----------
    code : str
        A stable name of the kind of error, for machines.
    exit_code : int
        The exit status of the command line.

    Examples
    --------
    >>> print(TaxGapError("No such table.", where="records/", available=["payments"], remedy="Check it."))
    No such table. [records/] Available: payments. Check it.
    """

    code = "error"
    exit_code = 1

    def __init__(
        self,
        message: str,
        *,
        where: str | None = None,
        available: Iterable[str] = (),
        remedy: str | None = None,
    ) -> None:
        self.message = message
        self.where = where
        self.available = tuple(available)
        self.remedy = remedy
        super().__init__(message)

    def __str__(self) -> str:
        parts = [self.message]
        if self.where:
            parts.append(f"[{self.where}]")
        if self.available:
            parts.append(f"Available: {', '.join(self.available)}.")
        if self.remedy:
            parts.append(self.remedy)
        return " ".join(parts)

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only arguments are lost by the default; errors must cross process boundaries whole.
        rebuild = partial(type(self), where=self.where, available=self.available, remedy=self.remedy)
        return rebuild, (self.message,)

    def to_dict(self) -> dict[str, object]:
        """Return the error as plain data, for ``--json`` and logs."""
        return {
            "code": self.code,
            "message": self.message,
            "where": self.where,
            "available": list(self.available),
            "remedy": self.remedy,
        }


class UsageError(TaxGapError, ValueError):
    """An argument or a configuration value that cannot be used."""

    code = "usage"
    exit_code = 2


class InvalidDataError(TaxGapError, ValueError):
    """Records that break a rule, are missing or cannot be read."""

    code = "invalid_data"
    exit_code = 3


class IncompatibleError(TaxGapError, ValueError):
    """A model, schema or file format that does not fit the code or the data."""

    code = "incompatible"
    exit_code = 4


class LeakError(InvalidDataError):
    """A feature that gives the label away: a model trained on it would be worthless."""

    code = "leak"


class NotIdentifiedError(InvalidDataError):
    """A claim that the data cannot support, such as a calibration without random enquiries."""

    code = "not_identified"


class ThresholdError(TaxGapError):
    """A ``--fail-on`` threshold was passed."""

    code = "threshold"
    exit_code = 5


class BusyError(TaxGapError):
    """Another run holds the folder."""

    code = "busy"
    exit_code = 6


class DeadlineError(TaxGapError):
    """A run stopped at its deadline; what it did is kept, and the next one goes on with it."""

    code = "deadline"
    exit_code = 7
