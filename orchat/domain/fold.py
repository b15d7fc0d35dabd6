"""The only accumulator: events in, a reply out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from orchat.domain.content import ImagePart, JsonObject, ToolCall
from orchat.domain.events import (
    Annotated,
    Cited,
    Event,
    MediaReceived,
    ReasoningDelta,
    ReasoningDetail,
    TextDelta,
    ToolCallDelta,
)

_JOINED = ("text", "summary", "data")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a model said, whole or in part."""

    text: str = ""
    """The answer, raw."""
    reasoning: str = ""
    """The thoughts, raw."""
    reasoning_details: tuple[JsonObject, ...] | None = None
    """Fragments joined by index and type, to be sent back; None when there were none."""
    media: tuple[ImagePart, ...] = ()
    """Pictures."""
    citations: tuple[Cited, ...] = ()
    """Sources, each once."""
    tool_calls: tuple[ToolCall, ...] = ()
    """Calls, in the model's order."""
    annotations: tuple[JsonObject, ...] = ()
    """Parsed files."""

    @property
    def is_empty(self) -> bool:
        """True when there is nothing that a person or a program could use."""
        return not (self.text or self.reasoning or self.media or self.tool_calls or self.reasoning_details)


@dataclass(slots=True)
class _Call:
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)


class Fold:
    """Adds events up. Events that carry no content are ignored."""

    __slots__ = ("_annotations", "_calls", "_cited", "_details", "_media", "_reasoning", "_text")

    def __init__(self) -> None:
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._details: list[dict[str, Any]] | None = None
        self._media: list[ImagePart] = []
        self._cited: dict[str, Cited] = {}
        self._calls: dict[int, _Call] = {}
        self._annotations: list[JsonObject] = []

    def add(self, event: Event) -> None:
        """Take one event into the reply."""
        match event:
            case TextDelta():
                self._text.append(event.text)
            case ReasoningDelta():
                self._reasoning.append(event.text)
            case ReasoningDetail():
                self._add_detail(event.detail)
            case ToolCallDelta():
                call = self._calls.setdefault(event.index, _Call())
                call.id = call.id or event.id
                call.name = call.name or event.name
                call.arguments.append(event.arguments)
            case MediaReceived():
                self._media.append(event.part)
            case Cited():
                self._cited.setdefault(event.url, event)
            case Annotated():
                self._annotations.append(event.annotation)
            case _:
                pass

    def _add_detail(self, fragment: JsonObject) -> None:
        if self._details is None:
            self._details = []
        last = self._details[-1] if self._details else None
        if last is None or not _continues(last, fragment):
            self._details.append(dict(fragment))
            return
        for key, value in fragment.items():
            if key in _JOINED and isinstance(value, str) and isinstance(last.get(key), str):
                last[key] += value
            elif value is not None:
                last[key] = value

    def expect_details(self) -> None:
        """The server sent an empty ``reasoning_details`` list, which some models want back as such."""
        if self._details is None:
            self._details = []

    @property
    def text(self) -> str:
        """The answer so far."""
        return "".join(self._text)

    @property
    def reply(self) -> Reply:
        """The reply so far."""
        return Reply(
            text="".join(self._text),
            reasoning="".join(self._reasoning),
            reasoning_details=None if self._details is None else tuple(self._details),
            media=tuple(self._media),
            citations=tuple(self._cited.values()),
            tool_calls=tuple(
                ToolCall(
                    id=call.id or f"call_{index}",
                    name=call.name,
                    arguments="".join(call.arguments).strip() or "{}",
                )
                for index, call in sorted(self._calls.items())
            ),
            annotations=tuple(self._annotations),
        )


def _continues(last: JsonObject, fragment: JsonObject) -> bool:
    same_index = last.get("index") is not None and last.get("index") == fragment.get("index")
    return same_index and last.get("type") == fragment.get("type")
