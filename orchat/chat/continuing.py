"""Going on with an answer that stopped in the middle."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import TYPE_CHECKING

from orchat.chat.context import family
from orchat.domain.content import message
from orchat.domain.conversation import StoredMessage
from orchat.domain.events import Event, Retrying
from orchat.domain.fold import Reply
from orchat.domain.stream import EventStream
from orchat.errors import BadRequest, UsageError

if TYPE_CHECKING:
    from orchat.dispatch.dispatcher import Circumstances, Dispatcher
    from orchat.domain.request import ChatRequest

GO_ON = (
    "Your answer was cut off. Go on exactly where it stopped, in the middle of a word if need be: "
    "repeat nothing of it, and say nothing about this."
)
"""Said to models that do not go on with a text that is put into their mouth."""
ASKED_IN_WORDS = frozenset(("openai", "openrouter", "x-ai"))
"""Authors whose models begin a new answer after an unfinished one; a router may choose one of them."""
_ECHO = 20


def must_be_unfinished(answer: StoredMessage) -> None:
    """Refuse to go on with what cannot be gone on with.

    Args:
        answer: What stopped.

    Raises:
        UsageError: It is no answer, still arrives, is complete, or says nothing.
    """
    if answer.role != "assistant" or answer.state == "streaming":
        raise UsageError("only an answer that has stopped can be gone on with")
    if answer.state == "done" and answer.finish_reason != "length":
        raise UsageError("the answer is complete", hint="Ask for another one, or ask on.")
    if not answer.text.strip():
        raise UsageError("the answer has no text to go on with", hint="Ask for another one.")


def going_on(dispatcher: Dispatcher, request: ChatRequest, text: str, around: Circumstances) -> EventStream:
    """Stream the rest of an answer.

    The text so far is sent as the model's own, for it to go on with; a model that is known not to, or refuses, is asked
    in words instead.

    Args:
        dispatcher: The way to the server.
        request: What was asked before; without the unfinished answer.
        text: The unfinished answer.
        around: Bookkeeping.
    """
    # Some models refuse a text that ends with white space.
    begun = (*request.messages, message("assistant", text.rstrip()))
    asked = replace(request, messages=(*begun, message("user", GO_ON)))
    around = replace(around, use_cache=False)
    if family(request.model) in ASKED_IN_WORDS:
        return dispatcher.stream(asked, around)
    return EventStream(_first_or_second(dispatcher, replace(request, messages=begun), asked, around))


async def _first_or_second(
    dispatcher: Dispatcher, first: ChatRequest, second: ChatRequest, around: Circumstances
) -> AsyncGenerator[list[Event], None]:
    async with dispatcher.stream(first, around) as stream:
        try:
            while batch := await stream.batch():
                yield batch
            return
        except BadRequest as error:
            refusal = error
    yield [Retrying(error=refusal, delay_s=0.0)]
    async with dispatcher.stream(second, around) as stream:
        while batch := await stream.batch():
            yield batch


def extended(before: Reply, more: Reply) -> Reply:
    """An answer and what came after it, as one.

    Args:
        before: The answer that stopped.
        more: What was said since.

    Returns:
        A reply whose text begins with that of `before`. Signed thoughts are left out: they hold for one request.
    """
    urls = {cited.url for cited in before.citations}
    return Reply(
        text=joined(before.text, more.text),
        reasoning="\n\n".join(thought for thought in (before.reasoning, more.reasoning) if thought),
        media=(*before.media, *more.media),
        citations=(*before.citations, *(cited for cited in more.citations if cited.url not in urls)),
        tool_calls=(*before.tool_calls, *more.tool_calls),
        annotations=(*before.annotations, *more.annotations),
    )


def joined(before: str, more: str) -> str:
    """Two parts of a text; white space at the seam is not doubled, and what a server repeats is left out.

    Args:
        before: The first part.
        more: The second one.
    """
    if len(before) >= _ECHO and more.startswith(before):
        return more
    return before + (more.lstrip() if before[-1:].isspace() else more)
