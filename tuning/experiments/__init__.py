"""Experiments: cohorts through operators, models, signals and ablations, and honest tables of the outcome."""
