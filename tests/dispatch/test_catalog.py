import asyncio

import pytest

from orchat import errors
from orchat.demo.script import fail
from orchat.demo.server import DemoServer
from tests.support.clock import FakeClock
from tests.support.house import House, make_runtime

pytestmark = pytest.mark.anyio


def fetches(server: DemoServer) -> int:
    return sum(request.path.endswith("/models") for request in server.requests)


async def test_nothing_is_known_before_anything_was_fetched(house: House) -> None:
    known = await house.runtime.models.known()
    assert known.models == ()
    assert await house.runtime.models.find("demo/writer") is None
    assert await house.runtime.models.pricing("demo/writer") is None
    assert fetches(house.server) == 0


async def test_the_catalogue_is_fetched_once_and_found_again(house: House) -> None:
    models = house.runtime.models
    first = await models.current()
    assert first.find("demo/writer")
    assert first.fetched_at == house.clock.now()
    assert await models.current() is first
    assert fetches(house.server) == 1


async def test_callers_at_the_same_time_share_one_fetch(house: House) -> None:
    models = house.runtime.models
    first, second = await asyncio.gather(models.current(), models.refresh())
    assert first is second
    assert fetches(house.server) == 1


async def test_the_next_program_knows_what_this_one_fetched(server: DemoServer, clock: FakeClock) -> None:
    async with make_runtime(server, clock) as runtime:
        await runtime.start()
        await runtime.models.current()
    async with make_runtime(server, clock) as runtime:
        await runtime.start()
        assert (await runtime.models.known()).find("demo/writer")
        pricing = await runtime.models.pricing("demo/writer")
        assert pricing is not None
        assert pricing.is_known
    assert fetches(server) == 1


async def test_an_old_catalogue_is_fetched_again(house: House) -> None:
    await house.runtime.models.current()
    house.clock.advance(25 * 3600)
    await house.runtime.models.current()
    assert fetches(house.server) == 2


async def test_an_old_catalogue_is_better_than_none(house: House) -> None:
    first = await house.runtime.models.current()
    house.clock.advance(25 * 3600)
    house.server.script(fail(500), path="/models")
    assert await house.runtime.models.current() is first


async def test_no_catalogue_at_all_is_an_error(house: House) -> None:
    house.server.script(fail(500), path="/models")
    with pytest.raises(errors.OrchatError):
        await house.runtime.models.current()
