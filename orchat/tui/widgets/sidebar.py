"""The figures beside the conversation, and the same in one line where there is no room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from orchat.tui.figures import Figures
from orchat.tui.lines import DIM, FAINT, HEAD, YOU, gauge, spread, stack
from orchat.tui.wording import (
    UNKNOWN,
    cost,
    per_million,
    plain,
    sparkline,
    spent,
    tokens,
)

if TYPE_CHECKING:
    from orchat.domain.catalog import Model

NOTHING = "–"
WIDTH = 34
"""Cells of the sidebar with its padding."""


class Sidebar(Widget):
    """Cost, context, key and model."""

    DEFAULT_CSS = f"""
    Sidebar {{ width: {WIDTH}; height: 1fr; padding: 1 2 0 3; background: $surface; }}
    """

    figures: reactive[Figures] = reactive(Figures, layout=False)
    """What is shown."""
    bars: reactive[bool] = reactive(True)
    """Whether bars may be drawn; else only words."""

    def render(self) -> Content:
        """Sections with a blank line between them."""
        width, figures = self.content_size.width, self.figures
        sections = (
            _cost(figures, width, bars=self.bars),
            _context(figures, width, bars=self.bars),
            _key(figures, width, bars=self.bars),
            _model(figures, width),
        )
        return stack(*(stack(*section, Content("")) for section in sections))


class StatusLine(Widget):
    """The most important figures in one line."""

    DEFAULT_CSS = """
    StatusLine { height: 1; padding: 0 2; background: $surface; }
    """

    figures: reactive[Figures] = reactive(Figures, layout=False)
    """What is shown."""

    def render(self) -> Content:
        """As many figures as fit, the most important first."""
        figures, width = self.figures, self.content_size.width
        parts = [("answer", answer_cost(figures))]
        if figures.session is not None:
            parts.append(("session", spent(figures.session)))
        if figures.today is not None:
            parts.append(("today", spent(figures.today)))
        if figures.key_label is not None:
            parts.append(("key", f"{plain(figures.key_label, 16)} {figures.key_today}/{figures.rotate_after}"))
        if figures.context_used is not None:
            parts.append(("context", context_words(figures)))
        line = Content("")
        for name, value in parts:
            part = Content.assemble((f"{name} ", DIM), value)
            joined = Content.assemble(line, ("  ·  ", FAINT), part) if line else part
            if joined.cell_length <= width:
                line = joined
        return line


def answer_cost(figures: Figures) -> str:
    """What the last answer cost; unknown is not nothing."""
    if figures.busy:
        return "running"
    answer = figures.answer
    return NOTHING if answer is None or answer.state == "failed" else cost(answer.cost)


def context_words(figures: Figures) -> str:
    """``12.4k of 1.0M``."""
    used = NOTHING if figures.context_used is None else tokens(figures.context_used)
    total = UNKNOWN if figures.context_length is None else tokens(figures.context_length)
    return f"{used} of {total}"


def _pair(name: str, value: Content | str, width: int) -> Content:
    return spread(Content.styled(name, DIM), Content(value) if isinstance(value, str) else value, width, gap=1)


def _cost(figures: Figures, width: int, *, bars: bool) -> tuple[Content, ...]:
    lines = [
        Content.styled("COST", HEAD),
        _pair("this answer", answer_cost(figures), width),
        _pair("session", spent(figures.session) if figures.session else NOTHING, width),
        _pair("today", spent(figures.today) if figures.today else NOTHING, width),
    ]
    chart = sparkline(list(figures.daily)) if bars else ""
    if chart:
        lines.append(spread(Content.styled(chart, "$accent"), Content.styled(f"{len(chart)} days", FAINT), width))
    return tuple(lines)


def _context(figures: Figures, width: int, *, bars: bool) -> tuple[Content, ...]:
    used, total = figures.context_used, figures.context_length
    share = used / total if used is not None and total else None
    percent = "" if share is None else f"{share * 100:.0f} %" if share >= 0.01 else "< 1 %"
    lines = [Content.styled("CONTEXT", HEAD)]
    if bars:
        lines.append(gauge(share or 0.0, width, style=YOU if share and share > 0.8 else "$accent"))
    words = f"{context_words(figures)} tokens" if total is not None else context_words(figures)
    lines.append(spread(Content.styled(words, DIM), Content.styled(percent, DIM), width))
    return tuple(lines)


def _key(figures: Figures, width: int, *, bars: bool) -> tuple[Content, ...]:
    if figures.key_label is None:
        return (Content.styled("KEY", HEAD), Content.styled("none yet", DIM))
    today = f"{figures.key_today} / {figures.rotate_after} today"
    lines = [Content.styled("KEY", HEAD), _pair_of(plain(figures.key_label, 40), Content(today), width)]
    if bars:
        lines.append(gauge(figures.key_today / max(1, figures.rotate_after), width))
    limit = "" if figures.minute_limit is None else f" / {figures.minute_limit}"
    lines.append(_pair("this minute", f"{figures.key_minute}{limit}", width))
    return tuple(lines)


def _pair_of(name: Content, value: Content, width: int) -> Content:
    return spread(name.stylize(DIM), value, width, gap=1)


def _model(figures: Figures, width: int) -> tuple[Content, ...]:
    lines = [Content.styled("MODEL", HEAD), plain(figures.model_id or "…", 200).truncate(width, ellipsis=True)]
    model = figures.model
    if model is None:
        lines.append(Content.styled("not in the catalogue" if figures.model_id else "", DIM))
    else:
        context = UNKNOWN if model.context_length is None else tokens(model.context_length)
        abilities = " · ".join(_abilities(model)[:2])
        lines.append(spread(Content.styled(f"{context} context", DIM), Content.styled(abilities, DIM), width, gap=1))
        lines.append(_pair("in / out per M", prices(model), width))
    if figures.provider:
        lines.append(_pair("provider", plain(figures.provider, 40), width))
    if figures.temperature is not None:
        lines.append(_pair("temperature", Content.styled(f"{figures.temperature:g}", YOU), width))
    if figures.system:
        lines.append(_pair("system prompt", Content.styled("set", YOU), width))
    return tuple(lines)


def _abilities(model: Model) -> list[str]:
    known = (
        ("sees", model.sees),
        ("files", model.reads_files),
        ("reasons", model.reasons),
        ("tools", model.uses_tools),
    )
    return [name for name, has in known if has]


def prices(model: Model) -> str:
    """``$0.30 / $2.50``, ``free`` or ``unknown``."""
    if model.is_free:
        return "free"
    if not model.pricing.is_known:
        return "depends" if "prompt" in model.pricing.prices else UNKNOWN
    prompt, completion = (per_million(model.pricing.per_million(name)) for name in ("prompt", "completion"))
    return f"${prompt} / ${completion}"
