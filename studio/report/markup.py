"""Markup that cannot be broken by what is written into it: every text is escaped on its way in."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

_VOID = {"img", "meta"}  # in SVG no element is
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class Html(str):
    """Markup that may stand in a page as it is; only ``tag``, ``text`` and ``joined`` make it."""

    __slots__ = ()


def text(value: object) -> Html:
    """Return a value as escaped text; characters that no page may hold become U+FFFD."""
    return value if isinstance(value, Html) else Html(html.escape(_CONTROL.sub("\ufffd", str(value))))


def joined(parts: Iterable[object], between: str = "") -> Html:
    """Return parts one after the other, escaped unless they are markup."""
    return Html(html.escape(between).join(text(part) for part in parts))


def tag(name: str, /, *children: object, **attributes: object) -> Html:
    """Return an element; ``stroke_width`` becomes ``stroke-width``, ``class_`` ``class``, None nothing."""
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID and not children:
        return Html(f"<{name}{said}>")
    return Html(f"<{name}{said}>{joined(children)}</{name}>")


def table(columns: Iterable[object], rows: Iterable[Iterable[object]], caption: object = "") -> Html:
    """Return a table; cells are wrapped, the first of a row as a heading, unless ``td`` or ``th``."""
    head = tag("thead", tag("tr", *(_cell("th", c, scope="col") for c in columns)))
    body = tag("tbody", *(_row(row) for row in rows))
    said = tag("caption", caption) if caption else Html("")
    return tag("table", said, head, body)


def paragraphs(sentences: Iterable[object]) -> Html:
    """Return each sentence as a paragraph."""
    return joined(tag("p", s) for s in sentences)


def _row(cells: Iterable[object]) -> Html:
    first, *others = cells
    return tag("tr", _cell("th", first, scope="row"), *(_cell("td", c) for c in others))


def _cell(kind: str, content: object, **attributes: object) -> Html:
    made = isinstance(content, Html) and content.startswith(("<td", "<th"))
    return text(content) if made else tag(kind, content, **attributes)
