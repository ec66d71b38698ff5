"""Cells of text read as what they stand for: amounts, days, references, codes; or told to be unreadable."""
