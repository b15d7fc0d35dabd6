"""Which key an instance gets, over a real database and a real key file."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from orchat import logs
from orchat.config import LogSettings
from orchat.domain.secret import Secret
from orchat.errors import KeyRejected, KeysError, NoKeys
from orchat.keys.vault import KeyringVault
from orchat.paths import Paths
from orchat.store import key_state
from tests.support.key_desk import ENV, A, B, C, Desk, desk_in, fingerprint
from tests.support.keyrings import ShortItems, installed

pytestmark = pytest.mark.anyio


async def test_a_given_key_goes_before_all_others_and_touches_no_database(desk: Desk) -> None:
    desk.keep(work=A)
    ring = desk.ring({"OPENROUTER_API_KEY": ENV}, key=Secret(B), key_label="flag")
    lease = await ring.lease()

    assert (lease.label, lease.source, lease.secret) == ("flag", "given", Secret(B))
    assert await desk.db.read(key_state.list_keys) == []


async def test_the_environment_goes_before_the_file(desk: Desk) -> None:
    desk.keep(work=A)
    lease = await desk.ring({"OPENROUTER_API_KEY": f" {ENV}\n"}).lease()

    assert (lease.label, lease.source, lease.secret) == ("env", "env", Secret(ENV))
    assert lease.fingerprint == fingerprint(ENV)


async def test_a_kept_key_is_registered_and_becomes_current(desk: Desk) -> None:
    desk.keep(work=A, home=B)
    lease = await desk.ring({"OPENROUTER_API_KEY": " "}).lease()

    assert (lease.label, lease.source, lease.secret) == ("work", "file", Secret(A))
    states = await desk.db.read(key_state.list_keys)
    assert [(state.label, state.fingerprint, state.is_current) for state in states] == [
        ("work", fingerprint(A), True),
        ("home", fingerprint(B), False),
    ]


async def test_the_keyring_is_a_place_too(desk: Desk, tmp_path: Path) -> None:
    with installed(ShortItems({"keys": json.dumps({"v": 1, "keys": {"work": A}})})):
        lease = await desk.ring(settings={"store": "keyring"}).lease()

    assert (lease.label, lease.source) == ("work", "keyring")


async def test_a_key_that_is_in_the_environment_and_kept_has_its_own_label(desk: Desk) -> None:
    desk.keep(work=A, home=B)
    await desk.started()
    lease = await desk.ring({"OPENROUTER_API_KEY": B}).lease()

    assert (lease.label, lease.source) == ("home", "env")
    assert await desk.current() == "work"


@pytest.mark.parametrize(
    ("settings", "message", "hint"),
    [
        ({}, "there is no key in OPENROUTER_API_KEY nor in the file", "orchat keys add"),
        ({"store": "env"}, "any other place .keys.store = env.", "Set OPENROUTER_API_KEY."),
        ({"store": "keyring"}, "the system's keyring", "orchat keys add"),
    ],
)
async def test_without_any_key_the_places_are_named(
    desk: Desk, settings: dict[str, str], message: str, hint: str
) -> None:
    with pytest.raises(NoKeys, match=message) as caught:
        await desk.ring(settings=settings).lease()
    assert hint in (caught.value.hint or "")


async def test_a_broken_key_in_the_environment_is_refused_by_its_name(desk: Desk) -> None:
    with pytest.raises(KeyRejected, match="OPENROUTER_API_KEY: the key has a space") as caught:
        await desk.ring({"OPENROUTER_API_KEY": f"Bearer {ENV}"}).lease()
    assert caught.value.hint


async def test_a_refused_key_file_stops_an_instance_without_other_key(desk: Desk) -> None:
    desk.keep(work=A)
    desk.file.chmod(0o644)
    with pytest.raises(KeysError, match="is open to others"):
        await desk.ring().lease()


async def test_labels_that_were_exchanged_in_the_file_are_exchanged(desk: Desk) -> None:
    desk.keep(a=A, b=B)
    await desk.started()
    desk.keep(a=B, b=A)
    await desk.started()

    states = await desk.db.read(key_state.list_keys)
    assert {state.label: state.fingerprint for state in states} == {"a": fingerprint(B), "b": fingerprint(A)}


async def test_a_key_that_was_replaced_under_its_label_is_a_new_key(desk: Desk) -> None:
    desk.keep(work=A)
    await desk.started()
    await desk.spend(A, 99)
    desk.keep(work=B)
    lease = await desk.ring().lease()

    assert (lease.label, lease.secret) == ("work", Secret(B))
    assert [state.fingerprint for state in await desk.db.read(key_state.list_keys)] == [fingerprint(B)]


async def test_a_key_without_secret_is_passed_over_and_not_forgotten(desk: Desk) -> None:
    desk.keep(work=A, home=B)
    await desk.started()
    desk.keep(home=B)

    assert await desk.started() == "home"
    assert {state.label for state in await desk.db.read(key_state.list_keys)} == {"work", "home"}


async def test_the_loop_goes_on_while_a_keyring_is_slow_and_leaving_does_not_wait_for_it(desk: Desk) -> None:
    asked, answer = threading.Event(), threading.Event()
    slow = ShortItems()

    def wait(call: str, name: str) -> None:
        asked.set()
        assert answer.wait(60)

    slow.failing = wait
    with installed(slow):
        vault = KeyringVault(timeout_s=60, lock=desk.file.with_name("lock"))
        leasing = asyncio.create_task(desk.ring(vault=vault).lease())
        await asyncio.to_thread(asked.wait)
        leasing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leasing
        waiting = [thread for thread in threading.enumerate() if thread.name in ("orchat-vault", "orchat-keyring")]
        assert [thread.daemon for thread in waiting] == [True, True]
        answer.set()
        for thread in waiting:
            await asyncio.to_thread(thread.join)
        await asyncio.sleep(0)


def test_a_keyring_that_answers_after_the_loop_has_gone_hurts_nobody(tmp_path: Path) -> None:
    asked, answer = threading.Event(), threading.Event()
    slow = ShortItems()

    def wait(call: str, name: str) -> None:
        asked.set()
        assert answer.wait(60)

    async def leave_early() -> list[threading.Thread]:
        async with desk_in(tmp_path) as desk:
            vault = KeyringVault(timeout_s=60, lock=tmp_path / "lock")
            leasing = asyncio.create_task(desk.ring(vault=vault).lease())
            await asyncio.to_thread(asked.wait)
            leasing.cancel()
            await asyncio.wait({leasing})
        return [thread for thread in threading.enumerate() if thread.name == "orchat-vault"]

    slow.failing = wait
    with installed(slow):
        [thread] = asyncio.run(leave_early())
        answer.set()
        thread.join()


async def test_known_keys_tell_counts_order_and_which_is_in_use(desk: Desk) -> None:
    desk.keep(work=A, home=B)
    await desk.started()
    await desk.spend(A, 3)
    ring = desk.ring({"OPENROUTER_API_KEY": ENV})
    assert [known.in_use for known in await ring.known()] == [False, False, False]
    await ring.lease()

    assert [(known.state.label, known.requests_today, known.in_use, known.kept) for known in await ring.known()] == [
        ("env", 0, True, False),
        ("work", 3, False, True),
        ("home", 0, False, True),
    ]


async def test_a_given_key_and_one_of_this_process_are_known_too(desk: Desk) -> None:
    given = desk.ring(key=Secret(C))
    unkept = desk.ring(settings={"store": "env"})
    await unkept.add("work", A)

    assert [known.state.label for known in await given.known()] == ["given"]
    assert [(known.state.label, known.kept, known.in_use) for known in await unkept.known()] == [("work", False, True)]


async def test_keys_never_reach_the_database_or_the_log(desk: Desk, home: Path) -> None:
    paths = Paths.discover({"ORCHAT_HOME": str(home)})
    log = logs.configure(paths, LogSettings(level="debug"))
    try:
        odd = "a-key-of-another-kind-123"
        desk.keep(work=odd)
        ring = desk.ring()
        await ring.lease()
        await ring.add("home", f"{odd}-and-another")
        logs.event(logging.getLogger("orchat.tests"), odd, model=f"{odd}-and-another")
    finally:
        log.close()
    text = paths.log_file.read_text()
    data = b"".join(path.read_bytes() for path in desk.db.path.parent.iterdir() if path.is_file())

    assert '"event":"key.chosen","key":"work","source":"file"' in text
    assert odd not in text
    assert odd.encode() not in data


ASK = """
import asyncio, sys
from pathlib import Path
from orchat.clock import SystemClock
from orchat.config import KeySettings
from orchat.keys.ring import Ring
from orchat.store.database import Database

async def main():
    clock = SystemClock()
    db = await Database.open(Path(sys.argv[1]), clock)
    lease = await Ring(db, KeySettings(), environ={"OPENROUTER_API_KEY": "sk-or-v1-x"}, clock=clock).lease()
    await db.close()
    print(lease.label, [name for name in ("keyring", "jeepney", "platformdirs", "pydantic") if name in sys.modules])

asyncio.run(main())
"""


def test_with_a_key_in_the_environment_the_keyring_is_not_even_imported(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASK, str(tmp_path / "data" / "orchat.db")], capture_output=True, text=True, check=True
    )
    assert done.stdout == "env []\n"
