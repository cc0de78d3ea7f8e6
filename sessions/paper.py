"""What a file says about whom it is about, as far as it can be read without drawing it."""

from __future__ import annotations

import html
import re
from pathlib import Path

_TITLE = re.compile(rb'<dc:title>.*?<rdf:li xml:lang="x-default">(.*?)</rdf:li>', re.DOTALL)
_BESIDE = ".html"


def judged_text(path: Path) -> str:
    """Return the text of a file; of a PDF, its title and the report in HTML of the same name beside it.

    The title is read from the metadata that Qt writes (XMP, uncompressed); empty when there is none.

    Raises:
        OSError: it cannot be read.
    """
    if path.suffix != ".pdf":
        return path.read_text(encoding="utf-8", errors="replace")
    beside = path.with_suffix(_BESIDE)
    found = _TITLE.search(path.read_bytes())
    title = "" if found is None else html.unescape(found.group(1).decode("utf-8", errors="replace"))
    text = beside.read_text(encoding="utf-8", errors="replace") if beside.is_file() else ""
    return f"{title}\n{text}"
