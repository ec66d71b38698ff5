"""Enquiries: which returns are opened, by whom, and what the officer finds."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit, logit, ndtr

from taxgap.synthetic.form import Bools, Scene
from taxgap.synthetic.misreporting import Planted, correct
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.streams import Floats, Streams

OFFICERS = 60
"""Number of officers; each return is given one, who would work it if it were opened."""

_SKILL_SPREAD = 0.55
_FOUND_IN_FULL = 0.45  # share of the items seen that are settled in full (assumption)
_APPEALS, _APPEALS_WON = 0.06, 0.33  # shares of findings appealed, and of these halved (assumption)
_TAX_BEHIND_INCOME = 0.03  # finding a share of the income finds less of the tax, which rises with income


def officer_of(scene: Scene) -> np.ndarray:
    """Return the number of the officer who has each return."""
    return np.floor(OFFICERS * scene.streams.uniform("officer", scene.counter)).astype(np.int64)


def officer_ids(officer: np.ndarray) -> np.ndarray:
    """Return the identifiers of officers, such as ``O007``."""
    return np.asarray(np.array([f"O{number:03d}" for number in range(OFFICERS)], dtype=object)[officer])


def skill_of(seed: int, officer: np.ndarray) -> Floats:
    """Return each officer's skill: zero on average, larger finds more."""
    skills = _SKILL_SPREAD * Streams(seed, np.arange(OFFICERS)).normal("skill")
    return np.asarray((skills - skills.mean())[officer])


def find(planted: Planted, scene: Scene, settings: Settings) -> tuple[pd.DataFrame, Floats, Bools]:
    """Work out for every return what its officer would find.

    An officer misses a return whole, or sees its items: some in full, of others a share that grows with
    skill. Where what he saw would change no tax he looks on, until the items are seen in full. A few of the
    taxpayers who are found wrong appeal, and some of them have what was found halved.

    Parameters
    ----------
    planted : Planted
    scene : Scene
    settings : Settings
        Gives the share of tax found and the share of wrong returns missed whole.

    Returns
    -------
    findings : DataFrame
        One row a planted box that is seen: `row`, `mechanism`, `field`, `behaviour`, `tax_lost`, `found`
        (amount the officer adds, GBP; zero where the return is missed whole).
    tax_found : ndarray of float64
        Tax that would be found on every return, in GBP.
    appealed : ndarray of bool
        Returns whose finding would be appealed.
    """
    streams, counter = scene.streams, scene.counter
    boxes = planted.reported[[*scene.form.boxes, *scene.form.context]]
    skill = skill_of(settings.seed, officer_of(scene))
    missed = streams.happens(np.clip(settings.missed_whole * np.exp(-0.6 * skill), 0, 0.9), "missed", counter)
    items = planted.items[~missed[planted.items["row"]]].reset_index(drop=True)
    row = items["row"].to_numpy()
    share = _shares_seen(items, skill[row], scene, settings)
    share = np.where(items["tax_lost"] > 0, share, 1.0)  # he shows what speaks for him
    tax = _rise(planted, boxes, items, share)
    in_vain = (tax == 0)[row]
    share = np.where(in_vain, 1.0, share)
    again = items[in_vain]
    tax[again["row"]] = _rise(planted, boxes, again, 1.0)[again["row"]]
    appealed = streams.happens(_APPEALS, "appeals", counter) & (tax > 0)
    halved = (appealed & streams.happens(_APPEALS_WON, "wins the appeal", counter))[row]
    share = np.where(halved & (items["tax_lost"] > 0), 0.5 * share, share)
    fewer = items[halved]
    tax[fewer["row"]] = _rise(planted, boxes, fewer, share[halved])[fewer["row"]]
    items["found"] = (items["amount"] * share).round()
    return items, tax, appealed


def _shares_seen(items: pd.DataFrame, skill: Floats, scene: Scene, settings: Settings) -> Floats:
    noise = np.zeros(len(items))
    for position, mechanism in enumerate(scene.form.mechanisms):
        mine = (items["mechanism"] == position).to_numpy()
        row = items["row"].to_numpy()[mine]
        noise[mine] = scene.streams[row].normal(f"detects {mechanism.name}", scene.counter[row])
    needed = settings.detection / (1 - settings.missed_whole) + _TAX_BEHIND_INCOME
    partial = np.clip((needed - _FOUND_IN_FULL) / (1 - _FOUND_IN_FULL), 0.02, 0.98)
    reach = ndtr((noise + skill) / np.sqrt(1 + _SKILL_SPREAD**2))
    seen_in_part = expit(logit(partial) + 2.0 * (reach - (1 - _FOUND_IN_FULL) / 2))
    return np.asarray(np.where(reach > 1 - _FOUND_IN_FULL, 1.0, seen_in_part))


def _rise(planted: Planted, boxes: pd.DataFrame, items: pd.DataFrame, share: Floats | float) -> Floats:
    form = planted.form
    rows, place = np.unique(items["row"].to_numpy(), return_inverse=True)
    settled = correct(boxes.iloc[rows].reset_index(drop=True), items.assign(row=place), share)
    rise = np.zeros(len(boxes))
    rise[rows] = form.charge(form.complete(settled)) - form.charge(planted.reported)[rows]
    return np.asarray(np.where(rise >= 1.0, rise.round(2), 0.0))


def hours_of(findings: pd.DataFrame, scene: Scene) -> Floats:
    """Return the hours each enquiry takes: more where there is more to settle."""
    seen = np.bincount(findings["row"].to_numpy(), findings["found"].to_numpy() != 0, len(scene))
    middle = scene.form.hours + 5.0 * np.minimum(seen, 5)
    return np.asarray((middle * np.exp(0.45 * scene.streams.normal("hours", scene.counter))).round(1))


def settle(findings: pd.DataFrame, scene: Scene) -> pd.DataFrame:
    """Return what each enquiry would change: one row a return and box, with the behaviour as settled.

    Evasion is hard to prove: a quarter of it is settled as a failure to take care (assumption).
    """
    found = findings[findings["found"] != 0].copy()
    evasion = (found["behaviour"] == "evasion").to_numpy()
    row = found["row"].to_numpy()
    milder = scene.streams[row].happens(0.25, "settled milder", scene.counter[row])
    found["behaviour"] = found["behaviour"].mask(evasion & milder, "failure_to_take_reasonable_care")
    found = found.sort_values(["row", "field", "tax_lost"], ascending=[True, True, False], kind="stable")
    grouped = found.groupby(["row", "field"], sort=True, observed=True)
    table = grouped.agg(
        found=("found", "sum"), behaviour=("behaviour", "first"), tax_lost=("tax_lost", "sum")
    )
    return table[table["found"] != 0].reset_index()


def main_behaviour(settled: pd.DataFrame, rows: int) -> np.ndarray:
    """Return for each return the behaviour behind most of what was found, or None."""
    behaviour = np.full(rows, None, dtype=object)
    ordered = settled.sort_values(["row", "tax_lost"], kind="stable")
    behaviour[ordered["row"].to_numpy()] = ordered["behaviour"].to_numpy()
    return behaviour
