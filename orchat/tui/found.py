"""How sessions and what a search found in them read, in rows and beside them. Knows no widget."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from textual.content import Content

from orchat.domain.clean import clean, clean_line
from orchat.tui.lines import ACCENT, DIM, STRONG, YOU, column, spread, stack
from orchat.tui.wording import age, plain, plural, short_model, usd, when

if TYPE_CHECKING:
    from orchat.domain.conversation import Conversation, SearchHit, StoredMessage

MATCH_BEGINS, MATCH_ENDS = "\x02", "\x03"
"""Between these stands what a search found."""
PREVIEWED = 1_500
"""Characters of a message that a preview shows at most."""
_WIDE, _MEDIUM = 84, 64
_BEFORE, _SHORTLY = 120, 40
"""Characters of a message before what was found, where there are many rows, and where there are few."""


def line(kept: Conversation, now: float, width: int) -> Content:
    """Title, models, messages, cost, time: the less room, the fewer of them."""
    right = _time(kept.updated_at, now)
    if width >= _WIDE:
        cost = usd(kept.cost_pico) if kept.cost_pico else ""
        cells = (column(Content(plural(kept.messages, "message")), 13, "right"), column(Content(cost), 11, "right"))
        right = Content.assemble(column(Content(models(kept)), 22), *cells, right)
    elif width >= _MEDIUM:
        right = Content.assemble(column(Content(models(kept)), 16), right)
    return spread(Content.assemble(mark(kept), plain(kept.title, 200)), right.stylize(DIM), width)


def hit_line(hit: SearchHit, kept: Conversation | None, now: float, width: int) -> Content:
    """The title, and the words around what was found."""
    title = plain(hit.conversation_title, 200).truncate(max(12, width // 3), ellipsis=True)
    left = Content.assemble(mark(kept), title, "  ", snippet(hit.snippet))
    return spread(left, _time(hit.created_at, now), width)


def mark(kept: Conversation | None) -> Content:
    """A star before what is pinned."""
    return Content.styled("★ ", YOU) if kept is not None and kept.pinned else Content("  ")


def models(kept: Conversation) -> str:
    """The models that answered: the first one by name, and how many more."""
    names = [clean_line(short_model(name), 40) for name in kept.models or (kept.model or "",)]
    return names[0] if len(names) == 1 else f"{names[0]} +{len(names) - 1}"


def _time(epoch_s: float, now: float) -> Content:
    return Content.assemble(column(Content.styled(when(epoch_s, now), DIM), 11, "right"), " ")


def facts(kept: Conversation, path: Sequence[StoredMessage], now: float) -> Content:
    """All that is known of a session in one line: models, turns, cost, age.

    Args:
        kept: The session.
        path: What is shown of it.
        now: Epoch seconds.
    """
    turns = plural(sum(stored.role == "user" for stored in path), "turn")
    names = ", ".join(clean_line(short_model(name), 40) for name in kept.models) or models(kept)
    old = age(now - kept.updated_at)
    words = [names, turns, usd(kept.cost_pico) if kept.cost_pico else "", old if old == "new" else f"{old} old"]
    return Content.styled(" · ".join(word for word in words if word), DIM)


def preview(
    kept: Conversation, path: Sequence[StoredMessage], hit: SearchHit | None, now: float, size: tuple[int, int]
) -> Content:
    """A session from the message that was found, or its end; foreign text, cleaned.

    Args:
        kept: The session.
        path: The path through what was found.
        hit: What was found in it.
        now: Epoch seconds.
        size: Cells and rows.
    """
    width, rows = size
    head = [plain(kept.title, 200).stylize(STRONG).truncate(width, ellipsis=True), facts(kept, path, now)]
    lines = []
    for name, text in _told(path, hit, rows, before=_BEFORE):
        lines += [Content(""), name, text]
    return stack(*head, *lines)


def preview_below(path: Sequence[StoredMessage], hit: SearchHit | None, rows: int) -> Content:
    """As `preview` for a place of few rows, in which names stand before what they said.

    Args:
        path: The path through what was found.
        hit: What was found in it.
        rows: How many there are.
    """
    told = _told(path, hit, rows, before=_SHORTLY, is_flat=True)
    return stack(*(Content.assemble(name, "  ", text) for name, text in told))


def _told(
    path: Sequence[StoredMessage], hit: SearchHit | None, rows: int, *, before: int, is_flat: bool = False
) -> Iterator[tuple[Content, Content]]:
    """Who said what, from the message that was found, or at the end; `is_flat` joins the lines of a message."""
    found = words_of(hit.snippet) if hit else ()
    if hit is None:
        told = list(path[-2:])
    else:
        at = next((number for number, stored in enumerate(path) if stored.id == hit.message_id), 0)
        told = list(path[at : at + 1 + rows // 6])
    for stored in told:
        is_found = hit is not None and stored.id == hit.message_id
        is_you = stored.role == "user"
        name = "You" if is_you else clean_line(short_model(stored.model or "model"), 40)
        text = clean(_around(stored.text, hit.snippet, before) if is_found and hit else stored.text[:PREVIEWED])
        said = " ".join(text.split()) if is_flat else text.strip()
        yield Content.styled(name, YOU if is_you else ACCENT), _marked(said, found)


def snippet(text: str) -> Content:
    """Text around a match, the match in bold: both are foreign."""
    parts: list[Content] = []
    for piece in text.split(MATCH_BEGINS):
        found, ends, rest = piece.partition(MATCH_ENDS)
        if ends:
            parts.append(Content.styled(clean_line(found, 200), f"{STRONG} {ACCENT}"))
        else:
            rest = found
        kept = clean_line(f"|{rest}|", 300)[1:-1]
        parts.append(Content.styled(kept, DIM))
    return Content("").join(parts)


def words_of(text: str) -> tuple[str, ...]:
    """What a search found in a snippet, each word once, the longest first."""
    pieces = (piece.partition(MATCH_ENDS) for piece in text.split(MATCH_BEGINS)[1:])
    return tuple(sorted({found.casefold() for found, _, _ in pieces if found}, key=len, reverse=True))


def _around(text: str, snippet: str, before: int) -> str:
    """A message from shortly before the words of a snippet: once to twice as many characters as `before`."""
    core = snippet.replace(MATCH_BEGINS, "").replace(MATCH_ENDS, "").strip("…")
    found = text.find(core) if core else -1
    at = found + len(snippet.partition(MATCH_BEGINS)[0].strip("…")) if found >= 0 else 0
    if at <= 2 * before:
        return text[:PREVIEWED]
    start = text.rfind("\n", at - 2 * before, at - before) + 1 or at - before
    return f"…\n{text[start : start + PREVIEWED]}"


def _marked(text: str, words: Sequence[str]) -> Content:
    content = Content(text)
    if words:
        for found in re.finditer("|".join(map(re.escape, words)), text, re.IGNORECASE):
            content = content.stylize(f"{STRONG} {ACCENT}", *found.span())
    return content
