"""What became of a model's flags, and whether the model still fits the records."""
