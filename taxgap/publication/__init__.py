"""What is published: one page that people can read, made of plain frames."""

from taxgap.publication.audit_page import publish_audit
from taxgap.publication.calibration import write_calibration
from taxgap.publication.content import ExampleCase, PageContent
from taxgap.publication.demonstration import gather_content
from taxgap.publication.page import render_page, write_page

__all__ = [
    "ExampleCase",
    "PageContent",
    "gather_content",
    "publish_audit",
    "render_page",
    "write_calibration",
    "write_page",
]
