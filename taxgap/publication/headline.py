"""The first screen: one sentence and three key figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from taxgap.publication.comparison import count_within
from taxgap.publication.content import PageContent
from taxgap.publication.wording import count, interval, share


@dataclass(frozen=True)
class KeyFigure:
    """A number, what it is, and how sure it is."""

    number: str
    what: str
    note: str


@dataclass(frozen=True)
class Headline:
    """What a reader should take away.

    Attributes
    ----------
    sentence : str
    figures : tuple of KeyFigure
    """

    sentence: str
    figures: tuple[KeyFigure, ...]


def describe_headline(content: PageContent) -> Headline:
    """Choose what to say first.

    Parameters
    ----------
    content : PageContent

    Returns
    -------
    Headline
    """
    held, strike = (_find(content, metric) for metric in ("share_of_gap@5%", "strike_rate@5%"))
    inside, targets = count_within(content.comparison)
    sentence = (
        f"In a made-up population of {count(content.made['taxpayers'])} taxpayers, the 5% of returns that "
        f"the model ranks highest hold {share(held['value'])} of the tax lost. A random 5% would hold "
        "about 5%."
    )
    return Headline(
        sentence,
        (
            KeyFigure(
                share(held["value"]),
                "of the tax lost is on the 5% of returns that the model ranks highest",
                _sureness(held),
            ),
            KeyFigure(
                share(strike["value"]),
                "of those returns have under-declared tax",
                _sureness(strike),
            ),
            KeyFigure(
                f"{count(inside)} of {count(targets)}",
                "targets for the population are met",
                "each within its tolerance",
            ),
        ),
    )


def _find(content: PageContent, metric: str) -> dict[str, Any]:
    model = content.evaluation.query("label == 'truth' and ranking == 'model'")
    found: dict[str, Any] = model[model["metric"] == metric].iloc[0].to_dict()
    return found


def _sureness(row: dict[str, Any]) -> str:
    text = interval(row["low"], row["high"], share)
    return f"95% interval: {text}" if text else ""
