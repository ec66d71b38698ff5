"""Truthful twins: exact local truth, return by return."""
