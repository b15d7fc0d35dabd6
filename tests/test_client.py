import asyncio
import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

import orchat
from orchat import errors
from orchat.blocking import AHEAD, Client, generate_text, stream_text
from orchat.client import AsyncClient, request
from orchat.demo.launch import DemoThread
from orchat.demo.script import cut_after, fault, say, stall
from orchat.demo.server import DemoServer
from orchat.domain.content import TextPart, message
from orchat.domain.events import Finished
from tests.support.compare import THINKER, WRITER, script
from tests.support.house import KEY
from tests.support.server import server

__all__ = ["server"]


def client(base_url: str, **settings: Any) -> AsyncClient:
    return AsyncClient(**given(base_url, **settings))


def given(base_url: str, **settings: Any) -> dict[str, Any]:
    return {
        "api_key": KEY.reveal(),
        "base_url": base_url,
        "model": "demo/writer",
        "settings": {"api.dialect": "openrouter", "retry.attempts": 0, **settings},
    }


@pytest.mark.anyio
async def test_text_is_generated(server: DemoServer) -> None:
    server.script(say("Hello"))
    async with client(server.base_url) as chat:
        assert await chat.generate_text("hi", system="Be brief.", temperature=0.2, top_secret=1) == "Hello"
    body = server.chats[0].body
    assert [each["content"] for each in body["messages"]] == ["Be brief.", "hi"]
    assert (body["temperature"], body["top_secret"], body["model"]) == (0.2, 1, "demo/writer")


@pytest.mark.anyio
async def test_text_is_streamed_and_its_end_is_known(server: DemoServer) -> None:
    server.script(say("Hello there", chunk_size=3))
    async with client(server.base_url) as chat, chat.stream_text("hi", model="demo/thinker") as stream:
        assert "".join([piece async for piece in stream]) == "Hello there"
        assert isinstance(stream.finished, Finished)
        assert stream.finished.usage.completion_tokens


@pytest.mark.anyio
async def test_a_cut_answer_raises_with_what_arrived(server: DemoServer) -> None:
    server.script(cut_after(5, text="Hello there"))
    async with client(server.base_url) as chat:
        with pytest.raises(errors.StreamInterrupted) as caught:
            await chat.generate_text("hi")
    assert caught.value.partial.text == "Hello"


@pytest.mark.anyio
async def test_usage_is_added_up(server: DemoServer) -> None:
    server.script(say("Hello"), fault("400-unknown-model"))
    async with client(server.base_url) as chat:
        assert (await chat.usage_stats()).success_rate == 1
        await chat.generate_text("hi")
        with pytest.raises(errors.ModelUnknown):
            await chat.generate_text("hi")
        stats = await chat.usage_stats(days=1)
    assert (stats.requests, stats.finished, stats.success_rate, stats.unknown_cost) == (2, 1, 0.5, 0)
    assert stats.prompt_tokens > 0
    assert stats.completion_tokens > 0
    assert isinstance(stats.cost_usd, Decimal)
    assert stats.cost_usd > 0


@pytest.mark.anyio
async def test_models_are_listed_and_fallbacks_are_asked(server: DemoServer) -> None:
    server.script(fault("404-tools"), say("I can"))
    async with client(server.base_url) as chat:
        assert any(model.id == "demo/writer" for model in await chat.models())
        async with chat.stream(request("hi"), fallbacks=("demo/thinker",)) as stream:
            events = [event async for event in stream]
    last = events[-1]
    assert isinstance(last, Finished)
    assert last.reply.text == "I can"


@pytest.mark.anyio
async def test_models_are_compared_and_one_is_gone_on_with(server: DemoServer) -> None:
    script(server, {WRITER: say("one"), THINKER: say("two")}, times=2)
    async with client(server.base_url) as chat:
        async with chat.compare("hi", (WRITER, THINKER), system="Be brief.", temperature=0.2) as comparison:
            heard = [step.number async for step in comparison if step.is_last]
            chosen = await comparison.choose(1)
        assert sorted(heard) == [0, 1] and chosen.messages[-1].text == "two"
        async with chat.compare("more", (WRITER, THINKER), session=comparison.conversation_id) as comparison:
            answers = await comparison.answers()
        assert [answer.text for answer in answers] == ["one", "two"]
    assert server.chats[0].body["temperature"] == 0.2
    last = [message["content"] for message in server.chats[-1].body["messages"]]
    assert last == ["Be brief.", "hi", "two", "more"]


@pytest.mark.anyio
async def test_a_client_that_is_not_open_says_so() -> None:
    with pytest.raises(errors.UsageError, match="not open"):
        AsyncClient().stream(request("hi"))
    await AsyncClient().aclose()


@pytest.mark.anyio
async def test_everything_can_live_in_a_folder_of_the_callers(server: DemoServer, tmp_path: Any) -> None:
    server.script(say("Hello"))
    async with AsyncClient(home=str(tmp_path / "there"), **given(server.base_url)) as chat:
        await chat.generate_text("hi")
    assert (tmp_path / "there" / "data" / "orchat.db").is_file()


