"""Links: who owns a company, who the partners of a partnership are, which firms share an address or account.

Every link is written at both of its ends, and either end finds the other without asking it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.schemas.codes import REGIONS
from taxgap.synthetic.firms import region_of
from taxgap.synthetic.identifiers import taxpayer_ids
from taxgap.synthetic.identities import BLOCK, account_of, draw_homes
from taxgap.synthetic.register import PARTNERS, Integers, Register, entity_of
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.streams import Streams
from taxgap.synthetic.timeline import DAY, NOT_A_DAY
from taxgap.synthetic.vat.chains import chains


def link_people(person: Integers, register: Register) -> pd.DataFrame:
    """Make the links of some people: the companies they direct and own, and their partnerships."""
    company, partnership = register.company_of(person), register.partnership_of(person)
    return pd.concat(
        [
            _links(person, "individual", company, "company", "director_of", register),
            _links(person, "individual", partnership, "partnership", "partner_in", register),
        ],
        ignore_index=True,
    )


def link_firms(company: Integers, partnership: Integers, register: Register) -> pd.DataFrame:
    """Make the links of some companies and partnerships to the people behind them."""
    owner, partners = register.owner_of(company), register.partners_of(partnership)
    parts = [_links(company, "company", owner, "individual", "directed_by", register)]
    parts += [
        _links(partnership, "partnership", partners[:, place], "individual", "has_partner", register)
        for place in range(PARTNERS)
    ]
    return pd.concat(parts, ignore_index=True)


def link_neighbours(number: Integers, form: str, register: Register) -> pd.DataFrame:
    """Make the links of companies or partnerships to others of their kind at the same address or account."""
    count = register.counts[form]
    block = (number // BLOCK * BLOCK)[:, None] + np.arange(BLOCK)
    here = np.repeat(number, BLOCK)
    there = block.ravel()
    both = (there != here) & (there < count)
    here, there = here[both], there[both]
    homes = [_home(entity_of(each, form), form, register.seed) for each in (here, there)]
    together = homes[0] == homes[1]
    here, there, home = here[together], there[together], homes[0][together]
    accounts = [account_of(Streams(register.seed, entity_of(each, form)), home) for each in (here, there)]
    shared = accounts[0] == accounts[1]
    return pd.concat(
        [
            _links(here, form, there, form, "shares_address", register),
            _links(here[shared], form, there[shared], form, "shares_account", register),
        ],
        ignore_index=True,
    )


def link_partners(entity: Integers, settings: Settings) -> pd.DataFrame:
    """Make the links of firms to those they sell to and buy from, where a supply chain is known."""
    found = chains(entity, settings)
    return found.assign(
        taxpayer_id=taxpayer_ids(found["entity"].to_numpy()),
        other_id=taxpayer_ids(found["other_entity"].to_numpy()),
        share=np.nan,
        received_on=found["since"] + 45 * DAY,
    )


def _home(entity: Integers, form: str, seed: int) -> NDArray[np.uint64]:
    region = np.array(REGIONS, dtype=object)[region_of(entity, form, seed)]
    return draw_homes(entity, seed=seed, is_firm=True, region=region)


def _links(  # noqa: PLR0917  two ends, each with its form
    here: Integers, form: str, there: Integers, other: str, kind: str, register: Register
) -> pd.DataFrame:
    linked = there >= 0
    here, there = entity_of(here[linked], form), entity_of(there[linked], other)
    # Both ends draw the day from the firm; of two firms, from the first.
    firm = there if form == "individual" else here if other == "individual" else np.minimum(here, there)
    since = np.datetime64("2021-03-01", "D") - (
        (30 + 5_000 * Streams(register.seed, firm).uniform("linked since")).astype(int) * DAY
    )
    return pd.DataFrame(
        {
            "taxpayer_id": taxpayer_ids(here),
            "kind": kind,
            "other_id": taxpayer_ids(there),
            "share": 1.0 if {form, other} == {"company", "individual"} else np.nan,
            "since": since,
            "until": NOT_A_DAY,
            "received_on": since + 14 * DAY,
        }
    )
