"""Readers of a response: a completion becomes events, anything else stays a document."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from orchat.clock import Clock
from orchat.domain.events import Accepted, Event, Finished, Opened, Timing
from orchat.domain.fold import Fold
from orchat.domain.money import Usage
from orchat.errors import OrchatError, UpstreamFailed
from orchat.openrouter import failures, fields
from orchat.openrouter.completion import Completion
from orchat.openrouter.refusal import one_line, page_name
from orchat.openrouter.sse import MAX_EVENT, Decoder

MOST_REFUSED = 256 << 10
"""Bytes read of an error body or a page."""
_log = logging.getLogger("orchat.openrouter")


class Document:
    """Keeps a body whole.

    Args:
        most: Bytes after which nothing more is read.
    """

    def __init__(self, *, most: int = MAX_EVENT) -> None:
        self._most = most
        self.status = 0
        """HTTP status; 0 before the headers came."""
        self.headers: Mapping[str, str] = {}
        """Response headers."""
        self.body = bytearray()
        """What was read of the body."""
        self.waiting = 0
        """Nobody takes a document before it is whole."""

    def open(self, status: int, headers: Mapping[str, str]) -> None:
        """The headers are here."""
        self.status, self.headers = status, headers

    def feed(self, data: bytes) -> bool:
        """Some of the body is here."""
        self.body += data[: self._most - len(self.body)]
        return len(self.body) < self._most


class Answer:
    """Turns the response to a chat request into events.

    What kind of body it is shows in its first byte, whatever its headers say: servers send whole answers although a
    stream was asked for, and pages with status 200.

    Args:
        model: Model that was asked.
        clock: Measures how long it took.
    """

    def __init__(self, *, model: str | None, clock: Clock) -> None:
        self._model = model
        self._clock = clock
        self._began = clock.monotonic()
        self._first: float | None = None
        self._status = 0
        self._headers: Mapping[str, str] = {}
        self._decoder = Decoder()
        self._completion = Completion(model=model)
        self._document = Document()
        self._fold = Fold()
        self._events: list[Event] = []
        self._is_opened = False
        self._start = b""
        self._read: Callable[[bytes], bool] = self._read_start
        self.waiting = 0
        """Bytes taken in since the last `take`."""

    def open(self, status: int, headers: Mapping[str, str]) -> None:
        """The headers are here; with status 200 the request is accepted."""
        self._status, self._headers = status, headers
        if 200 <= status < 300:
            self._events.append(Accepted(generation_id=headers.get("x-generation-id")))
        else:
            self._keep_document(MOST_REFUSED)

    def feed(self, data: bytes) -> bool:
        """Some of the body is here; False when nothing more is wanted."""
        self.waiting += len(data)
        return self._read(data)

    def take(self) -> list[Event]:
        """The events since the last time, possibly none."""
        self.waiting = 0
        return self._take(final=False)

    def finish(self, failure: Exception | None) -> tuple[list[Event], Exception | None]:
        """Nothing more will come.

        Args:
            failure: What broke the exchange, if anything did.

        Returns:
            The last events, and the error to raise after them; exactly one of `Finished` and an error comes last.
        """
        if failure is not None and (self._status == 0 or not isinstance(failure, OrchatError)):
            return self._take(final=True), failure
        now = self._clock.now()
        if self._status >= 300 or self._status < 200:
            body = bytes(self._document.body)
            return [], failures.from_response(
                status=self._status, headers=self._headers, body=body, model=self._model, now=now
            )
        failure = failure or self._malformed()
        if self._read == self._document.feed and failure is None:
            failure = self._read_document(bytes(self._document.body))
        events = self._take(final=True)
        if self._completion.explicit_details:
            self._fold.expect_details()
        reply = self._fold.reply
        error = self._completion.verdict(reply, failure, headers=self._headers, now=now)
        self._note_damage()
        return (events, error) if error is not None else ([*events, *self._finished()], None)

    def _read_start(self, data: bytes) -> bool:
        data = self._start + data
        head = data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
        if head in (b"{", b"[", b"<"):
            self._keep_document(MAX_EVENT if head != b"<" else MOST_REFUSED)
        elif head:
            self._read = self._read_events
        else:
            # White space alone is a sign of life of servers that are not streaming.
            self._start = data
            return True
        return self._read(data)

    def _keep_document(self, most: int) -> None:
        self._document = Document(most=most)
        self._read = self._document.feed

    def _read_events(self, data: bytes) -> bool:
        completion = self._completion
        for payload in self._decoder.feed(data):
            if not completion.add(payload):
                self._note_first()
                return False
        if self._first is None and completion.has_begun:
            self._note_first()
        return self._decoder.error is None

    def _note_first(self) -> None:
        if self._first is None and self._completion.has_begun:
            self._first = self._clock.monotonic()

    def _read_document(self, body: bytes) -> OrchatError | None:
        document = fields.table(fields.parsed(body.decode("utf-8-sig", "replace")))
        if document.get("choices") or document.get("error"):
            self._completion.read(document)
            self._completion.end_whole()
            self._note_first()
            return None
        what = page_name(body) if body.lstrip()[:1] == b"<" else "a document"
        return self._not_an_answer(what)

    def _malformed(self) -> OrchatError | None:
        if self._decoder.error is not None:
            return self._not_an_answer(self._decoder.error)
        kind = one_line(self._headers.get("content-type", "").partition(";")[0], 60)
        is_stream = kind in ("text/event-stream", "") or self._completion.has_begun or self._completion.model
        if self._read == self._read_events and not is_stream:
            return self._not_an_answer(f"something of type {kind}")
        return None

    def _not_an_answer(self, what: str) -> OrchatError:
        message = f"The server answered with {what} instead of a completion."
        return UpstreamFailed(message, model=self._model, status=self._status, hint="Check base_url, then try again.")

    def _take(self, *, final: bool) -> list[Event]:
        events, self._events = self._events, []
        deltas = self._completion.take(final=final)
        if deltas:
            events += self._opening()
            events += deltas
            for delta in deltas:
                self._fold.add(delta)
        return events

    def _opening(self) -> list[Event]:
        if self._is_opened:
            return []
        self._is_opened = True
        return [
            Opened(generation_id=self._generation_id, model=self._completion.model, provider=self._completion.provider)
        ]

    @property
    def _generation_id(self) -> str | None:
        return self._headers.get("x-generation-id") or self._completion.generation_id

    def _finished(self) -> list[Event]:
        completion = self._completion
        usage = completion.usage or Usage()
        first, end = self._first, self._clock.monotonic()
        finished = Finished(
            reply=self._fold.reply,
            finish_reason=completion.finish_reason or "tool_calls",
            usage=usage,
            cost=usage.cost,
            model=completion.model,
            provider=completion.provider,
            generation_id=self._generation_id,
            timing=Timing(
                ttft_ms=None if first is None else round((first - self._began) * 1000),
                total_ms=round((end - self._began) * 1000),
            ),
        )
        return [*self._opening(), finished]

    def _note_damage(self) -> None:
        if self._completion.damaged or self._decoder.invalid_bytes:
            _log.warning(
                "the stream was damaged: %d events skipped, %d invalid bytes replaced",
                self._completion.damaged,
                self._decoder.invalid_bytes,
            )
