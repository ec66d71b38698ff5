"""Why labels are not a sample of all returns, and what can be said all the same."""
