"""Readers of what administrations give out: delimited and fixed-width text, parquet, DuckDB, PostgreSQL."""
