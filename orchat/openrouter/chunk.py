"""What one piece of an answer says: the ``delta`` of a stream or the ``message`` of a whole answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from orchat.domain.content import ImagePart, JsonObject
from orchat.domain.events import (
    Annotated,
    Cited,
    Delta,
    MediaReceived,
    ReasoningDelta,
    ReasoningDetail,
    TextDelta,
    ToolCallDelta,
)
from orchat.domain.fold import Fold
from orchat.openrouter import fields

_HIDDEN = "[REDACTED]"


class Deltas:
    """Collects what arrives until somebody takes it; text that follows text is joined.

    One network read may bring hundreds of chunks. Joining them here keeps the cost of an event out of the count of
    chunks.
    """

    __slots__ = ("_calls", "_details", "_events", "_files", "_held", "_run", "_run_thinks", "begun", "explicit_details")

    def __init__(self) -> None:
        self._events: list[Delta] = []
        self._run: list[str] = []
        self._run_thinks = False
        self._held = ""
        self._details: Fold | None = None
        self._calls: list[str] = []
        self._files: set[str] = set()
        self.begun = False
        """Whether anything was said."""
        self.explicit_details = False
        """Whether an empty ``reasoning_details`` list was sent."""

    def add(self, delta: dict[str, Any]) -> None:
        """Take in a ``delta`` or a ``message``; keys that are not known are ignored."""
        for key, value in delta.items():
            if value:
                if key == "content" and value.__class__ is str:
                    self._say(value, thinks=False)
                elif key in _READERS:
                    _READERS[key](self, value, delta)
            elif key == "reasoning_details" and value is not None:
                self.explicit_details = True

    def take(self, *, final: bool = False) -> list[Delta]:
        """What was collected since the last time, in order.

        Args:
            final: Nothing more will come, so that half a surrogate pair is not kept back for its other half.

        Returns:
            Events, possibly none.
        """
        self._end_run(final=final)
        events, self._events = self._events, []
        if self._details is not None:
            joined = self._details.reply.reasoning_details or ()
            events.extend(ReasoningDetail(detail=detail) for detail in joined)
            self._details = None
        return events

    def _say(self, text: str, *, thinks: bool) -> None:
        if thinks is not self._run_thinks:
            self._end_run(final=True)
            self._run_thinks = thinks
        self._run.append(text)
        self.begun = True

    def _emit(self, event: Delta) -> None:
        self._end_run(final=True)
        self._events.append(event)
        self.begun = True

    def _end_run(self, *, final: bool) -> None:
        if not self._run and not (final and self._held):
            return
        text = self._held + "".join(self._run)
        self._run.clear()
        self._held = ""
        # Servers written in JavaScript cut between the halves of a surrogate pair; the other half comes next.
        if not final and "\ud800" <= text[-1] <= "\udbff":
            text, self._held = text[:-1], text[-1]
        if text := fields.mended(text):
            self._events.append(ReasoningDelta(text=text) if self._run_thinks else TextDelta(text=text))

    def read_parts(self, value: object, _: JsonObject) -> None:
        """``content`` as a list of parts."""
        for part in fields.rows(value):
            if said := fields.text(part.get("text")):
                self._say(said, thinks=False)
            elif "image_url" in part:
                self._image(part)

    def read_said(self, value: object, _: JsonObject) -> None:
        """A refusal is what the model said."""
        if said := fields.text(value):
            self._say(said, thinks=False)

    def read_audio(self, value: object, _: JsonObject) -> None:
        """Of sound only the transcript is kept."""
        if said := fields.text(fields.table(value).get("transcript")):
            self._say(said, thinks=False)

    def read_thought(self, value: object, delta: JsonObject) -> None:
        """``reasoning``, unless ``reasoning_details`` of the same chunk says the same."""
        if isinstance(value, str) and value != _HIDDEN and not _thoughts(delta.get("reasoning_details")):
            self._say(value, thinks=True)

    def read_thought_alias(self, value: object, delta: JsonObject) -> None:
        """``reasoning_content``, as other servers name it; some send both names."""
        if not delta.get("reasoning"):
            self.read_thought(value, delta)

    def read_details(self, value: object, _: JsonObject) -> None:
        """``reasoning_details``: shown where it holds text, and kept to be sent back."""
        for thought in _thoughts(value):
            self._say(thought, thinks=True)
        for detail in fields.rows(value):
            if self._details is None:
                self._details = Fold()
            self._details.add(ReasoningDetail(detail=detail))
            self.begun = True

    def read_calls(self, value: object, _: JsonObject) -> None:
        """``tool_calls``: fragments with an index, or whole calls without."""
        for call in fields.rows(value):
            call_id = fields.text(call.get("id"))
            function = fields.table(call.get("function"))
            name = fields.text(function.get("name"))
            arguments = function.get("arguments")
            if isinstance(arguments, (dict, list)):
                arguments = json.dumps(arguments)
            self._emit(
                ToolCallDelta(
                    index=self._call_index(call.get("index"), call_id, name),
                    id=call_id,
                    name=name,
                    arguments=fields.text(arguments),
                )
            )

    def _call_index(self, index: object, call_id: str, name: str) -> int:
        known = fields.count(index)
        if known is not None:
            return known
        if call_id in self._calls and call_id:
            return self._calls.index(call_id)
        if call_id or name or not self._calls:
            self._calls.append(call_id)
        return len(self._calls) - 1

    def read_images(self, value: object, _: JsonObject) -> None:
        """``images``: pictures as ``data:`` URLs."""
        for part in fields.rows(value):
            self._image(part)

    def _image(self, part: JsonObject) -> None:
        link = part.get("image_url")
        url = fields.text(link if isinstance(link, str) else fields.table(link).get("url"))
        if url:
            self._emit(MediaReceived(part=ImagePart(url=url)))

    def read_annotations(self, value: object, _: JsonObject) -> None:
        """``annotations``: sources, and parsed files, each of which is told once."""
        for annotation in fields.rows(value):
            if annotation.get("type") == "url_citation":
                source = fields.table(annotation.get("url_citation"))
                if url := fields.text(source.get("url")):
                    self._emit(Cited(url=url, title=fields.text(source.get("title"))))
                continue
            digest = fields.text(fields.table(annotation.get("file")).get("hash"))
            if not digest or digest not in self._files:
                self._files.add(digest)
                self._emit(Annotated(annotation=annotation))


def _thoughts(details: object) -> list[str]:
    spoken = [fields.text(detail.get("text") or detail.get("summary")) for detail in fields.rows(details)]
    return [thought for thought in spoken if thought and thought != _HIDDEN]


_READERS: dict[str, Callable[[Deltas, object, JsonObject], None]] = {
    "content": Deltas.read_parts,
    "reasoning": Deltas.read_thought,
    "reasoning_content": Deltas.read_thought_alias,
    "reasoning_details": Deltas.read_details,
    "tool_calls": Deltas.read_calls,
    "images": Deltas.read_images,
    "annotations": Deltas.read_annotations,
    "audio": Deltas.read_audio,
    "refusal": Deltas.read_said,
}
