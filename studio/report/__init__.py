"""The report of a comparison: one HTML file that needs nothing else, for reading, printing and archiving.

``write_report(path, results, recording)`` makes it. See ``studio.report.results`` for the results it takes.
"""

from __future__ import annotations

from studio.report.document import write_report
from studio.report.results import Results

__all__ = ["Results", "write_report"]
