"""Faithfulness: whether the numbers are right and what the reasons name matters to the model."""
