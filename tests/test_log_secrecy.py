"""No key and nothing private gets into the log."""

from __future__ import annotations

import json
import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchat import logs
from orchat.domain.secret import Secret
from orchat.errors import KeyRejected
from tests.support.log_book import Book, book, logger

__all__ = ["book"]


@pytest.mark.parametrize(
    "name", ["user_id", "creator_user_id", "account", "account_id", "Authorization", "api_key", "prompt", "token"]
)
def test_fields_with_a_private_name_are_masked(book: Book, name: str) -> None:
    book.begin()
    with logs.bind(**{name: "value to hide"}):
        logs.event(logger, "x")

    assert book.lines[0][name] == "••••"


def test_numbers_with_such_a_name_stay(book: Book) -> None:
    book.begin()
    logs.event(logger, "x", prompt_tokens=3, key="work")

    assert (book.lines[0]["prompt_tokens"], book.lines[0]["key"]) == (3, "work")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("key sk-or-v1-0123abc, next", "key ••••, next"),
        ("keysk-or-v1-0123abc", "key••••"),
        ("sk-proj-abc_DEF", "••••"),
        ("Authorization: Bearer abc.def-1", "Authorization: ••••"),
        ("basic dXNlcg==", "••••"),
        ("by user_2abcXYZ today", "by •••• today"),
        ("https://me:pass@host/v1", "https://••••@host/v1"),
        ("a task-force at no risk-free desk", "a task-force at no risk-free desk"),
        ("x" * 600, "x" * 500 + "…"),
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str, expected: str) -> None:
    assert logs.redact(text) == expected


keys = st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=60)

openrouter_keys = st.text(alphabet="0123456789abcdef", min_size=20, max_size=64).map(lambda text: f"sk-or-v1-{text}")

around = st.text(max_size=20)


@settings(max_examples=60, deadline=None)
@given(
    key=keys | openrouter_keys,
    registered=st.booleans(),
    before=around,
    after=st.sampled_from(["", " ", "\n", '"', "x" * 600]),
)
def test_no_way_into_the_log_lets_a_key_through(
    tmp_path_factory: pytest.TempPathFactory, key: str, registered: bool, before: str, after: str
) -> None:
    if not registered and not key.startswith("sk-or-"):
        return
    book = Book(tmp_path_factory.mktemp("log"))
    log = book.begin(*([Secret(key)] if registered else []), level="debug", capture=("foreign",))
    text = f"{before}{key}{after}"
    try:
        _drive(key, text)
    finally:
        log.close()
        logs._hidden.clear()

    written = book.text
    assert len(book.lines) == 9
    for form in (key, json.dumps(key)[1:-1], key[:-1] if len(key) > 16 else key):
        assert form not in written


def _drive(key: str, text: str) -> None:
    """A key on every way into the log."""
    logs.event(logger, text, model=text, provider=key)
    with logs.bind(request=text):
        logger.info("fine")
    logger.info(text)
    logger.info("args %s %r", text, Secret(key))
    logger.info("%(a)s", {"a": text})
    logger.info("object %s", [text])
    logging.getLogger("foreign").warning(text)
    try:
        try:
            raise ValueError(text)
        except ValueError:
            raise RuntimeError(text, key)  # noqa: B904  # the implicit context is the case
    except RuntimeError:
        logger.exception("foreign")
    try:
        raise KeyRejected(text, hint=text) from OSError(text)
    except KeyRejected as error:
        logger.warning("ours %s", error, exc_info=True, stack_info=True)
