"""What a person types to find something that was said."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone

_PIECES = re.compile(
    r'(?:(?P<field>model|title|after|before):)?(?:"(?P<phrase>[^"]*)(?P<closed>"?)|(?P<word>\S+))', re.IGNORECASE
)
_UNFINISHED = frozenset(("model:", "title:", "after:", "before:"))
_DAY = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One word, or several that follow each other."""

    text: str
    """Raw; nothing in it is an operator."""
    prefix: bool = False
    """The last word may go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchQuery:
    """What has to hold of a message, all of it."""

    terms: tuple[Term, ...] = ()
    """What its text must hold."""
    models: tuple[str, ...] = ()
    """Parts of the name of the model that answered, or that answered it."""
    titles: tuple[str, ...] = ()
    """Parts of the title of its session."""
    after: float | None = None
    """Said at this time or later, in epoch seconds."""
    before: float | None = None
    """Said earlier, in epoch seconds."""

    @property
    def is_empty(self) -> bool:
        """True when it says nothing."""
        return self == SearchQuery()


def parse_query(text: str) -> SearchQuery:
    """Understand what was typed, also while it is not finished; nothing is an error.

    Words must all be there, the last one may be unfinished, as may any that ends with ``*``. ``"some words"`` must
    follow each other. ``model:NAME`` and ``title:WORD`` look for a part; ``after:2026-01-31`` and ``before:2026-02``
    are UTC days, months or years, and count once they are one.

    Args:
        text: Raw.
    """
    terms: list[Term] = []
    parts: dict[str, list[str]] = {"model": [], "title": [], "after": [], "before": []}
    last = ""
    # A NUL would end the query inside its quotes.
    for piece in _PIECES.finditer(text.replace("\0", " ")):
        field, phrase, word = piece["field"], piece["phrase"], piece["word"] or ""
        if word.lower() in _UNFINISHED:
            last = ""
            continue
        last = "" if field else word or ("" if piece["closed"] else phrase or "")
        if field:
            parts[field.lower()].append(phrase if phrase is not None else word)
        elif phrase is not None:
            terms.append(Term(text=phrase))
        else:
            terms.append(Term(text=word.rstrip("*"), prefix=word.endswith("*")))
    terms = [term for term in terms if term.text.strip()]
    if terms and last:
        terms[-1] = Term(text=terms[-1].text, prefix=True)
    return SearchQuery(
        terms=tuple(terms),
        models=tuple(part for part in parts["model"] if part),
        titles=tuple(part for part in parts["title"] if part),
        after=max((day for day in map(parse_day, parts["after"]) if day is not None), default=None),
        before=min((day for day in map(parse_day, parts["before"]) if day is not None), default=None),
    )


def parse_day(text: str) -> float | None:
    """The moment at which a UTC day, month or year begins.

    Args:
        text: ``2026-01-31``, ``2026-01`` or ``2026``.

    Returns:
        Epoch seconds; None when it is no such date.
    """
    found = _DAY.fullmatch(text.strip())
    if found is None:
        return None
    year, month, day = (int(part or 1) for part in found.groups())
    try:
        return datetime(year, month, day, tzinfo=timezone.utc).timestamp()
    except ValueError:
        return None
