"""The manifest of the scores: what was scored with what, what became of every row, and every file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from taxgap.batch.accounts import Accounts
from taxgap.batch.contribution_files import FOLDER as CONTRIBUTIONS
from taxgap.batch.earlier import MARKS
from taxgap.batch.files import FORMAT, FORMAT_VERSION
from taxgap.batch.noting import FOLDER as NOTES
from taxgap.batch.scorer import Scorer
from taxgap.batch.steps import MODEL, NOT_FILED, REJECTED, Bench, Facts
from taxgap.records.files import checksum
from taxgap.risk.storage import PEERS


def describe_run(bench: Bench, accounts: Accounts, files: Facts) -> dict[str, Any]:
    """Describe a run as plain data, without any clock time, so that the same run gives the same bytes."""
    plan, scorer = bench.plan, bench.scorer
    settings = {**plan.settings, "cutoff": scorer.cutoff, "periods": plan.periods}

    def within(folder: str) -> Facts:
        return {name: entry for name, entry in files.items() if name.startswith(f"{folder}/")}

    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "as_of": plan.as_of,
        "regime": plan.regime,
        "model_id": scorer.model_id,
        # Peers of the night's own are part of the model that scores, and of its name.
        **({"trained_model_id": plan.model_id} if scorer.model_id != plan.model_id else {}),
        "synthetic": bench.records.manifest.synthetic,
        "settings": settings,
        "columns": scorer.columns,
        "levels": _levels(scorer),
        "inputs": bench.records.manifest.files,
        **({"source": source} if (source := bench.records.manifest.made_by.get("source")) else {}),
        "versions": plan.versions,
        "peers": read_peers_checksum(bench.folder),
        "refit_peers": plan.refit_peers,
        "accounts": accounts.to_dict(),
        "outputs": {name: entry for name, entry in files.items() if not name.startswith("_")},
        "rejected": within(REJECTED),
        "not_filed": within(NOT_FILED),
        "noted": within(NOTES),
        "marks": within(MARKS),
        **({"contributions": within(CONTRIBUTIONS)} if plan.contributions else {}),
    }


def _levels(scorer: Scorer) -> dict[str, list[str]]:
    nobody = scorer.score_nobody()
    coded = [name for name, kind in nobody.dtypes.items() if isinstance(kind, pd.CategoricalDtype)]
    return {str(name): [str(level) for level in nobody[name].cat.categories] for name in coded}


def read_peers_checksum(folder: Path) -> str:
    """Return the checksum of the peers that a run keeps with its model."""
    return checksum(folder / MODEL / PEERS)
