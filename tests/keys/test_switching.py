"""What becomes of an instance whose key can no longer serve, and what others see of it."""

from __future__ import annotations

import pytest

from orchat.domain.scope import account_scope, free_scope, key_scope
from orchat.domain.secret import Secret
from orchat.errors import KeysError, NoKeys, NotFound, UsageError
from orchat.keys.lease import leased
from orchat.store import holds, key_state, reports
from orchat.store.connection import Connection
from orchat.store.reports import Report
from tests.support.clock import START
from tests.support.key_desk import ENV, A, B, C, Desk, fingerprint

pytestmark = pytest.mark.anyio


async def aside(desk: Desk, scope: str, until: float | None = START + 600) -> None:
    await desk.put_aside(scope, reason="no credit left", until=until)


async def accounts(desk: Desk, **keys: str) -> None:
    """Tell which key belongs to which account."""
    for name, account in keys.items():
        key = {"a": A, "b": B, "c": C, "env": ENV}[name]
        await desk.db.write(reports.put, Report(fingerprint=fingerprint(key), at=START, account=account))


# ---- the next key ----


async def test_each_switch_goes_on_round_the_ring_and_the_ring_stays(desk: Desk) -> None:
    desk.keep(a=A, b=B, c=C)
    ring = desk.ring()
    await ring.lease()
    seen = [(await ring.switch()).label for _ in range(4)]

    assert seen == ["b", "c", "a", "b"]
    assert (await ring.lease()).label == "b"
    assert await desk.current() == "a"
    assert await desk.started() == "a"


async def test_keys_that_were_tried_are_not_tried_again(desk: Desk) -> None:
    desk.keep(a=A, b=B, c=C)
    ring = desk.ring()
    first = await ring.lease()
    second = await ring.switch(tried={first.fingerprint})
    third = await ring.switch(tried={first.fingerprint, second.fingerprint})

    assert third.label == "c"
    with pytest.raises(NoKeys, match="there is no other key"):
        await ring.switch(tried={fingerprint(A), fingerprint(B)})
    assert (await ring.lease()).label == "c"


async def test_where_the_account_is_at_fault_its_other_keys_are_passed_over(desk: Desk) -> None:
    desk.keep(a=A, b=B, c=C)
    await accounts(desk, a="acme", b="acme")
    ring = desk.ring()
    await ring.lease()

    assert await ring.peek_next(avoid_accounts={"acme"}) == "c"
    assert (await ring.switch(avoid_accounts={"acme"})).label == "c"


async def test_a_held_account_holds_all_its_keys(desk: Desk) -> None:
    desk.keep(a=A, b=B, c=C)
    await accounts(desk, a="acme", b="acme")
    ring = desk.ring()
    await ring.lease()
    await aside(desk, account_scope("acme"))

    assert (await ring.switch()).label == "c"
    assert await desk.started() == "c"
    await desk.served(A)
    assert await desk.started() == "a"


async def test_without_free_requests_left_the_next_key_is_one_of_another_account(desk: Desk) -> None:
    desk.keep(a=A, b=B, c=C)
    await accounts(desk, a="acme", b="acme")
    ring = desk.ring()
    await ring.lease()
    await aside(desk, free_scope("acme"))

    assert await desk.started() == "a"  # it still pays for other models
    assert (await ring.switch()).label == "c"
    assert (await ring.switch()).label == "a"  # nothing is wrong with the account of c


async def test_who_comes_next_can_be_asked_without_going_there(desk: Desk) -> None:
    desk.keep(a=A, b=B)
    ring = desk.ring()
    await ring.lease()

    assert await ring.peek_next() == "b"
    assert await ring.peek_next(tried={fingerprint(B)}) is None
    assert (await ring.lease()).label == "a"


async def test_asking_who_comes_next_opens_no_vault(desk: Desk) -> None:
    desk.keep(a=A, b=B)
    await desk.started()
    desk.file.write_text("not to be read")
    ring = desk.ring({"OPENROUTER_API_KEY": ENV})
    await ring.lease()

    assert await ring.peek_next() == "a"


async def test_after_a_kept_key_comes_the_one_of_the_environment(desk: Desk) -> None:
    desk.keep(a=A)
    ring = desk.ring({"OPENROUTER_API_KEY": ENV})
    await ring.lease()

    assert [(await ring.switch()).label for _ in range(3)] == ["a", "env", "a"]


async def test_a_key_of_the_environment_that_is_kept_too_counts_once(desk: Desk) -> None:
    desk.keep(a=A, b=B)
    ring = desk.ring({"OPENROUTER_API_KEY": A})
    await ring.lease()
    switched = await ring.switch()

    assert (switched.label, switched.source) == ("b", "file")
    back = await ring.switch()
    assert (back.label, back.source) == ("a", "env")


