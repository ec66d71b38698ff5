"""From own tables or standard input to a delivery, as an operator does it."""

import io
import json
import sys

import duckdb
import numpy as np
import pandas as pd
import pytest

from taxgap.batch import Accounts
from taxgap.peers import PeerGroups
from taxgap.records import Records
from taxgap.records.ingestion import beside
from taxgap.records.ingestion.streams import ingest_stream
from taxgap.regimes import get_regime
from taxgap.risk.model import RiskModel

REGIME = "self_assessment"


@pytest.fixture(scope="module")
def returns(workshop):
    table = Records.open(workshop.records).table(REGIME)
    chosen = table["taxpayer_id"].unique()[:60]
    return table[table["taxpayer_id"].isin(chosen)].to_csv(index=False).encode()


@pytest.fixture(scope="module")
def lone_model(returns, tmp_path_factory):
    """A model of returns alone, without any other table."""
    with ingest_stream(io.BytesIO(returns), REGIME) as report:
        observed = get_regime(REGIME).measure(report.records)
    peers = PeerGroups.fit(observed)
    X = get_regime(REGIME).compare(observed, peers)
    luck = np.random.default_rng(1).random(len(X))
    amount = np.where(luck < 0.4, 1_500.0, 0.0)
    fitted = RiskModel(n_estimators=5, folds=2, threshold=0.1, allow_constant=True).fit(X, amount=amount)
    return fitted.attach_peers(peers).annotate(regime=REGIME).save(tmp_path_factory.mktemp("lone") / "model")


@pytest.fixture
def standard_input(monkeypatch):
    def give(content):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

    return give


def test_a_table_flows_from_standard_input_to_standard_output(
    taxgap, returns, lone_model, standard_input, tmp_path
):
    standard_input(returns)
    given = ["--table", REGIME, "--model", lone_model, "--reasons", 0]
    run = taxgap("score", "-", *given, "--out", "-")
    assert run.status == 0, run.err
    lines = run.out.splitlines()
    assert lines[0].startswith("taxpayer_id,period,regime,model_id,")
    assert f"Delivered {len(lines) - 1:,} rows" in run.err
    assert list(tmp_path.iterdir()) == []
    standard_input(returns)
    assert taxgap("score", "-", *given, "--out", tmp_path / "out", "-q").status == 0
    assert taxgap("deliver", tmp_path / "out", "-").out == run.out


def test_rows_of_standard_input_that_are_set_aside_are_told_with_their_reason(
    taxgap, returns, lone_model, standard_input
):
    rows = pd.read_csv(io.BytesIO(returns), dtype=str)
    rows.loc[3, "turnover"] = "-5"
    key = "/".join(rows.loc[3, ["taxpayer_id", "period", "version"]])
    given = ["score", "-", "--table", REGIME, "--model", lone_model, "--reasons", 0, "--out", "-"]
    for more in ([], ["--json"]):
        standard_input(rows.to_csv(index=False).encode())
        run = taxgap(*given, *more)
        assert run.status == 0, run.err
        told = next(line for line in run.err.splitlines() if key in line)
        assert "below_zero" in told or "turnover" in told
        assert f'"{rows.loc[3, "taxpayer_id"]}","{rows.loc[3, "period"]}"' not in run.out
    assert json.loads(told)["rejected"]["row"] == key


def test_a_table_from_standard_input_is_validated(taxgap, returns, standard_input):
    standard_input(returns)
    run = taxgap("validate", "-", "--table", REGIME, "--json")
    assert run.status == 0, run.err
    standard_input(returns.replace(b"2022-23", b"2022-24"))
    assert taxgap("validate", "-", "--table", REGIME).status == 3


def test_what_a_table_alone_cannot_do_is_said(taxgap, returns, workshop, standard_input, lone_model):
    standard_input(returns)
    run = taxgap("score", "-", "--table", REGIME, "--model", workshop.model, "--out", "-", "--json")
    assert run.status == 4
    assert "trained on this table alone" in run.error["remedy"]
    assert run.out == ""
    run = taxgap("score", "-", "--model", lone_model, "--out", "-")
    assert run.status == 2
    assert "Say --table NAME" in run.err


def test_own_tables_are_staged_and_a_run_that_was_left_off_goes_on(
    taxgap, returns, lone_model, tmp_path, monkeypatch
):
    (tmp_path / "extracts").mkdir()
    (tmp_path / "extracts" / f"{REGIME}.csv").write_bytes(returns)
    given = ["--model", lone_model, "--reasons", 0, "--workers", 1, "-q"]
    command = ["score", tmp_path / "extracts", "--out", tmp_path / "out", *given]
    with monkeypatch.context() as patch:
        patch.setattr(Accounts, "check_rejected", _interrupt)  # after the looks
        assert taxgap(*command).status == 130
    assert (tmp_path / ".out.staged").is_dir()
    with monkeypatch.context() as patch:
        patch.setattr(beside, "ingest_by", _interrupt)
        run = taxgap(*command, "--resume")
    assert run.status == 0, run.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["extracts", "out"]
    assert taxgap("ingest", tmp_path / "extracts", "--out", tmp_path / "own", "-q").status == 0
    assert taxgap("score", tmp_path / "own" / "records", "--out", tmp_path / "again", *given).status == 0
    assert _bytes_of(tmp_path / "out") == _bytes_of(tmp_path / "again")
    assert b'"name": "extracts"' in _bytes_of(tmp_path / "out")["_manifest.json"]


def test_scores_are_delivered_after_the_run_and_again(taxgap, returns, lone_model, standard_input, tmp_path):
    standard_input(returns)
    given = ["--table", REGIME, "--model", lone_model, "--reasons", 0, "--out", tmp_path / "out"]
    target = tmp_path / "night.duckdb"
    run = taxgap("score", "-", *given, "--deliver", target, "--json")
    assert run.status == 0, run.err
    (delivery,) = run.data["deliveries"]
    with duckdb.connect(str(target)) as connection:
        assert connection.execute("SELECT count(*) FROM scores").fetchall() == [(delivery["rows"],)]
    again = taxgap("deliver", tmp_path / "out", target, "--json")
    assert (again.status, again.data["changed"]) == (0, False)
    run = taxgap("deliver", tmp_path / "out", tmp_path / "night.csv.gz")
    assert (run.status, "Delivered" in run.out) == (0, True)


def test_a_delivery_that_fails_after_the_run_says_how_to_do_it_again(
    taxgap, returns, lone_model, standard_input, tmp_path
):
    standard_input(returns)
    given = ["--table", REGIME, "--model", lone_model, "--reasons", 0, "--out", tmp_path / "out"]
    run = taxgap("score", "-", *given, "--deliver", tmp_path / "nowhere" / "night.duckdb", "-q")
    assert run.status == 2
    assert f"taxgap deliver {tmp_path / 'out'}" in run.err
    assert (tmp_path / "out" / "_manifest.json").is_file()
    run = taxgap("score", tmp_path, *given[2:], "--deliver", "postgresql://me:hunter2@server/night")
    assert run.status == 2
    assert "hunter2" not in run.err


def _interrupt(*_, **__):
    raise KeyboardInterrupt


def _bytes_of(folder):
    found = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    found.pop("_run/source.json", None)  # says where the records lay
    return {name: path.read_bytes() for name, path in found.items()}
