"""Inline Markdown to runs of styled text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rich.style import Style

from orchat.domain.clean import clean, is_clean
from orchat.tui.transcript.parser import Environment, parse_inline
from orchat.tui.transcript.rows import Run
from orchat.tui.transcript.styles import Look

if TYPE_CHECKING:
    from markdown_it.token import Token

LONGEST = 8_000
"""Characters that are parsed at a time; delimiters cost more than linear time."""
TAB = 4
"""Columns of a tab."""

_MARKUP = re.compile(r"[\\`*_\[!<&~\n$]|:/|mailto:")
_BARE_LINK = re.compile(r"(?:https?://|mailto:)[^\s<>\"'`]*[^\s<>\"'`?!.,:;*_~]", re.IGNORECASE)
_ALLOWED = re.compile(r"(?:https?://|mailto:)[\x21-\x7e]+", re.IGNORECASE)
_CONTAINERS = {"strong": Style(bold=True), "em": Style(italic=True), "s": Style(strike=True)}


def plain(text: str) -> str:
    """Decoded text as it may stand in a row: cleaned again, on one line, without tabs."""
    if text.isascii() and text.isprintable():
        return text
    if not is_clean(text):
        text = clean(text)
    return text.replace("\n", " ").expandtabs(TAB)


@lru_cache(maxsize=1024)
def link_style(href: str) -> Style | None:
    """What makes a text a link, or None for a target that nobody may open with a click."""
    if _ALLOWED.fullmatch(href) is None:
        return None
    return Style(link=href, meta={"href": href})


def host_of(href: str) -> str:
    """Who a link leads to: the host of an address, the address of a ``mailto:``, else the whole target."""
    try:
        parts = urlsplit(href)
        host = parts.hostname or ""
    except ValueError:
        return plain(href)
    if parts.scheme == "mailto":
        return plain(parts.path)
    return plain(host) or plain(href)


def inline_lines(content: str, base: Style, look: Look, env: Environment) -> list[list[Run]]:
    """The logical lines of a paragraph, heading or cell: more than one where a hard break stands.

    Args:
        content: Inline Markdown, cleaned.
        base: Style of plain text.
        look: Styles of links and code, and how a link is told.
        env: Link references.

    Returns:
        Runs by line; at least one line.
    """
    if _MARKUP.search(content) is None:
        text = plain(content)
        return [[(text, base)]] if text else [[]]
    writer = _Writer(base, look)
    for piece in _pieces(content):
        writer.write(parse_inline(piece, env))
    return writer.lines


def _pieces(content: str) -> Iterator[str]:
    """Cuts what is too long for the parser, at a line or word where there is one."""
    start = 0
    while len(content) - start > LONGEST:
        stop = start + LONGEST
        cut = max(content.rfind("\n", start, stop), content.rfind(" ", start, stop))
        stop = cut + 1 if cut > start else stop
        yield content[start:stop]
        start = stop
    yield content[start:]


class _Writer:
    """Turns inline tokens into runs."""

    def __init__(self, base: Style, look: Look) -> None:
        self.lines: list[list[Run]] = [[]]
        self._palette = look.palette
        self._tells_all = look.whole_links
        self._styles = [base]
        self._pending: list[str] = []
        self._link: str | None = None
        self._link_text: list[str] = []

    def write(self, tokens: list[Token]) -> None:
        """Add the tokens of one piece."""
        for token in tokens:
            kind = token.type
            if kind in ("text", "text_special"):
                self._pending.append(token.content)
                continue
            self._settle()
            self._markup(kind, token)
        self._settle()

    def _markup(self, kind: str, token: Token) -> None:
        style = self._styles[-1]
        name, _, edge = kind.rpartition("_")
        if kind == "softbreak":
            self._add(" ", style)
        elif kind == "hardbreak":
            self.lines.append([])
        elif kind == "code_inline":
            self._add(plain(token.content), style + self._palette.code)
        elif kind == "link_open":
            self._open_link(str(token.attrs.get("href", "")))
        elif kind == "link_close":
            self._close_link()
        elif kind == "image":
            self._image(token)
        elif edge == "open":
            self._styles.append(style + _CONTAINERS[name])
        elif edge == "close":
            self._styles.pop()
        else:
            self._add(plain(token.content), style)

    def _add(self, text: str, style: Style) -> None:
        if text:
            self.lines[-1].append((text, style))
            if self._link is not None:
                self._link_text.append(text)

    def _settle(self) -> None:
        """Write the text gathered so far: it is joined first, so that marks are counted over the seams."""
        if not self._pending:
            return
        text = plain("".join(self._pending))
        self._pending.clear()
        style = self._styles[-1]
        start = 0
        if self._link is None and ":" in text:
            for match in _BARE_LINK.finditer(text):
                href = _balanced(match.group())
                target = link_style(href)
                if target is not None:
                    self._add(text[start : match.start()], style)
                    self._add(href, style + self._palette.link + target)
                    start = match.start() + len(href)
        self._add(text[start:], style)

    def _open_link(self, href: str) -> None:
        target = link_style(href)
        style = self._styles[-1]
        self._styles.append(style + self._palette.link + target if target is not None else style)
        self._link = href
        self._link_text.clear()

    def _close_link(self) -> None:
        href, self._link = self._link or "", None
        self._styles.pop()
        self._where(href, "".join(self._link_text))

    def _image(self, token: Token) -> None:
        href = str(token.attrs.get("src", ""))
        target = link_style(href)
        style = self._styles[-1] + self._palette.dim
        label = plain("".join(child.content for child in token.children or ()))
        self._add(f"[image: {label}]" if label else "[image]", style if target is None else style + target)
        if self._link is None:
            self._where(href, label)

    def _where(self, href: str, label: str) -> None:
        """Says where a link leads, unless its text does."""
        host = plain(href.removeprefix("mailto:")) if self._tells_all else host_of(href)
        if host and host.casefold() not in label.casefold():
            self._add(f" ({host})", self._styles[-1] + self._palette.dim)


def _balanced(href: str) -> str:
    """A bare link without the closing bracket of the sentence around it."""
    while href.endswith((")", "]")) and href.count(href[-1]) > href.count("(" if href[-1] == ")" else "["):
        href = href[:-1].rstrip("?!.,:;*_~")
    return href
