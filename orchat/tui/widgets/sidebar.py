"""The figures beside the conversation, and the same in one line where there is no room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from orchat.tui.figures import Budget, Figures
from orchat.tui.layout import SIDEBAR
from orchat.tui.lines import DIM, ERROR, FAINT, HEAD, YOU, gauge, spread, stack
from orchat.tui.standing import (
    THEIRS,
    brief_left,
    cause,
    day_left,
    free_left,
    limit_left,
    limit_reset,
    time_left,
    whose,
)
from orchat.tui.wording import (
    UNKNOWN,
    cost,
    per_million,
    plain,
    sparkline,
    spent,
    tokens,
    usd,
)

if TYPE_CHECKING:
    from orchat.domain.catalog import Model
    from orchat.store.holds import Hold

NOTHING = "–"


class Sidebar(Widget):
    """Cost, context, key and model."""

    DEFAULT_CSS = f"""
    Sidebar {{ width: {SIDEBAR}; height: 1fr; padding: 1 2 0 3; background: $surface; }}
    """

    figures: reactive[Figures] = reactive(Figures, layout=False)
    """What is shown."""
    now: reactive[float] = reactive(0.0, layout=False, repaint=False)
    """Epoch seconds from which is counted down; before the figures' own time it does not count."""
    bars: reactive[bool] = reactive(True)
    """Whether bars may be drawn; else only words."""

    def watch_now(self, before: float, now: float) -> None:
        """Draw only what reads otherwise: while nobody does anything, nothing is written."""
        if self._told(before) != self._told(now):
            self.refresh()

    def render(self) -> Content:
        """Sections with a blank line between them; where they are too high, what can be missed goes."""
        return self._told(self.now)

    def _told(self, now: float) -> Content:
        width, figures, now = self.content_size.width, self.figures, max(now, self.figures.at)
        for bars, full in ((self.bars, True), (False, True), (False, False)):
            sections = (
                _cost(figures, width, bars=bars),
                _context(figures, width, bars=bars),
                key_block(figures, width, now, bars=bars, full=full),
                _model(figures, width),
                asked_lines(figures, width),
            )
            if sum(len(section) + 1 for section in sections if section) <= self.content_size.height + 1:
                break
        return stack(*(stack(*section, Content("")) for section in sections if section))


class StatusLine(Widget):
    """The most important figures in one line."""

    DEFAULT_CSS = """
    StatusLine { height: 1; padding: 0 2; background: $surface; }
    """

    figures: reactive[Figures] = reactive(Figures, layout=False)
    """What is shown."""
    now: reactive[float] = reactive(0.0, layout=False, repaint=False)
    """As for `Sidebar`."""

    def watch_now(self, before: float, now: float) -> None:
        """As for `Sidebar`."""
        if self._told(before) != self._told(now):
            self.refresh()

    def render(self) -> Content:
        """As many figures as fit, the most important first."""
        return self._told(self.now)

    def _told(self, now: float) -> Content:
        width = self.content_size.width
        line = Content("")
        for part in status_parts(self.figures, max(now, self.figures.at)):
            joined = Content.assemble(line, ("  ·  ", FAINT), part) if line else part
            if joined.cell_length <= width:
                line = joined
        return line


def status_parts(figures: Figures, now: float) -> list[Content]:
    """What the status line may say, the most important first.

    Args:
        figures: What is known.
        now: Epoch seconds.
    """
    pairs = [("answer", answer_cost(figures))]
    if figures.session is not None:
        pairs.append(("session", spent(figures.session)))
    if figures.today is not None:
        pairs.append(("today", spent(figures.today)))
    parts = [Content.assemble((f"{name} ", DIM), value) for name, value in pairs]
    urgent = [_aside(figures, now), *(_short_budget(budget) for budget in figures.budgets)]
    if figures.key_label is not None:
        key = Content.assemble(
            ("key ", DIM), plain(figures.key_label, 16), f" {figures.key_today}/{figures.rotate_after}"
        )
        parts.append(key)
    if figures.is_free and figures.report is not None and figures.report.free_remaining is not None:
        parts.append(Content.assemble(("free ", DIM), free_left(figures.report)))
    if figures.context_used is not None:
        parts.append(Content.assemble(("context ", DIM), context_words(figures)))
    if figures.asked:
        words = ", ".join(_short_setting(name, value) for name, value in figures.asked)
        # It changes every answer, while the sums can be looked up.
        parts.insert(2, Content.assemble(("with ", DIM), plain(words, 30).stylize(YOU)))
    return [*parts[:1], *(part for part in urgent if part), *parts[1:]]


