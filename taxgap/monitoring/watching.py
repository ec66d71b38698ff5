"""`monitor`: features, scores, reasons and outcomes against what a model was trained on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from taxgap.errors import IncompatibleError, UsageError
from taxgap.monitoring.drift import Counts, compare
from taxgap.monitoring.outcomes import judge_answers, judge_outcomes
from taxgap.monitoring.report import MonitoringReport
from taxgap.monitoring.retraining import advise
from taxgap.records import Records
from taxgap.records.periods import tax_year_of
from taxgap.regimes import Regime
from taxgap.risk.arrays import Bools, Floats
from taxgap.risk.labels import build_labels
from taxgap.risk.model import RiskModel
from taxgap.risk.observing import measure_cases
from taxgap.risk.portrait import describe_returns, read_parts
from taxgap.risk.reference import ALL, FLAGGED, Reference
from taxgap.risk.stability import holm
from taxgap.risk.suitability import check_records, peers_of, regime_of

SLICES = ("month", "region", "trade_group")
"""What comparisons can be divided by: month of receipt, region, trade group."""

SHARES = {"whole": 0.5, "slices": 0.25, "outcomes": 0.125, "answers": 0.125}
"""How the false-alarm rate is divided over the families; Holm's method holds it within each."""

SHARE_IN = 0.6
"""Share of the returns of the reference's latest year that must be in before a period is judged whole."""


def monitor(
    records: Records,
    model: RiskModel,
    *,
    reference: Reference | None = None,
    as_of: str | pd.Timestamp | None = None,
    periods: Sequence[str] | None = None,
    by: Sequence[str] = SLICES,
    false_alarm: float = 0.05,
    materiality: float = 0.002,
) -> MonitoringReport:
    """Hold what has come in against what a model was trained on, and raise alarms at a stated rate.

    Parameters
    ----------
    records : Records
    model : RiskModel
        From `taxgap.train`.
    reference : Reference, optional
        What it was trained on; that of its card when absent.
    as_of : str or Timestamp, optional
        See nothing received later; the date of the records when absent.
    periods : sequence of str, optional
        Tax years to judge; those after the reference when absent.
    by : sequence of {"month", "region", "trade_group"}
        What to divide the comparisons by, beside the whole.
    false_alarm : float, default 0.05
        The most probable that any alarm at all may be when nothing moved by more than its tolerance.
    materiality : float, default 0.002
        The least stability index that matters, however many returns there are.

    Returns
    -------
    MonitoringReport

    Raises
    ------
    UsageError
        An argument is out of range, or no period is new.
    IncompatibleError
        The model has no reference, or does not fit the records.

    Notes
    -----
    A comparison is of the spread over the reference's bins with that in its latest year: the population
    stability index. Its tolerance is three times the usual movement from one year of the reference to the
    next, and at least `materiality`. The test is whether the true index can lie within the tolerance
    (noncentral chi-square). The false-alarm rate is divided over four families: the whole (a half), slices
    (a quarter), outcomes and answers (an eighth each). Within each Holm's method holds for any dependence, so
    the probability of any false alarm in a report is at most the sum. Taxpayers who file in both years make
    it smaller still.

    A period of which fewer than 60% as many returns are in as in the reference's latest year is judged by
    month alone: who files early is not like the rest.
    """
    _check(by, false_alarm, materiality)
    view = records.known_at(as_of)
    regime, known = regime_of(model), reference or reference_of(model)
    check_records(view, regime, model)
    wanted = _choose_periods(view, known, periods)
    watch = _Watch(view, model, regime, known, wanted)
    counts = watch.count(by)
    whole = _describe_periods(known, counts)
    early = [row.period for row in whole.itertuples() if row.share_in < SHARE_IN]
    drift = compare(
        known, {key: held for key, held in counts.items() if not _too_early(key, early)}, materiality
    )
    outcomes, answers = watch.outcomes(), watch.answers()
    drift["alarm"] = _alarms(drift, false_alarm)
    outcomes["alarm"] = _reject(outcomes["p"], false_alarm * SHARES["outcomes"])
    answers["alarm"] = _reject(answers["p"], false_alarm * SHARES["answers"])
    alarms = _list_alarms(drift, outcomes, answers)
    score = drift[(drift["what"] == "score") & (drift["kind"] == ALL)].set_index("period")["psi"]
    retrain, reasons = advise(alarms, drift, _last_trained(model, known), regime.name)
    return MonitoringReport(
        model_id=model.model_id,
        regime=regime.name,
        as_of=str(view.as_of.date()),
        reference=tuple(known.years),
        periods=whole.assign(psi_score=whole["period"].map(score)),
        drift=drift,
        outcomes=outcomes,
        answers=answers,
        alarms=alarms,
        false_alarm=false_alarm,
        retrain=retrain,
        reasons=reasons,
        notes=tuple(f"{period} is not judged as a whole: too few returns are in." for period in early),
    )


