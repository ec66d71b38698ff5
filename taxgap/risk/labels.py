"""What enquiries have settled: one label a return, as it was known on a date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pandas as pd

from taxgap.errors import InvalidDataError, NotIdentifiedError, UsageError
from taxgap.records.periods import tax_year_of

KEYS = ["taxpayer_id", "period"]
PROGRAMMES = ("random", "risk")
_NEEDED = [
    *("enquiry_id", "taxpayer_id", "regime", "period", "programme", "inclusion_probability"),
    *("opening_probability", "closed_on", "received_on", "tax_found"),
]
# What an administration may not hold: missing where it does not.
_OPTIONAL = ("behaviour", "officer_id", "opened_on", "hours", "cost")
_LABELS = [
    *("tax_found", "material", "programme", "random", "inclusion_probability", "opening_probability"),
    *("enquiry_id", "closed_on", *_OPTIONAL),
]


def build_labels(
    enquiries: pd.DataFrame,
    *,
    regime: str,
    as_of: date | pd.Timestamp | str,
    periods: Sequence[str] | None = None,
    programmes: Sequence[str] | None = None,
    material: float = 1000.0,
) -> pd.DataFrame:
    """Return one label for each return whose enquiry was closed and known by a date.

    Parameters
    ----------
    enquiries : DataFrame
        The table ``enquiries``: at least ``enquiry_id, taxpayer_id, regime, period, programme,
        inclusion_probability, opening_probability, closed_on, received_on, tax_found``; and ``behaviour,
        officer_id, opened_on, hours, cost`` as far as they are held.
    regime : str
        The regime.
    as_of : date
        Cases closed, or received, later are not seen.
    periods : sequence of str, optional
        Tax years, or months in which periods end; all where not given.
    programmes : sequence of {"random", "risk"}, optional
        Programmes; both where not given.
    material : float, default 1000
        Tax found from which an under-declaration is material (GBP).

    Returns
    -------
    DataFrame
        Indexed by (taxpayer_id, period), sorted: ``tax_found`` (GBP), ``material``, ``programme``,
        ``random``, ``inclusion_probability`` (of being drawn by its own programme), ``opening_probability``
        (of being opened by either), ``enquiry_id``, ``closed_on``, and the columns that need not be held,
        missing where they are not. A case without ``opened_on`` counts as opened when it was received. Where
        both programmes opened a return, the random enquiry stands; of two from one programme, the one closed
        last.

    Raises
    ------
    InvalidDataError
        If a column is missing or a closed enquiry lacks its result or probability.
    NotIdentifiedError
        If no enquiry was closed by the date.

    Notes
    -----
    Labels are what officers found, not what is true: tax that no officer detects is not in them.

    Examples
    --------
    >>> enquiries = pd.DataFrame(
    ...     {"enquiry_id": ["E1", "E2"], "taxpayer_id": ["A", "B"], "regime": "self_assessment",
    ...      "period": "2021-22", "programme": ["random", "risk"], "inclusion_probability": [0.01, 0.5],
    ...      "opening_probability": [0.02, 0.505], "closed_on": pd.to_datetime(["2023-05-01", None]),
    ...      "received_on": pd.to_datetime("2023-05-02"), "tax_found": [2500.0, None], "behaviour": "error"}
    ... )
    >>> labels = build_labels(enquiries, regime="self_assessment", as_of="2024-01-31")
    >>> labels[["tax_found", "random"]].to_dict("index")
    {('A', '2021-22'): {'tax_found': 2500.0, 'random': True}}
    """
    _check_columns(enquiries, programmes)
    day = pd.Timestamp(as_of)
    closed = pd.to_datetime(enquiries["closed_on"])
    kept = (
        (enquiries["regime"] == regime) & (closed <= day) & (pd.to_datetime(enquiries["received_on"]) <= day)
    )
    if periods is not None:
        kept &= enquiries["period"].isin(list(periods)) | tax_year_of(enquiries["period"]).isin(list(periods))
    if programmes is not None:
        kept &= enquiries["programme"].isin(list(programmes))
    cases = enquiries[kept].reindex(columns=[*_NEEDED, *_OPTIONAL]).assign(closed_on=closed[kept])
    opened = pd.to_datetime(cases["opened_on"])
    cases["opened_on"] = opened.fillna(pd.to_datetime(cases["received_on"]))
    if cases.empty:
        raise NotIdentifiedError(
            f"No enquiry into {regime} was closed and known by {day.date()}.",
            where="enquiries",
            available=sorted(map(str, enquiries["regime"].unique())),
        )
    _check_results(cases)
    return _choose_cases(cases, material)


def _choose_cases(cases: pd.DataFrame, material: float) -> pd.DataFrame:
    cases = cases.assign(
        programme=cases["programme"].astype(str),
        random=cases["programme"] == "random",
        material=cases["tax_found"] >= material,
    )
    # Last wins: random after risk, later after earlier, and the identifier so that nothing is left to chance.
    ordered = cases.sort_values([*KEYS, "random", "closed_on", "enquiry_id"], kind="stable")
    return ordered.drop_duplicates(KEYS, keep="last").set_index(KEYS)[_LABELS]


def _check_columns(enquiries: pd.DataFrame, programmes: Sequence[str] | None) -> None:
    missing = [name for name in _NEEDED if name not in enquiries.columns]
    if missing:
        raise InvalidDataError(
            f"The enquiries lack {', '.join(missing)}.",
            where="enquiries",
            available=map(str, enquiries.columns),
        )
    unknown = sorted(set(programmes or ()) - set(PROGRAMMES))
    if unknown:
        raise UsageError(
            f"No such programme: {', '.join(unknown)}.", where="programmes", available=PROGRAMMES
        )


def _check_results(cases: pd.DataFrame) -> None:
    found = cases["tax_found"]
    problems = {
        "closed enquiries lack the tax found": found.isna(),
        "enquiries found a negative amount of tax": found < 0,
        "enquiries belong to no known programme": ~cases["programme"].isin(PROGRAMMES),
    }
    for name in ("inclusion_probability", "opening_probability"):
        value = cases[name]
        problems[f"enquiries have an {name} that is missing, not above 0 or above 1"] = ~(
            (value > 0) & (value <= 1)
        )
    listed = [f"{int(rows.sum())} {what}" for what, rows in problems.items() if rows.any()]
    if listed:
        raise InvalidDataError(
            f"{'; '.join(listed)} (of {len(cases)}).", where="enquiries", remedy="Validate the records first."
        )
