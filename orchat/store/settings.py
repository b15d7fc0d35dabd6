"""Small things that are remembered between runs: favourites, recent models, the state of the window."""

from __future__ import annotations

import json
from collections.abc import Sequence

from orchat.store.connection import Connection

MOST_RECENT = 20
"""Models that `recents` remembers."""
_FAVOURITES = "models.favourites"
_RECENTS = "models.recents"
_COMPARED = "models.compared"


def get(connection: Connection, name: str) -> str | None:
    """A value, if it was ever put.

    Args:
        connection: Any.
        name: Dotted.
    """
    row = connection.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row["value"])


def put(connection: Connection, name: str, value: str) -> None:
    """Remember a value.

    Args:
        connection: In a write transaction.
        name: Dotted.
        value: Any text; JSON where it has parts.
    """
    connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, value))


def remove(connection: Connection, name: str) -> None:
    """Forget a value.

    Args:
        connection: In a write transaction.
        name: Dotted.
    """
    connection.execute("DELETE FROM settings WHERE name = ?", (name,))


def favourites(connection: Connection) -> tuple[str, ...]:
    """Ids of the models that the user likes, in the order they were chosen.

    Args:
        connection: Any.
    """
    return _names(connection, _FAVOURITES)


def toggle_favourite(connection: Connection, model: str) -> bool:
    """Make a model a favourite, or stop it being one.

    Args:
        connection: In a write transaction.
        model: Its id.

    Returns:
        Whether it is one now.
    """
    chosen = favourites(connection)
    others = tuple(name for name in chosen if name != model)
    added = len(others) == len(chosen)
    put(connection, _FAVOURITES, json.dumps((*others, model) if added else others))
    return added


def recents(connection: Connection) -> tuple[str, ...]:
    """Ids of the models that were used, the last one first.

    Args:
        connection: Any.
    """
    return _names(connection, _RECENTS)


def note_used(connection: Connection, model: str) -> None:
    """Remember that a model was used.

    Args:
        connection: In a write transaction.
        model: Its id.
    """
    others = [name for name in recents(connection) if name != model]
    put(connection, _RECENTS, json.dumps([model, *others][:MOST_RECENT]))


def compared(connection: Connection) -> tuple[str, ...]:
    """Ids of the models that were compared last.

    Args:
        connection: Any.
    """
    return _names(connection, _COMPARED)


def note_compared(connection: Connection, models: Sequence[str]) -> None:
    """Remember which models were compared.

    Args:
        connection: In a write transaction.
        models: Their ids.
    """
    put(connection, _COMPARED, json.dumps(list(models)))


def _names(connection: Connection, setting: str) -> tuple[str, ...]:
    try:
        names = json.loads(get(connection, setting) or "[]")
    except ValueError:
        return ()
    return tuple(name for name in names if isinstance(name, str)) if isinstance(names, list) else ()