def reference_of(model: RiskModel) -> Reference:
    """Return what a model was trained on, from its card.

    Raises
    ------
    IncompatibleError
        The card has none.
    """
    found = model.card_.get("reference")
    if not found:
        raise IncompatibleError(
            "The model's card has no reference to compare with.",
            remedy="Train it again with this version, or give `reference`.",
        )
    return Reference.from_dict(found)


class _Watch:
    """Records as they are watched: counts of what is compared, outcomes of enquiries, officers' answers."""

    def __init__(
        self, records: Records, model: RiskModel, regime: Regime, reference: Reference, periods: list[str]
    ) -> None:
        self.records, self.model, self.regime, self.reference = records, model, regime, reference
        self.periods = periods
        self.enquiries = self._read_enquiries()

    def _read_enquiries(self) -> pd.DataFrame:
        if "enquiries" not in self.records.tables:
            return pd.DataFrame(columns=["taxpayer_id", "period", "programme", "closed_on"])
        table = self.records.read("enquiries", periods=self.periods)
        return table[table["regime"] == self.regime.name]

    def count(self, by: Sequence[str]) -> dict[tuple[str, str, str], tuple[Floats, ...]]:
        """Count returns by bin and slice."""
        totals: dict[tuple[str, str, str], tuple[Floats, ...]] = {}
        codes = {f.name: f.code for f in self.regime.features}
        parts = read_parts(
            self.records,
            self.regime,
            names=[str(name) for name in self.model.feature_names_in_],
            peers=peers_of(self.model),
            periods=self.periods,
            partitions=self.records.partitions,
        )
        for X, slices in parts:
            frame = describe_returns(self.model, X, codes, self.reference.flag_from)
            for key, held in self.reference.count(frame, slices[["year", *by]]).items():
                before = totals.get(key)
                totals[key] = held if before is None else tuple(map(np.add, before, held))
        if not totals:
            raise UsageError(f"There are no returns of {', '.join(self.periods)}.", where="periods")
        return totals

    def outcomes(self) -> pd.DataFrame:
        """Return what closed enquiries found against what the model expected."""
        closed = self.enquiries["closed_on"].notna()
        cases = pd.DataFrame(columns=["period", "programme"])
        if closed.any():
            labels = build_labels(
                self.enquiries,
                regime=self.regime.name,
                as_of=self.records.as_of,
                material=self.model.material,
            )
            cases = labels.join(self._expect(labels["opened_on"]), how="inner")
            cases = cases.assign(
                period=_years(cases.index), weight=1.0 / cases["inclusion_probability"]
            ).reset_index(drop=True)
        keys = [tax_year_of(self.enquiries["period"]), self.enquiries["programme"].astype("object")]
        return judge_outcomes(cases, closed.groupby(keys).mean())

    def _expect(self, opened_on: pd.Series) -> pd.DataFrame:
        """Return what the model expected of cases when they were opened, as it was trained to."""
        observed = measure_cases(self.records, self.regime, opened_on, self.periods)
        if observed.empty:
            return pd.DataFrame(
                columns=["probability", "expected_tax"], dtype=np.float64, index=observed.index
            )
        X = self.regime.compare(observed, peers_of(self.model))[list(self.model.feature_names_in_)]
        told = {"probability": self.model.predict_proba(X)[:, 1], "expected_tax": self.model.expected_tax(X)}
        return pd.DataFrame(told, index=X.index)

    def answers(self) -> pd.DataFrame:
        """Return what officers said of this model's flags."""
        if "reviews" not in self.records.tables:
            return pd.DataFrame({"measure": [], "code": [], "value": [], "p": []})
        reviews = self.records.read("reviews")
        return judge_answers(reviews[reviews["model_id"] == self.model.model_id], self.records.as_of)


