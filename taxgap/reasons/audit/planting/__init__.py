"""Without a planted truth: manipulations of the evaluator's own, and what enquiries settled."""
