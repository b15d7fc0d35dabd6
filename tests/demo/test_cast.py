"""What each demo model says."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import httpx
import pytest
from PIL import Image

from orchat.demo import faulty, prompts, writer
from orchat.demo.answer import Say
from orchat.demo.cast import clip, text_first
from orchat.demo.server import DemoServer
from tests.support.clock import FakeClock
from tests.support.demo import body_of, broken, events_of, post, stream, text_in, usage_in

pytestmark = pytest.mark.anyio
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"place": {"type": "string"}, "days": {"type": "integer"}}},
    },
}


async def said(server: DemoServer, prompt: str = "hi", **more: Any) -> str:
    answer = await post(server, body_of(prompt, **more))
    assert answer.status_code == 200, answer.text
    return str(answer.json()["choices"][0]["message"]["content"])


# ---- writer


async def test_the_writers_tour_holds_every_kind_of_markdown(server: DemoServer) -> None:
    text = await said(server, "Give me the tour")
    for sign in (
        "# ",
        "## ",
        "   - ",
        "     - ",
        "| ",
        "> > ",
        "- [x] ",
        "- [ ] ",
        "$$",
        "](https://",
        "~~",
        "\n---\n",
    ):
        assert sign in text, sign
    for language in ("python", "rust", "bash", "sql", "json"):
        assert f"```{language}\n" in text


@pytest.mark.parametrize(
    ("prompt", "sign"),
    [
        ("compare tea and coffee", "|:-------|"),
        ("python code for primes", "```python"),
        ("something in Rust", "```rust"),
        ("a database query", "```sql"),
        ("the integral of x", "$$"),
        ("plan a trip to Lisbon", "- [ ] "),
        ("hello there Maria", "You mentioned **Maria**"),
        ("what is it?", "I am the *demo writer*"),
    ],
)
async def test_the_writer_answers_what_the_prompt_asks_for(server: DemoServer, prompt: str, sign: str) -> None:
    assert sign in await said(server, prompt)


async def test_the_writer_is_deterministic_by_prompt_and_varied_between_prompts(server: DemoServer) -> None:
    first = await said(server, "Tell me about bees")
    assert first == await said(server, "Tell me about bees")
    assert "bees" in first
    shapes = {writer.recipe(f"Tell me about subject{number}") for number in range(40)}
    assert len(shapes) == len(writer.RECIPES)


def test_no_prompt_puts_markup_of_its_own_into_the_answer() -> None:
    assert prompts.topic("[red]`x` **bold** <b>http://a.b/c</b> \x1b[31m _u_") == "red x bold b"
    assert prompts.topic("bees Bees BEES and " + "y" * 60) == "bees"


async def test_the_writer_says_what_it_was_sent(server: DemoServer) -> None:
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Bees?"},
        {"role": "assistant", "content": "Yes."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Tell me about honey"},
                {"type": "file", "file": {"filename": "hive.pdf", "file_data": "data:application/pdf;base64,AAAA"}},
                {"type": "file", "file": {"filename": "bad`name"}},
            ],
        },
    ]
    answer = (await post(server, {"model": "demo/writer", "messages": messages})).json()
    text = answer["choices"][0]["message"]["content"]
    assert text.startswith("You attached 2 files: `hive.pdf`.")
    seen = f"I saw 4 messages with a system prompt of 9 characters, about {answer['usage']['prompt_tokens']} tokens"
    assert seen in text
    assert "your turn number 2" in text
    single = {"role": "user", "content": [{"type": "file", "file": {}}]}
    answer = (await post(server, {"messages": [single]})).json()
    assert answer["choices"][0]["message"]["content"].startswith("You attached 1 file.")


async def test_the_writer_can_name_a_conversation(server: DemoServer) -> None:
    prompt = "Give this conversation a title of at most six words:\n\nWhy do bees dance?"
    assert await said(server, prompt) == "Six bees dance"


async def test_the_writer_can_write_json(server: DemoServer) -> None:
    plain = json.loads(await said(server, "Tell me about bees", response_format={"type": "json_object"}))
    assert plain["topic"] == "bees"
    schema = {"type": "object", "properties": {"legs": {"type": "integer"}}}
    wanted = {"type": "json_schema", "json_schema": {"name": "bee", "schema": schema}}
    assert json.loads(await said(server, "bees", response_format=wanted)) == {"legs": 1}
    assert json.loads(await said(server, "bees", response_format={"type": "json_schema"})) == "bees"


@pytest.mark.parametrize(
    ("prompt", "choice", "called"),
    [
        ("Please get_weather for Lisbon", None, True),
        ("Bees?", "required", True),
        ("Bees?", {"type": "function", "function": {"name": "get_weather"}}, True),
        ("get_weather", {"type": "function", "function": {"name": "other"}}, False),
        ("get_weather", "none", False),
        ("Bees?", "auto", False),
    ],
)
async def test_the_writer_calls_tools(server: DemoServer, prompt: str, choice: Any, called: bool) -> None:
    answer = await post(server, body_of(prompt, tools=[WEATHER, {"type": "x"}, 7], tool_choice=choice))
    message = answer.json()["choices"][0]
    assert (message["finish_reason"] == "tool_calls") == called
    if called:
        function = message["message"]["tool_calls"][0]["function"]
        assert function["name"] == "get_weather"
        assert set(json.loads(function["arguments"])) == {"place", "days"}
        assert answer.json()["usage"]["completion_tokens"] > 0


async def test_a_tools_result_is_answered_with_words(server: DemoServer) -> None:
    messages = [{"role": "user", "content": "get_weather"}, {"role": "tool", "tool_call_id": "c", "content": "sunny"}]
    odd = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "array"}}}
    answer = await post(server, {"messages": messages, "tools": [WEATHER]})
    assert answer.json()["choices"][0]["finish_reason"] == "stop"
    first = await post(server, {"messages": messages[:1], "tools": [odd]})
    assert first.json()["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"] == "{}"


# ---- limits of an answer


async def test_max_tokens_cut_the_answer_and_say_so(server: DemoServer) -> None:
    events = await stream(server, body_of("Tell me about bees", max_completion_tokens=5))
    assert len(text_in(events)) == 20
    assert events[-3]["choices"][0]["finish_reason"] == "length"
    assert usage_in(events)["completion_tokens"] == 5


async def test_thoughts_can_use_up_the_budget(server: DemoServer) -> None:
    events = await stream(server, body_of("bees", model="demo/thinker", max_tokens=10))
    assert (text_in(events), len(text_in(events, "reasoning"))) == ("", 40)


@pytest.mark.parametrize(("stop", "expected"), [("# ", ""), (["zz", "Three"], "# Bees\n\n"), ([7, ""], None)])
async def test_stop_sequences_end_the_answer(server: DemoServer, stop: Any, expected: str | None) -> None:
    prompt = next(f"bees{n}" for n in range(99) if writer.recipe(f"bees{n}")[0] is writer.TOUR[0])
    text = await said(server, prompt, stop=stop)
    assert expected is None or text == expected.replace("Bees", prompt.capitalize())


def test_an_answer_within_its_budget_is_left_alone() -> None:
    say = Say(text="x" * 40)
    assert clip(say, budget=10, stops=()) is say


# ---- the others


async def test_the_thinker_thinks_first_unless_told_not_to(server: DemoServer) -> None:
    events = await stream(server, body_of("bees", model="demo/thinker"))
    assert "Weighing" in text_in(events, "reasoning")
    assert usage_in(events)["completion_tokens_details"]["reasoning_tokens"] > 0
    for off in ({"reasoning": {"effort": "none"}}, {"reasoning": {"enabled": False}}, {"reasoning_effort": "none"}):
        assert text_in(await stream(server, body_of("bees", model="demo/thinker", **off)), "reasoning") == ""
    hidden = body_of("bees", model="demo/thinker", include_reasoning=False)
    assert text_in(await stream(server, hidden), "reasoning") == ""


async def test_the_painter_paints_a_png(server: DemoServer) -> None:
    events = await stream(server, body_of("a lighthouse", model="demo/painter"))
    (url,) = [i["image_url"]["url"] for e in events[:-1] for c in e["choices"] for i in c["delta"].get("images", ())]
    with Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) as image:
        image.load()
        assert (image.format, image.size) == ("PNG", (192, 192))
        assert len(image.getcolors(100_000) or ()) > 50
    assert usage_in(events)["completion_tokens_details"]["image_tokens"] == 400
    again = (await post(server, body_of("a lighthouse", model="demo/painter"))).json()
    assert again["choices"][0]["message"]["images"][0]["image_url"]["url"] == url
    assert again["usage"] == usage_in(events)


async def test_the_tortoise_is_slow_and_the_writer_is_not() -> None:
    speeds = {}
    for model in ("demo/tortoise", "demo/writer"):
        clock = FakeClock()
        clock.share = 0.5
        async with DemoServer(clock=clock) as server:
            events = await stream(server, body_of("bees", model=model))
        speeds[model] = usage_in(events)["completion_tokens"] / sum(clock.slept)
    assert 2 < speeds["demo/tortoise"] < 6
    assert 30 < speeds["demo/writer"] < 90


async def test_a_whole_answer_takes_its_time_too() -> None:
    clock = FakeClock()
    async with DemoServer(clock=clock) as server:
        await post(server, body_of("bees", model="demo/tortoise"))
    assert sum(clock.slept) > 20


async def test_the_tortoise_keeps_its_connection_alive(server: DemoServer) -> None:
    answer = await post(server, body_of("bees", model="demo/tortoise", stream=True))
    assert answer.content.count(b": OPENROUTER PROCESSING") > 5


# ---- faulty


async def test_the_faulty_model_says_which_words_it_understands(server: DemoServer) -> None:
    text = await said(server, "What can you do?", model="demo/faulty")
    assert all(f"`{word}`" in text for word in faulty.WORDS)
    assert "`429-free-daily`" in text


@pytest.mark.parametrize("word", [word for word in faulty.WORDS if word not in ("stall", "silence")])
async def test_the_faulty_model_fails_as_asked(server: DemoServer, word: str) -> None:
    body = body_of(f"Fail {word.upper()}, please", model="demo/faulty", stream=True)
    try:
        answer = await post(server, body)
    except httpx.TransportError:
        assert word in ("cut", "reset", "garbage")
        return
    events = events_of(answer.content)
    finishes = {c["finish_reason"] for e in events if isinstance(e, dict) for c in e.get("choices", ())}
    clean = answer.status_code == 200 and "stop" in finishes and "[DONE]" in events
    assert not clean
    if word.isdigit():
        assert answer.status_code == int(word)


async def test_the_faulty_model_knows_the_exact_errors(server: DemoServer) -> None:
    answer = await post(server, body_of("now 403-guardrail!", model="demo/faulty"))
    assert "patterns" in answer.json()["error"]["metadata"]


@pytest.mark.parametrize("word", ["cut", "reset"])
async def test_a_cut_answer_keeps_its_beginning(server: DemoServer, word: str) -> None:
    data, error = await broken(server, body_of(word, model="demo/faulty"))
    assert error is not None
    assert text_in(events_of(data)) == faulty.TEXT[: faulty.HALF]


def test_the_first_message_with_an_image_decides_the_order() -> None:
    image, text = {"type": "image_url"}, {"type": "text", "text": "x"}
    for parts, expected in (([text, image], True), ([image, text], False), ([image], None), ("x", None)):
        assert text_first({"messages": [{"role": "user", "content": parts}]}) is expected
