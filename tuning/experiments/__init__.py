"""Experiments: cohorts through operators, models, signals and ablations, with tests a reviewer would accept."""
