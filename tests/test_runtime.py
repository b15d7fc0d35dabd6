import asyncio

import pytest

from orchat import errors
from orchat.demo.script import say
from orchat.demo.server import DemoServer
from orchat.paths import Paths, environment
from orchat.runtime import Runtime
from tests.support.clock import FakeClock
from tests.support.house import KEY, House, clock, house, make_runtime
from tests.support.server import server

__all__ = ["clock", "house", "server"]

pytestmark = pytest.mark.anyio


async def test_a_runtime_that_was_not_started_has_no_parts(server: DemoServer, clock: FakeClock) -> None:
    async with make_runtime(server, clock) as runtime:
        assert not runtime.started
        with pytest.raises(errors.UsageError, match="not started"):
            _ = runtime.conversations


async def test_starting_twice_at_once_opens_one_database(server: DemoServer, clock: FakeClock) -> None:
    async with make_runtime(server, clock) as runtime:
        await asyncio.gather(runtime.start(), runtime.start())
        parts = runtime.parts
        await runtime.start()
        assert runtime.parts is parts


async def test_a_start_that_failed_can_be_tried_again(server: DemoServer, clock: FakeClock) -> None:
    runtime = make_runtime(server, clock)
    runtime.paths.data_dir.parent.mkdir(parents=True, exist_ok=True)
    runtime.paths.data_dir.write_text("in the way")
    with pytest.raises(errors.StoreUnwritable):
        await runtime.start()
    runtime.paths.data_dir.unlink()
    await runtime.start()
    assert runtime.started
    await runtime.aclose()
    await runtime.aclose()


async def test_a_screen_loads_its_parts_without_standing_still(server: DemoServer, clock: FakeClock) -> None:
    runtime = Runtime.create(front_end="tui", settings={"api.base_url": server.base_url}, key=KEY, clock=clock)
    async with runtime:
        await runtime.start()
        assert (await runtime.lease()).source == "given"


async def test_the_demo_keeps_its_state_apart_from_the_users() -> None:
    users = Paths.discover(environment())
    assert Runtime.create(front_end="tui").paths == users
    demo = Runtime.create(front_end="tui", demo=True).paths
    assert demo.database != users.database
    assert demo.database.is_relative_to(users.data_dir)


async def test_without_any_key_a_runtime_says_so(server: DemoServer, clock: FakeClock) -> None:
    settings = {"api.base_url": server.base_url, "keys.store": "env"}
    async with Runtime.create(front_end="tui", settings=settings, clock=clock) as runtime:
        await runtime.start()
        with pytest.raises(errors.NoKeys):
            await runtime.lease()
        lease = await runtime.add_key(f" {KEY.reveal()}\n", label="work")
        assert lease.source == "process"
        assert await runtime.lease() == lease


async def test_figures_come_from_the_ledger(house: House) -> None:
    house.server.script(say("one"), say("two"))
    id = (await house.runtime.conversations.create()).id
    await house.ask(conversation_id=id)
    house.clock.advance(86_400)
    await house.ask()
    lease = await house.runtime.lease()
    assert await house.runtime.requests_today(lease.fingerprint) == 1
    assert await house.runtime.requests_today("unknown") == 0
    assert (await house.runtime.today()).attempts == 1
    assert (await house.runtime.session_usage(id)).attempts == 1
    assert [row.attempts for row in await house.runtime.usage(days=1)] == [1]
    assert [row.attempts for row in await house.runtime.usage(days=2)] == [1, 1]
    (row,) = await house.runtime.usage(by="key")
    assert (row.group, row.attempts) == ("work", 2)


async def test_leaving_before_the_start_is_done_closes_what_was_opened(server: DemoServer, clock: FakeClock) -> None:
    runtime = make_runtime(server, clock)
    starting = asyncio.get_running_loop().create_task(runtime.start())
    await asyncio.sleep(0)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    await runtime.aclose()
    assert runtime.paths.database.is_file()
    assert not runtime.paths.database.with_name("orchat.db-wal").exists()


async def test_a_start_that_fails_half_way_closes_the_database(server: DemoServer, clock: FakeClock) -> None:
    runtime = make_runtime(server, clock, api__base_url="http://not a host/v1")
    with pytest.raises(errors.OrchatError):
        await runtime.start()
    assert not runtime.paths.database.with_name("orchat.db-wal").exists()
    await runtime.aclose()
