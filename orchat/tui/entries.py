"""Kept messages as the transcript shows them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypedDict

from orchat.domain.choices import LINK
from orchat.tui.changes import Prompt
from orchat.tui.keymap import USUAL, Keymap
from orchat.tui.problems import Problem, stored_problem, with_rest
from orchat.tui.transcript.entry import Entry, ErrorCard
from orchat.tui.transcript.insets import Inset
from orchat.tui.wording import clock_time, cost, duration, short_model, size, speed

if TYPE_CHECKING:
    from orchat.domain.conversation import Attachment, StoredMessage
    from orchat.domain.events import Cited
    from orchat.tui.attached import Attached

_STATES = {
    "stopped": "stopped: this is what had arrived",
    "cut": "cut: this is what had arrived",
    "failed": "",
    "streaming": "unfinished: another window is writing it",
    "done": "",
}
_ENDS = {
    "length": "ended at the limit of tokens",
    "content_filter": "ended by a content filter",
    "error": "ended with an error",
}


class Ended(TypedDict):
    """What is known of an answer once it is over."""

    title: str
    facts: str
    thought: str
    state: str
    chips: tuple[str, ...]
    insets: tuple[Inset, ...]
    citations: tuple[Cited, ...]
    error: ErrorCard | None


def chip(attachment: Attachment | Attached) -> str:
    """An attachment in a few words."""
    if attachment.mime == LINK:
        return f"{attachment.name}  link"
    shape = f"  {attachment.width}×{attachment.height}" if attachment.width and attachment.height else ""
    return f"{attachment.name}{shape}  {size(attachment.size)}"


def insets_of(attachments: Iterable[Attachment | Attached]) -> tuple[Inset, ...]:
    """The pictures among some attachments, as they are shown under a message."""
    return tuple(
        Inset(chip=index, sha256=file.sha256, size=(file.width or 0, file.height or 0))
        for index, file in enumerate(attachments)
        if file.mime.startswith("image/")
    )


def paste_name(number: int) -> str:
    """The file name under which a long pasted text is sent."""
    return f"paste-{number}.txt"


def you_entry(prompt: Prompt, now: float) -> Entry:
    """A prompt that was just sent."""
    chips = (
        *(chip(file) for file in prompt.files),
        *(f"{paste_name(number)}  {size(len(text))}" for number, text in enumerate(prompt.pastes, 1)),
    )
    return Entry(role="you", source=prompt.text, facts=clock_time(now), chips=chips, insets=insets_of(prompt.files))


def prompt_entry(stored: StoredMessage) -> Entry:
    """What a person said."""
    return Entry(
        role="you",
        source=stored.text,
        facts=clock_time(stored.created_at),
        chips=tuple(chip(attachment) for attachment in stored.attachments),
        insets=insets_of(stored.attachments),
        key=stored.id,
    )


def answer_facts(stored: StoredMessage) -> str:
    """``1.2 s · 84 tok/s · $0.000 41``, as far as it is known."""
    parts = []
    total_ms = stored.timing.total_ms
    if total_ms >= 100 or (total_ms and stored.state != "failed"):
        parts.append(duration(total_ms / 1000))
    if stored.usage is not None:
        parts.append(speed(stored.usage.completion_tokens, total_ms - (stored.timing.ttft_ms or 0)))
    if stored.state != "failed":
        parts.append("cost unknown" if stored.cost.pico is None else cost(stored.cost))
    return " · ".join(part for part in parts if part)


def stored_problem_of(stored: StoredMessage) -> Problem | None:
    """What went wrong with a kept answer."""
    if not stored.error:
        return None
    problem = stored_problem(stored.error, stored.hint, cut=stored.state == "cut")
    return with_rest(problem) if is_unfinished(stored) else problem


def is_unfinished(stored: StoredMessage) -> bool:
    """Whether there is an answer that can be gone on with."""
    if stored.role != "assistant" or stored.state == "streaming" or not stored.text.strip():
        return False
    return stored.state != "done" or stored.finish_reason == "length"


def answer_end(
    stored: StoredMessage,
    *,
    asked: str = "",
    lasted: str = "",
    keymap: Keymap = USUAL,
) -> Ended:
    """What an answer shows beside its text once it is over.

    Args:
        stored: The answer as it was kept.
        asked: The model that was asked, for an answer that no model claimed.
        lasted: The line over its thoughts, when it was timed on this screen.
        keymap: The keys that lead on.
    """
    from orchat.tui.progress import thought_line

    usage = stored.usage
    thought = lasted or (thought_line(None, usage.reasoning_tokens if usage else 0) if stored.reply.reasoning else "")
    problem = stored_problem_of(stored)
    return Ended(
        title=short_model(stored.model or asked) or "model",
        facts=answer_facts(stored),
        thought=thought,
        state=_state(stored) or _ENDS.get(stored.finish_reason or "", ""),
        chips=tuple(chip(attachment) for attachment in stored.attachments),
        insets=insets_of(stored.attachments),
        citations=stored.reply.citations,
        error=None if problem is None else problem.card(0.0, keymap),
    )


def _state(stored: StoredMessage) -> str:
    is_empty = not stored.text and not stored.reply.reasoning
    return "stopped before anything arrived" if stored.state == "stopped" and is_empty else _STATES[stored.state]


def answer_entry(stored: StoredMessage, keymap: Keymap = USUAL) -> Entry:
    """What a model said."""
    return Entry(
        role="model",
        source=stored.text,
        reasoning=stored.reply.reasoning,
        key=stored.id,
        **answer_end(stored, keymap=keymap),
    )


def entries_of(path: Iterable[StoredMessage], keymap: Keymap = USUAL) -> list[Entry]:
    """A conversation from its root to its active leaf."""
    return [
        prompt_entry(stored) if stored.role == "user" else answer_entry(stored, keymap)
        for stored in path
        if stored.role in ("user", "assistant")
    ]
