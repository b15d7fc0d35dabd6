"""Rows to dataclasses and back, without losing anything."""

from __future__ import annotations

import base64
import binascii
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from sys import intern
from typing import Any

from orchat.domain.content import ImagePart, ToolCall
from orchat.domain.conversation import Attachment, StoredMessage
from orchat.domain.events import Cited, Timing
from orchat.domain.fold import Reply
from orchat.domain.money import UNKNOWN_COST, Cost, Usage
from orchat.errors import NotFound, StoreDamaged
from orchat.store.blobs import Blobs
from orchat.store.connection import Connection, Value
from orchat.store.failures import failure

_MOST_PICO = 10**16
_MOST_TOKENS = 10**12


def money(cost: Cost) -> Cost:
    """A cost as it may be kept: one beyond 10,000 dollars is unknown, or its sums would not fit into 64 bits.

    Args:
        cost: As the server or the price list has it.
    """
    return cost if cost.pico is None or abs(cost.pico) <= _MOST_PICO else UNKNOWN_COST


def tokens(count: int) -> int:
    """A token count as it may be kept, within 0 and 10¹².

    Args:
        count: As the server has it.
    """
    return max(0, min(count, _MOST_TOKENS))


def usage_json(usage: Usage | None) -> str | None:
    """A usage as one column.

    Args:
        usage: None when the server never said.
    """
    if usage is None:
        return None
    return json.dumps({name: getattr(usage, name) for name in Usage.__dataclass_fields__})


def reply_columns(reply: Reply, blobs: Blobs) -> tuple[dict[str, Value], list[Attachment]]:
    """A reply as the columns ``text``, ``reasoning`` and ``extras``; its pictures become files.

    Args:
        reply: The reply.
        blobs: Where the pictures go.

    Returns:
        The columns, and the pictures.
    """
    extras: dict[str, Any] = {}
    pictures: list[Attachment] = []
    if reply.reasoning_details is not None:
        extras["reasoning_details"] = [dict(detail) for detail in reply.reasoning_details]
    if reply.media:
        extras["media"] = [_keep_picture(part, blobs, pictures) for part in reply.media]
    if reply.citations:
        extras["citations"] = [[cited.url, cited.title] for cited in reply.citations]
    if reply.tool_calls:
        extras["tool_calls"] = [[call.id, call.name, call.arguments] for call in reply.tool_calls]
    if reply.annotations:
        extras["annotations"] = [dict(annotation) for annotation in reply.annotations]
    columns: dict[str, Value] = {
        "text": reply.text,
        "reasoning": reply.reasoning,
        "extras": json.dumps(extras) if extras else None,
    }
    return columns, pictures


def _keep_picture(part: ImagePart, blobs: Blobs, pictures: list[Attachment]) -> dict[str, Any]:
    kept: dict[str, Any] = {"detail": part.detail, "name": part.name}
    head, _, data = part.url.partition(",")
    picture = _picture_bytes(head, data)
    if picture is None:
        return {**kept, "url": part.url}
    mime = head[len("data:") :].partition(";")[0]
    name = part.name or f"picture-{len(pictures) + 1}.{mime.partition('/')[2] or 'bin'}"
    pictures.append(blobs.put(picture, name, mime))
    return {**kept, "head": head, "sha256": pictures[-1].sha256}


def _picture_bytes(head: str, data: str) -> bytes | None:
    # Only what encodes back to the very same text may leave the column.
    if not (head.startswith("data:") and head.endswith(";base64")):
        return None
    try:
        picture = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return None
    return picture if base64.b64encode(picture).decode() == data else None


