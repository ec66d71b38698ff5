from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import InvalidDataError, LeakError, NotIdentifiedError, UsageError
from taxgap.peers import PeerGroups
from taxgap.records import Records
from taxgap.records.periods import tax_year_of
from taxgap.risk import RiskModel, train, training
from taxgap.risk.windows import closed_share, split_periods

PERIODS = ["2020-21", "2021-22", "2022-23"]
AS_OF = "2025-06-30"
OPTIONS: dict[str, Any] = {"n_estimators": 8, "num_leaves": 7, "folds": 2, "trials": 1}


class FakeRegime:
    """A tax whose measures are at hand, as train() sees one."""

    name = "self_assessment"
    evaluation_cases = 500
    tables = ("enquiries", "self_assessment")
    code: ClassVar = {
        name: SimpleNamespace(title=name)
        for name in ("third_party.takings", "expenses.high", "margin.low", "timing.late")
    }
    directions: ClassVar = {"mismatch": 1, "expenses": 1, "margin": -1, "absent": 1}

    def __init__(self, observed: pd.DataFrame) -> None:
        self.observed = observed
        self.missing: list[str] = []
        self.asked: list[tuple[str, ...]] = []
        self.features = (
            SimpleNamespace(name="mismatch", code="third_party.takings", direction=1, relative=False),
            SimpleNamespace(name="expenses", code="expenses.high", direction=1, relative=False),
            SimpleNamespace(name="margin", code="margin.low", direction=-1, relative=False),
            SimpleNamespace(name="absent", code="timing.late", direction=1, relative=False),
        )

    def measure(self, records: Records, periods: Sequence[str], partition: int | None = None) -> pd.DataFrame:
        assert not partition
        assert "enquiries" in records.tables
        self.asked.append(tuple(periods))
        labels = pd.Series(self.observed.index.get_level_values("period"))
        return self.observed[tax_year_of(labels).isin(periods).to_numpy()]

    def compare(self, observed: pd.DataFrame, peers: PeerGroups) -> pd.DataFrame:
        return observed.assign(expenses=peers.position(observed, "expenses"))

    def missing_features(self, records: Records) -> list[str]:
        return self.missing if "enquiries" in records.tables else []


@pytest.fixture(scope="module")
def observed(population: Any) -> pd.DataFrame:
    return population.X.drop(columns=[c for c in population.X if c.startswith("noise")])


@pytest.fixture(scope="module")
def population(simulate: Any) -> Any:
    cases = simulate(3600, 5)
    taxpayers, periods = [f"T{i // 3:05d}" for i in range(3600)], PERIODS * 1200
    index = pd.MultiIndex.from_arrays([taxpayers, periods], names=["taxpayer_id", "period"])
    return SimpleNamespace(X=cases.X.set_axis(index), amount=cases.amount.set_axis(index))


@pytest.fixture(scope="module")
def enquiries(population: Any) -> pd.DataFrame:
    rng = np.random.default_rng(6)
    table = population.amount.rename("tax_found").reset_index()
    random = rng.random(len(table)) < 0.5
    opened = random | (rng.random(len(table)) < 0.1)
    return table.assign(
        enquiry_id=[f"E{i}" for i in range(len(table))],
        regime="self_assessment",
        programme=np.where(random, "random", "risk"),
        inclusion_probability=np.where(random, 0.5, 0.1),
        opening_probability=0.55,
        behaviour=np.where(table["tax_found"] > 0, "error", None),
        opened_on=pd.Timestamp("2024-01-01"),
        closed_on=pd.Timestamp("2024-12-01"),
        received_on=pd.Timestamp("2024-01-01"),
    )[opened]


