"""What a run tells of itself while it goes on: how far it is, how fast, and how long it will take."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, Literal, Self, TypeAlias
from uuid import uuid4

from taxgap.batch.deadline import Deadline
from taxgap.batch.memory import PROCESS, read_peak
from taxgap.batch.pieces import FOLDER as WORK
from taxgap.batch.plan import Plan
from taxgap.batch.steps import COMPLETE, LIKELIHOOD, LOOK, NOT_FILED, PEERS, SLICES, Facts, add_counts
from taxgap.errors import DeadlineError, TaxGapError
from taxgap.records.files import read_json, write_json
from taxgap.records.workshop import DONE, Workshop

Event: TypeAlias = Literal["began", "resumed", "step", "part", "late", "deadline", "finished", "failed"]

ACROSS = "across"
"""The step that looks across the partitions, where rows are checked."""

EFFORT = {ACROSS: 0.05, PEERS: 0.3, LOOK: 1.0, LIKELIHOOD: 0.2, COMPLETE: 0.02}
"""How much of the work of a return each step is, beside the first look; measured once, and rounded. It
decides nothing but what is said of the time left."""

EFFORT_AGAIN = 0.4
"""The same of the completion, where returns are explained only then."""

INTERRUPTED = 130
"""The exit status of a run that a person ends."""


@dataclass(frozen=True)
class Progress:
    """A moment of a run.

    Attributes
    ----------
    event : {"began", "resumed", "step", "part", "late", "deadline", "finished", "failed"}
        What has just happened: the run began, or went on with one that was left off; a step began; a part of
        it is done; the time left says that the deadline will be missed; it was reached; the scores are
        whole; the run failed.
    run_id : str
        The same for all goes at one run; drawn.
    step : str
        ``across``, ``peers``, ``look``, ``likelihood`` or ``complete``; empty before the first.
    done, parts : int
        Parts of the step.
    returns_done, returns : int
        Returns in them.
    returns_per_second : float or None
        Of the step, by what this go has done of it; None before anything is.
    pace : float or None
        Returns a second, through all steps.
    seconds : float
        Since this go began.
    time_left : float or None
        Seconds until the scores are whole, at the pace so far.
    peak_memory : int
        Bytes: the most that each process has held, added up. No more was held at a time.
    processes : int
        That have reported.
    about : dict of str to str
        Tax, model, day and settings; empty before they are known.
    counts : dict of str to int
        Returns `scored`, `not_filed`; rows `rejected`. Of the whole run, as far as it is known.
    written : int
        Bytes of all that is delivered; 0 until then.
    spent : dict of str to float
        Seconds of the jobs by what they were spent on, of all processes together.
    error : str
        What failed: the code of the error, never its text.
    exit_code : int or None
        The exit status, at the end.
    """

    event: Event
    run_id: str = ""
    step: str = ""
    done: int = 0
    parts: int = 0
    returns_done: int = 0
    returns: int = 0
    returns_per_second: float | None = None
    pace: float | None = None
    seconds: float = 0.0
    time_left: float | None = None
    peak_memory: int = 0
    processes: int = 0
    written: int = 0
    about: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    spent: Mapping[str, float] = field(default_factory=dict)
    error: str = ""
    exit_code: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, rounded, for a line of a log; steps and parts leave out what it is about."""
        found = {
            name: round(value, 3) if isinstance(value, float) else value
            for name, value in asdict(self).items()
        }
        found["spent"] = {name: round(value, 3) for name, value in self.spent.items()}
        if self.event in {"step", "part"}:
            del found["about"]
        return found


Tell: TypeAlias = Callable[[Progress], None]
"""Is told how a run goes."""


