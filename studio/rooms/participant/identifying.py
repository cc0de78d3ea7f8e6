"""Finds what in a free text may tell who somebody is. It warns; it cannot prove that a text is harmless."""

from __future__ import annotations

import re

_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("an e-mail address", re.compile(r"[\w.+-]+\s?@\s?[\w-]+(\.[\w-]+)+")),
    ("a web address or account", re.compile(r"https?://|www\.\S|(?<!\w)@[A-Za-z]\w{2,}")),
    (
        "a date, perhaps of birth",
        re.compile(
            rf"\b(\d{{1,2}}[./-]\d{{1,2}}[./-]\d{{2,4}}|\d{{4}}-\d{{2}}-\d{{2}}"
            rf"|\d{{1,2}}\.?\s+({_MONTHS})[a-z]*\.?\s+\d{{4}}|({_MONTHS})[a-z]*\.?\s+\d{{1,2}},?\s+\d{{4}})\b",
            re.IGNORECASE,
        ),
    ),
    ("a street address", re.compile(r"\b[\w-]+(street|strasse|straße|road|avenue| st\.| rd\.)\s+\d+|"
                                    r"\b\d+\s+\w+\s+(street|road|avenue|lane)\b", re.IGNORECASE)),
    ("a name", re.compile(r"\b(?i:my name is|i am called|called)\s+\w+|"
                          r"\b[A-Z][a-zà-ÿ'-]+\s+(?:[A-Z]\.\s+)?[A-Z][a-zà-ÿ'-]+\b")),
)  # fmt: skip
_PHONE = re.compile(r"(?<![\w.])\+?\(?\d[\d\s()/.-]{5,}\d(?!\w)")
_PHONE_DIGITS = 7


def identifying(text: str) -> tuple[str, ...]:
    """Return what kinds of identifying data a text seems to hold, in words; none for a harmless one."""
    found = [words for words, pattern in _PATTERNS if pattern.search(text)]
    dated = any("date" in words for words in found)
    numbers = [match.group() for match in _PHONE.finditer(text)]
    if not dated and any(sum(c.isdigit() for c in number) >= _PHONE_DIGITS for number in numbers):
        found.append("a telephone or other personal number")
    return tuple(found)
