"""What a shell completes from, read beside whoever writes."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from orchat.store import catalog, conversations, glance
from orchat.store.connection import Connection


def test_sessions_are_found_by_the_beginning_of_their_id(connection: Connection) -> None:
    for number, id in enumerate(("abc", "abd", "xyz", "gone")):
        conversations.create(connection, id, float(number), f"Title {number}", None, None)
    conversations.delete(connection, "gone", 9.0)

    assert glance.sessions(connection.path, "ab") == [("abd", "Title 1"), ("abc", "Title 0")]
    assert glance.sessions(connection.path, "%") == []
    assert glance.sessions(connection.path, "", most=1) == [("xyz", "Title 2")]
    assert glance.sessions(connection.path, "", deleted=True) == [("gone", "Title 3")]


def test_keys_are_found_in_their_order(connection: Connection) -> None:
    for label, position, disabled in (("late", 2, 1), ("early", 1, 0)):
        connection.execute(
            "INSERT INTO keys (fingerprint, label, position, disabled, added_at) VALUES (?, ?, ?, ?, 0)",
            (label, label, position, disabled),
        )

    assert glance.key_labels(connection.path) == [("early", ""), ("late", "disabled")]


def test_models_come_from_the_catalogue_of_the_server_or_from_the_newest(connection: Connection) -> None:
    assert glance.models(connection.path, "here") == []
    catalog.put(connection, "here", '{"data": [{"id": "a/b", "name": "B"}]}', 1.0)
    catalog.put(connection, "there", '{"data": [{"id": "c/d"}]}', 2.0)

    assert glance.models(connection.path, "here") == [("a/b", "B")]
    assert glance.models(connection.path, "elsewhere") == [("c/d", "")]


@pytest.mark.parametrize("body", [b"no zip", zlib.compress(b"no json"), zlib.compress(b'{"data": [3]}')])
def test_a_damaged_catalogue_offers_nothing(body: bytes, connection: Connection) -> None:
    connection.execute("INSERT INTO catalogues VALUES ('here', 1.0, ?)", (body,))

    assert glance.models(connection.path, "here") == []


@pytest.mark.parametrize("content", [None, b"", b"no database"])
def test_a_file_that_is_no_database_offers_nothing(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    if content is not None:
        path.write_bytes(content)

    assert glance.sessions(path, "") == []
