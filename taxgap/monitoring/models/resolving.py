"""`resolve_model`: a folder that holds a model, or the champion of a shelf."""

from __future__ import annotations

from pathlib import Path

from taxgap.errors import IncompatibleError
from taxgap.monitoring.models.copies import check_copy
from taxgap.monitoring.models.log import LOG, read_log
from taxgap.monitoring.models.standing import Standing
from taxgap.records.files import read_json
from taxgap.risk.storage import CARD


def resolve_model(path: str | Path, regime: str | None = None) -> Path:
    """Return the folder of the model that a path stands for.

    Parameters
    ----------
    path : str or Path
        The folder of a model, or a shelf of models.
    regime : str, optional
        The tax; of a shelf the only one that has a champion where not given.

    Returns
    -------
    Path
        The folder itself, or that of the champion of the shelf.

    Raises
    ------
    IncompatibleError
        The folder is neither, or its model is of another regime.
    UsageError
        No model is champion of the regime, or several regimes have a champion and none was asked for; the
        error names what there is.
    InvalidDataError
        The log of the shelf is not what was written, or the champion's folder is not what was added.
    """
    folder = Path(path)
    if (folder / CARD).is_file():
        _check_regime(folder, regime)
        return folder
    if not (folder / LOG).is_file():
        raise IncompatibleError(
            f"There is neither a model ({CARD}) nor a shelf of models ({LOG}).",
            where=str(folder),
            remedy="Name a folder that `taxgap train` wrote, or a shelf.",
        )
    standing = Standing.of(read_log(folder).entries)
    champion = standing.places[standing.champions[standing.choose_regime(regime)]]
    check_copy(folder / champion.model_id, champion.card)
    return folder / champion.model_id


def _check_regime(folder: Path, regime: str | None) -> None:
    if regime is None:
        return
    own = read_json(folder / CARD).get("regime")
    if own != regime:
        raise IncompatibleError(
            f"The model is not of the regime {regime!r}.",
            where=str(folder),
            available=[str(own)] if own else (),
        )
