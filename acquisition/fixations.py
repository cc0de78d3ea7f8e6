"""Fixations from gaze samples. The detectors live in ``acquisition.events``; their front doors are here."""

from __future__ import annotations

from acquisition.events.fixations import Fixations
from acquisition.events.ivt import IncrementalIvt, detect_ivt
from acquisition.events.parameters import IvtParameters

__all__ = ["Fixations", "IncrementalIvt", "IvtParameters", "detect_ivt"]
