"""The vault against a real Secret Service on a bus of its own, in every state that one can be in.

Each case is one shell under ``dbus-run-session`` that starts gnome-keyring, and then orchat's vault in fresh processes.
"""

from __future__ import annotations

from typing import Any

from tests.support.secret_service import LOCKED, UNLOCKED, Run


def refused(outcome: dict[str, Any], message: str) -> bool:
    """Whether the keyring was unavailable, in these words and with a way out."""
    assert outcome.get("error") == "KeyringUnavailable", outcome
    assert "ORCHAT_KEYS_FILE" in outcome["hint"]
    return message in outcome["message"]


def test_an_unlocked_keyring_keeps_keys_for_the_next_process(run: Run) -> None:
    empty, _, first, _, sizes, _, last = run(
        UNLOCKED, "vault load save:30", "vault load save:2 sizes save:0", "vault load"
    )

    assert empty["value"] == {}
    assert first["value"] == {f"key {number}": f"sk-or-v1-{number:064}" for number in range(30)}
    assert len(sizes["value"]) == 1
    assert last["value"] == {}


def test_no_item_is_longer_than_windows_would_take(run: Run) -> None:
    _, sizes = run(UNLOCKED, "vault save:30 sizes")

    assert len(sizes["value"]) == 4
    assert max(sizes["value"]) <= 1200


def test_processes_that_add_keys_at_once_lose_none(run: Run) -> None:
    outcomes = run(UNLOCKED, *(f"vault add:{label} &" for label in ("a", "b", "c", "d")), "wait", "vault load")

    assert all("error" not in outcome for outcome in outcomes), outcomes
    assert outcomes[-1]["value"] == {label: f"sk-{label}" for label in ("a", "b", "c", "d")}


def test_a_locked_keyring_says_so(run: Run) -> None:
    run(UNLOCKED, "vault save:1")
    load, save = run(LOCKED, "vault load save:2")

    assert refused(load, "is locked")
    assert refused(save, "is locked")
    assert list(run(UNLOCKED, "vault load")[0]["value"]) == ["key 0"]


def test_a_keyring_that_was_never_unlocked_says_so(run: Run) -> None:
    load, save = run(LOCKED, "vault load save:1")

    assert refused(load, "was never unlocked")
    assert refused(save, "was never unlocked")


def test_a_mute_keyring_is_left_in_time_and_the_process_can_end(run: Run) -> None:
    _, load, save = run("vault mute load save:1")

    assert refused(load, "did not answer within 0.7 s")
    assert refused(save, "did not answer within 0.7 s")


def test_where_a_password_may_be_typed_a_mute_keyring_is_left_all_the_same(run: Run) -> None:
    _, _, load, save = run("vault mute patient load save:1")

    assert refused(load, "did not answer within 0.7 s")
    assert refused(save, "did not answer within 0.7 s")


def test_where_a_password_may_be_typed_an_unlocked_keyring_is_read(run: Run) -> None:
    *_, load = run(UNLOCKED, "vault patient save:1 load")

    assert list(load["value"]) == ["key 0"]


def test_a_keyring_that_is_killed_during_a_call_is_named(run: Run) -> None:
    _, outcome = run(UNLOCKED, "vault save:1 killed")

    assert refused(outcome, "went away during the call")


def test_a_keyring_that_was_killed_between_calls_does_not_hang(run: Run) -> None:
    _, _, load = run(UNLOCKED, "vault save:1 end load")

    assert refused(load, "is locked") or refused(load, "went away")  # the bus may have started another one


def test_without_a_bus_there_is_no_keyring(run: Run) -> None:
    [load] = run("vault load", bus=False)

    assert refused(load, "this system has no keyring")


# ---- the short way, without keyring ----


def test_an_unlocked_keyring_is_read_without_importing_keyring(run: Run) -> None:
    run(UNLOCKED, "vault save:30")
    _, load, loaded = run(UNLOCKED, "vault short load loaded")

    assert load["value"] == {f"key {number}": f"sk-or-v1-{number:064}" for number in range(30)}
    assert loaded["value"] is False


def test_what_the_short_way_does_not_find_is_looked_for_the_long_way(run: Run) -> None:
    _, load, loaded = run(UNLOCKED, "vault short load loaded")

    assert (load["value"], loaded["value"]) == ({}, True)


def test_on_the_short_way_each_failure_has_its_words_too(run: Run) -> None:
    run(UNLOCKED, "vault save:1")
    _, locked = run(LOCKED, "vault short load")
    *_, mute = run("vault mute short load")
    *_, patient = run("vault mute short patient load")
    [_, nothing] = run("vault short load", bus=False)

    assert refused(locked, "is locked")
    assert refused(mute, "did not answer within 0.7 s")
    assert refused(patient, "did not answer within 0.7 s")
    assert refused(nothing, "this system has no keyring")


def test_on_the_short_way_a_service_that_is_killed_is_named(run: Run) -> None:
    _, _, outcome = run(UNLOCKED, "vault save:1 short killed")

    assert refused(outcome, "went away during the call") or refused(outcome, "is locked")
