"""A key that is put aside is passed over until its time comes."""

from __future__ import annotations

import pytest

from orchat.errors import KeysError, NoKeys
from orchat.store import key_state
from tests.support.key_desk import ENV, A, B, Desk, fingerprint

pytestmark = pytest.mark.anyio


async def test_a_held_key_is_passed_over_until_its_time_comes(desk: Desk) -> None:
    desk.keep(work=A, home=B)
    ring = desk.ring()
    await ring.lease()
    await desk.hold(A, desk.clock.now() + 60)

    assert await desk.started() == "home"
    assert await desk.current() == "work"
    desk.clock.advance(61)
    assert await desk.started() == "work"


async def test_a_cleared_hold_counts_no_more(desk: Desk) -> None:
    desk.keep(work=A, home=B)
    ring = desk.ring()
    await ring.lease()
    for key in (A, B):
        await desk.hold(key)
    await desk.served(B)
    assert await desk.started() == "home"

    await desk.served(A)
    assert await desk.started() == "work"


async def test_after_a_hold_an_instance_can_go_on_with_the_next_key(desk: Desk) -> None:
    desk.keep(work=A, home=B)
    ring = desk.ring()
    await ring.lease()
    await desk.hold(A)
    assert (await ring.lease()).label == "work"

    assert (await ring.switch()).label == "home"
    assert (await ring.lease()).label == "home"


async def test_when_every_key_is_put_aside_a_new_instance_asks_the_current_one(desk: Desk) -> None:
    desk.keep(work=A)
    ring = desk.ring()
    await ring.lease()
    await desk.hold(A, desk.clock.now() + 60, reason="no credit left")

    with pytest.raises(NoKeys, match="there is no other key that can serve") as caught:
        await ring.switch()
    assert caught.value.hint == "See why: orchat keys list"
    assert await desk.started() == "work"


async def test_when_every_key_is_disabled_that_is_said(desk: Desk) -> None:
    desk.keep(work=A)
    await desk.started()
    await desk.db.write(key_state.set_disabled, fingerprint(A), True)

    with pytest.raises(NoKeys, match="every key is disabled") as caught:
        await desk.started()
    assert caught.value.hint == "Put one back: orchat keys enable LABEL"


async def test_a_held_key_of_the_environment_gives_way_to_kept_ones_never_read_before(desk: Desk) -> None:
    desk.keep(work=A)
    ring = desk.ring({"OPENROUTER_API_KEY": ENV})
    assert (await ring.lease()).label == "env"
    await desk.hold(ENV)

    assert (await ring.switch()).label == "work"
    await desk.served(ENV)
    assert (await ring.switch()).label == "env"


async def test_a_held_key_of_the_environment_does_not_come_back_because_the_file_is_refused(desk: Desk) -> None:
    desk.keep(work=A)
    desk.file.chmod(0o644)
    ring = desk.ring({"OPENROUTER_API_KEY": ENV})
    await desk.hold(ENV)

    with pytest.raises(KeysError, match="is open to others"):
        await ring.lease()
