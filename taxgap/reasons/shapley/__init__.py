"""Exact Shapley values of boosted trees, from grouped tables: fast enough to explain everyone.

`trees` reads a LightGBM model, `coding` numbers the cells of its features, `grouping` and `plan` put leaves
into groups that share a table, `leaves` and `filling` work out the tables, `states` and `evaluation` look
rows up in them, and `compiled` brings it together. docs/explanation/kernel.md tells how and why.
"""

from __future__ import annotations

from taxgap.reasons.shapley.compiled import CompiledModel, compile_model, shapley_values

__all__ = ["CompiledModel", "compile_model", "shapley_values"]
