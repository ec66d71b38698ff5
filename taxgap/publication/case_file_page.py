"""The case file: one taxpayer's return on a page that can be printed and needs nothing else."""

from __future__ import annotations

import re
from pathlib import Path

from taxgap.publication.case_file import Case
from taxgap.publication.case_file_content import CaseFile
from taxgap.publication.case_file_words import describe_file
from taxgap.publication.templates import make_environment
from taxgap.publication.theme import COLOURS, SCREEN_FONT
from taxgap.records.files import write_text


def case_file_name(case: Case) -> str:
    """Name the file of a case.

    Whatever in an identifier could lead to another folder is replaced by a dash.
    """
    safe = (re.sub(r"[^A-Za-z0-9._-]", "-", text).lstrip(".") for text in (case.taxpayer_id, case.period))
    return f"case-{'-'.join(safe)}.html"


def write_case_file(path: str | Path, file: CaseFile) -> Path:
    """Write a case file as one HTML page that opens without a network and can be printed.

    Parameters
    ----------
    path : str or Path
        The file to write; it appears whole or not at all, and replaces one that stands there.
    file : CaseFile

    Returns
    -------
    Path

    Raises
    ------
    UsageError
        The file cannot be written.
    """
    return write_text(Path(path), render_case_file(file))


def render_case_file(file: CaseFile) -> str:
    """Return a case file as HTML; the same content gives the same text."""
    template = make_environment().get_template("case_file.html")
    return template.render(page=describe_file(file), colours=COLOURS, font=SCREEN_FONT)
