"""Fixations from gaze samples. The detectors live in ``acquisition.events``; their front doors are here."""

from __future__ import annotations

from acquisition.events.fixations import Fixations
from acquisition.events.gaze_events import GazeEvents, Losses, Saccades, detect_events
from acquisition.events.idt import detect_idt
from acquisition.events.ivt import IncrementalIvt, detect_ivt
from acquisition.events.parameters import IdtParameters, IvtParameters

__all__ = [
    "Fixations",
    "GazeEvents",
    "IdtParameters",
    "IncrementalIvt",
    "IvtParameters",
    "Losses",
    "Saccades",
    "detect_events",
    "detect_idt",
    "detect_ivt",
]
