"""Experiments: cohorts through operators, models, signals and ablations, and honest tables of what came out."""
