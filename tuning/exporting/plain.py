"""Text of people on its way into other programs: words stay, everything that could act is dropped."""

from __future__ import annotations

import unicodedata

from protocols.errors import ExportError

_KEPT = frozenset(" -'&.,:;()/!?+%")
_NEVER_FIRST = "-'+ .,:;/!?%)&"
LONGEST = 200


def plain(text: str, what: str, longest: int = LONGEST) -> str:
    """Return text without markup, formulas, templates, line ends and control characters, on one line.

    Letters, digits and common punctuation of any language stay. What is dropped becomes a space, so that
    words do not run together.

    Args:
        text: from a questionnaire, a study or the command line.
        what: it is, for the message.
        longest: characters that are kept.

    Raises:
        ExportError: nothing is left.
    """
    known = unicodedata.normalize("NFKC", text[: 4 * longest])
    kept = "".join(c if c in _KEPT or unicodedata.category(c)[0] in "LMN" else " " for c in known)
    words = " ".join(kept.split()).lstrip(_NEVER_FIRST)[:longest].strip()
    if not words:
        raise ExportError(
            f"{what} reads {text[:80]!r}, in which there is no word.",
            "Characters that mean something to a browser, a spreadsheet or a template are not handed over.",
            "Name it in words.",
        )
    return words


def distinct(texts: tuple[str, ...], what: str) -> tuple[str, ...]:
    """Return texts made `plain`.

    Raises:
        ExportError: two of them are the same then.
    """
    found = tuple(plain(text, what) for text in texts)
    if len(set(found)) < len(found):
        raise ExportError(
            f"{what}: two of {sorted(texts)} differ only in characters that are not handed over.",
            "They would be taken for the same.",
            "Give them different words.",
        )
    return found
