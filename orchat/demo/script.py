"""The vocabulary of scripts: each step answers one request, exactly as written.

::

    server.script(fault("503-no-provider"), say("Hello"))        first a failure, then an answer
    server.script(cut_after(12, how="rst", text="Once upon a time"))
    server.script(stall(stage="body", text="Once"))               hangs until the client leaves
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from orchat.demo.answer import JsonObject, Say, Step
from orchat.demo.breaks import CutAfter, ErrorEvent, ErrorShape, Fail, Limit, Raw, Stall, StallStage, Window
from orchat.demo.faults import fault
from orchat.demo.stage import COMMENT, DONE, event
from orchat.demo.wire import CutHow

__all__ = [
    "COMMENT",
    "DONE",
    "Step",
    "cut_after",
    "empty200",
    "error_event",
    "event",
    "fail",
    "fault",
    "html200",
    "limit",
    "raw",
    "say",
    "stall",
]

Where = Literal["first", "middle", "only"]


def say(
    text: str = "",
    *,
    images: Iterable[bytes | str] = (),
    citations: Iterable[tuple[str, str]] = (),
    tool_calls: Iterable[tuple[str, str]] = (),
    headers: Mapping[str, str] | None = None,
    **how: Any,
) -> Say:
    """A complete answer.

    Args:
        text: What is said.
        images: PNG bytes or whole URLs.
        citations: Pairs of URL and title.
        tool_calls: Pairs of a function's name and its arguments as JSON text.
        headers: More response headers.
        **how: Any other field of `Say`: ``chunk_size``, ``reasoning``, ``usage``, ``finish``, ``comments`` …

    Returns:
        The step.
    """
    return Say(
        text=text,
        images=tuple(images),
        citations=tuple(citations),
        tool_calls=tuple(tool_calls),
        headers=tuple((headers or {}).items()),
        **how,
    )


def fail(
    status: int,
    *,
    message: str = "Provider returned error",
    metadata: JsonObject | None = None,
    headers: Mapping[str, str] | None = None,
    body: object = None,
) -> Fail:
    """An HTTP error.

    Args:
        status: HTTP status, also ``error.code``.
        message: ``error.message``.
        metadata: ``error.metadata``.
        headers: Response headers.
        body: Replaces the whole body: a JSON object, HTML text or bytes.

    Returns:
        The step.
    """
    error: dict[str, object] = {"code": status, "message": message}
    if metadata is not None:
        error["metadata"] = dict(metadata)
    whole = {"error": error} if body is None else body
    return Fail(status=status, body=whole, headers=tuple((headers or {}).items()))


def cut_after(chars: int, *, how: CutHow = "fin", text: str = "x" * 64, **rest: Any) -> CutAfter:
    """An answer of which `chars` characters arrive before the connection breaks.

    Args:
        chars: Characters of the text that arrive.
        how: ``fin`` or ``rst``.
        text: The text that breaks off.
        **rest: Fields of `Say`.

    Returns:
        The step.
    """
    return CutAfter(say=say(text, **rest), chars=chars, how=how)


def stall(
    *,
    stage: StallStage = "headers",
    until: asyncio.Event | None = None,
    text: str = "",
    chars: int | None = None,
    **rest: Any,
) -> Stall:
    """An answer that hangs until `until` is set, the client leaves or the server stops.

    Args:
        stage: ``headers`` (nothing arrives), ``first_byte`` (only the head and comments) or ``body``.
        until: Ends the hang; the answer then goes on to its proper end.
        text: What is said.
        chars: Characters before the hang in the body; None: all.
        **rest: Fields of `Say`.

    Returns:
        The step.
    """
    return Stall(say=say(text, **rest), stage=stage, chars=chars, until=until)


def error_event(
    where: Where = "middle",
    *,
    shape: ErrorShape = "documented",
    code: int | str = 502,
    message: str = "Provider returned error",
    metadata: JsonObject | None = None,
    text: str = "Once upon a time",
    after: str = "",
    done: bool | None = None,
    **rest: Any,
) -> ErrorEvent:
    """An error inside a stream with status 200.

    Args:
        where: ``first`` (then ``[DONE]``), ``middle`` (after `text`, then ``[DONE]``) or ``only`` (nothing else).
        shape: Which of the recorded shapes.
        code: ``error.code``.
        message: ``error.message``.
        metadata: ``error.metadata``; None: an ``error_type`` of ``provider_unavailable``.
        text: What is said before an error in the middle.
        after: Text that follows the error.
        done: Whether ``[DONE]`` follows; None: unless `where` is ``only``.
        **rest: Fields of `Say`.

    Returns:
        The step.
    """
    return ErrorEvent(
        say=say(text if where == "middle" else "", **rest),
        shape=shape,
        code=code,
        message=message,
        metadata={"error_type": "provider_unavailable"} if metadata is None else metadata,
        after=after,
        done=where != "only" if done is None else done,
    )


def raw(*parts: bytes, headers: Mapping[str, str] | None = None, **how: Any) -> Raw:
    """Bytes as they are.

    Args:
        *parts: Each is written by itself.
        headers: More response headers.
        **how: Any other field of `Raw`: ``status``, ``content_type``, ``framing``, ``end``.

    Returns:
        The step.
    """
    return Raw(pieces=parts, headers=tuple((headers or {}).items()), **how)


def html200() -> Raw:
    """A page with status 200 where an answer should be, as proxies and hotel networks send."""
    page = (
        b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Welcome to the network</h1></body></html>"
    )
    return Raw(pieces=(page,), content_type="text/html; charset=UTF-8", framing="length", routed=False)


def empty200() -> Raw:
    """Status 200 and an empty body of events."""
    return Raw()


def limit(requests: int, *, window: Window = "minute") -> Limit:
    """From now on, admit so many chat requests a window and answer the rest with 429.

    Args:
        requests: Admitted requests in a window.
        window: ``minute`` or ``day``.

    Returns:
        The rule, for `DemoServer.script`.
    """
    return Limit(requests=requests, window=window)
