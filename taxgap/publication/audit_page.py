"""The page of an audit of explanations: verdicts first, then the evidence, in one file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from taxgap.publication.audit_closing import (
    ExampleKind,
    describe_about,
    describe_examples,
    list_limits,
    say_left_out,
    say_subject,
    say_who,
    tabulate_evidence,
)
from taxgap.publication.audit_evidence import Evidence, Section
from taxgap.publication.audit_model import (
    describe_backgrounds,
    describe_faithfulness,
    describe_numbers,
    describe_reporting,
    describe_stability,
)
from taxgap.publication.audit_people import (
    describe_group_effect,
    describe_honest,
    describe_parity,
    describe_planting,
    describe_settled,
)
from taxgap.publication.audit_randomised import describe_randomised
from taxgap.publication.audit_recovery import describe_comparison, describe_recovery, describe_truthful
from taxgap.publication.audit_verdicts import Verdicts, describe_verdicts
from taxgap.publication.tables import Table
from taxgap.publication.templates import make_environment
from taxgap.publication.theme import COLOURS, SCREEN_FONT
from taxgap.reasons.audit.audit_files import FILE_NAME
from taxgap.reasons.audit.result import ExplanationAudit
from taxgap.records.files import new_folder, write_text

PAGE_NAME = "audit.html"

TITLE = "Can the explanations be relied on?"
"""The heading of the page."""

MARKS = {
    True: "Every taxpayer on this page is made up",
    False: "Totals and shares of real records: no taxpayer is shown",
}
"""What the banner says of the records."""

PARTS: dict[str, tuple[str, Callable[[Evidence], Section | None]]] = {
    "recovery": ("Are the right reasons given?", describe_recovery),
    "truthful": ("How much could be named", describe_truthful),
    "comparison": ("Other explanations", describe_comparison),
    "numbers": ("Are the numbers right?", describe_numbers),
    "faithfulness": ("Do reasons matter to the model?", describe_faithfulness),
    "stability": ("Fitting the model again", describe_stability),
    "backgrounds": ("Other peers", describe_backgrounds),
    "reporting": ("A few pounds more or less", describe_reporting),
    "randomised": ("Spoilt models", describe_randomised),
    "honest": ("Honest people", describe_honest),
    "parity": ("Groups of taxpayers", describe_parity),
    "group_effect": ("The part of the group", describe_group_effect),
    "settled": ("What enquiries changed", describe_settled),
    "planting": ("Manipulations that we planted", describe_planting),
}
"""The parts in the order of the page: what each is called in its contents, and what describes it."""


@dataclass(frozen=True)
class AuditPage:
    """What the page says.

    Attributes
    ----------
    title, mark, subject, flagged : str
    verdicts : Verdicts
    sections : tuple of tuple
        What a section is called in the contents, and the section.
    kinds : tuple of ExampleKind
    why_none : str
        Why there are no examples; empty where there are.
    left_out : list of tuple of str
        A part, and why it was left out.
    limits : list of str
    about : tuple of tuple of str
    evidence : Table or None
        The map of evidence.
    confidence : str
    """

    title: str
    mark: str
    subject: str
    flagged: str
    verdicts: Verdicts
    sections: tuple[tuple[str, Section], ...]
    kinds: tuple[ExampleKind, ...]
    why_none: str
    left_out: list[tuple[str, str]]
    limits: list[str]
    about: tuple[tuple[str, str], ...]
    evidence: Table | None
    confidence: str


def write_audit_page(path: str | Path, audit: ExplanationAudit) -> Path:
    """Write the page of an audit: one HTML file that opens without a network and can be printed.

    Parameters
    ----------
    path : str or Path
        The file to write. It appears whole or not at all, and replaces one that stands there.
    audit : ExplanationAudit
        From `taxgap.audit_explanations`; parts may be missing or left out.

    Returns
    -------
    Path
        The file. The same audit gives the same bytes.

    Raises
    ------
    UsageError
        The file cannot be written.
    """
    return write_text(Path(path), render_audit(audit))


def publish_audit(audit: ExplanationAudit, folder: str | Path, *, replace: bool = False) -> Path:
    """Write an audit whole: the page ``audit.html``, ``audit.json`` and its tables, in a folder of their own.

    Parameters
    ----------
    audit : ExplanationAudit
        From `taxgap.audit_explanations`, of whatever model.
    folder : str or Path
        Appears whole or not at all.
    replace : bool, default False
        Replace an audit that stands there.

    Returns
    -------
    Path
        That of the page.

    Raises
    ------
    UsageError
        The folder exists and may not be replaced, or it cannot be written.
    """
    path = Path(folder)
    with new_folder(path, replace=replace, marker=FILE_NAME) as new:
        audit.save(new)
        write_audit_page(new / PAGE_NAME, audit)
    return path / PAGE_NAME


def render_audit(audit: ExplanationAudit) -> str:
    """Return the page of an audit as HTML.

    Parameters
    ----------
    audit : ExplanationAudit

    Returns
    -------
    str
    """
    template = make_environment().get_template("audit.html")
    return template.render(page=describe_audit(audit), colours=COLOURS, font=SCREEN_FONT)


def describe_audit(audit: ExplanationAudit) -> AuditPage:
    """Turn an audit into words, tables and pictures.

    Parameters
    ----------
    audit : ExplanationAudit

    Returns
    -------
    AuditPage
    """
    evidence = Evidence(audit)
    described = [(name, describe(evidence)) for name, describe in PARTS.values()]
    kinds, why_none = describe_examples(evidence)
    return AuditPage(
        title=TITLE,
        mark=MARKS[bool(audit.about.get("synthetic"))],
        subject=say_subject(evidence),
        flagged=say_who(evidence),
        verdicts=describe_verdicts(evidence),
        sections=tuple((name, section) for name, section in described if section is not None),
        kinds=kinds,
        why_none=why_none,
        left_out=say_left_out(evidence, {name: heading for name, (heading, _) in PARTS.items()}),
        limits=list_limits(evidence),
        about=describe_about(evidence),
        evidence=tabulate_evidence(evidence),
        confidence=evidence.confidence,
    )
