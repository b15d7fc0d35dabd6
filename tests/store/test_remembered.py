"""Small things that are kept: answers, catalogues, settings."""

from __future__ import annotations

import pytest

from orchat.store import catalog, responses, settings
from orchat.store.connection import Connection
from tests.support.clock import START


def test_an_answer_is_kept_until_it_expires(connection: Connection) -> None:
    responses.put(connection, "hash", '{"text": "Yes."}', 60, START)
    assert responses.get(connection, "hash", START + 59) == '{"text": "Yes."}'
    assert responses.get(connection, "hash", START + 60) is None
    assert responses.get(connection, "other", START) is None


def test_a_newer_answer_takes_the_place_of_the_older(connection: Connection) -> None:
    responses.put(connection, "hash", "1", 60, START)
    responses.put(connection, "hash", "2", 60, START + 1)
    assert responses.get(connection, "hash", START + 2) == "2"
    assert responses.clear(connection) == 1
    assert responses.get(connection, "hash", START + 2) is None


def test_expired_and_surplus_answers_go(connection: Connection) -> None:
    responses.put(connection, "expired", "{}", 1, START)
    connection.execute("BEGIN")
    for number in range(responses.MOST_KEPT + 2):
        responses.put(connection, str(number), "{}", 10_000, START + 2 + number)
    connection.execute("COMMIT")
    assert [responses.get(connection, key, START + 5) for key in ("expired", "0", "1", "2")] == [None, None, None, "{}"]
    assert responses.clear(connection) == responses.MOST_KEPT


def test_a_catalogue_is_kept_for_each_server(connection: Connection) -> None:
    text = '{"data": [{"id": "maker/größe"}]}' * 1000
    catalog.put(connection, "https://one", "[]", START)
    catalog.put(connection, "https://one", text, START + 1)
    catalog.put(connection, "https://two", "[1]", START)
    assert catalog.get(connection, "https://one") == (text, START + 1)
    assert catalog.get(connection, "https://two") == ("[1]", START)
    assert catalog.get(connection, "https://three") is None
    assert connection.execute("SELECT length(body) FROM catalogues").fetchone()[0] < len(text) / 20


@pytest.mark.parametrize("body", ["x'00'", "x'789c03000000000001'", "x'789c4b6b0500010c00d2'", "x''"])
def test_a_damaged_catalogue_counts_as_never_fetched(connection: Connection, body: str) -> None:
    catalog.put(connection, "https://one", "[]", START)
    connection.execute(f"UPDATE catalogues SET body = {body}")
    assert catalog.get(connection, "https://one") is None


def test_half_an_emoji_in_a_catalogue_does_not_stop_it(connection: Connection) -> None:
    catalog.put(connection, "https://one", '"\ud83d"', START)
    assert catalog.get(connection, "https://one") == ('"?"', START)


def test_a_setting_is_remembered_until_it_is_removed(connection: Connection) -> None:
    assert settings.get(connection, "window") is None
    settings.put(connection, "window", "wide")
    settings.put(connection, "window", "narrow")
    assert settings.get(connection, "window") == "narrow"
    settings.remove(connection, "window")
    assert settings.get(connection, "window") is None


def test_favourites_come_and_go(connection: Connection) -> None:
    assert settings.favourites(connection) == ()
    assert settings.toggle_favourite(connection, "a")
    assert settings.toggle_favourite(connection, "b")
    assert settings.favourites(connection) == ("a", "b")
    assert not settings.toggle_favourite(connection, "a")
    assert settings.favourites(connection) == ("b",)


def test_the_models_used_last_are_known(connection: Connection) -> None:
    assert settings.recents(connection) == ()
    for model in ("a", "b", "a", "c"):
        settings.note_used(connection, model)
    assert settings.recents(connection) == ("c", "a", "b")


def test_only_so_many_models_are_remembered(connection: Connection) -> None:
    for number in range(settings.MOST_RECENT + 5):
        settings.note_used(connection, str(number))
    assert len(settings.recents(connection)) == settings.MOST_RECENT
    assert settings.recents(connection)[0] == str(settings.MOST_RECENT + 4)


@pytest.mark.parametrize("value", ["", "{", "[1, {}]", '{"a": 1}', "7", "null"])
def test_a_list_that_someone_else_has_written_is_no_error(connection: Connection, value: str) -> None:
    settings.put(connection, "models.favourites", value)
    assert settings.favourites(connection) == ()


def test_the_models_that_were_compared_last_are_remembered(connection: Connection) -> None:
    assert settings.compared(connection) == ()
    settings.note_compared(connection, ("b", "a"))
    settings.note_compared(connection, ("a", "c"))
    assert settings.compared(connection) == ("a", "c")
