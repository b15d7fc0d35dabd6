"""The embedded async client: for programs that want models, streams and an honest ledger, without a screen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from types import TracebackType
from typing import TYPE_CHECKING, Any

from orchat.domain.content import Message, Part, message
from orchat.domain.events import Finished, TextDelta
from orchat.domain.money import to_usd
from orchat.domain.request import REQUEST_FIELDS, ChatRequest
from orchat.domain.secret import Secret
from orchat.errors import UsageError

if TYPE_CHECKING:
    from orchat.chat.comparing import Comparison
    from orchat.chat.service import Conversations
    from orchat.chat.turn import Turn
    from orchat.domain.catalog import Model
    from orchat.domain.stream import EventStream
    from orchat.runtime import Runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageStats:
    """Sums over the ledger of this machine."""

    requests: int
    """Attempts sent; answers from the cache are not counted."""
    finished: int
    """Attempts that the server answered completely."""
    prompt_tokens: int
    """Tokens sent."""
    completion_tokens: int
    """Tokens received."""
    reasoning_tokens: int
    """Part of `completion_tokens` that was thought."""
    cached_tokens: int
    """Part of `prompt_tokens` read from prompt caches."""
    cost_usd: Decimal
    """Known cost, reported and estimated."""
    unknown_cost: int
    """Attempts whose cost nobody knows."""

    @property
    def success_rate(self) -> float:
        """Finished attempts as a share of all, 0 to 1; 1 when nothing was asked."""
        return self.finished / self.requests if self.requests else 1.0


class TextStream:
    """The text of one answer as it arrives; use it as ``async with … as stream: async for piece in stream``.

    Args:
        events: The stream behind it.
    """

    def __init__(self, events: EventStream) -> None:
        self._events = events
        self.finished: Finished | None = None
        """The end of the answer with usage, cost and timing, once it is there."""

    async def __aenter__(self) -> TextStream:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._events.aclose()

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        async for event in self._events:
            if isinstance(event, TextDelta):
                return event.text
            if isinstance(event, Finished):
                self.finished = event
        raise StopAsyncIteration


class AsyncClient:
    """Everything that the orchat program does without a screen.

    Args:
        api_key: Key to use; None: as the program finds it (environment, key file, keyring).
        base_url: Server; None: as configured.
        model: Model for requests that name none; None: as configured.
        home: Folder for configuration, data, cache and logs; None: the user's own.
        settings: Further settings by dotted name, such as ``{"retry.attempts": 0}``.
    """

    def __init__(
        self,
        *,
        api_key: str | Secret | None = None,
        base_url: str | None = None,
        model: str | None = None,
        home: str | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self._key = Secret(api_key) if isinstance(api_key, str) else api_key
        self._home = home
        self._settings = dict(settings or {})
        if base_url is not None:
            self._settings["api.base_url"] = base_url
        if model is not None:
            self._settings["models.default"] = model
        self._runtime: Runtime | None = None

    async def __aenter__(self) -> AsyncClient:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop what still runs, close the ledger and free the connections."""
        if self._runtime is not None:
            runtime, self._runtime = self._runtime, None
            await runtime.aclose()

    async def open(self) -> Runtime:
        """Open the database and the connections; ``async with`` does it by itself."""
        if self._runtime is None:
            from orchat.runtime import Runtime

            self._runtime = Runtime.create(
                front_end="library", home=self._home, settings=self._settings, key=self._key, key_label="given"
            )
        await self._runtime.start()
        return self._runtime

    def _opened(self) -> Runtime:
        if self._runtime is None:
            raise UsageError("the client is not open", hint="use it as: async with orchat.AsyncClient() as client")
        return self._runtime

    async def generate_text(self, prompt: str, *, over_budget: bool = False, **options: Any) -> str:
        """Ask once and return the answer.

        Args:
            prompt: What is asked.
            over_budget: Send it although a budget is used up.
            **options: As for `request`.

        Returns:
            The text of the answer.

        Raises:
            OrchatError: No answer came, or it broke off; `StreamInterrupted.partial` holds what arrived.
        """
        await self.open()
        async with self.stream(request(prompt, **options), over_budget=over_budget) as stream:
            finished = [event async for event in stream if isinstance(event, Finished)]
        return finished[-1].reply.text

    def stream_text(self, prompt: str, *, over_budget: bool = False, **options: Any) -> TextStream:
        """Ask once and stream the text.

        Args:
            prompt: What is asked.
            over_budget: Send it although a budget is used up.
            **options: As for `request`.

        Returns:
            A stream of text pieces, to be used with ``async with``.
        """
        return TextStream(self.stream(request(prompt, **options), over_budget=over_budget))

    def stream(self, asked: ChatRequest, *, fallbacks: tuple[str, ...] = (), over_budget: bool = False) -> EventStream:
        """Stream the events of a request with the whole policy: retries, limits, fallback, ledger.

        Args:
            asked: The request.
            fallbacks: Models asked in this order when the first one fails.
            over_budget: Send it although a budget is used up.

        Returns:
            A stream of events, to be used with ``async with``.
        """
        from orchat.dispatch.dispatcher import Circumstances

        return self._opened().dispatcher.stream(asked, Circumstances(fallbacks=fallbacks, over_budget=over_budget))

    def compare(
        self,
        prompt: str,
        models: Sequence[str],
        *,
        session: str | None = None,
        system: str | None = None,
        over_budget: bool = False,
        **parameters: Any,
    ) -> Comparison:
        """Ask several models the same thing at once; the answers are branches of one prompt in a kept session.

        Args:
            prompt: What is asked.
            models: Two to four ids, each once.
            session: Id of the session that it is said in; None: a new one.
            system: System prompt of a new session.
            over_budget: Send it although a budget is used up.
            **parameters: Any field of `ChatRequest`, such as ``temperature=0.2``.

        Returns:
            The comparison, to be used with ``async with``; entering it saves the prompt and asks. It raises
            `UsageError` then where there are too few or too many models.
        """
        from orchat.chat.books import Wish
        from orchat.chat.comparing import Comparison
        from orchat.domain.conversation import Draft

        async def begin() -> tuple[Turn, ...]:
            chat = (await self.open()).conversations
            id = session or (await chat.create(system=system)).id
            wish = Wish(parameters=parameters or None, over_budget=over_budget)
            return await chat.compare(id, Draft(text=prompt), tuple(models), wish)

        def conversations() -> Conversations:
            return self._opened().conversations

        return Comparison(conversations, begin, tuple(models))

    async def models(self) -> tuple[Model, ...]:
        """The live catalogue, at most a day old unless configured otherwise."""
        runtime = await self.open()
        return (await runtime.models.current()).models

    async def usage_stats(self, *, days: int | None = None) -> UsageStats:
        """What was asked, used and paid.

        Args:
            days: Only the last so many UTC days, today included; None: everything.
        """
        runtime = await self.open()
        rows = await runtime.usage(days=days, by="day")
        return UsageStats(
            requests=sum(row.attempts for row in rows),
            finished=sum(row.finished for row in rows),
            prompt_tokens=sum(row.prompt_tokens for row in rows),
            completion_tokens=sum(row.completion_tokens for row in rows),
            reasoning_tokens=sum(row.reasoning_tokens for row in rows),
            cached_tokens=sum(row.cached_tokens for row in rows),
            cost_usd=to_usd(sum(row.cost_pico for row in rows)),
            unknown_cost=sum(row.unknown_cost for row in rows),
        )


def request(
    prompt: str,
    *,
    system: str | None = None,
    model: str | None = None,
    parts: tuple[Part, ...] = (),
    history: tuple[Message, ...] = (),
    **parameters: Any,
) -> ChatRequest:
    """Make a request of a prompt.

    Args:
        prompt: What is asked.
        system: System prompt.
        model: Model id.
        parts: Pictures and documents that go with the prompt.
        history: Earlier messages, oldest first.
        **parameters: Any field of `ChatRequest` (``temperature=0.2``); names it does not know go into ``extra``.

    Returns:
        The request.

    Raises:
        UsageError: The prompt is empty.
    """
    if not prompt.strip() and not parts:
        raise UsageError("the prompt is empty", hint="say something, or attach a file")
    first = (message("system", system),) if system else ()
    asked = ChatRequest(messages=(*first, *history, message("user", prompt, *parts)), model=model)
    extra = dict(parameters.pop("extra", {}))
    known = {name: value for name, value in parameters.items() if name in REQUEST_FIELDS}
    extra.update((name, value) for name, value in parameters.items() if name not in REQUEST_FIELDS)
    return replace(asked, **known, extra=extra)
