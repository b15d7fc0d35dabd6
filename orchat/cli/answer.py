"""An answer as it arrives: its text to stdout, everything else about it to stderr, or all of it as JSON."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from orchat.cli.output import encode
from orchat.cli.patience import Patience
from orchat.domain.events import (
    Attempted,
    BudgetNear,
    Event,
    FellBack,
    Finished,
    Opened,
    Queued,
    ReasoningDelta,
    Retrying,
    SwitchedKey,
    TextDelta,
    Timing,
)
from orchat.domain.fold import Fold, Reply
from orchat.domain.money import UNKNOWN_COST, Cost, Usage, format_usd, to_usd

if TYPE_CHECKING:
    from orchat.cli.diagnostics import Diagnostics
    from orchat.cli.output import Output
    from orchat.cli.sinks import Sink
    from orchat.domain.content import JsonObject


BUDGETS = {"day": "today", "session": "this session", "key": "this key today"}
"""Whose budget, in words."""


class Source(Protocol):
    """A turn of a session, or a stream that nobody remembers."""

    async def batch(self) -> list[Event]:
        """The events that have arrived; empty at the end."""
        ...


class Answer:
    """Shows one answer.

    Args:
        output: Where the text goes.
        diagnostics: Where everything else goes.
        sink: Where the text goes; None: nothing is shown until the end, then one JSON object.
        summary: Show the line of figures even where nobody looks.
        is_held: Show the object only when `show` is called.
    """

    def __init__(
        self,
        output: Output,
        diagnostics: Diagnostics,
        *,
        sink: Sink | None,
        summary: bool,
        is_held: bool = False,
    ) -> None:
        self._output = output
        self._diagnostics = diagnostics
        self._sink = sink
        self._summary = summary
        self._is_held = is_held
        self._patience = Patience(diagnostics)
        self._fold = Fold()
        self._opened = Opened()
        self._finished: Finished | None = None
        self._key_label: str | None = None
        self._began = time.monotonic()
        self._first: float | None = None
        self.session_id: str | None = None
        """The session that it belongs to, if it is kept."""

    @property
    def text(self) -> str:
        """What was said, once it is whole."""
        return self._finished.reply.text if self._finished is not None else ""

    @property
    def annotations(self) -> tuple[JsonObject, ...]:
        """The documents that were parsed for it, once it is whole."""
        return self._finished.reply.annotations if self._finished is not None else ()

    async def follow(self, source: Source) -> None:
        """Show the events of `source` until it ends.

        Raises:
            OrchatError: As `source` does; what arrived has been shown.
        """
        try:
            while events := await source.batch():
                for event in events:
                    self._seen(event)
                if text := _text_of(events):
                    self._patience.end()
                    if self._sink is not None:
                        await self._sink.write(text)
        except BrokenPipeError:
            raise
        except BaseException:
            self._break_off()
            raise
        await self._end()

    def _seen(self, event: Event) -> None:
        if self._sink is None:
            self._fold.add(event)
        match event:
            case Finished():
                self._finished = event
            case Opened():
                self._opened = event
                self._first = time.monotonic()
            case Attempted():
                self._diagnostics.end_count_down()
                self._key_label = event.key_label
                self._patience.begin(event.model)
                if self._sink is not None:
                    self._sink.prepare()
            case ReasoningDelta():
                self._patience.thinks = True
            case _:
                self._tell(event)

    def _tell(self, event: Event) -> None:
        """What happens on the way to an answer."""
        tell = self._diagnostics
        match event:
            case Queued():
                tell.count_down(event.reason, event.wait_s, event.ahead)
            case Retrying():
                tell.note(f"{event.error.message}; again in {event.delay_s:.1f} s")
            case FellBack():
                tell.note(f"{event.error.message}; asking {event.to_model} instead of {event.from_model}")
            case SwitchedKey():
                tell.remark(f"{event.error.message}; going on with the key {event.to_label}, not {event.from_label}")
            case BudgetNear():
                spent, limit = format_usd(event.spent_pico), format_usd(event.limit_pico)
                tell.remark(f"the budget of {limit} for {BUDGETS[event.scope]} is nearly used up: {spent} is spent")
            case _:
                pass

    async def _end(self) -> None:
        done = self._finished
        assert done is not None
        self._patience.end()
        try:
            if self._sink is not None:
                await self._sink.end()
                self._remark(done)
            elif not self._is_held:
                await self.show()
        finally:
            self._diagnostics.note(figures(done), always=self._summary)

    async def show(self) -> None:
        """Print the object of an answer that is whole."""
        assert self._finished is not None
        await self._output.stream(f"{encode(self._object(self._finished.reply))}\n")

    def _break_off(self) -> None:
        """Show what there is of an answer that has no end; nothing here waits for a reader of the text."""
        self._patience.end()
        self._diagnostics.end_count_down()
        if self._sink is not None:
            self._sink.break_off()
        elif not self._fold.reply.is_empty:
            self._output.json(self._object(self._fold.reply))

    def _remark(self, done: Finished) -> None:
        """What the text alone does not show."""
        note = self._diagnostics.note
        for cited in done.reply.citations:
            note(f"source: {cited.url} {cited.title}")
        if done.reply.media:
            note(f"{len(done.reply.media)} picture(s) arrived; --json has them")
        if done.reply.tool_calls:
            note(f"{len(done.reply.tool_calls)} tool call(s) arrived; --json has them")
        if done.finish_reason not in ("stop", "tool_calls"):
            note(f"the answer ended early: {done.finish_reason}")

    def _timing(self) -> Timing:
        """Of an answer without an end: as long as it was watched."""
        ttft = None if self._first is None else round((self._first - self._began) * 1000)
        return Timing(ttft_ms=ttft, total_ms=round((time.monotonic() - self._began) * 1000))

    def _object(self, reply: Reply) -> dict[str, Any]:
        done, opened = self._finished, self._opened
        cost, timing = (done.cost, done.timing) if done else (UNKNOWN_COST, self._timing())
        return {
            "text": reply.text,
            "reasoning": reply.reasoning,
            "model": done.model if done else opened.model,
            "provider": done.provider if done else opened.provider,
            "generation_id": done.generation_id if done else opened.generation_id,
            "finish_reason": done.finish_reason if done else None,
            "usage": usage_object(done.usage) if done else None,
            "cost_usd": None if cost.pico is None else to_usd(cost.pico),
            "cost_source": cost.source,
            "timing": {"ttft_ms": timing.ttft_ms, "total_ms": timing.total_ms},
            "session_id": self.session_id,
            "key": self._key_label,
            **_rarities(reply),
        }


def usage_object(usage: Usage) -> dict[str, Any]:
    """Tokens as they stand in JSON."""
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "cached_tokens": usage.cached_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
    }


def figures(done: Finished) -> str:
    """One line: ``model · 123+45 tok · $0.00041 · 1.2 s``."""
    parts = [
        done.model or "unknown model",
        f"{done.usage.prompt_tokens}+{done.usage.completion_tokens} tok",
        _cost(done.cost),
        f"{done.timing.total_ms / 1000:.1f} s",
    ]
    return " · ".join([*parts, "cached"] if done.cached else parts)


def _cost(cost: Cost) -> str:
    if cost.pico is None:
        return "cost unknown"
    return f"{'≈' if cost.source == 'estimated' else ''}{format_usd(cost.pico)}"


def _text_of(events: Iterable[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def _rarities(reply: Reply) -> Mapping[str, Any]:
    """What most answers do not have stands in the object only when it is there."""
    found: dict[str, Any] = {}
    if reply.citations:
        found["citations"] = [{"url": cited.url, "title": cited.title} for cited in reply.citations]
    if reply.media:
        found["images"] = [part.url for part in reply.media]
    if reply.tool_calls:
        found["tool_calls"] = [
            {"id": call.id, "name": call.name, "arguments": call.arguments} for call in reply.tool_calls
        ]
    return found
