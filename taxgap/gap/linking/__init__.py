"""People on lists without identifiers: who is who, and how many links are wrong or missed."""

from __future__ import annotations

from taxgap.gap.linking.cleaning import clean_people
from taxgap.gap.linking.people import LinkedPeople, link_people
from taxgap.gap.linking.quality import LinkQuality

__all__ = ["LinkQuality", "LinkedPeople", "clean_people", "link_people"]
