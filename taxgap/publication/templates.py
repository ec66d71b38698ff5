"""The templates of the pages: plain HTML files in this package."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined


def make_environment() -> Environment:
    """Return what renders the package's templates: text is escaped, and nothing may be undefined."""
    return Environment(
        loader=PackageLoader("taxgap.publication", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
