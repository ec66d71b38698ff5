"""Linking people without identifiers, and capture and recapture over what was linked.

Run ``.venv/bin/python benchmarks/linking.py`` for all, or name parts: ``errors size records recapture``.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from taxgap.gap.beside import recapture_lists, recapture_two
from taxgap.gap.linking import LinkQuality, link_people
from taxgap.gap.linking.quality import PAIRS
from taxgap.records import Records, Truth
from taxgap.schemas.codes import REGIONS
from taxgap.synthetic import generate
from taxgap.synthetic.hidden import HIDDEN, person_ids
from taxgap.synthetic.identities import draw_identities, opaque
from taxgap.synthetic.spelling import ADDRESSES, POSTCODES, misdate, misspell
from taxgap.synthetic.streams import Streams
from taxgap.synthetic.timeline import ALL_YEARS

SEED = 7
SOURCES = ("bank", "platform", "card_processor")
YEAR = "2024-25"
FIRM = r"\b(?:ltd|limited|llp|plc|partners|co|sons)\b"
RATES = (0.0, 0.05, 0.10, 0.20, 0.30)


def write_list(people: pd.DataFrame, seed: int, name: str, rate: float, unknown: float = 0.1) -> pd.DataFrame:
    """Write people down with slips in a share of fields, and some dates and addresses unknown."""
    streams = Streams(seed, people.index.to_numpy())
    names = pd.Series(misspell(people["name"], streams, f"name {name}", rate), people.index)
    married = streams.happens(0.03 * (rate > 0), f"marries {name}")
    others = names.str.rsplit(n=1).str[-1].sample(frac=1, random_state=seed).to_numpy()
    names = names.where(~married, names.str.rsplit(n=1).str[0] + " " + others)
    written = pd.DataFrame(
        {
            "name": names,
            "birth_date": misdate(people["birth_date"], streams, name, rate / 3),
            "address": misspell(people["address"], streams, f"address {name}", rate, damages=ADDRESSES),
            "postcode": misspell(people["postcode"], streams, f"code {name}", rate, damages=POSTCODES),
        }
    )
    moved = streams.happens(0.03 * (rate > 0), f"moves {name}")
    written.loc[moved, ["address", "postcode"]] = written.loc[moved, ["address", "postcode"]].to_numpy()[::-1]
    for what in (["birth_date"], ["address", "postcode"]):
        written.loc[streams.happens(unknown, f"unknown {what} {name}"), what] = None
    return written


def make_people(count: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    numbers = np.arange(count)
    regions, years = rng.choice(REGIONS, count), rng.integers(1940, 2006, count)
    people = draw_identities(numbers, seed=seed, is_firm=False, region=regions, birth_year=years)
    return people.set_axis(numbers)


def judge(
    identities: Mapping[str, pd.Series],
) -> tuple[float, float, dict[tuple[str, str], tuple[int, int, int]]]:
    """Return precision and recall of pairs of records, the index being the truth, and people on two lists.

    The latter: linked, of these wrong, and right people not linked.
    """
    table = pd.concat(
        [
            pd.DataFrame({"found": who.to_numpy(), "true": who.index, "list": n})
            for n, who in identities.items()
        ]
    )

    def pairs(columns: list[str]) -> float:
        size = table.groupby(columns).size().to_numpy(dtype=np.float64)
        return float((size * (size - 1)).sum() / 2)

    right = pairs(["found", "true"])
    names, both = list(identities), {}
    for one, first in enumerate(names):
        for second in names[one + 1 :]:
            mine, yours = table[table["list"] == first], table[table["list"] == second]
            linked = len(set(mine["found"]) & set(yours["found"]))
            good = {*zip(mine["found"], mine["true"], strict=True)} & {
                *zip(yours["found"], yours["true"], strict=True)
            }
            there = len(set(mine["true"]) & set(yours["true"]))
            both[first, second] = (
                linked,
                linked - len({who for who, _ in good}),
                there - len({t for _, t in good}),
            )
    return right / pairs(["found"]), right / pairs(["true"]), both


def measure_errors() -> None:
    print(
        "\n2 lists of 10,000 of 20,000 people, 2,000 of the second twice; date or address unknown in 10%, "
        f"moved 3%, married 3%; seed {SEED}"
    )
    print("rate  precision  recall  linked  false (expected)  missed (expected)  threshold  seconds")
    people = make_people(20_000, SEED)
    rng = np.random.default_rng(SEED)
    for rate in RATES:
        first, second = (people.loc[np.sort(rng.choice(len(people), 10_000, replace=False))] for _ in "ab")
        lists = {
            "first": write_list(first, SEED, "first", rate),
            "second": pd.concat(
                [
                    write_list(second, SEED, "second", rate),
                    write_list(second.iloc[:2_000], SEED, "again", rate),
                ]
            ),
        }
        start = time.perf_counter()
        found = link_people(lists, seed=SEED)
        took = time.perf_counter() - start
        precision, recall, both = judge(found.identities)
        linked, false, missed = both["first", "second"]
        row = found.errors.set_index(["first", "second"]).loc[("first", "second")]
        print(
            f"{rate:.2f}  {precision:9.4f}  {recall:6.4f}  {linked:6,}  {false:5} ({row['false']:.1f})"
            f"  {missed:8} ({row['missed']:.1f})  {found.threshold:14.3f}  {took:7.1f}"
        )


def measure_size() -> None:
    print(f"\n2 lists of 100,000 of 150,000 people, slips in 10%, seed {SEED}, one thread")
    people = make_people(150_000, SEED)
    rng = np.random.default_rng(SEED)
    picked = [np.sort(rng.choice(len(people), 100_000, replace=False)) for _ in range(2)]
    lists = {
        name: write_list(people.loc[mine], SEED, name, 0.1)
        for name, mine in zip(("first", "second"), picked, strict=True)
    }
    start = time.perf_counter()
    found = link_people(lists, seed=SEED)
    took = time.perf_counter() - start
    precision, recall, _ = judge(found.identities)
    print(
        f"{took:.0f} s, {len(found.pairs):,} pairs compared, precision {precision:.4f}, recall {recall:.4f}"
    )
    told = recapture_lists(found.identities, links=found.links)
    naive = recapture_lists(found.identities)
    print(
        f"people: {told.value:,.0f} ({told.low:,.0f} to {told.high:,.0f}), "
        f"uncorrected {naive.value:,.0f} ({naive.low:,.0f} to {naive.high:,.0f}), true {len(people):,}"
    )


def measure_records(folder: str | None) -> None:
    """Link what third parties reported of hidden people in a synthetic economy, beside the truth."""
    if folder is None:
        folder = tempfile.mkdtemp()
        generate(folder, taxpayers=50_000, years=4, seed=SEED, replace=True)
    records, truth = Records.open(f"{folder}/records"), Truth.open(f"{folder}/truth")
    reports = records.read("third_party_unmatched")
    reports = reports[reports["period"].astype(str) == YEAR]
    reports = reports.assign(person=reports["report_id"].map(name_reports()))
    hidden = reports[reports["person"].notna()]
    known = truth.read("unregistered", ["person_id", "period", "taxpayer_id"])
    known = known[(known["period"] == YEAR) & known["person_id"].str.startswith("H")].drop_duplicates(
        "person_id"
    )
    print(
        f"\nreports of {YEAR} without a taxpayer: {len(reports):,}, of hidden people {len(hidden):,}; "
        f"hidden people {len(known):,}, {known['taxpayer_id'].isna().sum():,} on no register; seed {SEED}"
    )
    print("\nif somebody had told which reports are of hidden people:")
    lists = {name: hidden[hidden["source"] == name].set_index("person") for name in SOURCES}
    found = link_people(lists, seed=SEED)
    precision, recall, both = judge(found.identities)
    print(f"precision {precision:.4f}, recall {recall:.4f}; on two lists (linked, false, missed): {both}")
    print(found.errors.round(3).to_string(index=False))
    _show("links as made", recapture_lists(found.identities))
    _show("links corrected", recapture_lists(found.identities, links=found.links))
    _show("links as they are", recapture_lists({name: pd.Series(who.index) for name, who in lists.items()}))
    for one, two in PAIRS:
        names = [SOURCES[one], SOURCES[two]]
        told = recapture_lists({name: found.identities[name] for name in names}, links=found.links)
        _show(" and ".join(names), told)
    _measure_beside_the_register(records, reports)


def _measure_beside_the_register(records: Records, reports: pd.DataFrame) -> None:
    """Take off who is on the register first, as an administration must."""
    print("\nfirms left out by name, and whoever is linked to the register:")
    people = reports[~reports["name"].str.contains(FIRM, case=False, regex=True, na=False)]
    register = records.read("identities")
    lists = {"register": register[register["birth_date"].notna()].set_index("taxpayer_id")}
    lists |= {name: people[people["source"] == name].set_index("report_id") for name in SOURCES}
    start = time.perf_counter()
    found = link_people(lists, seed=SEED)
    print(f"{len(lists['register']):,} people on the register, {time.perf_counter() - start:.1f} s")
    on = set(found.identities["register"])
    left = {name: found.identities[name][~found.identities[name].isin(on)] for name in SOURCES}
    true = reports.set_index("report_id")["person"]
    for name, who in left.items():
        mine = true[lists[name].index]
        print(
            f"{name:15} {len(mine):5,} reports of people, {mine.notna().sum():5,} of hidden people; "
            f"left {len(who):5,}, of which {true[who.index].notna().sum():5,} of hidden people"
        )
    _show("links as made", recapture_lists(left))
    _show("links corrected", recapture_lists(left, links=found.links))


def name_reports() -> pd.Series:
    """Return the hidden person of each report of the year, by the report: its number is drawn from his."""
    numbers = np.arange(60_000)
    streams, place = Streams(SEED, HIDDEN + numbers), np.full(60_000, ALL_YEARS.index(YEAR))
    return pd.concat(
        [
            pd.Series(person_ids(numbers), "U" + opaque(streams, f"hidden report {name}", place))
            for name in SOURCES
        ]
    )


def _show(name: str, found: object) -> None:
    print(f"{name:28} {found.value:8,.0f} ({found.low:,.0f} to {found.high:,.0f})  {found.model}")  # type: ignore[attr-defined]


def measure_recapture(seeds: Iterable[int] = range(400)) -> None:
    print(
        "\nrecapture over links with planted errors: share of 400 intervals (95%) that hold the truth, "
        "and mean over the truth; seeds 0 to 399"
    )
    print("people  on lists     sensitivity  false  checked  uncorrected (mean)  corrected (mean)")
    for size, chances, sensitivity, false, checked in (
        (2_000, (0.30, 0.25), 0.85, 0.00, 300),
        (2_000, (0.30, 0.25), 0.70, 0.02, 300),
        (1_000, (0.15, 0.20), 0.90, 0.01, 200),
        (5_000, (0.20, 0.30), 0.95, 0.01, 500),
    ):
        runs = [_recapture_two(seed, size, chances, sensitivity, false, checked) for seed in seeds]
        _print_coverage(size, chances, (sensitivity,), false, checked, runs)
    for sensitivities in ((0.85, 0.90, 0.80), (0.95, 0.98, 0.95)):
        runs = [_recapture_three(seed, 3_000, (0.30, 0.25, 0.20), sensitivities, 300) for seed in seeds]
        _print_coverage(3_000, (0.30, 0.25, 0.20), sensitivities, 0.0, 300, runs)


def _print_coverage(  # noqa: PLR0917  a row of the table
    size: int, chances: tuple[float, ...], s: tuple[float, ...], false: float, checked: int, runs: list
) -> None:
    inside = [np.mean([run[k].low <= size <= run[k].high for run in runs]) for k in (0, 1)]
    means = [np.mean([run[k].value for run in runs]) / size for k in (0, 1)]
    on, linked = ("/".join(f"{one:.2f}" for one in several) for several in (chances, s))
    print(
        f"{size:6,}  {on:14} {linked:14} {false:.2f}  {checked:6}"
        f"  {inside[0]:10.3f} ({means[0]:.3f})  {inside[1]:9.3f} ({means[1]:.3f})"
    )


def _recapture_two(  # noqa: PLR0917
    seed: int, size: int, chances: tuple[float, ...], sensitivity: float, false: float, checked: int
) -> list:
    rng = np.random.default_rng([seed, 5])
    on = rng.random((size, 2)) < chances
    first, second = map(int, on.sum(axis=0))
    linked = rng.binomial(int(on.all(axis=1).sum()), sensitivity)
    wrong = rng.poisson(false * linked)
    linked += wrong
    share, off = rng.binomial(checked, sensitivity) / checked, rng.binomial(checked, wrong / linked) / checked
    told = LinkQuality(
        share,
        off * linked,
        (share * (1 - share) / checked) ** 0.5,
        linked * (max(off, 1 / checked) / checked) ** 0.5 if false else 0.0,
    )
    return [recapture_two(first, second, linked, links=links) for links in (LinkQuality(), told)]


def _recapture_three(
    seed: int, size: int, chances: tuple[float, ...], sensitivities: tuple[float, ...], checked: int
) -> list:
    rng = np.random.default_rng([seed, 6])
    on = rng.random((size, 3)) < chances
    who = np.arange(3 * size).reshape(size, 3)
    for (one, two), sensitivity in zip(PAIRS, sensitivities, strict=True):
        joined = on[:, one] & on[:, two] & (rng.random(size) < sensitivity)
        least, most = np.minimum(who[:, one], who[:, two]), np.maximum(who[:, one], who[:, two])
        who = np.where(joined[:, None] & (who == most[:, None]), least[:, None], who)
    lists = {name: pd.Series(who[on[:, k], k]) for k, name in enumerate("ABC")}
    shares = [rng.binomial(checked, s) / checked for s in sensitivities]
    told = {
        ("ABC"[one], "ABC"[two]): LinkQuality(s, sensitivity_error=(s * (1 - s) / checked) ** 0.5)
        for (one, two), s in zip(PAIRS, shares, strict=True)
    }
    return [recapture_lists(lists, links=links) for links in (None, told)]


if __name__ == "__main__":
    parts = {"errors": measure_errors, "size": measure_size, "recapture": measure_recapture}
    asked = [part for part in sys.argv[1:] if part in (*parts, "records")] or [*parts, "records"]
    folder = next((part for part in sys.argv[1:] if part not in (*parts, "records")), None)
    for part in asked:
        measure_records(folder) if part == "records" else parts[part]()
