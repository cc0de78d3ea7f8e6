"""Recordings in the formats of other programs: CSV tables, a BIDS data set, XDF."""