class Watch:
    """Counts what a run has done, and tells it; around the run, it tells the end too.

    Parameters
    ----------
    tell : callable, optional
        Is told every `Progress`.
    deadline : Deadline, optional
        Where the time left says that it will be missed, that is told once.
    """

    def __init__(self, tell: Tell | None = None, deadline: Deadline | None = None) -> None:
        self._tell = tell or (lambda _: None)
        self._deadline = deadline
        self._began = self._step_began = monotonic()
        self._state = Progress("began")
        self._steps: dict[str, list[float]] = {}
        self._effort = EFFORT
        self._ahead = self._worked = 0.0
        self._told_late = False
        self._shop: Workshop | None = None
        self._step_returns = 0.0
        self._peaks: dict[str, int] = {}
        self._counts: dict[str, int] = {}
        self._spent: dict[str, float] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if error is None:
            self._say("finished", exit_code=0, time_left=0.0)
            return
        code = error.code if isinstance(error, TaxGapError) else type(error).__name__
        if self._shop is not None and (self._shop.folder / DONE).is_dir():
            with suppress(TaxGapError, OSError):  # what ended it may be that nothing can be written
                self._shop.end({"error": code, "exit_status": exit_status(error)})
        event: Event = "deadline" if isinstance(error, DeadlineError) else "failed"
        self._say(event, error=code, exit_code=exit_status(error))

    def begin(self, folder: Path, plan: Plan, returns: Sequence[int]) -> None:
        """Begin to count a run, or go on with one.

        Parameters
        ----------
        folder : Path
            In which it is made.
        plan : Plan
        returns : sequence of int
            By partition, as far as that is known.
        """
        self._shop = Workshop(folder)
        self._shop.end(None)
        self._steps = _divide(plan, returns)
        if not _explains_at_once(plan):
            self._effort = EFFORT | {COMPLETE: EFFORT_AGAIN}
        self._ahead = self._from(next(iter(self._steps)))
        run_id, resumed = _take_id(folder)
        self._state = replace(self._state, run_id=run_id, returns=round(sum(returns)), about=label_run(plan))
        self._say("resumed" if resumed else "began")

    def step(self, step: str, earlier: Mapping[int, Facts]) -> None:
        """Begin a step of which some parts were done earlier."""
        parts, self._ahead = self._steps[step], self._from(step)
        for number, facts in earlier.items():
            self._ahead -= self._effort[step] * parts[number]
            # Their processes have ended: what they held is no part of what this go takes.
            self._count({name: fact for name, fact in facts.items() if name != "process"})
        self._step_began, self._step_returns = monotonic(), 0.0
        done = sum(parts[number] for number in earlier)
        self._state = replace(
            self._state,
            step=step,
            done=len(earlier),
            parts=len(parts),
            returns_done=round(done),
            returns=round(sum(parts)),
            returns_per_second=None,
        )
        self._say("step")

    def part(self, number: int, facts: Facts) -> None:
        """Note that a part of the step is done."""
        state, returns = self._state, self._steps[self._state.step][number]
        self._count(facts)
        self._step_returns += returns
        self._worked += self._effort[state.step] * returns
        self._ahead -= self._effort[state.step] * returns
        self._state = replace(
            state,
            done=state.done + 1,
            returns_done=min(state.returns, round(state.returns_done + returns)),
            returns_per_second=_divided(self._step_returns, monotonic() - self._step_began),
        )
        self._say("part")
        left = self._state.time_left
        if self._deadline and left is not None and left > self._deadline.left and not self._told_late:
            self._told_late = True
            self._say("late")

    def part_across(self) -> None:
        """Note that a partition was looked across; the second look at some of them is not counted."""
        if self._state.done < self._state.parts:
            self.part(self._state.done, {})

    def wrote(self, size: int) -> None:
        """Note how many bytes were written in all."""
        self._state = replace(self._state, written=size)

    def how_far(self) -> str:
        """Say how far the run has come."""
        state = self._state
        return f"{state.step}: {state.done:,} of {state.parts:,} parts" if state.step else ""

    def _from(self, step: str) -> float:
        """Say how much work there is from a step on."""
        names = list(self._steps)
        later = names[names.index(step) :]
        return sum(self._effort[name] * sum(self._steps[name]) for name in later)

    def _count(self, facts: Facts) -> None:
        counts = dict(facts.get("returns", {}))
        counts["rejected"] = sum(each["rejected"] for each in facts.get("rows", {}).values())
        files = facts.get("files", {}).items()
        counts["not_filed"] = sum(each["rows"] for name, each in files if name.startswith(f"{NOT_FILED}/"))
        add_counts(self._counts, {name: counts.get(name, 0) for name in ("scored", "rejected", "not_filed")})
        for section, seconds in facts.get("seconds", {}).items():
            self._spent[section] = self._spent.get(section, 0.0) + seconds
        if "process" in facts:
            process, peak = facts["process"]
            self._peaks[process] = max(peak, self._peaks.get(process, 0))

    def _say(self, event: Event, **given: Any) -> None:
        seconds, self._peaks[PROCESS] = monotonic() - self._began, read_peak()
        each = sum(self._effort[step] for step in self._steps)  # what a return takes, through all steps
        pace = _divided(self._worked, seconds * each)
        told: dict[str, Any] = {
            "event": event,
            "seconds": seconds,
            "pace": pace,
            "time_left": max(self._ahead, 0.0) / each / pace if pace else None,
            "peak_memory": sum(self._peaks.values()),
            "processes": len(self._peaks),
            "counts": dict(self._counts),
            "spent": dict(self._spent),
        }
        self._state = replace(self._state, **(told | given))
        self._tell(self._state)


def exit_status(error: BaseException) -> int:
    """Return the exit status of a run that ended with an error.

    Examples
    --------
    >>> exit_status(DeadlineError("Late.")), exit_status(KeyboardInterrupt()), exit_status(SystemExit(143))
    (7, 130, 143)
    """
    if isinstance(error, Exception):
        return error.exit_code if isinstance(error, TaxGapError) else 1
    given = error.code if isinstance(error, SystemExit) else None
    return given if isinstance(given, int) else INTERRUPTED


def label_run(plan: Plan) -> dict[str, str]:
    """Say what is scored, with which model, as labels of the figures of a run."""
    settings = plan.settings
    return {
        "regime": plan.regime,
        "model_id": plan.model_id,
        "as_of": plan.as_of,
        "reasons": str(settings["reasons"]),
        "explain_share": f"{settings['explain_share']:g}",
        "checked": str(settings["validate"]).lower(),
        "contributions": str(plan.contributions).lower(),
    }


def _divide(plan: Plan, returns: Sequence[int]) -> dict[str, list[float]]:
    """Say how many returns each part of each step stands for."""
    batches = [float(sum(returns[number] for number in batch)) for batch in plan.batches]
    explains = plan.score_settings(None).explains
    slices = [sum(returns) / SLICES] * SLICES if explains else []
    across = {ACROSS: [float(count) for count in returns]} if plan.settings["validate"] else {}
    peers = {PEERS: batches} if plan.refit_peers else {}
    return {**across, **peers, LOOK: batches, LIKELIHOOD: slices, COMPLETE: batches}


def _explains_at_once(plan: Plan) -> bool:
    settings = plan.score_settings(None)
    return settings.explains_all or not settings.explains


def _take_id(folder: Path) -> tuple[str, bool]:
    """Return the name of a run, and whether it was begun before."""
    path = folder / WORK / "run.json"
    if path.is_file():
        return str(read_json(path)["run_id"]), True
    run_id = uuid4().hex
    write_json(path, {"run_id": run_id})
    return run_id, False


def _divided(amount: float, seconds: float) -> float | None:
    return amount / seconds if amount > 0 and seconds > 0 else None
