"""The notes of a tax gap estimate, those that say the same of several taxes and years in one line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from taxgap.gap.chain import GapEstimate
from taxgap.publication.gap_words import ALL_YEARS, name_taxes, years_of
from taxgap.publication.wording import listing
from taxgap.reasons.naming import TAXES

_YEAR = r"(?:\d{4}-\d{2}|all years together|all years)"
_BEGIN = re.compile(
    rf"(?P<tax>{'|'.join(map(re.escape, TAXES.values()))})(?:, (?P<years>{_YEAR}(?:(?:, | and ){_YEAR})*))?: "
)
_NUMBER = re.compile(r"(\d[\d,]*(?:\.\d+)?)%?")
_TOLD = "the multiplier is "  # how the note on an estimated multiplier begins, which the page says in full


@dataclass
class _Gathered:
    """A sentence, one word of which may differ, and of what it is said: tax, years, and the word there."""

    words: list[str]
    said: list[tuple[str, tuple[str, ...], list[str]]] = field(default_factory=list)
    differs: int | None = None

    def takes(self, words: Sequence[str]) -> bool:
        """Tell whether a sentence is this one, but for the word that may differ."""
        if len(words) != len(self.words):
            return False
        places = {place for place, word in enumerate(words) if word != self.words[place]}
        return places <= {self.differs} if self.differs is not None else len(places) <= 1

    def add(self, tax: str, years: tuple[str, ...], words: list[str]) -> None:
        """Add of what else it is said."""
        places = [place for place, word in enumerate(words) if word != self.words[place]]
        self.differs = places[0] if places else self.differs
        if (tax, years, words) not in self.said:
            self.said.append((tax, years, words))

    def write(self) -> str:
        """Write it in a line."""
        words = list(self.words)
        if self.differs is not None:
            words[self.differs] = _span([each[self.differs] for _, _, each in self.said])
        return f"{self._say_whose()}: {' '.join(words)}"

    def _say_whose(self) -> str:
        by_tax: dict[str, dict[str, list[str]]] = {}
        for tax, years, words in self.said:
            word = words[self.differs].strip(".,;:") if self.differs is not None else ""
            mine = by_tax.setdefault(tax, {}).setdefault(word, [])
            mine += [year for year in years if year not in mine]
        alike: dict[str, list[str]] = {}
        for tax, by_word in by_tax.items():
            alike.setdefault(", ".join(map(_say_years, by_word.values(), by_word)), []).append(tax)
        each = [
            f"{listing(taxes)}{', ' if when[:1].isalnum() else ' '}{when}".strip()
            for when, taxes in alike.items()
        ]
        return "; ".join(each)


def gather_notes(estimate: GapEstimate) -> tuple[str, ...]:
    """Return the notes of an estimate, each sentence once, with the taxes and years it is about.

    Parameters
    ----------
    estimate : GapEstimate

    Returns
    -------
    tuple of str
        In the order in which sentences first occur. Sentences that differ in one word or number stand in one
        line, such as ``VAT, 2021-22 (52%), 2022-23 (61%): One case makes 52% to 61% of the variance.``
        Those on multipliers that were estimated are left out: `gap_multipliers` says more.
    """
    years = years_of(estimate.made)
    only = years[0] if len(years) == 1 else ""
    lines: list[str | _Gathered] = []
    for note in dict.fromkeys(map(name_taxes, estimate.notes)):
        begin = _BEGIN.match(note)
        if begin is None:
            lines.append(note)
            continue
        words = note[begin.end() :].split(" ")
        if note[begin.end() :].startswith(_TOLD) and estimate.made.get("detection"):
            continue
        when = [_say_year(year, only) for year in re.findall(_YEAR, begin["years"] or "")]
        known = next((line for line in lines if isinstance(line, _Gathered) and line.takes(words)), None)
        if known is None:
            lines.append(known := _Gathered(words))
        known.add(begin["tax"], tuple(dict.fromkeys(when)), words)
    return tuple(line.write() if isinstance(line, _Gathered) else line for line in lines)


def _say_year(year: str, only: str) -> str:
    """Say a year; all years of a run of one are that one."""
    return only if only and year.startswith(ALL_YEARS) else year


def _say_years(years: Sequence[str], word: str) -> str:
    """Say years, and in brackets the word of their own."""
    return " ".join(filter(None, (listing(years), f"({word})" if word else "")))


def _span(words: Sequence[str]) -> str:
    """Return the range of numbers, or all of the words."""
    end = words[0][len(words[0].rstrip(".,;:")) :]
    bare = dict.fromkeys(word.strip(".,;:") for word in words)
    found = [_NUMBER.fullmatch(word) for word in bare]
    if not all(found):
        return listing(list(bare), "or") + end
    ordered = sorted(bare, key=lambda word: float(word.rstrip("%").replace(",", "")))
    return f"{ordered[0]} to {ordered[-1]}{end}"
