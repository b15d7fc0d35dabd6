"""The rule of rotation, by table."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchat.keys.rotation import choose, next_usable
from orchat.store.key_state import KeyState

NOW = 1_790_000_000.0


def ring(*marks: str) -> list[KeyState]:
    """Keys a, b, c …: ``*`` current, ``x`` disabled, ``h`` held, ``H`` held until cleared, ``o`` held in the past."""
    return [
        KeyState(
            fingerprint=name,
            label=name,
            position=position,
            is_current="*" in mark,
            disabled="x" in mark,
            held_reason="402" if set("hHo") & set(mark) else None,
            held_until=NOW + 60 if "h" in mark else NOW - 1 if "o" in mark else None,
        )
        for position, (name, mark) in enumerate(zip("abcdef", marks, strict=False))
    ]


@pytest.mark.parametrize(
    ("marks", "sent", "key", "rotated", "all_over"),
    [
        pytest.param(["*", ""], {"a": 39}, "a", False, False, id="below the threshold it stays"),
        pytest.param(["*", ""], {"a": 40}, "a", False, False, id="at the threshold it stays"),
        pytest.param(["*", ""], {"a": 41}, "b", True, False, id="over the threshold the next one takes over"),
        pytest.param(["", "*"], {"b": 41}, "a", True, False, id="after the last comes the first"),
        pytest.param(["*", "", ""], {"a": 41, "b": 41}, "c", True, False, id="one that is over is passed"),
        pytest.param(["*", "", ""], {"a": 41, "b": 40}, "b", True, False, id="one at the threshold is taken"),
        pytest.param(["*", ""], {"a": 41, "b": 41}, "a", False, True, id="all over: the ring stays"),
        pytest.param(["*", "x", ""], {"a": 41}, "c", True, False, id="a disabled one is passed"),
        pytest.param(["*", "h", ""], {"a": 41}, "c", True, False, id="a held one is passed"),
        pytest.param(["*", "H", ""], {"a": 41}, "c", True, False, id="one held without end is passed"),
        pytest.param(["*", "o", ""], {"a": 41}, "b", True, False, id="a hold that is over does not count"),
        pytest.param(["*", "x"], {"a": 41}, "a", False, True, id="nobody else: it goes on"),
        pytest.param(["*h", ""], {}, "b", False, False, id="a held current one is stood in for"),
        pytest.param(["*h", "", ""], {"b": 41}, "c", False, False, id="the stand-in rotates as well"),
        pytest.param(["*x", ""], {}, "b", True, False, id="a disabled current one is replaced"),
        pytest.param(["*x", ""], {"b": 99}, "b", True, True, id="even by one that is over"),
        pytest.param(["", ""], {}, "a", True, False, id="without a current one the first begins"),
        pytest.param(["*"], {"a": 41}, "a", False, True, id="one key alone goes on"),
        pytest.param(["*"], {}, "a", False, False, id="one key"),
        pytest.param(["*h"], {}, "a", False, False, id="one key, held: the server knows best"),
        pytest.param(["h", "*H", "h"], {"b": 41}, "b", False, False, id="all held: the current one is asked"),
        pytest.param(["*x", "H"], {}, "b", False, False, id="a held one rather than a disabled one"),
        pytest.param(["*x", "x"], {}, None, False, False, id="all disabled"),
        pytest.param([], {}, None, False, False, id="none at all"),
    ],
)
def test_the_table(marks: list[str], sent: dict[str, int], key: str | None, rotated: bool, all_over: bool) -> None:
    choice = choose(ring(*marks), sent, NOW, 40)

    assert (choice.key.label if choice.key else None, choice.rotated, choice.all_over) == (key, rotated, all_over)


marks = st.lists(st.sampled_from(["", "x", "h", "H", "o"]), min_size=1, max_size=6)


@given(marks=marks, current=st.integers(0, 5), sent=st.lists(st.integers(0, 80), min_size=6, max_size=6))
def test_the_choice_is_usable_and_never_over_while_another_is_not(
    marks: list[str], current: int, sent: list[int]
) -> None:
    keys = ring(*(mark + ("*" if index == current else "") for index, mark in enumerate(marks)))
    counts = dict(zip("abcdef", sent, strict=True))
    choice = choose(keys, counts, NOW, 40)
    usable = [key for key in keys if not key.disabled and not key.is_held(NOW)]
    fresh = [key for key in usable if counts[key.fingerprint] <= 40]

    enabled = [key for key in keys if not key.disabled]

    assert (choice.key is None) == (not enabled)
    assert choice.key is None or choice.key in (fresh or usable or enabled)
    assert choice.all_over == (bool(usable) and not fresh)
    for key in fresh:
        assert not key.is_current or choice.key is key


# ---- the key that comes after one that cannot serve ----


@pytest.mark.parametrize(
    ("marks", "sent", "after", "tried", "accounts", "key"),
    [
        pytest.param(["*", "", ""], {}, "a", "", "", "b", id="the next one"),
        pytest.param(["*", "", ""], {}, "b", "", "", "c", id="the one after it, wherever the ring stands"),
        pytest.param(["*", "", ""], {}, "c", "", "", "a", id="round the ring"),
        pytest.param(["*", "", ""], {}, "a", "b", "", "c", id="not one that was tried"),
        pytest.param(["*", "", ""], {}, "a", "bc", "", None, id="all tried"),
        pytest.param(["*", "x", "h"], {}, "a", "", "", None, id="neither a disabled nor a held one"),
        pytest.param(["*", "o", ""], {}, "a", "", "", "b", id="one whose hold is over"),
        pytest.param(["*", "", ""], {"b": 41}, "a", "", "", "c", id="rather one below the threshold"),
        pytest.param(["*", "", ""], {"b": 41, "c": 41}, "a", "", "", "b", id="but one above it if there is no other"),
        pytest.param(["*", "1", "2"], {}, "a", "", "1", "c", id="another account"),
        pytest.param(["*", "1", ""], {}, "a", "", "1c", None, id="an unknown account is the key's own"),
        pytest.param(["*"], {}, "a", "", "", None, id="never the same one again"),
        pytest.param(["", "*"], {}, None, "", "", "a", id="after none comes the first"),
        pytest.param(["", "*"], {}, "z", "", "", "a", id="and after one that is gone"),
        pytest.param([], {}, "a", "", "", None, id="none at all"),
    ],
)
def test_the_table_of_successors(
    marks: list[str], sent: dict[str, int], after: str | None, tried: str, accounts: str, key: str | None
) -> None:
    keys = [
        replace(state, account=next(iter(set("12") & set(mark)), None))
        for state, mark in zip(ring(*marks), marks, strict=True)
    ]
    found = next_usable(keys, sent, NOW, 40, after=after, tried=set(tried), avoid_accounts=set(accounts))

    assert (found.label if found else None) == key
