"""A saved model: a folder of text, one table and a card. No pickle, so that opening one runs nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from taxgap.errors import IncompatibleError, InvalidDataError, TaxGapError
from taxgap.records.files import check_format, checksum, new_folder, read_json, write_json
from taxgap.risk.calibration import ProbabilityCurve
from taxgap.risk.card import FORMAT, VERSION
from taxgap.risk.card_page import write_page
from taxgap.risk.fitting import FittedParts
from taxgap.risk.frames import FrameSpec
from taxgap.risk.intervals import AmountErrors
from taxgap.risk.upgrades import bring_forward

if TYPE_CHECKING:
    from taxgap.risk.model import RiskModel

CARD = "card.json"
PAGE = "card.md"
PEERS = "peers.parquet"
_TEXTS = {kind: f"{kind}.txt" for kind in ("expected_tax", "probability", "hours")}
# What the card holds beside the facts given to `annotate`.
_OWN = {
    *("format", "format_version", "model_id", "features", "classes", "named", "settings", "counts"),
    *("calibration", "rules", "checksums"),
}
_IDENTIFIERS = {"taxpayer_id", "enquiry_id", "utr", "vrn", "nino"}
_AGAIN = "Fetch the folder again from where it was saved."


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


def save(model: RiskModel, folder: str | Path, *, replace: bool = False) -> Path:
    """Write a fitted model to a folder, whole or not at all.

    Parameters
    ----------
    model : RiskModel
        A fitted model.
    folder : str or Path
        ``expected_tax.txt`` and ``probability.txt`` (LightGBM's text), ``peers.parquet`` where background
        rows are attached (sensitive: never publish it), ``card.md`` for people, and ``card.json`` with the
        SHA-256 of each.
    replace : bool, default False
        Replace a model that stands there, instead of refusing.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    UsageError
        If the folder exists and may not be replaced, or cannot be written.

    Notes
    -----
    Checksums show damage and careless changes; they are no signature. A folder that must be trusted needs the
    care of any other sensitive file.
    """
    target = Path(folder)
    with new_folder(target, replace=replace, marker=CARD) as draft:
        _write_files(model, draft)
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
    for name, expected in card["checksums"].items():
        _check_file(source / Path(name).name, expected)
    try:
        model = _rebuild(card, source, kind)
    except TaxGapError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise IncompatibleError("The card lacks what a model needs.", where=str(source / CARD)) from error
    # The name of a model depends on the format: one that was brought forward keeps the former as a note.
    if "former_model_id" not in card and model.model_id != card["model_id"]:
        raise IncompatibleError(
            "The files are not those of the model that the card names.",
            where=str(source / CARD),
            remedy=_AGAIN,
        )
    return model


def _write_files(model: RiskModel, folder: Path) -> None:
    for kind, text in model.parts_.texts.items():
        (folder / _TEXTS[kind]).write_bytes(text.encode())
    if model.peer_rows_ is not None:
        write_peer_rows(model.peer_rows_, folder / PEERS)
    card = model.card_
    (folder / PAGE).write_text(write_page(card), "utf-8")
    checksums = {path.name: checksum(path) for path in sorted(folder.iterdir())}
    card = {**card, "checksums": checksums}
    card["checksums"] = {**checksums, CARD: _hash_card(card)}
    write_json(folder / CARD, card)


def write_peer_rows(rows: pd.DataFrame, path: Path) -> None:
    """Write background rows as parquet; `pandas.read_parquet` gives them back with their types."""
    coded = [str(c) for c in rows.columns if isinstance(rows[c].dtype, pd.CategoricalDtype)]
    # pyarrow takes a list of columns here, and pandas hands it on.
    options: dict[str, Any] = {"use_dictionary": coded or False, "compression_level": 3}
    rows.to_parquet(path, index=False, compression="zstd", **options)


def _read_card(folder: Path) -> dict[str, Any]:
    path = folder / CARD
    try:
        card = read_json(path)
    except InvalidDataError as error:
        raise IncompatibleError(
            f"There is no model that can be read: {error.message}",
            where=str(path),
            remedy=f"Name a folder that `taxgap train` wrote. {_AGAIN}",
        ) from error
    check_format(card, name=FORMAT, version=VERSION, where=path)
    checksums = card.get("checksums")
    if not isinstance(checksums, dict) or not {CARD, _TEXTS["probability"]} <= set(checksums):
        raise IncompatibleError("The card lacks checksums.", where=str(path))
    own = checksums.pop(CARD)
    if _hash_card(card) != own:
        raise IncompatibleError("The card is not the one that was written.", where=str(path), remedy=_AGAIN)
    return bring_forward(card)


def _check_file(path: Path, expected: str) -> None:
    if not path.is_file():
        raise IncompatibleError("A file of the model is missing.", where=str(path), remedy=_AGAIN)
    if checksum(path) != expected:
        raise IncompatibleError(
            "A file of the model is damaged or was changed.", where=str(path), remedy=_AGAIN
        )


def _rebuild(card: dict[str, Any], folder: Path, kind: Callable[..., RiskModel] | None) -> RiskModel:
    from taxgap.risk.model import RiskModel  # noqa: PLC0415 - the model offers save and load itself

    calibration = card["calibration"]
    errors = calibration["amount_errors"]
    texts = {kind: folder / file for kind, file in _TEXTS.items() if file in card["checksums"]}
    parts = FittedParts(
        texts={kind: path.read_bytes().decode() for kind, path in texts.items()},
        offsets={kind: float(offset) for kind, offset in calibration["offsets"].items()},
        curve=ProbabilityCurve.from_dict(calibration["probability"]),
        errors=None if errors is None else AmountErrors.from_dict(errors),
        counts=card["counts"],
    )
    notes = {name: value for name, value in card.items() if name not in _OWN}
    model = (kind or RiskModel)(**card["settings"]).restore(
        FrameSpec.from_dict(card["features"], named=card["named"]), parts, notes, classes=card["classes"]
    )
    if PEERS in card["checksums"]:
        model.peer_rows_ = pd.read_parquet(folder / PEERS)
    return model


def _hash_card(card: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(card, sort_keys=True, allow_nan=False).encode()).hexdigest()
