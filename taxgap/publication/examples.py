"""Example cases: returns that were flagged, why, and what the truth says of them."""

from __future__ import annotations

import pandas as pd

from taxgap.publication.content import ExampleCase
from taxgap.reasons import MOST_REASONS, PeerBaseline, contributions
from taxgap.records import Records, Truth
from taxgap.records.partitions import partition_of
from taxgap.regimes import Regime
from taxgap.synthetic import mechanisms

_REASON_PARTS = ("contribution", "observed", "peer_low", "peer_median", "peer_high")

# Declared figures, and the reports that speak of them.
_DECLARED = {
    "Pay from employments": (["employment_pay"], ["employer"]),
    "Business income (others may report it with VAT)": (
        ["turnover", "other_business_income"],
        ["card_processor", "platform", "contractor"],
    ),
    "Business expenses": (["total_expenses"], []),
    "Rents": (["rents"], []),
    "Property costs": (["property_repairs", "property_costs"], []),
    "Bank interest": (["interest"], ["bank"]),
    "Dividends": (["dividends"], []),
    "Pensions": (["pension"], []),
    "Pension payments and gifts": (["pension_contributions", "gift_aid"], []),
}


def choose_examples(scores: pd.DataFrame, period: str, *, most: int = 5) -> pd.DataFrame:
    """Choose flagged returns of a period whose first reasons differ, from the highest rank down.

    Parameters
    ----------
    scores : DataFrame
        From `taxgap.batch.score`.
    period : str
    most : int, default 5

    Returns
    -------
    DataFrame
        Rows of `scores`.
    """
    flagged = scores[(scores["period"] == period) & scores["flagged"] & scores["population_mean"].notna()]
    ordered = flagged.sort_values("rank")
    family = ordered["reason_1_code"].astype("str").str.split(".").str[0].fillna("none")
    different = ordered[~family.duplicated()]
    rest = ordered.drop(different.index)
    return pd.concat([different, rest]).head(most).sort_values("rank")


def describe_example(row: pd.Series, records: Records, truth: Truth, baseline: PeerBaseline) -> ExampleCase:
    """Gather everything the page says of one return.

    Parameters
    ----------
    row : Series
        A row of scores.
    records : Records
    truth : Truth
    baseline : PeerBaseline
        The model that scored it, with the peers to hold it against.

    Returns
    -------
    ExampleCase
    """
    taxpayer, period = str(row["taxpayer_id"]), str(row["period"])
    partition = int(partition_of([taxpayer], len(records.partitions))[0])
    regime = baseline.regime
    reasons = _reasons(row, regime)
    potential = truth.read("enquiries", partition=partition, periods=[period])
    mine = (potential["taxpayer_id"] == taxpayer) & (potential["regime"] == regime.name)
    found = potential.loc[mine, "tax_found"]
    return ExampleCase(
        taxpayer_id=taxpayer,
        period=period,
        score_row=row,
        contributions=_contributions(row, records, baseline, partition),
        reasons=reasons,
        declared=_declared(taxpayer, period, records, partition),
        truth=_what_was_done(truth, partition, (taxpayer, regime.name, period), list(reasons["code"])),
        officer_would_find=float(found.iloc[0]) if len(found) else 0.0,
        ranked=int(row["ranked"]),
    )


def _contributions(row: pd.Series, records: Records, baseline: PeerBaseline, partition: int) -> pd.DataFrame:
    regime = baseline.regime
    observed = regime.measure(records, [row["period"]], partition)
    observed = observed.loc[[(row["taxpayer_id"], row["period"])]]
    found = contributions(baseline.model, regime.compare(observed, baseline.peers), baseline=baseline)
    values = found.values.iloc[0]  # noqa: PD011 - a frame of contributions, not the array
    table = pd.DataFrame({"feature": values.index, "contribution": values.to_numpy()})
    table["code"] = [regime.feature[name].code for name in table["feature"]]
    table["title"] = [regime.code[code].title for code in table["code"]]
    return table.sort_values("contribution", ascending=False, ignore_index=True)


def _reasons(row: pd.Series, regime: Regime) -> pd.DataFrame:
    given = []
    for k in range(1, MOST_REASONS + 1):
        name = row.get(f"reason_{k}_code")
        if isinstance(name, str):
            code = regime.code[name]
            parts = {part: row[f"reason_{k}_{part}"] for part in _REASON_PARTS}
            sentence = row[f"reason_{k}_sentence"]
            given.append(
                {"code": name, "title": code.title, "sentence": sentence, "evidence": code.evidence, **parts}
            )
    return pd.DataFrame(given, columns=["code", "title", "sentence", "evidence", *_REASON_PARTS])


def _declared(taxpayer: str, period: str, records: Records, partition: int) -> pd.DataFrame:
    form = records.read("self_assessment", partition=partition, periods=[period])
    form = form[form["taxpayer_id"] == taxpayer].sort_values("version").iloc[-1]
    reports = records.read("third_party", partition=partition, periods=[period])
    reports = reports[reports["taxpayer_id"] == taxpayer]
    rows = []
    for item, (boxes, sources) in _DECLARED.items():
        amount = float(sum(form[box] for box in boxes))
        mine = reports.loc[reports["source"].isin(sources), "amount"]
        if amount or len(mine):
            rows.append((item, amount, float(mine.sum()) if len(mine) else float("nan")))
    return pd.DataFrame(rows, columns=["item", "declared", "reported"])


def _what_was_done(
    truth: Truth, partition: int, case: tuple[str, str, str], given: list[str]
) -> pd.DataFrame:
    taxpayer, regime, period = case
    table = truth.read("misreporting", partition=partition, periods=[period])
    table = table[(table["taxpayer_id"] == taxpayer) & (table["regime"] == regime)]
    known = mechanisms()
    return pd.DataFrame(
        {
            "title": [known[name].title for name in table["mechanism"]],
            "field": table["field"].str.replace("_", " ").to_numpy(),
            "amount": table["amount"].to_numpy(),
            "tax_lost": table["tax_lost"].to_numpy(),
            "could_reveal": [bool(set(known[name].evidence) & set(given)) for name in table["mechanism"]],
        }
    )
