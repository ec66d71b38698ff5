"""A shelf of models: a folder with one sub-folder a model, and the log of what was decided."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from taxgap.errors import InvalidDataError, TaxGapError, ThresholdError, UsageError
from taxgap.monitoring.models.comparison import compare_models
from taxgap.monitoring.models.copies import check_copy, copy_model, hash_card, is_copy
from taxgap.monitoring.models.entries import Action, Entry, name_user, read_reason
from taxgap.monitoring.models.listing import ModelList, list_models
from taxgap.monitoring.models.log import LOG, Log, append, locked, read_log
from taxgap.monitoring.models.standing import Place, Standing
from taxgap.monitoring.models.verdict import WORSE, ModelComparison
from taxgap.records import Records
from taxgap.risk.model import RiskModel
from taxgap.risk.suitability import regime_of


@dataclass(frozen=True)
class ModelShelf:
    """Models in one folder, of which one a regime is champion.

    Parameters
    ----------
    folder : Path
        Holds the models by their identifiers, and ``log.jsonl``. The champion is what the log says last;
        nothing else stores it.

    Notes
    -----
    Every method that decides adds one line to the log, or none if it raises. Two writers at once wait for
    each other. `by` is who decides; the user of the system where not given.
    """

    folder: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "folder", Path(self.folder))

    def standing(self) -> Standing:
        """Return who is champion, and what else there is.

        Raises
        ------
        UsageError
            The folder is no shelf.
        InvalidDataError, IncompatibleError
            The log is not what was written, or is of a newer format.
        """
        if not (self.folder / LOG).is_file():
            raise UsageError(
                "The folder is no shelf of models.",
                where=str(self.folder),
                remedy="Add a model to make it one: taxgap model add MODEL_FOLDER.",
            )
        return Standing.of(read_log(self.folder).entries)

    def history(self) -> tuple[Entry, ...]:
        """Return the entries of the log, oldest first."""
        return read_log(self.folder).entries

    def list_models(self) -> ModelList:
        """Return every model with its role and the main measures of its card."""
        return list_models(self.standing(), self.folder)

    def path(self, model_id: str) -> Path:
        """Return the folder of a model that is on the shelf."""
        return self.folder / self.standing().find(model_id).model_id

    def load(self, model_id: str) -> RiskModel:
        """Read a model of the shelf, after checking that it is the one that was added.

        Raises
        ------
        InvalidDataError, IncompatibleError
            Its folder is missing, damaged or another.
        """
        return self._load(self.standing().find(model_id))

    def add(self, model: str | Path, *, by: str | None = None) -> Place:
        """Copy a saved model to the shelf, whole or not at all.

        Parameters
        ----------
        model : str or Path
            The folder of a model.
        by : str, optional
            Who decides.

        Returns
        -------
        Place
            A challenger, until it is promoted. A model that is there already stays what it is.

        Raises
        ------
        IncompatibleError
            The folder is no model that loads, or the model names no known regime.
        UsageError
            Another model with this identifier is there, or the shelf cannot be written.
        """
        source, who = Path(model), name_user(by)
        loaded = RiskModel.load(source)
        name, regime = loaded.model_id, regime_of(loaded).name
        with self._writing() as (log, standing):
            known = standing.places.get(name)
            card = hash_card(source)
            if known is not None and known.card != card:
                raise UsageError(
                    f"A model {name} is on the shelf, and it is not identical: its card says other things.",
                    where=str(self.folder / name),
                    remedy="Keep the one that is there, or make another shelf.",
                )
            if not (self.folder / name).exists():
                copy_model(source, self.folder / name)
            elif not is_copy(source, self.folder / name):
                raise UsageError(
                    f"A folder {name} stands on the shelf, and it is not identical.",
                    where=str(self.folder / name),
                    remedy="Remove it yourself if it is of no use, and add the model again.",
                )
            if known is not None:
                return known
            entry = Entry(
                action="add",
                regime=regime,
                model_id=name,
                by=who,
                previous_champion=standing.champion(regime),
                card=card,
            )
            return _place(append(self.folder, log, entry), name)

    def compare(
        self,
        challenger: str,
        records: Records,
        *,
        other: str | None = None,
        capacity_share: float = 0.05,
        evaluation_cases: int | None = None,
        seed: int = 0,
    ) -> ModelComparison:
        """Compare two models of the shelf on enquiries that neither was trained on.

        Parameters
        ----------
        challenger : str
            A model.
        records : Records
            With closed random enquiries of later tax years.
        other : str, optional
            What it is compared with; the champion of its regime where not given.
        capacity_share, evaluation_cases, seed
            As for `compare_models`.

        Returns
        -------
        ModelComparison

        Raises
        ------
        UsageError
            There is no champion, or both are the same model.
        IncompatibleError, NotIdentifiedError
            As `compare_models`.
        """
        standing = self.standing()
        place = standing.find(challenger)
        rival = standing.choose_regime(place.regime) if other is None else None
        against = standing.find(standing.champions[rival] if rival else str(other))
        return compare_models(
            self._load(place),
            self._load(against),
            records,
            capacity_share=capacity_share,
            evaluation_cases=evaluation_cases,
            seed=seed,
        )

    def promote(
        self,
        model_id: str,
        *,
        reason: str,
        by: str | None = None,
        records: Records | None = None,
        anyway: bool = False,
        capacity_share: float = 0.05,
        evaluation_cases: int | None = None,
    ) -> tuple[Place, ModelComparison | None]:
        """Make a model champion of its regime.

        Parameters
        ----------
        model_id : str
            A model of the shelf.
        reason : str
            Why, in free text.
        by : str, optional
            Who decides.
        records : Records, optional
            Compare it with the champion on these first; the log notes how that came out.
        anyway : bool, default False
            Promote it even if it is worse.
        capacity_share, evaluation_cases
            As for `compare_models`.

        Returns
        -------
        Place
            The champion.
        ModelComparison or None
            None without records, or where there was no champion to compare with.

        Raises
        ------
        UsageError
            It is champion already, or another run changed the champion meanwhile.
        ThresholdError
            It is worse than the champion.
        InvalidDataError, IncompatibleError, NotIdentifiedError
            A model is not the one that was added, or they cannot be compared.
        """
        who, why, standing = name_user(by), read_reason(reason), self.standing()
        place = standing.find(model_id)
        champion = standing.champion(place.regime)
        if champion == place.model_id:
            raise UsageError(f"The model {champion} is champion of {place.regime} already.", where="model_id")
        self._load(place)  # a champion that does not load would stop all scoring
        compared = note = None
        if records is not None and champion is not None:
            options = {"capacity_share": capacity_share, "evaluation_cases": evaluation_cases}
            compared = self.compare(place.model_id, records, **options)  # type: ignore[arg-type]
            note = compared.headline()
            if compared.verdict == WORSE and not anyway:
                raise ThresholdError(
                    f"It is not promoted. {note}",
                    where=str(self.folder),
                    remedy="Promote it with --anyway if you know better, and give the reason.",
                )
        return self._decide("promote", place, champion, by=who, reason=why, note=note), compared

    def rollback(self, *, reason: str, regime: str | None = None, by: str | None = None) -> Place:
        """Make the champion before the present one champion again.

        Parameters
        ----------
        reason : str
            Why, in free text.
        regime : str, optional
            The tax; the one that has a champion where not given.
        by : str, optional
            Who decides.

        Returns
        -------
        Place
            The champion.

        Raises
        ------
        UsageError
            There is no champion before, or several regimes have one and none was asked for.
        InvalidDataError, IncompatibleError
            The model is not the one that was added.

        Notes
        -----
        Promotions are undone one after another, the last one first: after promotions of A, B and C, two
        rollbacks lead to B and to A.
        """
        who, why, standing = name_user(by), read_reason(reason), self.standing()
        chosen = standing.choose_regime(regime)
        before = standing.champion_before(chosen)
        if before is None:
            raise UsageError(
                f"Before {standing.champion(chosen)} no model was champion of {chosen}.",
                where=str(self.folder),
                remedy="Promote another one instead.",
            )
        place = standing.places[before]
        self._load(place)
        return self._decide("rollback", place, standing.champion(chosen), by=who, reason=why)

    def _decide(
        self,
        action: Action,
        place: Place,
        champion: str | None,
        *,
        by: str,
        reason: str,
        note: str | None = None,
    ) -> Place:
        """Write what was decided when `champion` was champion, if that still holds."""
        name, regime = place.model_id, place.regime
        with self._writing() as (log, standing):
            moved = action == "rollback" and standing.champion_before(regime) != name
            if standing.champion(regime) != champion or moved:
                raise UsageError(
                    f"Another run made {standing.champion(regime)} champion of {regime} meanwhile.",
                    where=str(self.folder),
                    remedy="Look at taxgap model list, and decide again.",
                )
            entry = Entry(
                action=action,
                regime=regime,
                model_id=name,
                by=by,
                previous_champion=champion,
                reason=reason,
                note=note,
            )
            return _place(append(self.folder, log, entry), name)

    def _load(self, place: Place) -> RiskModel:
        try:
            check_copy(self.folder / place.model_id, place.card)
            return RiskModel.load(self.folder / place.model_id)
        except TaxGapError as error:
            raise InvalidDataError(
                f"The model {place.model_id} is not on the shelf as it was added: {error.message}",
                where=error.where,
                remedy="Add it again from where it was saved; remove its folder first if it is damaged.",
            ) from error

    @contextmanager
    def _writing(self) -> Iterator[tuple[Log, Standing]]:
        with locked(self.folder):
            log = read_log(self.folder)
            yield log, Standing.of(log.entries)


def _place(log: Log, name: str) -> Place:
    return Standing.of(log.entries).places[name]
