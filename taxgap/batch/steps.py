"""The steps of a run, each on its own part: what a worker does, wherever it works.

A step reads files and writes files, each whole or not at all, and records last that it is done, with the
checksum of all it wrote. So it can be done again, by anyone, and gives the same bytes. There are four:

- where peers are to be drawn from these returns, a sketch of every batch of partitions;
- a look at every batch of partitions: rows taken in and counted, returns scored and explained;
- the likelihood, by slices of the peer groups: what the first reason of flagged returns would be for it;
- completion of every batch: rank, flag and what the two steps before found become the files of the scores.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from pathlib import Path
from typing import Any

import pandas as pd

from taxgap.batch.balance import check_balance
from taxgap.batch.contribution_files import ContributionFiles
from taxgap.batch.earlier import MARKED, MARKS, ChangedReturns, EarlierRun
from taxgap.batch.explaining import Keep, Piece
from taxgap.batch.files import write_part, write_rows
from taxgap.batch.jobs import Benches, Job, check_plan, recall
from taxgap.batch.not_filed import find_not_filed
from taxgap.batch.noting import read_noted
from taxgap.batch.pieces import PieceFiles
from taxgap.batch.plan import Plan
from taxgap.batch.scorer import KEYS, Scorer
from taxgap.batch.scorer import LIKELIHOOD as LIKELIHOOD_CODE
from taxgap.batch.scoring import choose_told, pick_flagged
from taxgap.batch.taking import Taken, take_partition
from taxgap.peers import PER_GROUP, PeerSketch
from taxgap.records import Records
from taxgap.records.clock import Clock
from taxgap.records.files import read_json
from taxgap.records.partitions import part_name
from taxgap.records.periods import tax_year_of
from taxgap.records.workshop import PLAN
from taxgap.regimes import get_regime
from taxgap.risk.model import RiskModel
from taxgap.validation.across import Noted

Facts = dict[str, Any]
"""What is recorded of a job."""

PEERS, LOOK, LIKELIHOOD, COMPLETE = "peers", "look", "likelihood", "complete"

SLICES = 4
"""Parts into which the likelihood is divided, each with peer groups of its own."""

REJECTED, NOT_FILED = "_rejected", "_not_filed"  # readers of the scores as a folder pass over such names

SOURCE = "_run/source.json"
"""Where the records were. It is no part of what a run gives: the same records may stand elsewhere."""

MODEL = "_run/model"
"""The copy of the model that a run keeps, so that its figures can be made again."""


@dataclass(frozen=True, eq=False)
class Bench:
    """What a worker needs for the jobs of a run: opened once, used for all of them.

    Attributes
    ----------
    folder : Path
        That of the run.
    plan : Plan
    records : Records
        As they stood, the tables of the plan alone.
    threads : int or None
        That explain.
    """

    folder: Path
    plan: Plan
    records: Records
    threads: int | None

    @classmethod
    def open(cls, job: Job) -> Bench:
        """Open what the folder of a job names."""
        path = job.folder / PLAN
        plan = Plan.from_dict(read_json(path), path)
        return cls.of(job.folder, plan, Records.open(plan.records), job.threads)

    @classmethod
    def of(cls, folder: Path, plan: Plan, records: Records, threads: int | None) -> Bench:
        """Take what is open already."""
        return cls(folder, plan, records.known_at(plan.as_of).only(plan.tables), threads)

    @property
    def digest(self) -> str:
        """That of the plan."""
        return self.plan.digest

    @cached_property
    def scorer(self) -> Scorer:
        """The model of the run; it stands in the folder once the peers are drawn, if they are."""
        return Scorer(RiskModel.load(self.folder / MODEL), self.plan.score_settings(self.threads))

    @cached_property
    def earlier(self) -> ChangedReturns | None:
        """The earlier run that is taken over, if any."""
        return (
            None
            if self.plan.since is None
            else ChangedReturns(self.scorer, EarlierRun(Path(self.plan.since)))
        )

    def noted(self, partition: int) -> Noted | None:
        """Return what other partitions say of one; None where rows are trusted as they are."""
        return read_noted(self.folder, partition) if self.plan.settings["validate"] else None

    def pieces(self, number: int | None = None) -> list[Piece]:
        """List the pieces of a batch, or of all, after the first look; in the order of the returns."""
        numbers = range(len(self.plan.batches)) if number is None else [number]
        jobs = [Job(self.folder, self.digest, LOOK, each) for each in numbers]
        looks = [recall(self.folder, self.digest, job.name) for job in jobs]
        return sorted(Piece.named(name) for look in looks if look is not None for name in look["pieces"])

    def read_codes(self) -> pd.DataFrame:
        """Read what the slices found: `piece`, `place` and `code`."""
        parts = [
            part for number in range(SLICES) if (part := self.files("codes").read(f"{number}")) is not None
        ]
        return pd.concat(parts) if parts else pd.DataFrame(columns=["piece", "place", "code"])

    def read_sketches(self) -> Iterator[PeerSketch]:
        """Read what the batches drew to find peers; those without returns drew nothing."""
        for number in range(len(self.plan.batches)):
            sample, counts = (self.files(kind).read(f"{number}") for kind in ("peers", "peer_counts"))
            if sample is not None and counts is not None:
                yield PeerSketch(sample.set_index(KEYS), counts, PER_GROUP)

    def recall_codes(self, piece: str) -> pd.Series:
        """Read what the earlier run, if one is taken over, said of the likelihood; by place."""
        if self.plan.since is None or not self.scorer.settings.reasons:
            return pd.Series(dtype="str")
        rows = self.files("rows").read(piece, [LIKELIHOOD_CODE])
        return pd.Series(dtype="str") if rows is None else rows[LIKELIHOOD_CODE].dropna()

    def files(self, kind: str) -> PieceFiles:
        """Return the files of a kind: the `rows` of pieces, `likely` returns, `ranks`, `codes`.

        They stand by plan: a job that outlives its run would mix its own with those of the next.
        """
        return PieceFiles(self.folder, f"{self.digest}/{kind}")


_BENCHES = Benches(Bench.open)


def put_on_bench(bench: Bench) -> Bench:
    """Give this process what it would otherwise open, and return it."""
    return _BENCHES.put(bench)


def do_job(job: Job) -> Facts:
    """Do a step on one of its parts, record it, and return what is recorded."""
    return _BENCHES.do(job, _STEPS)


def _draw_peers(bench: Bench, number: int) -> Facts:
    """Sketch the returns of a batch of partitions, to draw peers from."""
    clock, whole = Clock(), None
    for _, _, measured in _take_batch(bench, number, clock):
        own = PeerSketch.of(measured)
        whole = own if whole is None else whole.join(own)
    if whole is None:
        return {"files": {}, "seconds": clock.seconds}
    files = bench.files("peers").write(f"{number}", whole.sample.reset_index())
    files |= bench.files("peer_counts").write(f"{number}", whole.counts)
    return {"files": files, "seconds": clock.seconds}


def _look(bench: Bench, number: int) -> Facts:
    """Take in, score and explain the returns of a batch of partitions."""
    clock, facts = Clock(), Facts(files={}, pieces={}, rows={}, returns={})

    def take() -> Iterator[tuple[int, pd.DataFrame]]:
        for partition, taken, measured in _take_batch(bench, number, clock):
            with clock.time("writing"):
                facts["files"] |= _write_beside(bench, partition, taken)
            for table, counts in taken.rows.items():
                add_counts(facts["rows"].setdefault(table, {}), counts)
            add_counts(facts["returns"], _count_returns(bench, partition, taken, measured))
            yield partition, measured

    keeps = bench.plan.contributions and bench.scorer.settings.explains_all
    with clock.time("model"), _contributions(bench, number, facts, wanted=keeps) as keep:
        for look in (bench.earlier or bench.scorer).look(take(), keep):
            with clock.time("writing"):
                facts["files"] |= bench.files("rows").write(look.piece.name, look.rows)
                likely = look.likely.assign(place=look.likely.index)
                facts["files"] |= bench.files("likely").write(look.piece.name, likely)
            facts["pieces"][look.piece.name] = len(look.rows)
    return facts | {"seconds": clock.seconds}


def _take_batch(bench: Bench, number: int, clock: Clock) -> Iterator[tuple[int, Taken, pd.DataFrame]]:
    """Yield the partitions of a batch, as they were taken in, and their returns, measured."""
    for partition in bench.plan.batches[number]:
        check_plan(bench.folder, bench.digest)  # whoever outlives a run writes no more than one partition
        with clock.time("checking"):
            taken = take_partition(bench.records, partition, bench.noted(partition))
        with clock.time("features"):
            measured = get_regime(bench.plan.regime).measure(taken.records, bench.plan.periods)
        yield partition, taken, measured


def _count_returns(bench: Bench, partition: int, taken: Taken, measured: pd.DataFrame) -> dict[str, int]:
    """Count what became of the kept rows of the returns: each is scored, or says why it is not.

    Raises
    ------
    TaxGapError
        A return was lost in measuring, or there is one too many.
    """
    periods, rows = bench.plan.periods, taken.records.read(bench.plan.regime, KEYS)
    wanted = rows["period"].isin(periods) | tax_year_of(rows["period"]).isin(periods)
    inside, returns = int(wanted.sum()), len(rows[wanted].drop_duplicates())
    check_balance(f"returns in {part_name(partition)}", returns, "returns measured", len(measured))
    return {"of_other_periods": len(rows) - inside, "superseded": inside - returns, "scored": len(measured)}


def _write_beside(bench: Bench, partition: int, taken: Taken) -> Facts:
    """Write what is not scored: rejected rows with their reasons, and who has not filed."""
    files: Facts = {}
    for table, rows in taken.rejected.items():
        files |= write_rows(bench.folder, f"{REJECTED}/{table}/{part_name(partition)}", rows)
    missing = find_not_filed(taken.records, bench.plan.regime, bench.plan.periods)
    if len(missing):
        files |= write_rows(bench.folder, f"{NOT_FILED}/{part_name(partition)}", missing)
    return files


def _name_likelihood(bench: Bench, number: int) -> Facts:
    """Say what the first reason of flagged returns would be for the likelihood, for a slice of the groups."""
    clock, found = Clock(), []
    with clock.time("model"):
        for piece in map(attrgetter("name"), bench.pieces()):
            likely, ranks = bench.files("likely").read(piece), bench.files("ranks").read(piece)
            if likely is None or ranks is None:
                continue
            flagged = pick_flagged(likely.set_index("place"), ranks)
            flagged = flagged.drop(bench.recall_codes(piece).index, errors="ignore")
            own = flagged[bench.scorer.explainer.place(flagged) % SLICES == number]
            found.append(own.assign(piece=piece, place=own.index))
        observed = pd.concat(found, ignore_index=True) if found else pd.DataFrame()
        if observed.empty:
            return {"files": {}, "seconds": clock.seconds}
        codes = bench.scorer.explainer.name_likelihood(observed)
        table = observed[["piece", "place"]].assign(code=codes)
    return {"files": bench.files("codes").write(f"{number}", table), "seconds": clock.seconds}


def _complete(bench: Bench, number: int) -> Facts:
    """Write the scores of a batch."""
    clock, facts = Clock(), Facts(files={})
    ranked = {piece: bench.files("ranks").read(piece.name) for piece in bench.pieces(number)}
    present = {piece: ranks for piece, ranks in ranked.items() if ranks is not None}
    with clock.time("model"):
        codes = bench.read_codes()
        again = _look_again(bench, number, present, clock, facts)
    for partition in bench.plan.batches[number]:
        pieces = [piece for piece in ranked if piece.partition == partition]
        with clock.time("writing"):
            frames = (_complete_piece(bench, piece, present, again, codes) for piece in pieces)
            facts["files"] |= write_part(bench.folder, part_name(partition), frames)
            facts["files"] |= _write_marks(bench, partition, pieces)
    return facts | {"seconds": clock.seconds}


def _write_marks(bench: Bench, partition: int, pieces: list[Piece]) -> Facts:
    """Keep what tells the next run whether a return is as it was."""
    found = [rows for piece in pieces if (rows := bench.files("rows").read(piece, list(MARKED))) is not None]
    marks = pd.concat(found) if found else pd.DataFrame({name: [] for name in MARKED})
    return write_rows(bench.folder, f"{MARKS}/{part_name(partition)}", marks)


def _look_again(
    bench: Bench, number: int, ranked: dict[Piece, pd.DataFrame], clock: Clock, facts: Facts
) -> dict[Piece, pd.DataFrame]:
    """Explain those of a batch whose rank is high enough, where not all were explained at the first look."""
    if bench.scorer.settings.explains_all or not bench.scorer.settings.explains:
        return {}
    wanted = {piece: ranks for piece, ranks in ranked.items() if ranks["explained"].any()}
    with _contributions(bench, number, facts, wanted=bench.plan.contributions) as keep:
        measured = ((part, rows) for part, _, rows in _take_batch(bench, number, clock))
        return dict(bench.scorer.look_again(measured, wanted, keep))


def _complete_piece(
    bench: Bench,
    piece: Piece,
    ranked: dict[Piece, pd.DataFrame],
    again: dict[Piece, pd.DataFrame],
    codes: pd.DataFrame,
) -> pd.DataFrame:
    rows = bench.files("rows").read(piece.name)
    if rows is None:
        return bench.scorer.score_nobody()
    if piece in again:
        rows = rows.join(again[piece].reset_index(drop=True))
    own = codes[codes["piece"] == piece.name].set_index("place")["code"]
    recalled = bench.recall_codes(piece.name)
    recalled = recalled[choose_told(ranked[piece])[recalled.index]]
    return bench.scorer.complete(rows, ranked[piece], pd.concat([own.astype("str"), recalled.astype("str")]))


@contextmanager
def _contributions(bench: Bench, number: int, facts: Facts, *, wanted: bool) -> Iterator[Keep | None]:
    """Give the function that writes the contributions of a batch, if wanted; note their files in the end."""
    if not wanted:
        yield None
        return
    about = {**bench.scorer.about, "as_of": bench.plan.as_of}
    with ContributionFiles(bench.folder, about) as beside:
        yield beside.keep
        beside.fill(bench.plan.batches[number], [*KEYS, *get_regime(bench.plan.regime).feature])
    facts["files"] |= beside.outputs


def add_counts(total: dict[str, int], more: dict[str, int]) -> None:
    """Add counts to those of the same names."""
    for name, count in more.items():
        total[name] = total.get(name, 0) + count


_STEPS = {PEERS: _draw_peers, LOOK: _look, LIKELIHOOD: _name_likelihood, COMPLETE: _complete}
