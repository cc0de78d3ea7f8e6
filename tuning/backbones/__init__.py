"""Frozen vision-language models, one adapter each."""
