"""An administration's own tables: found, read as they stand there, and written in the library's form."""

from __future__ import annotations

from taxgap.records.ingestion.mapping import SourceMapping
from taxgap.records.ingestion.mapping_file import read_mapping
from taxgap.records.ingestion.report import IngestReport
from taxgap.records.ingestion.walk import ingest

__all__ = ["IngestReport", "SourceMapping", "ingest", "read_mapping"]
