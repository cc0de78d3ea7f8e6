"""Operators that read a model's visual relevance off one answer position."""