def _check(by: Sequence[str], false_alarm: float, materiality: float) -> None:
    unknown = [name for name in by if name not in SLICES]
    if isinstance(by, str) or unknown:
        raise UsageError("Comparisons cannot be divided so.", where="by", available=SLICES)
    if not 0 < false_alarm < 1:
        raise UsageError(f"false_alarm is {false_alarm}; it must lie between 0 and 1.", where="false_alarm")
    if not materiality > 0:
        raise UsageError(f"materiality is {materiality}; it must be above 0.", where="materiality")


def _choose_periods(records: Records, reference: Reference, periods: Sequence[str] | None) -> list[str]:
    last = reference.years[-1]
    chosen = [label for label in records.periods if label > last] if periods is None else list(periods)
    unknown = [label for label in chosen if label not in records.periods]
    if not chosen or unknown:
        raise UsageError(
            f"No tax year of the records comes after {last}, the last of the reference."
            if not chosen
            else f"The records hold no {', '.join(unknown)}.",
            where="periods",
            available=records.periods,
        )
    return chosen


def _describe_periods(reference: Reference, counts: Counts) -> pd.DataFrame:
    place = reference.names.index(FLAGGED)
    before = reference.counts[reference.years[-1], ALL, ALL][place]
    rows = [
        {
            "period": year,
            "returns": int(held[place].sum()),
            "share_in": reference.share * held[place].sum() / before.sum(),
            "flag_rate": held[place][1:].sum() / held[place].sum(),
            "flag_rate_before": before[1:].sum() / before.sum(),
        }
        for (year, kind, _), held in sorted(counts.items(), key=lambda item: item[0])
        if kind == ALL
    ]
    return pd.DataFrame(rows)


def _too_early(key: tuple[str, str, str], early: list[str]) -> bool:
    return key[0] in early and key[1] != "month"


def _alarms(drift: pd.DataFrame, false_alarm: float) -> Bools:
    whole = (drift["kind"] == ALL).to_numpy()
    alarm = np.zeros(len(drift), dtype=np.bool_)
    for rows, family in ((whole, "whole"), (~whole, "slices")):
        alarm[rows] = _reject(drift["p"][rows], false_alarm * SHARES[family])
    return alarm


def _reject(p: pd.Series, level: float) -> Bools:
    rejected = np.zeros(len(p), dtype=np.bool_)
    known = p.notna().to_numpy()
    rejected[known] = holm(p.to_numpy(dtype=np.float64)[known], level)
    return rejected


def _list_alarms(drift: pd.DataFrame, outcomes: pd.DataFrame, answers: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for row in drift[drift["alarm"]].sort_values(["kind", "psi"], ascending=[True, False]).itertuples():
        whole = row.kind == ALL
        where = "all returns" if whole else f"{row.kind} {row.slice}"
        sentence = (
            f"{row.period}, {where}: {row.column} moved by {row.psi:.3f} ({row.low:.3f} to {row.high:.3f}); "
            f"{row.tolerance:.3f} would be ordinary."
        )
        family = "whole" if whole else "slices"
        rows.append((family, row.period, row.column, where, row.psi, row.tolerance, row.p, sentence))
    for row in outcomes[outcomes["alarm"]].itertuples():
        sentence = (
            f"{row.period}: {row.measure} of random enquiries is {row.ratio:.2f} times what was expected "
            f"({row.low:.2f} to {row.high:.2f})."
        )
        rows.append(("outcomes", row.period, row.measure, row.programme, row.ratio, 1.25, row.p, sentence))
    for row in answers[answers["alarm"]].itertuples():
        sentence = (
            f"Officers: {row.measure} ({row.code}) is {row.recent:.2f} lately, {row.earlier:.2f} before."
        )
        rows.append(("answers", "", row.measure, row.code, row.recent / row.earlier, 1.25, row.p, sentence))
    return pd.DataFrame(
        rows, columns=["family", "period", "what", "where", "value", "tolerance", "p", "sentence"]
    )


def _last_trained(model: RiskModel, reference: Reference) -> str:
    return str((model.card_.get("training", {}).get("periods") or reference.years)[-1])


def _years(index: pd.Index) -> list[str]:
    labels = index.get_level_values("period").astype("str")
    return [str(label) for label in tax_year_of(pd.Series(labels))]
