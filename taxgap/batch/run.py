"""A run: its steps in their order, each over all of its parts, and the accounts in the end."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from taxgap.batch.accounts import Accounts
from taxgap.batch.files import MANIFEST
from taxgap.batch.jobs import Job, do_jobs, recall, recall_whole, record, refuse_broken
from taxgap.batch.manifest import describe_run, read_peers_checksum
from taxgap.batch.noting import write_noted
from taxgap.batch.pieces import FOLDER as WORK
from taxgap.batch.progress import ACROSS, Watch
from taxgap.batch.scorer import RANKED_BY
from taxgap.batch.steps import (
    COMPLETE,
    LIKELIHOOD,
    LOOK,
    MODEL,
    PEERS,
    SLICES,
    SOURCE,
    Bench,
    Facts,
    do_job,
)
from taxgap.peers import PeerGroups
from taxgap.records.files import write_json
from taxgap.records.light import lighten
from taxgap.records.processes import Run
from taxgap.records.workshop import Workshop
from taxgap.risk.model import RiskModel
from taxgap.validation.across import look_across

NOTED = "noted"
"""What is recorded once the partitions were looked across."""


@dataclass(frozen=True, eq=False)
class ScoreRun:
    """A run in its folder.

    Attributes
    ----------
    shop : Workshop
        The folder, and what of it is done.
    bench : Bench
    model : RiskModel
        As it was given; the run keeps a copy, with peers of its own if it draws them.
    run : callable
        Spreads jobs.
    watch : Watch
    threads : int or None
    """

    shop: Workshop
    bench: Bench
    model: RiskModel
    run: Run
    watch: Watch
    threads: int | None

    def work(self, max_rejected: float) -> None:
        """Do all steps, and write the manifest if the accounts balance.

        Raises
        ------
        UsageError
            The earlier run that is to be taken over had other peers.
        InvalidDataError, ThresholdError, DeadlineError, TaxGapError
            Nothing is delivered.
        """
        folder, plan = self.shop.folder, self.bench.plan
        if plan.settings["validate"] and recall_whole(folder, plan.digest, NOTED) is None:
            self._note()
        self._keep_model()
        if self.bench.earlier is not None:
            self.bench.earlier.earlier.check_peers(read_peers_checksum(folder))
        looks = self._do(LOOK, len(plan.batches))
        accounts = Accounts.add_up(plan.regime, looks)
        accounts.check_any(plan.as_of, plan.periods)
        accounts.check_rejected(max_rejected)
        self._rank()
        self._do(LIKELIHOOD, SLICES if self.bench.scorer.settings.explains else 0)
        done = self._do(COMPLETE, len(plan.batches))
        self._account(accounts, [*looks, *done])
        if (folder / WORK).is_dir():
            shutil.rmtree(folder / WORK)  # measures of taxpayers: better no scores than these in them

    def _account(self, accounts: Accounts, done: list[Facts]) -> None:
        """Hold what was written against what was read, and say in the manifest what there is."""
        folder = self.shop.folder
        noted = recall(folder, self.bench.digest, NOTED) or {"files": {}}
        files = {name: entry for facts in [noted, *done] for name, entry in facts["files"].items()}
        files = {name: entry for name, entry in files.items() if not name.startswith(WORK)}
        accounts.reconcile(
            {name: entry for name, entry in files.items() if not name.startswith("_")}, self.bench.records
        )
        refuse_broken(folder, files)
        self.watch.wrote(sum((folder / name).stat().st_size for name in files))
        write_json(folder / SOURCE, {"records": self.bench.plan.records})
        write_json(folder / MANIFEST, describe_run(self.bench, accounts, files))

    def _keep_model(self) -> None:
        """Keep a copy of the model, with peers drawn from these returns if they are to be."""
        folder, plan = self.shop.folder, self.bench.plan
        if (folder / MODEL).is_dir():
            return
        model = self.model
        if plan.refit_peers:
            self._do(PEERS, len(plan.batches))
            model = copy(model).attach_peers(PeerGroups.merge(self.bench.read_sketches()))
        model.save(folder / MODEL)

    def _do(self, step: str, parts: int) -> list[Facts]:
        """Do a step on the parts that are not done; return the facts of all."""
        folder, plan = self.shop.folder, self.bench.digest
        jobs = [Job(folder, plan, step, number, self.threads) for number in range(parts)]
        begin = partial(self.watch.step, step)
        return do_jobs(self.run, do_job, jobs, begin=begin, part=self.watch.part)

    def _note(self) -> None:
        """Look across the partitions for what must be unique, or known, over all of them."""
        folder, light = self.shop.folder, lighten(self.bench.records)
        self.watch.step(ACROSS, {})
        files: Facts = {}
        for partition, noted in enumerate(look_across(light, self._run_across)):
            files |= write_noted(folder, partition, noted)
        record(folder, self.bench.digest, NOTED, {"files": files})

    def _run_across(self, function: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Any]:
        for found in self.run(function, jobs):
            if found is not None:
                self.watch.part_across()
            yield found

    def _rank(self) -> None:
        bench, names = self.bench, [piece.name for piece in self.bench.pieces()]
        keys = {
            name: rows
            for name in names
            if (rows := bench.files("rows").read(name, list(RANKED_BY))) is not None
        }
        if not keys:
            return
        ranks = bench.scorer.rank(pd.concat(keys.values(), ignore_index=True))
        for name, own in _divide(ranks, keys):
            bench.files("ranks").write(name, own)


def _divide(ranks: pd.DataFrame, keys: dict[str, pd.DataFrame]) -> Iterator[tuple[str, pd.DataFrame]]:
    start = 0
    for name, rows in keys.items():
        yield name, ranks.iloc[start : start + len(rows)]
        start += len(rows)
