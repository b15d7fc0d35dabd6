"""Answers of a server, and what the reader of answers makes of them."""

from __future__ import annotations

import json
from typing import Any

from orchat.domain.events import Event, Finished
from orchat.errors import ConnectionFailed, StreamInterrupted
from orchat.openrouter.answer import Answer
from tests.support.clock import FakeClock

DONE = "[DONE]"
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "cost": 0.001}
CUT = ConnectionFailed("cut")


def chunk(finish: str | None = None, *, usage: dict[str, Any] | None = None, **delta: Any) -> dict[str, Any]:
    """One event of a stream."""
    body: dict[str, Any] = {
        "id": "gen-1",
        "model": "maker/model-1",
        "provider": "P",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    return body if usage is None else body | {"usage": usage}


class Result:
    """The events of one answer and its error, whatever the pieces."""

    def __init__(
        self,
        body: bytes,
        *,
        failure: Exception | None = None,
        status: int = 200,
        headers: dict[str, str] | None = None,
        cut: int | None = None,
        take: bool = True,
    ) -> None:
        self.clock = FakeClock()
        answer = Answer(model="asked/model", clock=self.clock)
        answer.open(status, {"content-type": "text/event-stream"} if headers is None else headers)
        self.events: list[Event] = []
        step = cut or max(1, len(body))
        for at in range(0, len(body), step):
            self.clock.advance(0.5)
            if not answer.feed(body[at : at + step]):
                break
            if take:
                self.events += answer.take()
                assert answer.waiting == 0
        last, self.error = answer.finish(failure)
        self.events += last

    @property
    def finished(self) -> Finished:
        assert self.error is None
        assert isinstance(self.events[-1], Finished)
        return self.events[-1]

    @property
    def broken(self) -> StreamInterrupted:
        assert isinstance(self.error, StreamInterrupted)
        assert not any(isinstance(event, Finished) for event in self.events)
        return self.error

    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.events]


def sse(*payloads: object) -> bytes:
    """The body of a stream; texts stand in it as they are."""
    texts = (payload if isinstance(payload, str) else json.dumps(payload) for payload in payloads)
    return "".join(f"data: {text}\n\n" for text in texts).encode()


def streamed(*payloads: object, failure: Exception | None = None, **more: Any) -> Result:
    return Result(sse(*payloads), failure=failure, **more)
