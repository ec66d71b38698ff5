"""Firms: who the companies and partnerships are."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtr

from taxgap.schemas.codes import NATIONS, REGION_NATION, REGIONS
from taxgap.synthetic.bands import draw_from_bands
from taxgap.synthetic.people import draw_people
from taxgap.synthetic.published import published, regions, trades
from taxgap.synthetic.register import FORMS, Integers, Register, entity_of, place_among_unowned
from taxgap.synthetic.streams import Floats, Streams
from taxgap.synthetic.trading import CHANNELS

_LARGEST_OWNED = 0.985
"""Rank by turnover above which no company belongs to one person (assumption)."""

_GOLDEN = 0.6180339887498949
_TAIL, _LARGEST = 1.12, 2e10
_LEAST = {"company": 1_500.0, "partnership": 4_000.0}

# The business register lists more firms from 100,000 to 500,000 than the VAT returns show, and fewer below:
# its turnover is older and partly imputed. These factors on its counts were set so that VAT traders by
# turnover come near the published ones (assumption).
_TRUE_TO_LISTED = {
    "company": np.array([1.95, 0.92, 0.56, 0.66, 0.84, 0.90, 0.95, 1.0, 1.0, 1.0]),
    "partnership": np.ones(10),
}
_YEAR_ENDS = {
    3: 0.36,
    12: 0.24,
    4: 0.03,
    5: 0.04,
    6: 0.07,
    7: 0.05,
    8: 0.05,
    9: 0.08,
    10: 0.04,
    11: 0.02,
    1: 0.02,
}

# The income of owners in GBP by rank (measured on the population), and these ranks as normal scores.
_INCOMES_OF_OWNERS = [
    1_500,
    4_700,
    11_600,
    15_300,
    23_400,
    37_100,
    60_400,
    91_700,
    126_000,
    303_000,
    3_000_000,
]
_AT = [-3.2, -2.33, -1.64, -1.28, -0.67, 0.0, 0.67, 1.28, 1.64, 2.33, 3.2]


def draw_firms(number: Integers, form: str, register: Register) -> pd.DataFrame:
    """Draw who companies or partnerships are.

    Parameters
    ----------
    number : ndarray of int64
        Their numbers within the legal form.
    form : {"company", "partnership"}
    register : Register

    Returns
    -------
    DataFrame
        `FIRM` and `CHANNELS`.
    """
    entity = entity_of(number, form)
    streams = Streams(register.seed, entity)
    firms = pd.DataFrame({"entity": entity})
    firms["legal_form"] = FORMS.index(form)
    firms["owner"] = register.owner_of(number) if form == "company" else -1
    firms["trade"] = streams.choice(trades()[form], "trade")
    region = region_of(entity, form, register.seed)
    firms["region"] = pd.Categorical.from_codes(region, categories=REGIONS)
    nations = np.array([NATIONS.index(REGION_NATION[name]) for name in REGIONS])
    firms["nation"] = pd.Categorical.from_codes(nations[region], categories=NATIONS)
    firms["gross"] = _gross(number, firms["owner"].to_numpy(), form, streams, register)
    size = np.clip(np.log10(firms["gross"] / 1e5), 0, 3)
    firms["disposition"] = streams.normal("disposition") - 0.15 * size
    firms["agent"] = streams.happens(0.86, "agent")
    firms["first_year"], firms["last_year"] = _life(streams, firms["gross"].to_numpy(), register.years - 1)
    firms["year_end"] = np.array(list(_YEAR_ENDS))[streams.choice(list(_YEAR_ENDS.values()), "year end")]
    many = streams.choice([0.86, 0.08, 0.04, 0.02], "associated")
    firms["associated"] = np.where(size > 2, many + 3, np.where(form == "company", many, 0))
    for channel in CHANNELS:
        usual = trades()[channel].to_numpy()[firms["trade"]] * np.exp(-0.35 * size)
        firms[channel] = np.clip(usual * np.exp(0.6 * streams.normal(channel)), 0, 1)
    known = firms[list(CHANNELS)].sum(axis=1).clip(lower=1.0)
    firms[list(CHANNELS)] = firms[list(CHANNELS)].div(known, axis=0)
    return firms


def region_of(entity: Integers, form: str, seed: int) -> Integers:
    """Return the region of companies or partnerships, as a position in `REGIONS`."""
    return Streams(seed, entity).choice(regions(form), "region")


def _gross(number: Integers, owner: Integers, form: str, streams: Streams, register: Register) -> Floats:
    bands = published()["turnover_by_form"]
    shift = Streams(register.seed, [0]).uniform(f"first {form}")[0]
    # Places that lie evenly, so that a sample has its share of large firms.
    even = (number + 1) * _GOLDEN + shift
    if form == "company":
        owned = owner >= 0
        even = np.where(owned, 0.0, (place_among_unowned(number) + 1) * _GOLDEN + shift)
        rank = _rank_unowned(even % 1.0, register.owned_share)
        if owned.any():
            rank[owned] = _LARGEST_OWNED * _rank_owned(owner[owned], streams[owned], register)
    else:
        rank = even % 1.0
    rank = np.clip(rank, 1e-9, 1 - 1e-9)
    counts = np.array(bands[form]) * _TRUE_TO_LISTED[form]
    return draw_from_bands(rank, bands["lower"], counts, floor=_LEAST[form], tail=_TAIL, cap=_LARGEST)


def _rank_unowned(place: Floats, owned: float) -> Floats:
    # Companies with an owner fill the lower ranks; the others fill up what they leave, to uniform ranks.
    below = 1 - (1 - _LARGEST_OWNED) / (1 - owned) if owned < 1 else 1.0
    high = _LARGEST_OWNED + (place - below) * (1 - owned)
    return np.asarray(np.where(place < below, place / max(below, 1e-9) * _LARGEST_OWNED, high))


def _rank_owned(owner: Integers, streams: Streams, register: Register) -> Floats:
    # The larger the owner's income, the larger the company, give or take.
    income = draw_people(Streams(register.seed, owner), register)["total_income"].to_numpy()
    z = np.interp(np.log(np.maximum(income, 1_000.0)), np.log(_INCOMES_OF_OWNERS), _AT)
    return np.asarray(ndtr(0.75 * z + 0.66 * streams.normal("size")))


def _life(streams: Streams, gross: Floats, last: int) -> tuple[Integers, Integers]:
    # About a tenth of small firms begin each year and a tenth end (found for VAT traders); large ones last.
    fades = np.exp(-0.25 * np.clip(np.log(gross / 5e4), 0, None))
    join = np.where(
        streams.happens(0.14 * last * fades, "joins"), 1 + streams.uniform("join year") * last, -9
    )
    leave = np.where(
        streams.happens(0.10 * last * fades, "leaves"), streams.uniform("leave year") * last, last + 9
    )
    first, final = np.floor(join).astype(np.int64), np.floor(leave).astype(np.int64)
    return first, np.where(final < first, last + 9, final)
