import copy
import json
import pickle
from hashlib import sha256

import pytest

from orchat.domain.secret import Secret, without_keys

KEY = "sk-or-v1-0123456789abcdef"


@pytest.mark.parametrize("shown", [str(Secret(KEY)), repr(Secret(KEY)), f"{Secret(KEY)}", f"{Secret(KEY):>10}"])
def test_a_secret_never_shows_itself(shown: str) -> None:
    assert KEY not in shown
    assert "sk-or" not in shown


def test_a_secret_reveals_itself_only_when_asked() -> None:
    assert Secret(KEY).reveal() == KEY


def test_a_fingerprint_is_eight_hex_digits_of_the_digest() -> None:
    assert Secret(KEY).fingerprint == sha256(KEY.encode()).hexdigest()[:8]


def test_a_secret_is_neither_pickled_nor_copied() -> None:
    with pytest.raises(TypeError, match="never pickled"):
        pickle.dumps(Secret(KEY))
    with pytest.raises(TypeError, match="never pickled"):
        copy.copy(Secret(KEY))


def test_a_secret_is_not_json() -> None:
    with pytest.raises(TypeError):
        json.dumps({"key": Secret(KEY)})


def test_equal_secrets_are_equal() -> None:
    assert Secret(KEY) == Secret(KEY)
    assert Secret(KEY) != Secret("other")
    assert Secret(KEY) != KEY
    assert len({Secret(KEY), Secret(KEY)}) == 1


def test_an_empty_secret_is_false() -> None:
    assert not Secret("")
    assert Secret(KEY)


def test_a_secret_is_taken_out_of_what_others_say() -> None:
    assert Secret(KEY).veil(f"no {KEY}, not {KEY}!") == "no …, not …!"
    assert Secret("").veil("as it was") == "as it was"


@pytest.mark.parametrize(
    ("text", "without"),
    [
        (f"there is no command '{KEY}'", "there is no command 'sk-or-…'"),
        (f"{KEY},{KEY}", "sk-or-…,sk-or-…"),
        ("a key begins with sk-or-v1-", "a key begins with sk-or-v1-"),
    ],
)
def test_what_looks_like_a_key_is_taken_out_of_a_text(text: str, without: str) -> None:
    assert without_keys(text) == without
