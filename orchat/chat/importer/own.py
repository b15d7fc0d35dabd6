"""Our own export: read back without loss, and trusted no more than any other file."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any, get_args

from orchat.chat.export import SCHEMA
from orchat.chat.importer.builder import Builder, Enclosed, Found, Unreadable
from orchat.chat.importer.values import items, moment, optional, table, text, whole
from orchat.domain.content import ImagePart, Role, ToolCall
from orchat.domain.conversation import Attachment, Conversation, MessageState, StoredMessage
from orchat.domain.events import Cited, Timing
from orchat.domain.fold import Reply
from orchat.domain.money import Cost, CostSource, Usage, parse_usd, to_pico
from orchat.domain.parameters import from_json
from orchat.domain.sessions import SavedSession

PROGRAM = "orchat"
_DIGEST = re.compile("[0-9a-f]{64}")
_ID = re.compile("[0-9a-hjkmnp-tv-z]{12}")


def is_ours(value: object) -> bool:
    """Whether this is one exported session."""
    return table(value).get("schema") == SCHEMA


def read(values: list[Any]) -> Found:
    """The sessions of an export.

    Args:
        values: What `is_ours` has recognised.
    """
    found: Found = []
    for value in values:
        facts = table(value.get("conversation"))
        try:
            found.append(_session(value, facts))
        except ValueError as error:
            found.append(Unreadable(title=text(facts.get("title")), reason=str(error)))
    return found


def _session(value: Mapping[str, Any], facts: Mapping[str, Any]) -> SavedSession:
    id = text(facts.get("id"))
    if not _ID.fullmatch(id):
        raise ValueError("it has no id")
    cost = _pico(facts.get("cost_usd"))
    conversation = Conversation(
        id=id,
        title=text(facts.get("title")),
        title_is_manual=facts.get("title_is_manual") is True,
        pinned=facts.get("pinned") is True,
        created_at=moment(facts.get("created_at")),
        updated_at=moment(facts.get("updated_at")),
        model=optional(facts.get("model")),
        system=optional(facts.get("system")),
        parameters=from_json(facts.get("parameters")),
        persona=optional(facts.get("persona")),
        cost_pico=max(0, cost or 0),
    )
    builder = Builder(f"{PROGRAM}:{id}", conversation)
    files = _files(builder, value)
    for place, entry in enumerate(items(value.get("messages")), start=1):
        row = table(entry)
        number = whole(row.get("id"))
        if number is None:
            raise ValueError(f"message {place} has no number")
        parent, before = whole(row.get("parent_id")), whole(row.get("continues"))
        builder.add(
            str(number),
            None if parent is None else str(parent),
            _message(place, row, files),
            continues=None if before is None else str(before),
        )
    active = whole(facts.get("active_leaf"))
    return builder.session(None if active is None else str(active), by_time=False)


def _files(builder: Builder, value: Mapping[str, Any]) -> dict[str, str]:
    """The digests that the file names, and what they are really."""
    digests = {}
    for name, encoded in table(value.get("files")).items():
        try:
            data = base64.b64decode(text(encoded), validate=True)
        except ValueError:
            raise ValueError(f"the file {name[:16]} is not in base64") from None
        (kept,) = builder.enclose([Enclosed(data=data, name="", mime="")])
        digests[name] = kept.sha256
    return digests


def _message(place: int, row: Mapping[str, Any], files: Mapping[str, str]) -> StoredMessage:
    role: Any = row.get("role")
    state: Any = row.get("state")
    source: Any = row.get("cost_source")
    if role not in get_args(Role) or state not in get_args(MessageState):
        raise ValueError(f"message {place} has no role or no state")
    timing = table(row.get("timing"))
    return StoredMessage(
        id=0,
        conversation_id="",
        parent_id=None,
        role=role,
        reply=_reply(table(row.get("reply"))),
        state=state,
        created_at=moment(row.get("created_at")),
        attachments=tuple(_attachment(place, table(file), files) for file in items(row.get("attachments"))),
        model=optional(row.get("model")),
        provider=optional(row.get("provider")),
        generation_id=optional(row.get("generation_id")),
        finish_reason=optional(row.get("finish_reason")),
        usage=_usage(row.get("usage")),
        cost=Cost(pico=_pico(row.get("cost_usd")), source=source if source in get_args(CostSource) else "unknown"),
        timing=Timing(ttft_ms=whole(timing.get("ttft_ms")), total_ms=whole(timing.get("total_ms")) or 0),
        key_label=optional(row.get("key_label")),
        error=optional(row.get("error")),
        hint=optional(row.get("hint")),
    )


def _attachment(place: int, file: Mapping[str, Any], files: Mapping[str, str]) -> Attachment:
    named = text(file.get("sha256"))
    # It becomes part of a path.
    if not _DIGEST.fullmatch(named):
        raise ValueError(f"message {place} has a file without a digest")
    return Attachment(
        sha256=files.get(named, named),
        name=text(file.get("name")),
        mime=text(file.get("mime")),
        size=max(0, whole(file.get("size")) or 0),
        width=whole(file.get("width")),
        height=whole(file.get("height")),
    )


def _reply(row: Mapping[str, Any]) -> Reply:
    details = row.get("reasoning_details")
    return Reply(
        text=text(row.get("text")),
        reasoning=text(row.get("reasoning")),
        reasoning_details=None if details is None else tuple(map(table, items(details))),
        media=tuple(
            ImagePart(url=text(part.get("url")), detail=optional(part.get("detail")), name=optional(part.get("name")))
            for part in map(table, items(row.get("media")))
        ),
        citations=tuple(
            Cited(url=text(cited.get("url")), title=text(cited.get("title")))
            for cited in map(table, items(row.get("citations")))
        ),
        tool_calls=tuple(
            ToolCall(id=text(call.get("id")), name=text(call.get("name")), arguments=text(call.get("arguments")))
            for call in map(table, items(row.get("tool_calls")))
        ),
        annotations=tuple(map(table, items(row.get("annotations")))),
    )


def _usage(value: object) -> Usage | None:
    if not isinstance(value, dict):
        return None
    names = ("prompt_tokens", "completion_tokens", "reasoning_tokens", "cached_tokens", "cache_write_tokens")
    counts = {name: max(0, whole(value.get(name)) or 0) for name in names}
    cost = value.get("cost_pico")
    known = cost if isinstance(cost, int) and not isinstance(cost, bool) else None
    return Usage(**counts, cost_pico=known, estimated=value.get("estimated") is True)


def _pico(value: object) -> int | None:
    amount = parse_usd(value)
    return None if amount is None or abs(amount) > 10_000 else to_pico(amount)
