"""Charts of the report as pictures of their own: no style sheet, no variables, light colours."""

from __future__ import annotations

import re
from dataclasses import asdict

from PySide6.QtCore import QByteArray
from PySide6.QtSvg import QSvgRenderer

from studio.report.charts import hatch
from studio.report.markup import Html, joined, tag
from studio.report.pdf.tree import Node
from studio.report.scarf import patterns
from studio.theme import LIGHT

# What the style sheet says of classes in charts; Qt's SVG knows attributes only.
_CLASSES: dict[str, dict[str, str]] = {
    "end": {"text-anchor": "end"},
    "middle": {"text-anchor": "middle"},
    "quiet": {"fill": LIGHT.muted},
    "axis": {"stroke": LIGHT.control},
    "grid": {"stroke": LIGHT.border},
    "real": {"fill": LIGHT.real, "stroke": LIGHT.real},
    "twin": {"stroke": LIGHT.twin},
    "stroke": {"stroke": LIGHT.text, "stroke-width": "1.6"},
    "ink": {"fill": LIGHT.text},
}
_TEXT = {"font-family": "Open Sans", "font-size": "12", "fill": LIGHT.text}
_NAMES = {"viewbox": "viewBox", "patternunits": "patternUnits", "patterntransform": "patternTransform"}
_VARIABLE = re.compile(r"var\(--([a-z-]+)\)")


def renderer(chart: Node) -> QSvgRenderer:
    """Return what draws a chart of the report."""
    defined = tag("defs", hatch(), *patterns()) if "url(#" in str(_plain(chart)) else Html("")
    inside = joined([_variables(defined), *(_plain(child) for child in chart.elements)])
    box = chart.attributes.get("viewbox", "0 0 100 100")
    whole = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}">{inside}</svg>'
    return QSvgRenderer(QByteArray(whole.encode("utf-8")))


def size(chart: Node) -> tuple[float, float]:
    """Return width and height of a chart's own coordinates."""
    _, _, width, height = (float(v) for v in chart.attributes.get("viewbox", "0 0 100 100").split())
    return width, height


def _plain(node: Node) -> Html:
    """Return an element with attributes in place of classes and variables, and without titles."""
    if node.name == "title":
        return Html("")
    said = dict(_TEXT) if node.name == "text" else {}
    for name in node.classes:
        said |= _CLASSES.get(name, {})
    own = {key: value for key, value in node.attributes.items() if key not in ("class", "role", "aria-label")}
    said |= {_NAMES.get(key, key): _VARIABLE.sub(_colour, value) for key, value in own.items()}
    children = [child if isinstance(child, str) else _plain(child) for child in node.children]
    return tag(node.name, *children, **said)


def _variables(markup: Html) -> Html:
    return Html(_VARIABLE.sub(_colour, markup))


def _colour(found: re.Match[str]) -> str:
    return str(asdict(LIGHT)[found[1].replace("-", "_")])
