"""The report's markup as a tree. Only what ``studio.report.markup`` writes has to be understood."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

from studio.report.markup import Html

_VOID = {"img", "meta"}


@dataclass(eq=False)
class Node:
    """An element.

    Attributes:
        name: of the element.
        attributes: by name.
        children: elements and texts in order.
    """

    name: str
    attributes: dict[str, str]
    children: list[Node | str] = field(default_factory=list)

    @property
    def classes(self) -> set[str]:
        """The classes of the element."""
        return set(self.attributes.get("class", "").split())

    @property
    def text(self) -> str:
        """All text inside."""
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    @property
    def elements(self) -> list[Node]:
        """The elements directly inside."""
        return [child for child in self.children if isinstance(child, Node)]

    def all(self, name: str) -> Iterator[Node]:
        """Yield every element of a name inside, in order."""
        for child in self.elements:
            if child.name == name:
                yield child
            yield from child.all(name)


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open = [Node("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {key: value or "" for key, value in attrs})
        self.open[-1].children.append(node)
        if tag not in _VOID:
            self.open.append(node)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().name == tag

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def parsed(markup: Html) -> list[Node]:
    """Return the elements of a piece of markup."""
    builder = _Builder()
    builder.feed(markup)
    builder.close()
    return builder.open[0].elements
