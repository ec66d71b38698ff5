"""Deliberately bad models, and which checks catch them."""
