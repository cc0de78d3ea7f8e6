"""Twins over HTTP: a page goes in, attention and clicks come out."""
