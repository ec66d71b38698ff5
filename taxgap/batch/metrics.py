"""The figures of a run in a text file that Prometheus reads, replaced as the run goes on and at its end."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.exposition import write_to_textfile
from prometheus_client.parser import text_string_to_metric_families

from taxgap.batch.progress import Progress, exit_status
from taxgap.errors import BusyError, DeadlineError, InvalidDataError, UsageError

_LOG = logging.getLogger(__name__)

PREFIX = "taxgap_score_"
_READABLE = 0o644  # whatever the umask: it tells of nobody, and a collector is another user
STATES = ("running", "finished", "deadline", "failed")

_HELP = {
    "returns": "Returns that there are.",
    "returns_scored": "Returns scored.",
    "returns_not_filed": "Returns that were due and had not come.",
    "rows_rejected": "Rows of all tables that break a rule.",
    "parts": "Parts of the step that the run is at.",
    "parts_done": "Parts of that step that are done.",
    "job_seconds": "Seconds of the jobs by what they were spent on, of all processes together.",
    "elapsed_seconds": "Seconds since this go at the run began.",
    "returns_per_second": "Returns a second, through all steps, of what this go did.",
    "time_left_seconds": "Seconds until the scores are whole, at the pace so far.",
    "peak_memory_bytes": "The most that each process has held, added up.",
    "processes": "Processes that have reported.",
    "written_bytes": "Bytes of all that was delivered.",
    "started_timestamp_seconds": "When this go at the run began.",
    "last_success_timestamp_seconds": "When a run that writes this file last ended well.",
    "state": "1 for the state that the run is in.",
    "exit_status": "Exit status of the run; absent while it goes on.",
    "info": "What is scored, with which model.",
}


class RunMetrics:
    """Writes what a run tells into a text file, in the format that Prometheus' node exporter collects.

    Every series has the label ``run``, the name of the file without its ending, so that files of several
    taxes may lie in one folder. No label names a taxpayer. The file is replaced whole, when the run begins,
    when a part of it is done, and when the block ends, however it ends.

    Parameters
    ----------
    path : str or Path
        The file; collectors take those that end with ``.prom``.

    Raises
    ------
    UsageError
        The file cannot be written; told when the block begins.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with RunMetrics(Path(folder, "vat.prom")) as metrics:
    ...         metrics(Progress("part", counts={"scored": 7}))
    ...     read_metrics(Path(folder, "vat.prom"))["returns_scored"]
    7.0
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._last = Progress("began")
        self._started = _now()
        self._success: float | None = None

    def __enter__(self) -> Self:
        if self._path.is_file():
            self._success = read_metrics(self._path).get("last_success_timestamp_seconds")
        try:
            self._write("running", None)
        except OSError as error:
            raise UsageError(
                f"The metrics cannot be written: {error.strerror or type(error).__name__}.",
                where=str(self._path),
                remedy="Name a file in a folder that you may write to.",
            ) from error
        return self

    def __call__(self, progress: Progress) -> None:
        """Take what a run tells, and write it."""
        self._last = progress
        if progress.event in {"began", "resumed", "step", "part"}:
            self._try("running", None)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if isinstance(error, BusyError):
            return  # the run that holds the folder may be writing the same file
        if error is None:
            self._success = _now()
            self._try("finished", 0)
            return
        self._try("deadline" if isinstance(error, DeadlineError) else "failed", exit_status(error))

    def _try(self, state: str, status: int | None) -> None:
        try:
            self._write(state, status)
        except OSError as error:  # the scores are worth more than their figures
            _LOG.warning("The metrics cannot be written: %s.", error.strerror or type(error).__name__)

    def _write(self, state: str, status: int | None) -> None:
        registry, last = CollectorRegistry(), self._last
        gauges: dict[str, Gauge] = {}

        def put(name: str, value: float | None, **labels: str) -> None:
            if value is None:
                return
            if name not in gauges:
                gauges[name] = Gauge(PREFIX + name, _HELP[name], ["run", *labels], registry=registry)
            gauges[name].labels(self._path.stem, *labels.values()).set(value)

        for name, value in _figures(last).items():
            put(name, value)
        for section, seconds in last.spent.items():
            put("job_seconds", seconds, section=section)
        put("parts", last.parts, step=last.step)
        put("parts_done", last.done, step=last.step)
        for each in STATES:
            put("state", float(each == state), state=each)
        put("exit_status", status)
        put("started_timestamp_seconds", self._started)
        put("last_success_timestamp_seconds", self._success)
        put("info", 1, **last.about)
        write_to_textfile(str(self._path), registry)
        self._path.chmod(_READABLE)


def read_metrics(path: str | Path) -> dict[str, float]:
    """Read the figures that `RunMetrics` wrote.

    Returns
    -------
    dict of str to float
        By name, without the prefix. Of figures with labels of their own the name is followed by what the
        last label says: ``job_seconds:model``.

    Raises
    ------
    InvalidDataError
        There is no such file, or it is of another form.
    """
    found: dict[str, float] = {}
    for name, labels, value in _samples(path):
        own = [text for label, text in labels.items() if label != "run"]
        found[":".join([name, *own[-1:]]) if name != "info" else name] = value
    return found


def read_about(path: str | Path) -> dict[str, str]:
    """Read what is said of the run in the labels of ``taxgap_score_info``.

    Raises
    ------
    InvalidDataError
    """
    for name, labels, _ in _samples(path):
        if name == "info":
            return labels
    return {}


def _samples(path: str | Path) -> list[tuple[str, dict[str, str], float]]:
    try:
        families = list(text_string_to_metric_families(Path(path).read_text("utf-8")))
    except (OSError, ValueError) as error:
        raise InvalidDataError(
            "The metrics cannot be read.",
            where=str(path),
            remedy="Name the file that a run with --metrics wrote, or one that does not exist yet.",
        ) from error
    return [
        (sample.name.removeprefix(PREFIX), dict(sample.labels), float(sample.value))
        for family in families
        for sample in family.samples
    ]


def _figures(last: Progress) -> dict[str, float | None]:
    return {
        "returns": last.returns,
        "returns_scored": last.counts.get("scored", 0),
        "returns_not_filed": last.counts.get("not_filed", 0),
        "rows_rejected": last.counts.get("rejected", 0),
        "elapsed_seconds": last.seconds,
        "returns_per_second": last.pace,
        "time_left_seconds": last.time_left,
        "peak_memory_bytes": last.peak_memory,
        "processes": last.processes,
        "written_bytes": last.written or None,
    }


def _now() -> float:
    return datetime.now(UTC).timestamp()
