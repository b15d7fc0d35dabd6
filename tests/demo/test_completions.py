"""The checks and the routing that stand before an answer, as on the real server."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from orchat.demo import models
from orchat.demo.accounts import DemoKey
from orchat.demo.script import say
from orchat.demo.server import DemoServer
from tests.support.demo import KEY, body_of, client_of, events_of, get, post, stream, usage_in

pytestmark = pytest.mark.anyio
PIXEL = (
    "data:image/png;base64,"
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
TOOL = {"type": "function", "function": {"name": "read_file", "parameters": {"type": "object", "properties": {}}}}


def with_image(model: str, **more: Any) -> dict[str, Any]:
    parts = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": PIXEL}}]
    return {"model": model, "messages": [{"role": "user", "content": parts}], **more}


REFUSALS: list[tuple[Any, int, str]] = [
    ({"model": "demo/writer"}, 400, 'Input required: specify "prompt" or "messages"'),
    ({"messages": []}, 400, "Input required"),
    ({"messages": ["hi"]}, 400, "Input required"),
    ({"messages": [{"content": "hi"}]}, 400, "Input required"),
    ({"messages": "hi"}, 400, "Input required"),
    (["hi"], 400, "Input must have at least 1 token."),
    (body_of(model="nobody/nothing"), 400, "nobody/nothing is not a valid model ID"),
    (body_of(models=["nobody/else"]), 400, "nobody/else is not a valid model ID"),
    (body_of(model="demo/writer:weird"), 400, "demo/writer:weird is not a valid model ID"),
    (body_of(temperature=3), 400, "temperature must be a number from 0 to 2"),
    (body_of(top_p="much"), 400, "top_p must be a number from 0 to 1"),
    (body_of(max_tokens=0), 400, "max_tokens must be at least 1"),
    (
        body_of(model="demo/tiny:free", provider={"data_collection": "deny"}),
        404,
        "No endpoints found matching your data",
    ),
    (body_of(provider={"only": ["openai"]}), 404, "No allowed providers are available"),
    (body_of(provider={"ignore": ["demo"]}), 404, "No allowed providers are available"),
    (body_of(provider={"max_price": {"prompt": 0.1}}), 404, "No endpoints found that satisfy the max price"),
    (
        body_of(provider={"max_price": {"completion": "no number"}}),
        404,
        "No endpoints found that satisfy the max price",
    ),
    (with_image("demo/writer"), 404, "No endpoints found that support image input"),
    (
        body_of(model="demo/seer", tools=[TOOL]),
        404,
        'No endpoints found that support tool use. Try disabling "read_file"',
    ),
    (body_of("x" * 40_000, model="demo/faulty"), 400, "This endpoint's maximum context length is 8192 tokens."),
    (
        body_of(model="demo/faulty", max_tokens=9000),
        400,
        "However, you requested about 9005 tokens (5 of text input, 9000",
    ),
]


@pytest.mark.parametrize(("body", "status", "message"), REFUSALS, ids=range(len(REFUSALS)))
async def test_a_request_is_refused_as_the_real_server_does(
    server: DemoServer, body: Any, status: int, message: str
) -> None:
    answer = await post(server, body)
    assert answer.status_code == status
    assert message in answer.json()["error"]["message"]


async def test_a_model_that_is_not_a_string_meets_the_validator(server: DemoServer) -> None:
    answer = await post(server, {"model": 7, "messages": []})
    assert answer.status_code == 400
    assert answer.json()["error"]["name"] == "ZodError"


@pytest.mark.parametrize("data", [b"", b"{", b"[" * 100_000, b"\xff"])
async def test_a_body_that_is_not_json_is_refused(server: DemoServer, data: bytes) -> None:
    async with client_of(server) as client:
        answer = await client.post("/chat/completions", content=data)
    assert answer.json()["error"] == {
        "message": "Input must have at least 1 token.",
        "code": 400,
        "metadata": {"provider_name": None},
    }


async def test_a_long_context_carries_its_error_type(server: DemoServer) -> None:
    answer = await post(server, body_of("x" * 40_000, model="demo/faulty"))
    assert answer.json()["error"]["metadata"]["error_type"] == "context_length_exceeded"


ADMITTED: list[tuple[dict[str, Any], str]] = [
    ({"messages": [{"role": "user", "content": "hi"}]}, "demo/writer"),
    ({"prompt": "hi", "model": None}, "demo/writer"),
    ({"messages": [{"role": "system", "content": "Be brief."}]}, "demo/writer"),
    (body_of(model="openrouter/auto"), "demo/writer"),
    (body_of(model="openrouter/auto", modalities=["image", "text"]), "demo/painter"),
    (with_image("openrouter/auto"), "demo/seer"),
    (body_of(model="openrouter/free"), "demo/tiny:free"),
    (body_of(model="~demo/writer-latest"), "demo/writer"),
    (body_of(model="demo/writer:nitro"), "demo/writer"),
    (body_of(model=f"demo/writer-{models.DAY}"), "demo/writer"),
    (body_of(models=["demo/thinker"]), "demo/writer"),
    ({**body_of(), "model": None, "models": ["demo/thinker"]}, "demo/thinker"),
    (body_of(model="demo/seer", tools=[TOOL], tool_choice="none"), "demo/seer"),
    (body_of(provider={"only": ["demo"], "ignore": ["openai"], "data_collection": "deny"}), "demo/writer"),
    (body_of(provider={"max_price": {"prompt": 1, "completion": "4"}}), "demo/writer"),
    (body_of(provider={"max_price": 5}), "demo/writer"),
    (body_of(temperature=0, top_p=1, frequency_penalty=-2), "demo/writer"),
]


@pytest.mark.parametrize(("body", "model"), ADMITTED, ids=range(len(ADMITTED)))
async def test_the_model_that_answers_is_named(server: DemoServer, body: Any, model: str) -> None:
    answer = await post(server, body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["model"] == model


@pytest.mark.parametrize("first", [body_of("fail 503", model="demo/faulty"), with_image("demo/writer")])
async def test_the_next_model_of_the_list_steps_in(server: DemoServer, first: dict[str, Any]) -> None:
    answer = await post(server, {**first, "models": ["demo/seer"]})
    assert answer.json()["model"] == "demo/seer"


async def test_the_last_failure_is_the_answer_when_all_models_fail(server: DemoServer) -> None:
    answer = await post(server, body_of("503 please", model="demo/faulty", models=["demo/faulty"]))
    assert answer.status_code == 503


async def test_cost_is_tokens_times_price(server: DemoServer) -> None:
    usage = usage_in(await stream(server, body_of("Tell me about bees")))
    exact = usage["prompt_tokens"] * Decimal("0.000001") + usage["completion_tokens"] * Decimal("0.000004")
    assert Decimal(str(usage["cost"])) == exact
    details = usage["cost_details"]
    assert Decimal(str(details["upstream_inference_prompt_cost"])) == usage["prompt_tokens"] * Decimal("0.000001")
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


async def test_streamed_and_whole_answers_cost_the_same(server: DemoServer) -> None:
    body = body_of("Tell me about bees", model="demo/thinker")
    assert usage_in(await stream(server, body)) == (await post(server, body)).json()["usage"]


async def test_a_free_model_costs_nothing(server: DemoServer) -> None:
    assert usage_in(await stream(server, body_of(model="demo/tiny:free")))["cost"] == 0


@pytest.mark.parametrize("header", [False, True])
async def test_the_second_request_of_a_session_is_cached(server: DemoServer, header: bool) -> None:
    first = body_of("Tell me about bees")
    longer = [*first["messages"], {"role": "assistant", "content": "Bees!"}, {"role": "user", "content": "More"}]
    usages = []
    for body in (first, {**first, "messages": longer}, first):
        sent = body if header else {**body, "session_id": "s-1"}
        answer = await post(server, sent, **({"x-session-id": "s-1"} if header else {}))
        usages.append(answer.json()["usage"])
    cached = [usage["prompt_tokens_details"]["cached_tokens"] for usage in usages]
    assert cached == [0, usages[0]["prompt_tokens"], usages[0]["prompt_tokens"]]
    assert usages[2]["cost"] < usages[0]["cost"]


async def test_sessions_do_not_share_a_cache_and_old_ones_are_forgotten(
    server: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchat.demo.completions.SESSIONS_KEPT", 1)
    cached = []
    for session, prompt in (("a", "one"), ("a", "two"), ("b", "two"), ("a", "two")):
        usage = (await post(server, body_of(prompt, session_id=session))).json()["usage"]
        cached.append(usage["prompt_tokens_details"]["cached_tokens"])
    assert cached == [0, 0, 0, 0]


async def test_too_few_credits_for_the_most_tokens() -> None:
    async with DemoServer(pace=0, keys={KEY: DemoKey(credits=Decimal("0.001"))}) as server:
        answer = await post(server)
        message = answer.json()["error"]["message"]
        assert answer.status_code == 402
        assert "You requested up to 16384 tokens, but can only afford 248." in message
        assert (await post(server, body_of(max_tokens=248))).status_code == 200
        tight = await post(server, body_of("x" * 8000, max_tokens=1))
        assert "Prompt tokens limit exceeded: 2004 > " in tight.json()["error"]["message"]
        assert (await post(server, body_of(model="demo/tiny:free"))).status_code == 200


async def test_a_keys_own_limit_counts_too() -> None:
    async with DemoServer(pace=0, keys={KEY: DemoKey(limit=Decimal("0.001"))}) as server:
        assert (await post(server)).status_code == 402


async def test_scripts_come_after_the_key_and_before_the_models_checks(server: DemoServer) -> None:
    server.script(say("Hello"), say("Hello"))
    assert (await post(server, key=None)).status_code == 401
    for body in ({"model": "nobody/nothing"}, ["not", "a", "dict"]):
        assert (await post(server, body)).json()["choices"][0]["message"]["content"] == "Hello"


@pytest.mark.parametrize(("path", "prefixed"), [("/nothing", True), ("/auth/nothing", True), ("/v1/models", False)])
async def test_unknown_paths_are_not_found(server: DemoServer, path: str, prefixed: bool) -> None:
    async with client_of(server) as client:
        url = server.base_url + path if prefixed else f"http://127.0.0.1:{server.port}{path}"
        answers = [await client.post(url, json={}), await client.get(url)]
    assert {answer.status_code for answer in answers} == {404}
    assert answers[0].json() == {"error": {"message": "Not Found", "code": 404}}


async def test_a_hidden_thought_is_billed(server: DemoServer) -> None:
    shown = body_of("Tell me about bees", model="demo/thinker")
    hidden = {**shown, "reasoning": {"exclude": True}}
    assert usage_in(await stream(server, hidden)) == usage_in(await stream(server, shown))
    raw = (await post(server, {**hidden, "stream": True})).content
    assert b'"reasoning"' not in raw and b"reasoning_details" not in raw
    assert "reasoning" not in (await post(server, hidden)).json()["choices"][0]["message"]
    assert events_of(raw)[-1] == "[DONE]"


async def test_credits_are_what_the_account_bought(server: DemoServer) -> None:
    assert (await get(server, "/credits")).json() == {"data": {"total_credits": 100, "total_usage": 0}}
