"""Who may ask, what it costs, and what the server says about it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from orchat.demo.accounts import DEMO_KEY, DemoKey
from orchat.demo.faults import fault
from orchat.demo.script import cut_after, say, stall
from orchat.demo.server import DemoServer
from orchat.domain.secret import Secret
from tests.support.clock import FakeClock
from tests.support.demo import KEY, body_of, get, post, stream, usage_in

pytestmark = pytest.mark.anyio
OTHER = "sk-or-other-00000000000000000000"
TERMS: dict[str, DemoKey] = {KEY: DemoKey(), OTHER: DemoKey(account="second", label="spare")}


@pytest.mark.parametrize("path", ["/key", "/credits", "/generation?id=x", "/models/user"])
async def test_the_account_is_for_holders_of_a_key(path: str) -> None:
    async with DemoServer(pace=0, keys=TERMS) as server:
        assert (await get(server, path, key=None)).json()["error"]["message"] == "No cookie auth credentials found"
        assert (await get(server, path, key="sk-or-wrong")).json()["error"]["message"] == "User not found."


async def test_chat_needs_a_known_key() -> None:
    async with DemoServer(pace=0, keys=TERMS) as server:
        assert (await post(server, key=None)).json()["error"]["message"] == "No cookie auth credentials found"
        assert (await post(server, key="wrong")).json()["error"]["message"] == "User not found."
        assert (await post(server, key=None, Authorization="Basic abc")).status_code == 401
        assert (await post(server)).status_code == 200


async def test_every_key_is_good_unless_told_otherwise(server: DemoServer) -> None:
    assert (await post(server, key=DEMO_KEY.reveal())).status_code == 200
    assert (await get(server, "/key", key="short")).json()["data"]["label"] == "sk-or-..."


@pytest.mark.parametrize(
    ("terms", "status", "message"),
    [
        (DemoKey(revoked=True), 401, "User not found."),
        (DemoKey(credits=Decimal(0)), 402, "Insufficient credits"),
        (DemoKey(limit=Decimal(0)), 403, "Key limit exceeded"),
        (DemoKey(is_management_key=True), 403, "Management keys"),
        (DemoKey(fault=fault("529")), 529, "Provider returned error"),
    ],
)
async def test_a_key_can_be_of_no_use_while_another_one_serves(terms: DemoKey, status: int, message: str) -> None:
    async with DemoServer(pace=0, keys=TERMS) as server:
        server.script(say("Hello"))
        server.put_key(Secret(KEY), DemoKey(account="third"))
        server.put_key(Secret(KEY), DemoKey(**{**_fields(terms), "account": "third"}))
        answer = await post(server)
        assert (answer.status_code, answer.json()["error"]["message"][: len(message)]) == (status, message)
        assert (await post(server, key=OTHER)).json()["choices"][0]["message"]["content"] == "Hello"


def _fields(terms: DemoKey) -> dict[str, Any]:
    return {name: getattr(terms, name) for name in DemoKey.__dataclass_fields__}


async def test_what_is_spent_is_reported_to_the_last_digit() -> None:
    clock = FakeClock()
    async with DemoServer(pace=0, clock=clock, keys={**TERMS, KEY: DemoKey(limit=Decimal("0.5"))}) as server:
        costs = [Decimal(str(usage_in(await stream(server))["cost"])) for _ in range(2)]
        assert min(costs) > 0
        key = (await get(server, "/key")).json()["data"]
        assert Decimal(str(key["usage"])) == sum(costs) == Decimal(str(key["usage_daily"]))
        assert Decimal(str(key["limit_remaining"])) == Decimal("0.5") - sum(costs)
        assert key["label"] == f"{KEY[:12]}...{KEY[-3:]}"
        assert key["creator_user_id"] == "user_demo"
        credits = (await get(server, "/credits")).json()["data"]
        assert Decimal(str(credits["total_usage"])) == sum(costs)
        assert (await get(server, "/key", key=OTHER)).json()["data"]["usage"] == 0
        clock.advance(40 * 86_400)
        later = (await get(server, "/auth/key")).json()["data"]
        assert (later["usage_daily"], later["usage_weekly"], later["usage_monthly"]) == (0, 0, 0)
        assert Decimal(str(later["usage"])) == sum(costs)


async def test_changed_terms_keep_what_was_spent() -> None:
    async with DemoServer(pace=0, keys=TERMS) as server:
        await post(server)
        server.put_key(Secret(KEY), DemoKey(limit=Decimal("0.0000001")))
        assert (await post(server)).status_code == 403


async def test_a_generation_can_be_looked_up_after_a_while() -> None:
    clock = FakeClock()
    async with DemoServer(pace=0, clock=clock) as server:
        server.script(say("Hello", reasoning="Hm, well"))
        usage = usage_in(await stream(server, body_of(session_id="s")))
        found = server.chats[0].generation_id
        early = await get(server, f"/generation?id={found}")
        assert (early.status_code, early.json()["error"]["message"]) == (404, f"Generation {found} not found")
        clock.advance(0.5)
        data = (await get(server, f"/generation?id={found}")).json()["data"]
        assert (data["id"], data["model"], data["finish_reason"]) == (found, "demo/writer", "stop")
        assert (data["total_cost"], data["tokens_prompt"]) == (usage["cost"], usage["prompt_tokens"])
        assert data["native_tokens_reasoning"] == 2
        assert (data["streamed"], data["cancelled"], data["session_id"]) == (True, False, "s")
        assert (await get(server, "/generation")).status_code == 404


async def test_a_broken_answer_costs_what_was_said(server: DemoServer) -> None:
    from tests.support.demo import broken

    server.script(cut_after(8, text="x" * 100), cut_after(0), say("x", usage_shape="absent"))
    await broken(server)
    spent = (await get(server, "/key")).json()["data"]["usage"]
    assert spent == pytest.approx(5 * 0.000001 + 2 * 0.000004)
    await broken(server)
    assert (await get(server, "/key")).json()["data"]["usage"] == spent


async def test_a_failure_before_the_answer_costs_nothing(server: DemoServer) -> None:
    server.script(fault("502"), fault("500"))
    assert [(await post(server)).status_code for _ in range(2)] == [502, 500]
    assert (await get(server, "/key")).json()["data"]["usage"] == 0


async def test_leaving_is_noted_with_the_generation() -> None:
    clock = FakeClock()
    async with DemoServer(pace=0, clock=clock) as server:
        from tests.support.demo import client_of

        server.script(stall(stage="body", text="Once upon a time"))
        async with (
            client_of(server) as client,
            client.stream("POST", "/chat/completions", json=body_of(stream=True)) as answer,
        ):
            async for _ in answer.aiter_raw():
                break
        (seen,) = await server.finished(1)
        clock.advance(1)
        data = (await get(server, f"/generation?id={seen.generation_id}")).json()["data"]
        assert (data["cancelled"], data["finish_reason"]) == (True, None)


async def test_old_generations_are_forgotten(server: DemoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchat.demo.lookups.GENERATIONS_KEPT", 1)
    monkeypatch.setattr("orchat.demo.lookups.GENERATION_LAG_S", 0)
    for _ in range(2):
        await post(server)
    first, second = (request.generation_id for request in server.chats)
    assert (await get(server, f"/generation?id={first}")).status_code == 404
    assert (await get(server, f"/generation?id={second}")).status_code == 200


async def test_free_models_have_limits_per_account() -> None:
    clock = FakeClock()
    terms = {KEY: DemoKey(), OTHER: DemoKey()}
    free = body_of(model="demo/tiny:free")
    async with DemoServer(pace=0, clock=clock, keys=terms) as server:
        assert [(await post(server, free)).status_code for _ in range(3)] == [200] * 3
        refused = await post(server, free, key=OTHER)
        assert refused.status_code == 429
        assert "free-models-per-min" in refused.json()["error"]["message"]
        assert int(refused.headers["x-ratelimit-reset"]) == int((clock.now() + 60) * 1000)
        for _ in range(7):
            clock.advance(60)
            assert (await post(server, free)).status_code == 200
        status = (await get(server, "/key")).json()["data"]["free_model_daily_requests"]
        assert status == {"used": 10, "limit": 10, "remaining": 0}
        clock.advance(60)
        daily = await post(server, body_of(model="openrouter/free"))
        assert daily.json()["error"]["metadata"]["limit_source"] == "openrouter_free_tier_daily"
        assert int(daily.headers["x-ratelimit-reset"]) % 86_400_000 == 0
        assert (await post(server)).status_code == 200
        clock.advance(86_400)
        assert (await post(server, free)).status_code == 200


async def test_scripted_answers_of_free_models_are_counted(server: DemoServer) -> None:
    server.script(say("Hello"))
    await post(server, body_of(model="x/y:free"))
    assert (await get(server, "/key")).json()["data"]["free_model_daily_requests"]["used"] == 1
