"""Groups of taxpayers: honest ones that are flagged, parity, and the part of the group in a flag."""