async def test_a_given_key_never_gives_way(desk: Desk) -> None:
    desk.keep(a=A)
    ring = desk.ring(key=Secret(B))
    await ring.lease()

    assert await ring.peek_next() is None
    with pytest.raises(NoKeys, match="given for this run alone"):
        await ring.switch()


async def test_where_the_others_cannot_be_read_there_is_no_other_key_and_it_says_why(desk: Desk) -> None:
    desk.keep(a=A)
    desk.file.chmod(0o644)
    ring = desk.ring({"OPENROUTER_API_KEY": ENV})
    await ring.lease()

    with pytest.raises(NoKeys, match=r"no other key that can serve, and the others cannot be read: .* open to others"):
        await ring.switch()
    assert (await ring.lease()).label == "env"


# ---- the owner's wish ----


async def test_the_key_that_its_owner_wants_is_the_current_one_for_all(desk: Desk) -> None:
    desk.keep(a=A, b=B)
    ring = desk.ring()
    await ring.lease()
    lease = await ring.use("b")

    assert (lease.label, lease.source, lease.secret) == ("b", "file", Secret(B))
    assert await ring.lease() is lease
    assert await desk.started() == "b"


async def test_what_was_held_against_a_wanted_key_is_forgotten(desk: Desk) -> None:
    desk.keep(a=A, b=B)
    await accounts(desk, b="acme")
    ring = desk.ring()
    await ring.lease()
    for scope in (key_scope(fingerprint(B)), account_scope("acme"), free_scope("acme"), key_scope(fingerprint(A))):
        await aside(desk, scope, None)
    await ring.use("b")

    assert [hold.scope for hold in await desk.db.read(holds.active, START)] == [key_scope(fingerprint(A))]
    assert await desk.started() == "b"


async def test_keys_of_the_environment_and_given_ones_can_be_wanted_too(desk: Desk) -> None:
    desk.keep(a=A)
    ring = desk.ring({"OPENROUTER_API_KEY": ENV}, key=Secret(B), key_label="flag")
    await ring.lease()

    assert [(await ring.use(label)).source for label in ("a", "env", "flag")] == ["file", "env", "given"]
    assert await desk.current() == "a"


@pytest.mark.parametrize(
    ("label", "kind", "message", "hint"),
    [
        ("wrok", NotFound, "there is no key wrok", "Did you mean work?"),
        ("zzz", NotFound, "there is no key zzz", "See them all: orchat keys list"),
        ("off", UsageError, "the key off is disabled", "orchat keys enable 'off'"),
        ("gone", KeysError, "the key gone is no longer in the file", "orchat keys add 'gone'"),
    ],
)
async def test_a_key_that_cannot_be_used_changes_nothing(
    desk: Desk, label: str, kind: type[Exception], message: str, hint: str
) -> None:
    desk.keep(work=A, off=B, gone=C)
    ring = desk.ring()
    before = await ring.lease()
    await desk.db.write(key_state.set_disabled, fingerprint(B), True)
    desk.keep(work=A, off=B)

    with pytest.raises(kind, match=message) as caught:
        await ring.use(label)
    assert hint in str(getattr(caught.value, "hint", ""))
    assert await ring.lease() is before
    assert await desk.current() == "work"


# ---- holds ----


async def test_a_hold_is_seen_with_its_reason_by_every_instance(desk: Desk) -> None:
    desk.keep(a=A)
    await accounts(desk, a="acme")
    ring = desk.ring()
    await ring.lease()
    await aside(desk, free_scope("acme"))
    await aside(desk, key_scope(fingerprint(A)), None)
    [known] = await desk.ring().known()

    assert {(hold.scope, hold.reason, hold.until, hold.times) for hold in known.holds} == {
        (key_scope(fingerprint(A)), "no credit left", None, 1),
        (free_scope("acme"), "no credit left", START + 600, 1),
    }
    assert known.state.is_held(START)
    assert known.account == "acme"


async def test_success_with_a_paid_model_says_nothing_about_free_requests(desk: Desk) -> None:
    desk.keep(a=A)
    ring = desk.ring()
    lease = await ring.lease()
    for scope in (key_scope, account_scope, free_scope):
        await aside(desk, scope(lease.fingerprint))
    await desk.served(A)
    assert [hold.scope for hold in await desk.db.read(holds.active, START)] == [free_scope(lease.fingerprint)]

    await desk.served(A, free=True)
    assert await desk.db.read(holds.active, START) == []


async def test_success_of_a_key_that_nothing_held_writes_nothing(desk: Desk) -> None:
    desk.keep(a=A)
    ring = desk.ring()
    await ring.lease()
    before = await desk.db.read(_changes)
    await desk.served(A, free=True)

    assert await desk.db.read(_changes) == before


