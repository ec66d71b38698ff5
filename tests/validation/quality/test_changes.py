"""Planted losses of quality are named, and nothing else is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import UsageError
from taxgap.records import Records
from taxgap.schemas import TABLES
from taxgap.schemas.codes import REGION_NATION, REGIONS
from taxgap.schemas.table import code_levels
from taxgap.synthetic import generate
from taxgap.validation import validate
from taxgap.validation.quality.text import worse_of

YEARS = {"2021-22": 2021, "2022-23": 2022, "2023-24": 2023}
SOURCES = ["bank", "platform", "employer"]
FIRMS = 2400
DAY = "datetime64[ms]"


def quality_of(records):
    return validate(records, quality=True).quality


def coded(table: str, column: str, values) -> pd.Categorical:
    return pd.Categorical(values, categories=code_levels(TABLES[table])[column])


@pytest.fixture(scope="module")
def many():
    """2,400 companies, and three reports of each in each of three years; nothing amiss with them."""
    number = np.arange(FIRMS)
    region = np.array(REGIONS)[number % len(REGIONS)]
    received = pd.Series(pd.Timestamp("2020-05-01"), number).astype(DAY)
    firms = pd.DataFrame(
        {
            "taxpayer_id": [f"F{place:05d}" for place in number],
            "utr": "1123456783",
            "nino": pd.Series([None] * FIRMS, dtype="str"),
            "company_number": "99000001",
            "legal_form": coded("taxpayers", "legal_form", ["company"] * FIRMS),
            "sic2007": pd.Series(["43210"] * FIRMS, dtype="str"),
            "region": coded("taxpayers", "region", region),
            "nation": coded("taxpayers", "nation", [REGION_NATION[name] for name in region]),
            "combined_authority": pd.Series([None] * FIRMS, dtype="str"),
            "birth_year": np.nan,
            "received_on": received,
        }
    )
    return {"taxpayers": firms, "third_party": reports(firms)}


def reports(firms: pd.DataFrame) -> pd.DataFrame:
    random = np.random.default_rng(11)
    frames = []
    for (period, year), source in ((pair, source) for pair in YEARS.items() for source in SOURCES):
        end = pd.Timestamp(year=year + 1, month=4, day=5)
        late = pd.to_timedelta(random.integers(20, 40, FIRMS), unit="D")
        frame = pd.DataFrame(
            {
                "report_id": f"{source}{year}" + firms["taxpayer_id"],
                "taxpayer_id": firms["taxpayer_id"],
                "source": coded("third_party", "source", [source] * FIRMS),
                "reporter_id": pd.Series([None] * FIRMS, dtype="str"),
                "period": pd.Series([period] * FIRMS, dtype="str"),
                "period_start": pd.Series(pd.Timestamp(year=year, month=4, day=6), firms.index).astype(DAY),
                "period_end": pd.Series(end, firms.index).astype(DAY),
                "amount": 10.0,
                "tax_deducted": 0.0,
                "transactions": np.where(random.random(FIRMS) < 0.4, 3.0, np.nan),
                "received_on": pd.Series(end + late, firms.index).astype(DAY),
            }
        )
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


@pytest.fixture
def damaged(many):
    return {name: frame.copy() for name, frame in many.items()}


def look(frames):
    return quality_of(Records.from_frames(frames, as_of="2026-03-31"))


def named(profile) -> list[tuple[str, ...]]:
    return [
        (row["table"], row["column"], row["group"], row["measure"], row["region"])
        for row in worse_of(profile).to_dict("records")
    ]


def last_bank(table: pd.DataFrame) -> pd.Series:
    return (table["source"] == "bank") & (table["period"] == "2023-24")


def test_nothing_is_named_where_nothing_is_wrong(many) -> None:
    profile = look(many)
    changes = profile.changes()
    assert named(profile) == []
    assert set(changes["by"]) == {"year", "region"}
    assert (changes["low"] <= changes["difference"]).all()
    assert (changes["difference"] <= changes["high"]).all()
    assert profile.silent.empty


def test_planted_losses_are_named_and_nothing_else(damaged) -> None:
    random = np.random.default_rng(5)
    firms, table = damaged["taxpayers"], damaged["third_party"]
    bank = last_bank(table)
    table.loc[bank, "received_on"] += pd.Timedelta(days=60)
    table.loc[bank & (random.random(len(table)) < 0.03), "amount"] = -1.0
    firms.loc[(firms["region"] == "Wales") & (random.random(FIRMS) < 0.3), "sic2007"] = None
    copies = table[(table["period"] == "2023-24") & (random.random(len(table)) < 0.02)]
    damaged["third_party"] = pd.concat([table, copies], ignore_index=True)
    found = named(look(damaged))
    assert found[0] == ("third_party", "", "bank", "timeliness", "all")
    assert ("taxpayers", "sic2007", "company", "completeness", "Wales") in found
    assert ("third_party", "amount", "bank", "validity", "all") in found
    uniqueness = {("third_party", "", source, "uniqueness", "all") for source in SOURCES}
    assert uniqueness <= set(found)
    assert len(found) == 3 + len(uniqueness)


def test_the_difference_is_that_of_the_shares(damaged) -> None:
    table = damaged["third_party"]
    table.loc[table.index[last_bank(table)][:240], "amount"] = np.nan
    row = worse_of(look(damaged)).iloc[0]
    assert (row["measure"], row["year"], row["cases"], row["cases_before"]) == (
        "completeness",
        "2023-24",
        2400,
        4800,
    )
    assert (row["share"], row["share_before"]) == (0.9, 1.0)
    assert row["low"] < -0.1 < row["high"] < 0


def test_a_region_that_is_bad_in_the_latest_year_only_is_named_for_it(damaged) -> None:
    table, firms = damaged["third_party"], damaged["taxpayers"]
    in_london = table["taxpayer_id"].isin(firms.loc[firms["region"] == "London", "taxpayer_id"])
    rows = table.index[in_london & last_bank(table)]
    table.loc[rows[::4], "amount"] = -1.0
    worse = worse_of(look(damaged))
    first = worse[worse["by"] == "region"].iloc[0]
    assert (first["region"], first["year"], first["column"]) == ("London", "2023-24", "amount")


def test_unknown_codes_of_a_source_are_named_and_the_source_is_missed(damaged) -> None:
    table = damaged["third_party"]
    bank = last_bank(table)
    table["source"] = table["source"].astype(object)
    table.loc[bank, "source"] = "BNK"
    profile = look(damaged)
    assert named(profile) == [("third_party", "source", "all", "validity", "all")]
    assert profile.silent[["table", "group", "rows", "fewest_before"]].to_numpy().tolist() == [
        ["third_party", "bank", 0, FIRMS]
    ]
    assert "third_party, source bank: 0 rows in 2023-24" in profile.to_text()


def test_a_change_for_the_better_is_not_named(damaged) -> None:
    table = damaged["third_party"]
    earlier = (table["source"] == "bank") & (table["period"] != "2023-24")
    table.loc[table.index[earlier][::3], "amount"] = -1.0
    worse = worse_of(look(damaged))
    assert not (worse["by"] == "year").any()


def test_groups_of_few_cases_are_left_out_and_counted(many) -> None:
    few = {name: frame.iloc[:20] for name, frame in many.items()}
    profile = look(few)
    assert len(profile.changes()) == 0
    assert profile.left_out == 0  # no year has enough rows at all
    table = many["third_party"]
    scarce = table[~last_bank(table) | (np.arange(len(table)) % 100 == 0)]
    profile = look(many | {"third_party": scarce})
    changes = profile.changes(by="year")
    assert "bank" not in set(changes.loc[changes["table"] == "third_party", "group"])
    assert profile.left_out > 0


def test_the_least_difference_is_the_users(damaged) -> None:
    table = damaged["third_party"]
    table.loc[table.index[last_bank(table)][:240], "amount"] = np.nan
    profile = look(damaged)
    assert profile.changes(smallest=0.2)["worse"].sum() == 0
    assert profile.changes(smallest=0.05)["worse"].sum() == 1


@pytest.mark.parametrize("asked", [{"by": "sector"}, {"rate": 0.0}, {"rate": 1.0}, {"smallest": -0.1}])
def test_what_cannot_be_asked_is_refused(many, asked) -> None:
    with pytest.raises(UsageError):
        look({}).changes(**asked)


@pytest.mark.long
def test_false_alarms_keep_to_their_rate_and_losses_are_found(tmp_path) -> None:
    alarms = []
    for seed in range(1, 9):
        generate(tmp_path / str(seed), taxpayers=8_000, years=4, seed=seed)
        records = Records.open(tmp_path / str(seed) / "records")
        alarms.append(len(worse_of(quality_of(records))))
        if seed <= 3:
            frames = plant({name: records.table(name) for name in records.tables}, seed)
            profile = quality_of(Records.from_frames(frames, as_of=str(records.as_of.date())))
            assert {row[:4] for row in named(profile)} == {
                ("third_party", "", "bank", "timeliness"),
                ("third_party", "source", "all", "validity"),
                ("taxpayers", "sic2007", "company", "completeness"),
                ("vat", "", "all", "uniqueness"),
            }
            assert profile.silent["group"].tolist() == ["card_processor"]
    assert sum(count > 0 for count in alarms) <= 1, alarms  # 5% of eight profiles, and room for chance


def plant(frames, seed: int):
    random = np.random.default_rng(seed)
    firms, table, vat = (frames[name] for name in ("taxpayers", "third_party", "vat"))
    blank = (firms["region"] == "London") & (random.random(len(firms)) < 0.08)
    firms.loc[blank, "sic2007"] = None
    last = table["period"] == table["period"].max()
    table.loc[last & (table["source"] == "bank"), "received_on"] += pd.Timedelta(days=60)
    unknown = last & (table["source"] == "card_processor")
    table["source"] = table["source"].astype(object)
    table.loc[unknown, "source"] = "CARD"
    copies = vat[(vat["period_end"] > "2024-04-05") & (random.random(len(vat)) < 0.03)]
    return frames | {"vat": pd.concat([vat, copies], ignore_index=True)}