def _reply(row: Mapping[str, Any], blobs: Blobs) -> Reply:
    extras: dict[str, Any] = json.loads(row["extras"]) if row["extras"] else {}
    details = extras.get("reasoning_details")
    pictures = (_picture(kept, blobs) for kept in extras.get("media", ()))
    return Reply(
        text=row["text"],
        reasoning=row["reasoning"],
        reasoning_details=None if details is None else tuple(details),
        media=tuple(picture for picture in pictures if picture is not None),
        citations=tuple(Cited(url=url, title=title) for url, title in extras.get("citations", ())),
        tool_calls=tuple(
            ToolCall(id=call_id, name=name, arguments=arguments)
            for call_id, name, arguments in extras.get("tool_calls", ())
        ),
        annotations=tuple(extras.get("annotations", ())),
    )


def _picture(kept: dict[str, Any], blobs: Blobs) -> ImagePart | None:
    url = kept.get("url")
    if url is None:
        try:
            data = blobs.get(kept["sha256"])
        except NotFound:
            # The message still names it among its attachments, where it can be shown as missing.
            return None
        url = f"{kept['head']},{base64.b64encode(data).decode()}"
    return ImagePart(url=url, detail=kept["detail"], name=kept["name"])


def add_attachments(connection: Connection, message_id: int, attachments: Iterable[Attachment]) -> None:
    """Note the files of a message, in their order.

    Args:
        connection: In a write transaction.
        message_id: Which message; it has none yet.
        attachments: Files that `Blobs.put` has kept.
    """
    for position, file in enumerate(attachments):
        connection.execute(
            "INSERT INTO attachments VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (message_id, position, file.sha256, file.name, file.mime, file.size, file.width, file.height),
        )


def messages(connection: Connection, rows: Iterable[sqlite3.Row]) -> tuple[StoredMessage, ...]:
    """Rows of ``messages`` with all that belongs to them.

    Args:
        connection: Any.
        rows: With every column.

    Raises:
        StoreDamaged: A column does not hold what was written.
    """
    blobs = connection.blobs
    try:
        # Row by row: a long session is read with every turn, and all its rows at once take as much memory again.
        found = [_message(row, blobs) for row in _by_name(rows)]
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise failure(StoreDamaged, "A message cannot be read", connection.path) from error
    files: dict[int, list[Attachment]] = {}
    for row in connection.execute(
        "SELECT * FROM attachments WHERE message_id IN (SELECT value FROM json_each(?)) ORDER BY message_id, position",
        (json.dumps([message.id for message in found]),),
    ):
        fields = {name: row[name] for name in Attachment.__dataclass_fields__}
        files.setdefault(row["message_id"], []).append(Attachment(**fields))
    if not files:
        return tuple(found)
    return tuple(
        replace(message, attachments=tuple(files[message.id])) if message.id in files else message for message in found
    )


def _by_name(rows: Iterable[sqlite3.Row]) -> Iterator[Mapping[str, Any]]:
    """Rows as dictionaries: a row of SQLite's compares one name after the other, which long sessions take long for."""
    names: Sequence[str] = ()
    for row in rows:
        names = names or row.keys()
        yield dict(zip(names, row, strict=True))


def _shared(text: str | None) -> str | None:
    """A word that thousands of messages have in common, once."""
    return None if text is None else intern(text)


def _message(row: Mapping[str, Any], blobs: Blobs) -> StoredMessage:
    return StoredMessage(
        id=row["id"],
        conversation_id=intern(row["conversation_id"]),
        parent_id=row["parent_id"],
        role=row["role"],
        state=row["state"],
        created_at=row["created_at"],
        model=_shared(row["model"]),
        provider=_shared(row["provider"]),
        generation_id=row["generation_id"],
        finish_reason=_shared(row["finish_reason"]),
        key_label=_shared(row["key_label"]),
        error=row["error"],
        hint=row["hint"],
        continues=row["continues"],
        reply=_reply(row, blobs),
        usage=None if row["usage"] is None else Usage(**json.loads(row["usage"])),
        cost=Cost(pico=row["cost_pico"], source=row["cost_source"]),
        timing=Timing(ttft_ms=row["ttft_ms"], total_ms=row["total_ms"]),
    )
