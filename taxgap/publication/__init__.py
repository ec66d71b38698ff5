"""What is published: one page that people can read, made of plain frames."""

from taxgap.publication.content import ExampleCase, PageContent
from taxgap.publication.page import render_page, write_page

__all__ = ["ExampleCase", "PageContent", "render_page", "write_page"]
