"""Personas for other programs."""
