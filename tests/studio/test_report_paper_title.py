"""The PDF of a report says whom it is about, so that it is found when they are to be erased."""

from __future__ import annotations

from sessions.paper import judged_text
from studio.report.pdf.paper import write_pdf


def test_a_pdf_tells_its_title(tmp_path, qapp):
    assert qapp
    write_pdf(tmp_path / "r.pdf", "GazeTwin report: P07, study a & b", [])
    assert judged_text(tmp_path / "r.pdf").strip() == "GazeTwin report: P07, study a & b"