@pytest.fixture
def regime(observed: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> FakeRegime:
    fake = FakeRegime(observed)
    monkeypatch.setattr(training, "get_regime", lambda _name: fake)
    return fake


@pytest.fixture(scope="module")
def trained(observed: pd.DataFrame, enquiries: pd.DataFrame) -> tuple[RiskModel, FakeRegime]:
    """A model trained on everything; do not change it."""
    fake = FakeRegime(observed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "get_regime", lambda _name: fake)
        return train(hold(enquiries), **OPTIONS), fake


def hold(enquiries: pd.DataFrame, **tables: pd.DataFrame) -> Records:
    return Records.from_frames({"enquiries": enquiries, **tables}, as_of=AS_OF)


def test_earlier_periods_train_and_the_latest_evaluates(
    trained: tuple[RiskModel, FakeRegime], enquiries: pd.DataFrame
) -> None:
    model, _ = trained
    card = model.card_
    drawn = enquiries[enquiries["programme"] == "random"]["period"].value_counts()
    assert card["regime"] == "self_assessment"
    assert card["training"]["periods"] == ["2020-21", "2021-22"]
    assert card["training"]["evaluation_period"] == "2022-23"
    assert card["training"]["as_of"] == AS_OF
    assert card["counts"]["cases"] == int((enquiries["period"] != "2022-23").sum())
    assert card["counts"]["calibration_cases"] == drawn["2020-21"] + drawn["2021-22"]
    measured = {(row["ranking"], row["metric"]): row for row in card["evaluation"]["metrics"]}
    assert measured["model", "auc"]["n"] == drawn["2022-23"]
    assert measured["model", "auc"]["value"] > measured["largest mismatch", "auc"]["value"]
    assert ("random", "auc") in measured
    assert model.monotone == {"mismatch": 1, "expenses": 1, "margin": -1}
    assert "2022-23" in model.summary()


def test_peers_come_from_all_returns_of_the_training_periods(
    trained: tuple[RiskModel, FakeRegime], observed: pd.DataFrame
) -> None:
    model, regime = trained
    assert isinstance(model.peers_, PeerGroups)
    trained = observed[observed.index.get_level_values("period") != "2022-23"]
    assert model.peer_rows_ is not None
    assert sorted(model.peer_rows_["margin"]) == sorted(trained["margin"])
    assert set(regime.asked) == {tuple(PERIODS), tuple(PERIODS[:2])}


def test_what_came_later_changes_nothing(regime: FakeRegime, enquiries: pd.DataFrame) -> None:
    later = enquiries.sample(200, random_state=0).assign(
        enquiry_id=[f"L{i}" for i in range(200)], tax_found=1e6, received_on=pd.Timestamp("2025-03-01")
    )
    closed_later = enquiries["period"].eq("2020-21") & (np.arange(len(enquiries)) % 7 == 0)
    day = pd.Timestamp("2025-02-01")
    known = enquiries.assign(closed_on=enquiries["closed_on"].mask(closed_later, day))
    unknown = known.assign(
        tax_found=known["tax_found"].mask(closed_later), closed_on=known["closed_on"].mask(closed_later)
    )
    one = train(hold(pd.concat([known, later])), as_of="2025-01-31", **OPTIONS)
    other = train(hold(unknown).known_at("2025-01-31"), **OPTIONS)
    assert one.model_id == other.model_id
    assert one.card_ == other.card_


def test_same_seed_same_model(
    regime: FakeRegime, trained: tuple[RiskModel, FakeRegime], enquiries: pd.DataFrame
) -> None:
    assert train(hold(enquiries), **OPTIONS).card_ == trained[0].card_
    assert train(hold(enquiries), seed=4, **OPTIONS).model_id != trained[0].model_id


def test_a_leak_is_refused_unless_waived(
    regime: FakeRegime, enquiries: pd.DataFrame, population: Any
) -> None:
    regime.observed = regime.observed.assign(margin=-population.amount)
    with pytest.raises(LeakError, match="margin"):
        train(hold(enquiries), **OPTIONS)
    model = train(hold(enquiries), waive=["margin"], **OPTIONS)
    assert {row["feature"] for row in model.card_["training"]["waived_leaks"]} == {"margin"}


def test_features_that_the_records_lack_are_left_out(regime: FakeRegime, enquiries: pd.DataFrame) -> None:
    regime.missing = ["mismatch"]
    model = train(hold(enquiries), **OPTIONS)
    assert "mismatch" not in model.feature_names_in_
    assert model.card_["training"]["missing_features"] == ["mismatch"]
    assert set(model.card_["reason_codes"]) == {"expenses", "margin"}


def test_turnover_is_a_baseline_where_it_is_declared(regime: FakeRegime, enquiries: pd.DataFrame) -> None:
    returns = enquiries[["taxpayer_id", "period"]].assign(
        turnover=1000.0, version=0, received_on=pd.Timestamp("2024-01-01")
    )
    last = returns.assign(version=1, turnover=np.arange(len(returns)) * 1.0)
    model = train(hold(enquiries, self_assessment=pd.concat([last, returns])), **OPTIONS)
    rows = [row for row in model.card_["evaluation"]["metrics"] if row["ranking"] == "turnover"]
    assert next(row["value"] for row in rows if row["metric"] == "auc") != 0.5


def test_a_model_trained_on_records_is_saved_whole(
    trained: tuple[RiskModel, FakeRegime], tmp_path: Any
) -> None:
    model, _ = trained
    loaded = RiskModel.load(model.save(tmp_path / "model"))
    assert loaded.card_ == model.card_
    assert loaded.summary() == model.summary()
    PeerGroups(loaded.peer_rows_)


def test_enquiries_without_a_return_are_counted(regime: FakeRegime, enquiries: pd.DataFrame) -> None:
    stray = enquiries.head(3).assign(taxpayer_id=["X1", "X2", "X3"], enquiry_id=["S1", "S2", "S3"])
    model = train(hold(pd.concat([enquiries, stray])), **OPTIONS)
    assert model.card_["training"]["enquiries_without_return"] == 3


def test_enquiries_into_nothing_are_refused(regime: FakeRegime, enquiries: pd.DataFrame) -> None:
    with pytest.raises(InvalidDataError, match=r"None of the .* closed enquiries is into a return"):
        train(hold(enquiries.assign(taxpayer_id="X" + enquiries["taxpayer_id"])), **OPTIONS)


def test_periods_can_be_chosen(regime: FakeRegime, enquiries: pd.DataFrame) -> None:
    model = train(hold(enquiries), periods=PERIODS[:2], **OPTIONS)
    assert model.card_["training"]["evaluation_period"] == "2021-22"


def test_unknown_settings_are_refused(regime: FakeRegime, enquiries: pd.DataFrame) -> None:
    for name in ("trees", "monotone", "random_state"):
        with pytest.raises(UsageError, match=f"No such settings: {name}"):
            train(hold(enquiries), **{name: 1})


def drawn(**counts: int) -> pd.DataFrame:
    rows = [(f"T{i}", period.replace("_", "-")[1:]) for period, count in counts.items() for i in range(count)]
    return pd.DataFrame(
        {"random": True}, index=pd.MultiIndex.from_tuples(rows, names=["taxpayer_id", "period"])
    )


def test_a_thin_latest_period_is_passed_over() -> None:
    window = split_periods(drawn(p2020_21=80, p2021_22=600, p2022_23=10))
    assert (window.train, window.evaluate) == (("2020-21",), "2021-22")


def test_a_period_whose_enquiries_are_mostly_open_is_passed_over() -> None:
    labels = drawn(p2020_21=600, p2021_22=600, p2022_23=600)
    window = split_periods(labels, closed={"2020-21": 1.0, "2021-22": 0.9, "2022-23": 0.4})
    assert (window.train, window.evaluate) == (("2020-21",), "2021-22")


def test_too_few_random_enquiries_are_said_in_words() -> None:
    with pytest.raises(
        NotIdentifiedError, match=r"500 closed random enquiries.*: 90 in 2020-21 .*, 80 in 2021-22"
    ):
        split_periods(drawn(p2020_21=90, p2021_22=80))
    with pytest.raises(
        NotIdentifiedError, match="Only 0 closed random enquiries are of periods before 2020-21"
    ):
        split_periods(drawn(p2020_21=600))


def test_months_belong_to_their_tax_year() -> None:
    months = drawn(p2022_12=300, p2023_03=300, p2023_04=300, p2024_03=250)
    window = split_periods(months, closed={"2022-23": 1.0, "2023-24": 0.9})
    assert (window.train, window.evaluate) == (("2022-23",), "2023-24")


def test_smaller_programmes_may_evaluate_where_that_is_asked() -> None:
    labels = drawn(p2021_22=200, p2022_23=160)
    assert split_periods(labels, cases=150).evaluate == "2022-23"
    with pytest.raises(NotIdentifiedError, match="a tax year needs 170 closed random enquiries"):
        split_periods(labels.tail(160), cases=170)


def test_the_share_closed_is_that_of_a_tax_year() -> None:
    some = pd.DataFrame(
        {
            "period": ["2022-12", "2023-03", "2023-04", "2023-04"],
            "programme": ["random", "random", "random", "risk"],
            "closed_on": pd.to_datetime(["2024-01-01", None, "2024-01-01", None]),
        }
    )
    assert closed_share(some) == {"2022-23": 0.5, "2023-24": 1.0}


def test_periods_of_months_train_by_tax_year(
    regime: FakeRegime, observed: pd.DataFrame, enquiries: pd.DataFrame
) -> None:
    months = {"2020-21": "2021-03", "2021-22": "2021-04", "2022-23": "2022-12"}
    regime.observed = observed.rename(index=months, level="period")
    regime.name, regime.evaluation_cases = "vat", 400
    returns = enquiries[["taxpayer_id", "period"]].assign(
        period=enquiries["period"].map(months),
        sales=np.arange(len(enquiries)) * 1.0,
        version=0,
        received_on=pd.Timestamp("2024-01-01"),
    )
    # Enquiries into another tax that are still open say nothing of how many are closed here.
    others = enquiries.assign(closed_on=pd.NaT, period=enquiries["period"].map(months))
    own = others.assign(regime="vat", closed_on=enquiries["closed_on"])
    card = train(hold(pd.concat([own, others]), vat=returns), "vat", **OPTIONS).card_
    assert card["training"]["periods"] == ["2020-21", "2021-22"]
    assert card["training"]["evaluation_period"] == "2022-23"
    assert card["training"]["evaluation_cases_asked"] == 400
    assert ("turnover", "auc") in {(row["ranking"], row["metric"]) for row in card["evaluation"]["metrics"]}
    assert set(regime.asked) == {tuple(PERIODS), tuple(PERIODS[:2])}
