"""New instances move on to the next key, however many start and whatever the clock does."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.clock import START
from tests.support.key_desk import ENV, A, B, C, Desk, desk_in

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("requests", "label"), [(39, "work"), (40, "work"), (41, "home")])
async def test_the_next_instance_moves_on_when_the_threshold_was_exceeded(
    desk: Desk, requests: int, label: str
) -> None:
    desk.keep(work=A, home=B)
    first = desk.ring()
    assert (await first.lease()).label == "work"
    await desk.spend(A, requests)

    assert await desk.started() == label
    assert (await first.lease()).label == "work"
    assert await desk.current() == label


async def test_the_ring_goes_round_and_stays_when_all_are_over(desk: Desk) -> None:
    desk.keep(a=A, b=B, c=C)
    seen = [await desk.started()]
    for key in (A, B, C):
        await desk.spend(key, 41)
        seen.append(await desk.started())
    ring = desk.ring()

    assert seen == ["a", "b", "c", "c"]
    assert (await ring.lease()).label == "c"
    assert ring.choice is not None
    assert ring.choice.all_over


async def test_at_midnight_utc_a_running_instance_stays_and_a_new_one_counts_anew(desk: Desk) -> None:
    desk.keep(work=A, home=B)
    midnight = (START // 86_400 + 1) * 86_400
    desk.clock.time = midnight - 1
    running = desk.ring()
    assert (await running.lease()).label == "work"
    await desk.spend(A, 41)
    assert await desk.started() == "home"
    desk.clock.time = midnight

    assert (await running.lease()).label == "work"
    assert await desk.started() == "home"  # nothing makes the ring go back
    await desk.spend(B, 41)
    assert await desk.started() == "work"
    assert [key.requests_today for key in await running.known()] == [0, 41]


async def test_a_clock_that_is_set_back_counts_the_day_that_it_shows(desk: Desk) -> None:
    desk.keep(work=A, home=B)
    await desk.spend(A, 41)
    desk.clock.time = START + 86_400
    assert await desk.started() == "work"
    await desk.spend(A, 5)
    desk.clock.time = START

    assert await desk.started() == "home"
    desk.clock.time = START + 86_400
    assert await desk.started() == "home"
    assert [key.requests_today for key in await desk.ring().known()] == [5, 0]


async def test_the_threshold_is_configured(desk: Desk) -> None:
    desk.keep(work=A, home=B)
    await desk.started()
    await desk.spend(A, 2)

    assert await desk.started(settings={"rotate_after": 2}) == "work"
    assert await desk.started(settings={"rotate_after": 1}) == "home"


async def test_instances_that_start_at_once_agree(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as one, desk_in(tmp_path) as two:
        one.keep(work=A, home=B, other=C)
        await one.started()
        await one.spend(A, 41)
        labels = await asyncio.gather(*(desk.started() for desk in (one, two) * 4))

    assert labels == ["home"] * 8


async def test_an_instance_chooses_once_however_many_ask(desk: Desk) -> None:
    desk.keep(work=A, home=B)
    ring = desk.ring()
    leases = await asyncio.gather(*(ring.lease() for _ in range(5)))

    assert all(lease is leases[0] for lease in leases)


async def test_a_used_up_key_of_the_environment_gives_way_to_kept_ones(desk: Desk) -> None:
    desk.keep(work=A, home=B, other=C)
    await desk.started()
    await desk.spend(A, 41)
    assert await desk.started() == "home"
    environ = {"OPENROUTER_API_KEY": ENV}
    await desk.spend(ENV, 40)
    assert await desk.started(environ) == "env"
    await desk.spend(ENV, 1)

    assert await desk.started(environ) == "home"
    await desk.spend(B, 41)
    assert await desk.started(environ) == "other"
    assert await desk.current() == "other"
    await desk.spend(C, 41)
    assert await desk.started(environ) == "env"


async def test_a_used_up_key_of_the_environment_goes_on_where_the_others_cannot_be_read(desk: Desk) -> None:
    desk.keep(work=A)
    await desk.started()
    desk.file.chmod(0o644)
    await desk.spend(ENV, 41)
    ring = desk.ring({"OPENROUTER_API_KEY": ENV})

    assert (await ring.lease()).label == "env"
    assert "is open to others" in str(ring.trouble)


async def test_a_used_up_key_of_the_environment_goes_on_where_the_others_are_gone(desk: Desk) -> None:
    desk.keep(work=A)
    await desk.started()
    desk.keep()
    await desk.spend(ENV, 41)

    assert await desk.started({"OPENROUTER_API_KEY": ENV}) == "env"


START_INSTANCE = """
import asyncio, sys
from pathlib import Path
from orchat.config import KeySettings
from orchat.keys.ring import Ring
from tests.support.clock import FakeClock
from tests.support.store import open_database

async def main():
    db = await open_database(Path(sys.argv[1]))
    print("ready", flush=True)
    sys.stdin.readline()
    settings = KeySettings(store="file", file=sys.argv[2])
    print((await Ring(db, settings, environ={}, clock=FakeClock()).lease()).label)
    await db.close()

asyncio.run(main())
"""


async def test_processes_that_start_at_once_turn_the_ring_once(desk: Desk) -> None:
    desk.keep(work=A, home=B, other=C)
    await desk.started()
    await desk.spend(A, 41)
    command = [sys.executable, "-c", START_INSTANCE, str(desk.db.path), str(desk.file)]
    processes = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()

    assert [process.communicate(timeout=60)[0] for process in processes] == ["home\n"] * 4
    assert await desk.current() == "home"
