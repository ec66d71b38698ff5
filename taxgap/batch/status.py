"""What state a run is in: finished, running, or left off, and how far it came."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from taxgap.batch.accounts import read_accounts
from taxgap.batch.files import MANIFEST
from taxgap.batch.plan import Plan
from taxgap.batch.steps import COMPLETE, LIKELIHOOD, LOOK, PEERS, SLICES
from taxgap.errors import InvalidDataError
from taxgap.records.files import read_json
from taxgap.records.workshop import PLAN, Workshop, is_busy, making

State: TypeAlias = Literal["finished", "running", "left off"]

_WORDS = {
    "finished": "The scores are whole.",
    "running": "A run is writing them now.",
    "left off": "A run was left off: when its cause is mended, the same command goes on with it.",
}


@dataclass(frozen=True)
class RunStatus:
    """The state of a run.

    Attributes
    ----------
    state : {"finished", "running", "left off"}
    steps : dict of str to tuple of int
        By step, how many of its parts are done, and how many there are; empty once the run is finished.
    about : dict
        The tax, the model, the day and the tax years.
    accounts : dict
        What became of every row; empty until the run is finished.
    ended : dict
        Of a run that was left off, if it said so: the code of the ``error``, and ``exit_status``.
    """

    state: State
    steps: dict[str, tuple[int, int]]
    about: dict[str, Any]
    accounts: dict[str, Any]
    ended: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        steps = {step: {"done": done, "parts": parts} for step, (done, parts) in self.steps.items()}
        return {
            "state": self.state,
            "steps": steps,
            **self.about,
            "accounts": self.accounts,
            "ended": self.ended,
        }

    def to_text(self) -> str:
        """Say it in a few lines."""
        about = ", ".join(str(value) for value in self.about.values())
        steps = [f"  {step:<12} {done:>6,} of {parts:,}" for step, (done, parts) in self.steps.items()]
        ended = []
        if self.ended:
            ended = [f"  It ended with exit status {self.ended['exit_status']} ({self.ended['error']})."]
        return "\n".join([f"{_WORDS[self.state]} ({about})", *ended, *steps])


def read_status(out: str | Path) -> RunStatus:
    """Read the state of a run.

    Parameters
    ----------
    out : str or Path
        The folder that `write_scores` writes or wrote.

    Returns
    -------
    RunStatus
        Of a run that is under way or was left off, even where an earlier one stands under the name.

    Raises
    ------
    InvalidDataError
        There is neither a run nor scores.
    """
    folder = making(Path(out))
    if (folder / PLAN).is_file():
        plan = Plan.from_dict(read_json(folder / PLAN), folder / PLAN)
        state: State = "running" if is_busy(folder) else "left off"
        ended = Workshop(folder).ended or {}
        return RunStatus(state, _count_steps(folder, plan), _describe(plan), {}, ended)
    if not (Path(out) / MANIFEST).is_file():
        raise InvalidDataError(
            "There are no scores here, and no run that would write them.",
            where=str(out),
            remedy="Name the folder that `taxgap score --out` was given.",
        )
    manifest = read_json(Path(out) / MANIFEST)
    accounts = read_accounts(out)
    about = {name: manifest[name] for name in ("regime", "model_id", "as_of")}
    return RunStatus("finished", {}, about, accounts.to_dict())


def _count_steps(folder: Path, plan: Plan) -> dict[str, tuple[int, int]]:
    batches, slices = len(plan.batches), SLICES if plan.score_settings(None).explains else 0
    parts = {PEERS: batches * plan.refit_peers, LOOK: batches, LIKELIHOOD: slices, COMPLETE: batches}
    shop = Workshop(folder)
    return {
        step: (sum(shop.done(f"{step}-{number:04d}") is not None for number in range(count)), count)
        for step, count in parts.items()
        if count
    }


def _describe(plan: Plan) -> dict[str, Any]:
    return {"regime": plan.regime, "model_id": plan.model_id, "as_of": plan.as_of}
