"""All that is known of one message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from orchat.domain.clean import clean_line
from orchat.tui.lines import DIM, column, keys_line
from orchat.tui.screens.dialog import Dialog, TitleLine
from orchat.tui.wording import UNKNOWN, clock_time, cost, duration, speed, when

if TYPE_CHECKING:
    from orchat.domain.conversation import StoredMessage
    from orchat.domain.money import Usage
    from orchat.domain.sessions import Details

_LABEL = 16
_LONGEST = 300


class DetailsDialog(Dialog[None]):
    """Who answered, what it took, what it cost.

    Args:
        details: Of the message.
        now: Epoch seconds.
    """

    SMALL = True
    DEFAULT_CSS = """
    DetailsDialog VerticalScroll { height: auto; max-height: 50vh; margin-top: 1; scrollbar-size-vertical: 1; }
    DetailsDialog.-low VerticalScroll { margin-top: 0; }
    """
    BINDINGS = [Binding("i,enter", "back", "Back", show=False)]

    def __init__(self, details: Details, now: float) -> None:
        super().__init__()
        self._details = details
        self._now = now

    def content(self) -> ComposeResult:
        """The table."""
        yield TitleLine("Answer" if self._details.message.role == "assistant" else "Prompt")
        with VerticalScroll(can_focus=True):
            yield Static(table(self._details, self._now))
        yield Static(keys_line(("↑↓", "scroll"), ("Esc", "back")), classes="foot")

    def on_mount(self) -> None:
        """The arrows scroll."""
        self.query_one(VerticalScroll).focus()


def table(details: Details, now: float) -> Content:
    """One line for each thing that is known.

    Args:
        details: Of the message.
        now: Epoch seconds.
    """
    lines = [
        Content.assemble(column(Content.styled(label, DIM), _LABEL), clean_line(value, _LONGEST))
        for label, value in facts(details, now)
    ]
    return Content("\n").join(lines)


def facts(details: Details, now: float) -> list[tuple[str, str]]:
    """What is known of a message: a label and foreign text; unknown is not left out where an answer would have it.

    Args:
        details: Of the message.
        now: Epoch seconds.
    """
    message, branch = details.message, details.branch
    day = when(message.created_at, now)
    said = clock_time(message.created_at)
    rows = [("said", said if day == said else f"{day}, {said}"), ("number", str(message.id))]
    if branch is not None:
        rows.append(("branch", f"{branch.number} of {len(branch.ids)}"))
    rows += [(f"file {number}", file.name) for number, file in enumerate(message.attachments, 1)]
    if message.role != "assistant":
        return rows
    return [*_whose(message), *rows, *_took(message, details.usage), ("cost", cost(details.cost)), *_ended(message)]


def _whose(message: StoredMessage) -> list[tuple[str, str]]:
    return [
        ("model", message.model or UNKNOWN),
        ("provider", message.provider or UNKNOWN),
        ("key", message.key_label or UNKNOWN),
        ("generation", message.generation_id or UNKNOWN),
    ]


def _took(message: StoredMessage, usage: Usage | None) -> list[tuple[str, str]]:
    timing = message.timing
    rows = []
    if timing.total_ms:
        first = "" if timing.ttft_ms is None else f", first word after {duration(timing.ttft_ms / 1000)}"
        rows.append(("time", f"{duration(timing.total_ms / 1000)}{first}"))
    if usage is None:
        return [*rows, ("tokens", UNKNOWN)]
    thought = f", {usage.reasoning_tokens:,} of them thought" if usage.reasoning_tokens else ""
    cached = f", {usage.cached_tokens:,} of them cached" if usage.cached_tokens else ""
    rows += [
        ("tokens in", f"{usage.prompt_tokens:,}{cached}"),
        ("tokens out", f"{usage.completion_tokens:,}{thought}"),
    ]
    rate = speed(usage.completion_tokens, timing.total_ms - (timing.ttft_ms or 0))
    return [*rows, ("speed", rate)] if rate else rows


def _ended(message: StoredMessage) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = [("state", message.state)]
    if message.finish_reason:
        rows.append(("finish reason", message.finish_reason))
    if message.error:
        rows.append(("error", message.error))
    if message.continues is not None:
        rows.append(("goes on with", f"message {message.continues}"))
    return rows
