"""Recovery: what was planted in flagged returns, and how often reasons name it."""
