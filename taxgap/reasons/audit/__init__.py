"""The audit of explanations: can the reasons be relied on, and where are they weak."""