def _short_setting(name: str, value: str) -> str:
    """A setting in few words: a value that tells its name by itself stands alone."""
    if value in ("set", "on", "true"):
        return name
    return f"{name} {value}" if value.replace(".", "", 1).isdecimal() else value


def _aside(figures: Figures, now: float) -> Content:
    """The hold that lasts longest, in a few words; empty where there is none."""
    hold = next(iter(figures.holds_at(now)), None)
    if hold is None:
        return Content("")
    label = plain(figures.key_label or "", 16)
    return Content.assemble(label, f" {cause(hold.kind)} ", time_left(hold.until, now)).stylize(YOU)


def _short_budget(budget: Budget) -> Content:
    words = f"{budget.scope} budget {min(9.99, budget.share) * 100:.0f} %"
    return Content.styled(words, ERROR if budget.share >= 1 else YOU)


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


def key_block(figures: Figures, width: int, now: float, *, bars: bool, full: bool = True) -> tuple[Content, ...]:
    """What there is to know of the key: use, limits, holds, budgets.

    Args:
        figures: What is known.
        width: Cells.
        now: Epoch seconds.
        bars: Whether bars may be drawn.
        full: Also what can be missed where there are few lines.
    """
    if figures.key_label is None:
        return (Content.styled("KEY", HEAD), Content.styled("none yet", DIM), *_budget_lines(figures, width))
    over = figures.key_today > figures.rotate_after
    today = Content.styled(f"{figures.key_today} / {figures.rotate_after} today", YOU if over else "")
    lines = [Content.styled("KEY", HEAD), _pair_of(plain(figures.key_label, 40), today, width)]
    if bars:
        share = figures.key_today / max(1, figures.rotate_after)
        lines.append(gauge(share, width, style=YOU if over else "$accent"))
    if figures.is_free:
        limit = "" if figures.minute_limit is None else f" / {figures.minute_limit}"
        lines.append(_pair("this minute", f"{figures.key_minute}{limit}", width))
    if figures.is_told:
        lines.extend(_their_lines(figures, width, now, full=full))
    for hold in figures.holds_at(now):
        lines.extend(_hold_lines(hold, width, now, full=full))
    return (*lines, *_budget_lines(figures, width))


def _their_lines(figures: Figures, width: int, now: float, *, full: bool) -> list[Content]:
    """What the server says is left: its figures, never ours."""
    report, lines = figures.report, []
    if figures.is_free or (report is not None and report.free_remaining is not None):
        left = None if report is None else report.free_remaining
        words = UNKNOWN if left is None else f"{max(0, left)} left · {brief_left(now + day_left(now), now)}"
        lines.append(_pair("free today", words, width))
    lines.append(_pair("limit left", limit_left(report), width))
    if full and report is not None:
        reset = limit_reset(report)
        said = f"{reset} · {THEIRS}" if reset else f"says {THEIRS}"
        lines.append(spread(Content(""), Content.styled(said, FAINT), width))
    return lines


def _hold_lines(hold: Hold, width: int, now: float, *, full: bool) -> list[Content]:
    name = Content.styled(cause(hold.kind), YOU)
    lines = [spread(name, Content.styled(time_left(hold.until, now), YOU), width, gap=1)]
    if full:
        concerns = whose(hold)
        about = f"{concerns} put aside" if concerns else "the key is put aside"
        lines.append(Content.styled(about, FAINT).truncate(width, ellipsis=True))
    return lines


def _budget_lines(figures: Figures, width: int) -> tuple[Content, ...]:
    return tuple(
        spread(
            Content.styled(f"{budget.scope} budget", DIM),
            Content.styled(
                f"{usd(budget.spent_pico)} of {usd(budget.limit_pico)}", ERROR if budget.share >= 1 else YOU
            ),
            width,
            gap=1,
        )
        for budget in figures.budgets
    )


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
    return tuple(lines)


def asked_lines(figures: Figures, width: int) -> tuple[Content, ...]:
    """What requests say besides the conversation, where that is not the usual.

    Args:
        figures: What is known.
        width: Cells.
    """
    lines = [Content.styled("ASKED WITH", HEAD)] if figures.asked else []
    for name, value in figures.asked:
        shown = plain(value, 80).stylize(YOU).truncate(max(4, width - len(name) - 1), ellipsis=True)
        lines.append(_pair_of(plain(name, 24), shown, width))
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