def _changes(connection: Connection) -> int:
    changes: int = connection.execute("SELECT total_changes()").fetchone()[0]
    return changes


async def test_success_forgets_how_often_a_key_was_put_aside(desk: Desk) -> None:
    desk.keep(a=A)
    ring = desk.ring()
    lease = await ring.lease()
    for _ in range(3):
        await aside(desk, key_scope(lease.fingerprint), START - 1)
    await desk.served(A)
    hold = await desk.put_aside(key_scope(lease.fingerprint), kind="KeyRejected", reason="no")

    assert (hold.times, hold.source) == (1, "server")


async def test_a_hold_of_the_environments_key_is_kept_for_the_next_process(desk: Desk) -> None:
    desk.keep(a=A)
    ring = desk.ring({"OPENROUTER_API_KEY": ENV})
    lease = await ring.lease()
    await aside(desk, key_scope(lease.fingerprint))
    later = desk.ring({"OPENROUTER_API_KEY": ENV})

    assert (await later.lease()).label == "a"
    [env, _] = await later.known()
    assert (env.state.label, env.kept, env.state.held_reason, env.state.holds) == ("env", False, "no credit left", 1)


# ---- what is worth a line ----


async def test_that_all_keys_are_over_the_threshold_is_worth_a_line(desk: Desk) -> None:
    desk.keep(a=A, b=B)
    for key in (A, B):
        await desk.spend(key, 41)
    ring = desk.ring()
    assert ring.remarks() == ()
    await ring.lease()

    assert ring.remarks() == ("all 2 keys have sent more than 40 requests today; staying with a",)


async def test_one_key_alone_is_not_worth_a_line(desk: Desk) -> None:
    desk.keep(a=A)
    await desk.spend(A, 41)
    ring = desk.ring()
    await ring.lease()

    assert ring.remarks() == ()


async def test_that_the_other_keys_cannot_be_read_is_worth_a_line(desk: Desk) -> None:
    desk.keep(a=A)
    await desk.started()
    desk.file.chmod(0o644)
    await desk.spend(ENV, 41)
    ring = desk.ring({"OPENROUTER_API_KEY": ENV})
    await ring.lease()

    [line] = ring.remarks()
    assert line.startswith("the other keys cannot be read: the key file ")


# ---- looking without turning ----


async def test_looking_which_key_would_serve_does_not_turn_the_ring(desk: Desk) -> None:
    desk.keep(a=A, b=B)
    await desk.started()
    await desk.spend(A, 41)

    assert (await desk.ring().look()).label == "b"
    assert await desk.current() == "a"
    ring = desk.ring()
    assert await ring.lease() is await ring.look()
    assert await desk.current() == "b"


async def test_looking_finds_keys_that_were_never_used(desk: Desk) -> None:
    desk.keep(a=A)

    assert (await desk.ring().look()).label == "a"
    assert (await desk.ring({"OPENROUTER_API_KEY": ENV}).look()).label == "env"
    assert (await desk.ring(key=Secret(B)).look()).label == "given"


# ---- secrets at hand ----


async def test_secrets_are_told_without_opening_a_vault(desk: Desk) -> None:
    desk.keep(a=A, b=B)
    ring = desk.ring({"OPENROUTER_API_KEY": ENV})
    await ring.lease()
    assert [await ring.secret_of(fingerprint(key)) for key in (ENV, A)] == [Secret(ENV), None]

    await ring.switch()
    assert [await ring.secret_of(fingerprint(key)) for key in (ENV, A, B)] == [Secret(ENV), Secret(A), Secret(B)]


async def test_a_broken_key_in_the_environment_does_not_hide_the_others(desk: Desk) -> None:
    desk.keep(a=A)
    await desk.started()
    ring = desk.ring({"OPENROUTER_API_KEY": "not a key"})

    assert [known.state.label for known in await ring.known()] == ["a"]
    assert await ring.secret_of(fingerprint(A)) is None


async def test_a_removed_key_is_no_longer_the_one_of_its_instance(desk: Desk) -> None:
    desk.keep(a=A, b=B)
    ring = desk.ring()
    lease = await ring.lease()
    await ring.kept.remove("a")
    ring.forget(fingerprint(B))
    assert await ring.lease() is lease
    ring.forget(lease.fingerprint)

    assert (await ring.lease()).label == "b"
    assert leased("a", Secret(A), "file") == lease


async def test_a_key_that_is_kept_nowhere_can_be_tested_and_wanted_too(desk: Desk) -> None:
    ring = desk.ring({"OPENROUTER_API_KEY": ENV}, settings={"store": "env"})
    lease = await ring.add("unkept", A)

    assert ring.passing("unkept") is lease
    assert (await ring.use("env")).source == "env"
    assert ring.passing("unkept") is None
