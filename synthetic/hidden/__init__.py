"""The hidden economy: people who should be registered for a tax and are not, and what others report of them.

A hidden person has a number from zero on, the entity number ``HIDDEN`` plus it, and an identifier such as
``H00000042``. He lives in the partition of that identifier, with everything that is known of him:
`truth/unregistered` and `third_party_unmatched`. The latter is therefore not keyed to the partition of any
taxpayer, nor to that of its report: to match it, read all of it.

What is found in surveys and tax gap statistics, and what is assumed, stands in ``figures.toml``.
"""

from __future__ import annotations

from taxgap.synthetic.hidden.people import HIDDEN, count_hidden, person_ids
from taxgap.synthetic.hidden.population import Hidden, draw_hidden
from taxgap.synthetic.hidden.reports import unmatched_of_registered

__all__ = ["HIDDEN", "Hidden", "count_hidden", "draw_hidden", "person_ids", "unmatched_of_registered"]
