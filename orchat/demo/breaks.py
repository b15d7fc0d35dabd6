"""Everything that can go wrong with an answer, exactly as it goes wrong in the wild."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from orchat.demo.answer import JsonObject, Say, delta
from orchat.demo.stage import DONE, JSON_TYPE, SSE_TYPE, Stage, encode, event
from orchat.demo.wire import CutHow

StallStage = Literal["headers", "first_byte", "body"]
ErrorShape = Literal["documented", "string_code", "with_usage", "empty_choices", "bare", "finish_only"]
RawEnd = Literal["end", "fin", "rst"]
Window = Literal["minute", "day"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fail:
    """An HTTP error; made by `fail` and by `orchat.demo.faults.fault`."""

    status: int
    """HTTP status."""
    body: object = None
    """JSON value, HTML text, or bytes; ``{model}`` in it becomes the model asked."""
    headers: tuple[tuple[str, str], ...] = ()
    """Response headers."""
    limit: tuple[int, Window] | None = None
    """A used-up limit: the reset is computed when the answer is sent and put into headers and metadata."""
    routed: bool = False
    """Whether a generation id was given out before the failure."""

    async def play(self, stage: Stage) -> None:
        """Answer."""
        body, headers = self.body, list(self.headers)
        if self.limit is not None:
            limited = limit_headers(*self.limit, stage.clock.now())
            headers += limited.items()
            body = _with_headers(body, limited)
        data = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else encode(body)
        data = data.replace(b"{model}", encode(stage.model)[1:-1])
        if self.routed:
            headers += stage.id_header()
        html = not isinstance(self.body, Mapping)
        await stage.reply(
            data,
            status=self.status,
            headers=headers,
            content_type="text/html; charset=UTF-8" if html else JSON_TYPE,
            outcome="failed",
        )


def limit_headers(limit: int, window: Window, now: float, *, resets_at: float | None = None) -> dict[str, str]:
    """``X-RateLimit-*`` of a limit that is used up; the reset is in epoch milliseconds."""
    length = 60 if window == "minute" else 86_400
    reset = resets_at if resets_at is not None else (now // length + 1) * length
    return {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": str(int(reset * 1000)),
    }


def _with_headers(body: object, headers: Mapping[str, str]) -> object:
    if not isinstance(body, Mapping):
        return body
    error = dict(body.get("error", {}))
    error["metadata"] = {**error.get("metadata", {}), "headers": dict(headers)}
    return {**body, "error": error}


@dataclass(frozen=True, slots=True, kw_only=True)
class CutAfter:
    """An answer that breaks off; made by `cut_after`."""

    say: Say
    """What would have been said."""
    chars: int
    """Characters of the text that arrive."""
    how: CutHow = "fin"
    """``fin``: the server goes away; ``rst``: it crashes."""

    async def play(self, stage: Stage) -> None:
        """Answer, up to the break."""
        part = replace(self.say, text=self.say.text[: self.chars], images=(), citations=(), tool_calls=())
        part.claim(stage)
        if stage.streaming:
            await part.begin(stage)
            await part.deltas(stage)
        else:
            data = encode(part.completion(stage))
            stage.start(content_type=JSON_TYPE, headers=stage.id_header(), length=2 * len(data))
            await stage.send(data)
        stage.cut(self.how)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stall:
    """An answer that hangs; made by `stall`."""

    say: Say
    """What is said in the end, if the event comes."""
    stage: StallStage = "headers"
    """What is still missing."""
    chars: int | None = None
    """Characters before the hang in the body; None: all."""
    until: asyncio.Event | None = None
    """Ends the hang; None: nothing but the client's leaving does."""

    async def play(self, stage: Stage) -> None:
        """Answer as far as it goes, wait, and go on."""
        self.say.claim(stage)
        if self.stage == "headers" or not stage.streaming:
            await self._wait()
            await self.say.play(stage)
            return
        await self.say.begin(stage)
        at = 0 if self.stage == "first_byte" else len(self.say.text) if self.chars is None else self.chars
        if self.stage == "body":
            part = replace(self.say, text=self.say.text[:at], images=(), citations=(), tool_calls=())
            await part.deltas(stage)
        await stage.flush()
        await self._wait()
        thoughts = self.say.reasoning if self.stage == "first_byte" else ""
        await replace(self.say, text=self.say.text[at:], reasoning=thoughts).deltas(stage)
        await self.say.close(stage)

    async def _wait(self) -> None:
        await (self.until or asyncio.Event()).wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorEvent:
    """A stream that breaks with an error; made by `error_event`."""

    say: Say
    """What is said before."""
    shape: ErrorShape
    """Which of the recorded shapes the error has."""
    code: int | str
    """``error.code``."""
    message: str
    """``error.message``."""
    metadata: JsonObject
    """``error.metadata``."""
    after: str
    """Text that comes after the error, which nobody may show."""
    done: bool
    """Whether ``[DONE]`` follows."""

    async def play(self, stage: Stage) -> None:
        """Answer, then fail."""
        self.say.claim(stage)
        if not stage.streaming:
            await stage.reply({"error": self._error()}, headers=stage.id_header(), outcome="failed")
            return
        await self.say.begin(stage)
        await self.say.deltas(stage)
        stage.finish_reason = "error"
        await stage.send(self._event(stage))
        await replace(self.say, text=self.after, reasoning="").deltas(stage)
        stage.settle("failed")
        if self.done:
            await stage.send(DONE)
        await stage.end()

    def _error(self) -> dict[str, object]:
        error: dict[str, object] = {"code": self.code, "message": self.message}
        return {**error, "metadata": dict(self.metadata)} if self.metadata else error

    def _event(self, stage: Stage) -> bytes:
        error = self._error()
        if self.shape == "bare":
            return event({"error": {"message": self.message, "type": "server_error", "param": None, "code": None}})
        if self.shape == "empty_choices":
            return stage.chunk(None, error=error)
        if self.shape == "with_usage":
            return stage.chunk(delta(), error=error, usage=stage.spent.usage(stage.pricing))
        if self.shape == "finish_only":
            return stage.chunk(delta(), finish="error")
        if self.shape == "string_code":
            error["code"] = self.code if isinstance(self.code, str) else "server_error"
        return stage.chunk({"content": ""}, finish="error", error=error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """Bytes as they are; made by `raw`, `html200` and `empty200`."""

    pieces: tuple[bytes, ...] = ()
    """Each is written (and, when chunked, framed) by itself."""
    status: int = 200
    """HTTP status."""
    content_type: str = SSE_TYPE
    """``Content-Type``."""
    headers: tuple[tuple[str, str], ...] = ()
    """More response headers."""
    framing: Literal["chunked", "length", "wire"] = "chunked"
    """``wire``: the pieces are the whole answer, head included."""
    end: RawEnd = "end"
    """How it ends: properly, or by FIN or RST."""
    routed: bool = True
    """Whether a generation id was given out."""

    async def play(self, stage: Stage) -> None:
        """Write the bytes."""
        if self.framing == "wire":
            for piece in self.pieces:
                await stage.write(piece)
            stage.cut("rst" if self.end == "rst" else "fin")
            return
        length = sum(map(len, self.pieces)) if self.framing == "length" else None
        headers = [*(stage.id_header() if self.routed else ()), *self.headers]
        stage.start(self.status, content_type=self.content_type, headers=headers, length=length)
        for piece in self.pieces[:-1]:
            await stage.send(piece)
            await asyncio.sleep(0)
        if self.end == "end":
            stage.settle("done")
        await stage.send(b"".join(self.pieces[-1:]))
        if self.end == "end":
            await stage.end()
        else:
            stage.cut(self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A rule rather than an answer: how many chat requests the server admits; made by `limit`."""

    requests: int
    """Admitted requests in a window."""
    window: Window = "minute"
    """``minute`` or ``day`` (UTC)."""