def test_a_request_is_made_of_a_prompt() -> None:
    history = (message("user", "before"),)
    part = TextPart(text="more")
    asked = request("hi", history=history, parts=(part,), extra={"a": 1}, b=2, seed=3)
    assert [each.text for each in asked.messages] == ["before", "himore"]
    assert (dict(asked.extra), asked.seed) == ({"a": 1, "b": 2}, 3)


def test_an_empty_prompt_is_refused() -> None:
    with pytest.raises(errors.UsageError, match="empty"):
        request("  ")


def test_the_public_names_are_there() -> None:
    assert orchat.AsyncClient is AsyncClient
    assert orchat.Client is Client
    assert orchat.generate_text is generate_text
    assert orchat.stream_text is stream_text
    assert orchat.OrchatError is errors.OrchatError
    assert orchat.events.Finished is Finished
    assert all(hasattr(orchat, name) for name in orchat.__all__)
    with pytest.raises(AttributeError, match="nothing"):
        _ = orchat.nothing


# ---- without an event loop ----


@pytest.fixture
def demo() -> Iterator[DemoThread]:
    thread = DemoThread(pace=0).start()
    yield thread
    thread.stop()


def test_the_blocking_client_generates_and_streams(demo: DemoThread) -> None:
    demo.server.script(say("Hello"), say("Hello there", chunk_size=3))
    with Client(**given(demo.base_url)) as chat:
        assert chat.generate_text("hi") == "Hello"
        assert "".join(chat.stream_text("hi")) == "Hello there"
        assert chat.usage_stats().finished == 2
        assert chat.models()
    chat.close()


def test_the_blocking_client_compares(demo: DemoThread) -> None:
    script(demo.server, {WRITER: say("one"), THINKER: fault("400-unknown-model")})
    with Client(**given(demo.base_url)) as chat:
        first, second = chat.compare("hi", (WRITER, THINKER))
        assert (first.text, first.state, second.state) == ("one", "done", "failed")
        assert second.error
        with pytest.raises(errors.UsageError, match="cannot be compared"):
            chat.compare("hi", (WRITER,))


def test_a_closed_blocking_client_opens_again(demo: DemoThread) -> None:
    demo.server.script(say("one"), say("two"))
    chat = Client(**given(demo.base_url))
    assert chat.generate_text("hi") == "one"
    chat.close()
    assert chat.generate_text("hi") == "two"
    chat.close()


def test_the_two_functions_need_no_client(demo: DemoThread) -> None:
    demo.server.script(say("one"), say("two"))
    assert generate_text("hi", settings=given(demo.base_url)) == "one"
    assert "".join(stream_text("hi", settings=given(demo.base_url))) == "two"


def test_five_threads_stream_at_once(demo: DemoThread) -> None:
    demo.server.script(*[say(f"answer {number} " * 200, chunk_size=5) for number in range(5)])
    with Client(**given(demo.base_url)) as chat:
        together = threading.Barrier(5)
        answers: list[str] = []

        def ask() -> None:
            together.wait()
            answers.append("".join(chat.stream_text("hi")))

        threads = [threading.Thread(target=ask) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answers) == [f"answer {number} " * 200 for number in range(5)]
        assert chat.usage_stats().finished == 5


def test_a_reader_that_leaves_early_stops_the_request(demo: DemoThread) -> None:
    demo.server.script(stall(stage="body", text="Hello there", chars=5))
    with Client(**given(demo.base_url)) as chat:
        stream = chat.stream_text("hi")
        assert next(stream) == "Hello"
        stream.close()  # type: ignore[attr-defined]  # it is a generator
        stats = chat.usage_stats()
        assert (stats.requests, stats.finished) == (1, 0)


def test_a_slow_reader_holds_the_sender_back_and_loses_nothing(demo: DemoThread) -> None:
    demo.server.script(say("x" * AHEAD * 40, chunk_size=1))
    with Client(**given(demo.base_url)) as chat:
        assert "".join(chat.stream_text("hi")) == "x" * AHEAD * 40


def test_what_breaks_a_stream_reaches_the_reader_after_what_arrived(demo: DemoThread) -> None:
    demo.server.script(cut_after(5, text="Hello there"))
    pieces = []
    with Client(**given(demo.base_url)) as chat, pytest.raises(errors.StreamInterrupted):
        for piece in chat.stream_text("hi"):
            pieces.append(piece)
    assert "".join(pieces) == "Hello"


@pytest.mark.parametrize("call", [generate_text, stream_text, Client().generate_text, Client().stream_text])
def test_a_blocking_call_from_a_running_loop_is_refused(call: Any) -> None:
    async def inside() -> None:
        call("hi")

    with pytest.raises(errors.UsageError, match="running event loop") as caught:
        asyncio.run(inside())
    assert "AsyncClient" in str(caught.value.hint)
