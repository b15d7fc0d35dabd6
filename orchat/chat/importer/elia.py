"""elia's database: the tables ``chat`` and ``message``."""

from __future__ import annotations

from orchat.chat.importer.builder import NOTHING_SAID, Builder, Found, Unreadable, beginning, said
from orchat.chat.importer.values import moment, optional, text, whole
from orchat.domain.sessions import SavedSession
from orchat.store.foreign import ForeignDatabase, Row

PROGRAM = "elia"


def is_elia(database: ForeignDatabase) -> bool:
    """Whether elia has written this."""
    return {"chat", "message"} <= database.tables


def read(database: ForeignDatabase) -> Found:
    """The chats of a database."""
    told: dict[int | None, list[Row]] = {}
    for row in database.rows("message", "id"):
        told.setdefault(whole(row.get("chat_id")), []).append(row)
    found: Found = []
    for chat in database.rows("chat", "id"):
        session = _session(chat, told.get(whole(chat.get("id")), []))
        found.append(session if session.messages else Unreadable(title=text(chat.get("title")), reason=NOTHING_SAID))
    return found


def _session(chat: Row, rows: list[Row]) -> SavedSession:
    system = next((text(row.get("content")) for row in rows if row.get("role") == "system"), "")
    # Its numbers begin at 1 in every database: with the time, they are those of this one.
    source = f"{PROGRAM}:{whole(chat.get('id'))}:{text(chat.get('started_at'))}"
    facts = beginning(text(chat.get("title")), moment(chat.get("started_at")), system=system or None)
    builder = Builder(source, facts)
    last = None
    for row in rows:
        role, content = text(row.get("role")), text(row.get("content"))
        if role not in ("user", "assistant") or not content:
            continue
        key, parent = str(row.get("id")), whole(row.get("parent_id"))
        model = optional(row.get("model")) if role == "assistant" else None
        message = said(role, content, moment(row.get("timestamp")) or facts.created_at, model=model)
        builder.add(key, last if parent is None else str(parent), message)
        last = key
    # Several messages may bear the same second: their numbers tell the order.
    return builder.session(by_time=False)
