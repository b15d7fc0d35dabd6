"""What stands around a message: its header above, and under it attachments, errors, marks and sources."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style

from orchat.domain.clean import clean, clean_line
from orchat.tui.transcript.entry import Entry, ErrorCard
from orchat.tui.transcript.inline import host_of, link_style, plain
from orchat.tui.transcript.insets import draw_insets
from orchat.tui.transcript.pen import Pen
from orchat.tui.transcript.rows import Row, Run, Section
from orchat.tui.transcript.styles import Look
from orchat.tui.transcript.wrap import cells
from orchat.tui.wording import shortened

LONGEST = 300
"""Characters of a name, label or title."""
LONGEST_TEXT = 4_000
"""Characters of an error's text."""
GAP = 2
"""Columns between the name and the facts beside it."""

FOLD = Style(meta={"fold": True})
"""Makes a row fold and unfold the thoughts when it is clicked."""
EARLIER, LATER = Style(meta={"branch": -1}), Style(meta={"branch": 1})
"""Show the branch before or after when they are clicked."""

_PLAIN_ROLES = {"you": "You", "model": "Model", "notice": "Notice"}


def cropped(text: str, width: int) -> str:
    """A text that fits, with an ellipsis where it was longer."""
    if cells(text) <= width:
        return text
    while text and cells(text) > width - 1:
        text = text[:-1]
    return f"{text.rstrip()}…" if width > 0 else ""


def draw_head(entry: Entry, look: Look, width: int, *, folded: bool) -> Section:
    """The header line, and the line over the thoughts.

    Args:
        entry: The message.
        look: Styles and signs.
        width: Columns.
        folded: Whether the thoughts are folded.
    """
    section = Section()
    title, facts = _title(entry, look), clean_line(entry.facts, LONGEST)
    if title or facts or entry.branch:
        _header(section, entry, look, width, title, facts)
    if entry.reasoning or entry.thought:
        palette, signs = look.palette, look.signs
        sign = signs.closed if folded else signs.open
        label = clean_line(entry.thought, LONGEST) or "thoughts"
        text = cropped(f"{sign} {label}", width)
        section.rows.append(Row((), [Segment(text, palette.faint + FOLD)], len(section.lines)))
        section.lines.append(text)
    return section


def _title(entry: Entry, look: Look) -> str:
    title = clean_line(entry.title, LONGEST)
    if look.is_plain:
        role = _PLAIN_ROLES[entry.role]
        return f"{role}: {title}" if title and title != role else f"{role}:"
    return title or ("You" if entry.role == "you" else "")


def _header(section: Section, entry: Entry, look: Look, width: int, title: str, facts: str) -> None:
    palette = look.palette
    style = {"you": palette.you, "model": palette.accent, "notice": palette.dim}[entry.role]
    before, within, after = look.signs.branches
    branch = f"{before}{within}{clean_line(entry.branch, LONGEST)}{after}" if entry.branch else ""
    facts = " · ".join(part for part in (branch, facts) if part)
    facts = cropped(facts, max(0, width - GAP - min(cells(title), width // 3)))
    title = cropped(title, width - cells(facts) - (GAP if facts else 0))
    room = width - cells(title) - cells(facts)
    said = [Segment(facts, palette.dim)]
    if before and branch and facts.startswith(branch):
        inner = branch[len(before) : -len(after)]
        said = [
            Segment(before, palette.accent + EARLIER),
            Segment(inner, palette.dim),
            Segment(after, palette.accent + LATER),
            Segment(facts[len(branch) :], palette.dim),
        ]
    suffix = (Segment(" " * room), *said) if facts else ()
    bold = style + Style(bold=True)
    section.rows.append(Row((), [Segment(title, bold)] if title else [], len(section.lines), 0, suffix))
    section.lines.append(title)


def draw_foot(entry: Entry, look: Look, width: int, *, has_body: bool) -> Section:
    """Attachments, error, mark and sources.

    Args:
        entry: The message.
        look: Styles and signs.
        width: Columns.
        has_body: Whether there is text above.
    """
    section = Section()
    pen = Pen(section, width)
    _chips(entry, look, pen)
    if entry.insets and not look.is_plain:
        draw_insets(section, entry.insets, width, look.ground)
    if entry.error is not None:
        if has_body or section.rows:
            pen.blank()
        _error(entry.error, look, pen)
    note = clean_line(entry.note, LONGEST)
    if note:
        pen.line([(note, look.palette.dim)])
    state = clean_line(entry.state, LONGEST)
    if state:
        text = f"[{state}]" if look.is_plain else state
        pen.line([(text, look.palette.you)])
    if entry.citations:
        _citations(entry, look, pen)
    return section


def _chips(entry: Entry, look: Look, pen: Pen) -> None:
    """As many attachments on a row as fit; a click on one tells which it is."""
    chips: list[list[Run]] = []
    for number, words in enumerate(entry.chips, 1):
        chip = shortened(f"{look.signs.chip} {number}  {clean_line(words, LONGEST)}", pen.width)
        chips.append([(chip, look.palette.dim + Style(meta={"chip": number - 1}))])
    _pack(chips, look, pen)


def _pack(groups: list[list[Run]], look: Look, pen: Pen) -> None:
    """As many groups on a row as fit; none is broken over two."""
    runs: list[Run] = []
    room = pen.width
    for group in groups:
        taken = sum(cells(text) for text, _ in group)
        if runs and taken + _GAP > room:
            pen.line(runs)
            runs, room = [], pen.width
        elif runs:
            runs.append((" " * _GAP, look.palette.dim))
            room -= _GAP
        runs += group
        room -= taken
    if runs:
        pen.line(runs)


_GAP = 3


def _error(card: ErrorCard, look: Look, pen: Pen) -> None:
    palette = look.palette
    bar = (look.signs.error, palette.error)
    inner = pen.nested(bar, bar)
    inner.line([(clean_line(card.title, LONGEST), palette.error + Style(bold=True))])
    for text, style in ((card.text, palette.text), (card.hint, palette.dim)):
        for line in clean(text[:LONGEST_TEXT]).strip().split("\n"):
            if line.strip():
                inner.line([(plain(line), style)])
    ways: list[list[Run]] = [
        [(clean_line(key, LONGEST), palette.accent + Style(bold=True)), (f" {clean_line(label, LONGEST)}", palette.dim)]
        for key, label in card.keys
    ]
    _pack(ways, look, inner)


def _citations(entry: Entry, look: Look, pen: Pen) -> None:
    palette = look.palette
    pen.blank()
    for number, source in enumerate(entry.citations, 1):
        url = clean_line(source.url, LONGEST * 10)
        host = host_of(url)
        title = clean_line(source.title, LONGEST) or host
        target = link_style(url)
        style = palette.dim if target is None else palette.dim + Style(underline=True) + target
        mark = f"[{number}] "
        inner = pen.nested((mark, palette.faint), (" " * len(mark), palette.faint))
        runs = [(title, style)]
        if host and host.casefold() not in title.casefold():
            runs.append((f" ({host})", palette.faint))
        inner.line(runs)
