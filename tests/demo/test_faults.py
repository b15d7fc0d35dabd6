"""Every error of the API, by name, over the wire."""

from __future__ import annotations

import json

import pytest

from orchat.demo.faults import FAULTS, fault, filled
from orchat.demo.server import DemoServer
from tests.support.clock import START, FakeClock
from tests.support.demo import body_of, post

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("name", FAULTS)
async def test_each_fault_arrives_with_its_status(server: DemoServer, name: str) -> None:
    server.script(fault(name))
    answer = await post(server, body_of(model='odd/"model"'))
    assert answer.status_code == int(name[:3])
    assert "{model}" not in answer.text
    if name.endswith("html"):
        assert answer.headers["content-type"].startswith("text/html")
        assert "cloudflare" in answer.text
        return
    error = answer.json()["error"]
    assert error.get("code", answer.status_code) in (answer.status_code, 502)
    assert error["message"]
    assert ("x-generation-id" in answer.headers) == FAULTS[name].routed
    assert server.chats[0].outcome == "failed"


@pytest.mark.parametrize(
    ("name", "message", "source"),
    [
        ("401-no-key", "No cookie auth credentials found", None),
        ("401-bad-key", "User not found.", None),
        ("402-insufficient-credits", "Insufficient credits", "openrouter_credits"),
        ("402-in-flight", "in-flight", "openrouter_in_flight_budget"),
        ("402-key-limit", "$1.00", "openrouter_key_limit"),
        ("403-key-limit", "Key limit exceeded (total limit)", None),
        ("429-free-daily", "free-models-per-day", "openrouter_free_tier_daily"),
        ("429-upstream", "Provider returned error", "upstream_provider_shared_pool"),
    ],
)
async def test_money_and_limits_say_whose_they_are(
    server: DemoServer, name: str, message: str, source: str | None
) -> None:
    server.script(fault(name))
    error = (await post(server)).json()["error"]
    assert message in error["message"]
    assert error.get("metadata", {}).get("limit_source") == source


async def test_the_model_asked_is_named(server: DemoServer) -> None:
    server.script(fault("429-upstream"), fault("400-unknown-model"))
    asked = body_of(model='a/"b"')
    assert (await post(server, asked)).json()["error"]["metadata"]["raw"].startswith('a/"b" is temporarily')
    assert (await post(server, asked)).json()["error"]["message"] == 'a/"b" is not a valid model ID'


@pytest.mark.parametrize(("name", "length"), [("429-free-daily", 86_400), ("429-free-per-minute", 60)])
async def test_limits_reset_in_epoch_milliseconds_by_the_clock(name: str, length: int) -> None:
    async with DemoServer(pace=0, clock=FakeClock()) as server:
        server.script(fault(name))
        answer = await post(server)
    reset = (int(START) // length + 1) * length * 1000
    assert answer.headers["x-ratelimit-reset"] == str(reset)
    assert answer.json()["error"]["metadata"]["headers"]["X-RateLimit-Reset"] == str(reset)


@pytest.mark.parametrize(
    ("name", "seconds"), [("429-retry-after", "1"), ("429-capacity", "40"), ("503-retry-after", "2")]
)
async def test_some_say_how_long_to_wait(server: DemoServer, name: str, seconds: str) -> None:
    server.script(fault(name))
    assert (await post(server)).headers["retry-after"] == seconds


async def test_a_limit_on_a_page_that_is_not_json_leaves_the_page_alone(server: DemoServer) -> None:
    from dataclasses import replace

    server.script(replace(fault("502-html"), limit=(1, "minute")))
    answer = await post(server)
    assert answer.headers["x-ratelimit-limit"] == "1"
    assert answer.text.startswith("<!DOCTYPE html>")


def test_an_unknown_fault_is_named_with_those_there_are() -> None:
    with pytest.raises(KeyError, match="429-free-daily"):
        fault("418-teapot")


def test_placeholders_are_filled_everywhere() -> None:
    body = filled("429-capacity", model="a/b").body
    assert "{model}" not in json.dumps(body)
    assert json.dumps(body).count("a/b") == 2
