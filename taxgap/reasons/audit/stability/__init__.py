"""Stability: what refits, other peers and small changes of reported pounds make of reasons."""
