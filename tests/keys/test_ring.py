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
from orchat.errors import KeyRejected, KeyringUnavailable, KeysError, NoKeys, UsageError
from orchat.keys.key_file import FileVault
from orchat.keys.vault import KeyringVault
from orchat.paths import Paths
from orchat.store import key_state
from tests.support.clock import START
from tests.support.key_desk import ENV, A, B, C, Desk, desk_in, fingerprint
from tests.support.keyrings import ShortItems, installed

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]

# ---- sources ----


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


# ---- rotation ----


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


# ---- the database follows the vault ----


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


# ---- adding ----


async def test_an_added_key_is_kept_and_serves_from_now_on(desk: Desk) -> None:
    desk.keep(work=A)
    ring = desk.ring()
    await ring.lease()
    lease = await ring.add(" home ", f"{B}\n")

    assert (lease.label, lease.source) == ("home", "file")
    assert await ring.lease() is lease
    assert await desk.started() == "home"
    assert FileVault(desk.file).load() == {"work": Secret(A), "home": Secret(B)}


async def test_the_first_key_may_be_added_after_there_was_none(desk: Desk) -> None:
    ring = desk.ring()
    with pytest.raises(NoKeys):
        await ring.lease()
    await ring.add("work", A)

    assert (await ring.lease()).label == "work"


async def test_adding_the_same_key_again_takes_it_back_into_service(desk: Desk) -> None:
    desk.keep(work=A, home=B)
    ring = desk.ring()
    await ring.lease()
    await desk.hold(A)
    await desk.db.write(key_state.set_disabled, fingerprint(A), True)
    await ring.add("work", A)

    state = await desk.db.read(key_state.get, fingerprint(A))
    assert (state.disabled, state.held_reason, state.is_current) == (False, None, True)


@pytest.mark.parametrize(
    ("label", "key", "kind", "message"),
    [
        ("work", B, UsageError, "there is another key called work"),
        ("home", A, UsageError, "this key is there already, as work"),
        ("a/b", B, UsageError, "a label has"),
        ("home", f"{B} {B}", KeyRejected, "a space"),
        ("home", "", KeyRejected, "is empty"),
    ],
)
async def test_what_cannot_be_added_changes_nothing_and_is_never_repeated(
    desk: Desk, label: str, key: str, kind: type[Exception], message: str
) -> None:
    desk.keep(work=A)
    ring = desk.ring()
    before = await ring.lease()
    with pytest.raises(kind, match=message) as caught:
        await ring.add(label, key)

    assert await ring.lease() is before
    assert FileVault(desk.file).load() == {"work": Secret(A)}
    assert "bbbb" not in repr(caught.value)
    assert "bbbb" not in str(getattr(caught.value, "hint", ""))


async def test_a_refused_key_file_takes_no_key(desk: Desk) -> None:
    desk.keep(work=A)
    desk.file.chmod(0o644)
    ring = desk.ring()
    with pytest.raises(KeysError, match="is open to others"):
        await ring.add("home", B)

    assert ring.trouble is None


async def test_where_no_keyring_answers_an_added_key_serves_this_process(desk: Desk) -> None:
    ring = desk.ring(settings={"store": "keyring"})  # the null keyring of the tests takes nothing
    lease = await ring.add("work", A)

    assert (lease.label, lease.source) == ("work", "process")
    assert await ring.lease() is lease
    assert isinstance(ring.trouble, KeyringUnavailable)
    assert await desk.db.read(key_state.list_keys) == []


async def test_without_a_place_for_keys_an_added_key_serves_this_process(desk: Desk) -> None:
    ring = desk.ring(settings={"store": "env"})

    assert (await ring.add("work", A)).source == "process"
    assert "keys.store = env" in str(ring.trouble)


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


# ---- holds ----


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


# ---- what is known ----


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


# ---- secrecy and weight ----


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
