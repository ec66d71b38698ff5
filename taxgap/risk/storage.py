"""A saved model: a folder of text, one table and a card. No pickle, so that opening one runs nothing."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from taxgap.errors import IncompatibleError, InvalidDataError, UsageError
from taxgap.risk.calibration import ProbabilityCurve
from taxgap.risk.card import FORMAT, KIND
from taxgap.risk.fitting import FittedParts
from taxgap.risk.frames import FrameSpec
from taxgap.risk.intervals import AmountErrors

if TYPE_CHECKING:
    from taxgap.risk.model import RiskModel

CARD = "card.json"
PEERS = "peers.parquet"
_TEXTS = {"expected_tax": "expected_tax.txt", "probability": "probability.txt"}
# What the card holds beside the facts given to `annotate`.
_OWN = {"format", "kind", "model_id", "features", "settings", "counts", "calibration", "checksums"}
_IDENTIFIERS = {"taxpayer_id", "enquiry_id", "utr", "vrn", "nino", "name"}


def check_peer_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return background rows without their index.

    Parameters
    ----------
    rows : DataFrame
        Feature rows.

    Returns
    -------
    DataFrame

    Raises
    ------
    InvalidDataError
        If a column identifies taxpayers.

    Examples
    --------
    >>> check_peer_rows(pd.DataFrame({"margin": [0.2]}, index=["1234567890"])).index.tolist()
    [0]
    """
    identifying = sorted(_IDENTIFIERS & {str(c).lower() for c in rows.columns})
    if identifying:
        raise InvalidDataError(
            f"Background rows must not identify taxpayers; they hold {', '.join(identifying)}.", where="peers"
        )
    return rows.reset_index(drop=True)


def save(model: RiskModel, folder: str | Path, *, overwrite: bool = False) -> Path:
    """Write a fitted model to a folder, whole or not at all.

    Parameters
    ----------
    model : RiskModel
        A fitted model.
    folder : str or Path
        ``expected_tax.txt`` and ``probability.txt`` (LightGBM's text), ``peers.parquet`` where background rows
        are attached (sensitive: never publish it), and ``card.json`` with the SHA-256 of each.
    overwrite : bool, default False
        Whether a folder that is there may be replaced.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    UsageError
        If the folder exists and may not be replaced.

    Notes
    -----
    Checksums show damage and tampering by accident; they are no signature. A folder that must be trusted needs
    the care of any other sensitive file.
    """
    target = Path(folder)
    _check_target(target, overwrite)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        _write_files(model, draft)
        _move_into_place(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target


def load(folder: str | Path, kind: Callable[..., RiskModel] | None = None) -> RiskModel:
    """Read a model that `save` wrote; it predicts as it did, to the last bit.

    Parameters
    ----------
    folder : str or Path
        The folder.
    kind : callable, optional
        Makes the empty model from its settings; `RiskModel` where not given.

    Returns
    -------
    RiskModel
        With ``peer_rows_`` where background rows were saved; ``peers`` itself is for its owner to rebuild.

    Raises
    ------
    IncompatibleError
        If a file is missing, damaged or not what was written, or the format is newer than this code.
    """
    source = Path(folder)
    card = _read_card(source)
    for name, checksum in card["checksums"].items():
        _check_file(source / name, checksum)
    try:
        model = _rebuild(card, source, kind)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise IncompatibleError("The card lacks what a model needs.", where=str(source / CARD)) from error
    if model.model_id != card["model_id"]:
        raise IncompatibleError(
            "The files are not those of the model that the card names.",
            where=str(source / CARD),
            remedy="Fetch the folder again from where it was saved.",
        )
    return model


def _check_target(target: Path, overwrite: bool) -> None:
    if not target.exists():
        return
    if not overwrite:
        raise UsageError("The folder exists already.", where=str(target), remedy="Name another, or overwrite it.")
    if not (target / CARD).is_file():
        raise UsageError("Only a saved model is ever replaced; this is none.", where=str(target))


def _write_files(model: RiskModel, folder: Path) -> None:
    for kind, name in _TEXTS.items():
        (folder / name).write_bytes(model.parts_.texts[kind].encode())
    if model.peer_rows_ is not None:
        rows = model.peer_rows_
        coded = [str(c) for c in rows.columns if isinstance(rows[c].dtype, pd.CategoricalDtype)]
        options: dict[str, Any] = {"compression": "zstd", "compression_level": 3, "use_dictionary": coded or False}
        rows.to_parquet(folder / PEERS, index=False, **options)
    checksums = {path.name: _checksum(path.read_bytes()) for path in sorted(folder.iterdir())}
    card = {**model.card_, "checksums": checksums}
    card["checksums"][CARD] = _checksum(_serialise(card))
    (folder / CARD).write_bytes(_serialise(card))


def _move_into_place(draft: Path, target: Path) -> None:
    if not target.exists():
        draft.rename(target)
        return
    retired = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        target.rename(retired / "old")
        try:
            draft.rename(target)
        except OSError:
            (retired / "old").rename(target)
            raise
    finally:
        shutil.rmtree(retired, ignore_errors=True)


def _read_card(folder: Path) -> dict[str, Any]:
    path = folder / CARD
    try:
        card = json.loads(path.read_bytes())
    except OSError as error:
        raise IncompatibleError("There is no model here: its card is missing.", where=str(path)) from error
    except ValueError as error:
        raise IncompatibleError("The card cannot be read.", where=str(path)) from error
    if not isinstance(card, dict) or card.get("kind") != KIND or not isinstance(card.get("format"), int):
        raise IncompatibleError("This is not the card of a risk model.", where=str(path))
    if card["format"] > FORMAT:
        raise IncompatibleError(
            f"The model has format {card['format']}; this version of taxgap reads up to {FORMAT}.",
            where=str(path),
            remedy="Update taxgap.",
        )
    _check_card(card, path)
    return card


def _check_card(card: dict[str, Any], path: Path) -> None:
    checksums = card.get("checksums")
    if not isinstance(checksums, dict) or not {CARD, *_TEXTS.values()} <= set(checksums):
        raise IncompatibleError("The card lacks checksums.", where=str(path))
    own = checksums.pop(CARD)
    if _checksum(_serialise(card)) != own:
        raise IncompatibleError("The card is not the one that was written.", where=str(path))


def _check_file(path: Path, checksum: str) -> None:
    if not path.is_file():
        raise IncompatibleError("A file of the model is missing.", where=str(path))
    if _checksum(path.read_bytes()) != checksum:
        raise IncompatibleError(
            "A file of the model is damaged or was changed.",
            where=str(path),
            remedy="Fetch the folder again from where it was saved.",
        )


def _rebuild(card: dict[str, Any], folder: Path, kind: Callable[..., RiskModel] | None) -> RiskModel:
    from taxgap.risk.model import RiskModel  # noqa: PLC0415 - the model offers save and load itself

    calibration = card["calibration"]
    parts = FittedParts(
        texts={name: (folder / file).read_bytes().decode() for name, file in _TEXTS.items()},
        offset=float(calibration["offset"]),
        curve=ProbabilityCurve.from_dict(calibration["probability"]),
        errors=AmountErrors.from_dict(calibration["amount_errors"]),
        counts=card["counts"],
    )
    notes = {name: value for name, value in card.items() if name not in _OWN}
    model = (kind or RiskModel)(**card["settings"]).restore(FrameSpec.from_dict(card["features"]), parts, notes)
    if PEERS in card["checksums"]:
        model.peer_rows_ = pd.read_parquet(folder / PEERS)
    return model


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _serialise(card: dict[str, Any]) -> bytes:
    return (json.dumps(card, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
