import pytest

from orchat.demo.accounts import DemoKey
from orchat.demo.script import fail, raw
from orchat.demo.server import DemoServer
from tests.support.clock import FakeClock
from tests.support.house import KEY, make_runtime

pytestmark = pytest.mark.anyio

AUTO = {"models__default": "openrouter/auto"}


async def chosen(server: DemoServer, clock: FakeClock, **settings: object) -> str:
    async with make_runtime(server, clock, **settings) as runtime:
        await runtime.start()
        return await runtime.default_model()


async def test_a_configured_model_is_taken_without_asking(server: DemoServer, clock: FakeClock) -> None:
    assert await chosen(server, clock) == "demo/writer"
    assert not server.requests


async def test_a_key_with_credit_gets_the_auto_router(server: DemoServer, clock: FakeClock) -> None:
    server.put_key(KEY, DemoKey(is_free_tier=False))
    assert await chosen(server, clock, **AUTO) == "openrouter/auto"


async def test_a_free_key_gets_the_router_that_always_answers_for_nothing(server: DemoServer, clock: FakeClock) -> None:
    server.put_key(KEY, DemoKey(is_free_tier=True))
    assert await chosen(server, clock, **AUTO) == "openrouter/free"


async def test_the_tier_of_a_key_is_asked_once_a_day(server: DemoServer, clock: FakeClock) -> None:
    server.put_key(KEY, DemoKey(is_free_tier=True))
    for _ in range(2):
        assert await chosen(server, clock, **AUTO) == "openrouter/free"
    assert len(server.requests) == 1
    clock.advance(25 * 3600)
    await chosen(server, clock, **AUTO)
    assert len(server.requests) == 2


async def test_a_server_that_does_not_tell_gets_the_auto_router(server: DemoServer, clock: FakeClock) -> None:
    server.script(fail(500), path="/key")
    assert await chosen(server, clock, **AUTO) == "openrouter/auto"


OTHER = {"api__dialect": "openai", **AUTO}


async def test_another_server_is_asked_for_the_first_model_of_its_catalogue(
    server: DemoServer, clock: FakeClock
) -> None:
    server.script(raw(b'{"data":[{"id":"llama-3"},{"id":"qwen"}]}', content_type="application/json"), path="/models")
    assert await chosen(server, clock, **OTHER) == "llama-3"


@pytest.mark.parametrize("answer", [fail(500), raw(b'{"data":[]}', content_type="application/json")])
async def test_another_server_without_a_catalogue_is_asked_for_what_is_configured(
    server: DemoServer, clock: FakeClock, answer: object
) -> None:
    server.script(answer, path="/models")  # type: ignore[arg-type]  # a table of steps
    assert await chosen(server, clock, **OTHER) == "openrouter/auto"


async def test_a_model_configured_for_another_server_is_taken_as_it_is(server: DemoServer, clock: FakeClock) -> None:
    assert await chosen(server, clock, api__dialect="openai", models__default="llama-3") == "llama-3"
    assert not server.requests
