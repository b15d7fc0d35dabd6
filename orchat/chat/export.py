"""A conversation as Markdown for people, or as JSON that holds everything."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from orchat.domain.conversation import Conversation, StoredMessage
from orchat.domain.money import format_usd, to_usd
from orchat.domain.parameters import to_json as to_json_parameters

if TYPE_CHECKING:
    from orchat.domain.sessions import SavedSession

SCHEMA = "orchat-conversation-1"


def moment(epoch_s: float) -> str:
    """A point in time for people, UTC."""
    return datetime.fromtimestamp(epoch_s, tz=timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")


def to_markdown(conversation: Conversation, path: Sequence[StoredMessage]) -> str:
    """The active path as a Markdown document.

    Args:
        conversation: Its title and model.
        path: Messages from the root to the active leaf.

    Returns:
        Markdown, ending with a newline. What a model wrote stands as it wrote it.
    """
    lines = [f"# {conversation.title}", "", f"{moment(conversation.created_at)} · session {conversation.id}"]
    if conversation.system:
        lines += ["", "## System", "", conversation.system]
    for stored in path:
        who = "You" if stored.role == "user" else stored.model or stored.role
        lines += ["", f"## {who}", "", stored.text.rstrip()]
        lines += [f"- attached: {attachment.name} ({attachment.mime})" for attachment in stored.attachments]
        if stored.error:
            lines += ["", f"*({stored.state}: {stored.error})*"]
        if stored.role == "assistant" and stored.cost.pico is not None:
            mark = "≈ " if stored.cost.source == "estimated" else ""
            lines += ["", f"*{mark}{format_usd(stored.cost.pico)}*"]
    return "\n".join(lines).rstrip() + "\n"


def to_json(saved: SavedSession) -> dict[str, Any]:
    """Everything: every branch, every figure, every attachment. `orchat.chat.importer.own` reads it back.

    Args:
        saved: The session.

    Returns:
        A JSON object; money is a decimal string in USD, files are base64.
    """
    facts = saved.conversation
    return {
        "schema": SCHEMA,
        "conversation": {
            "id": facts.id,
            "title": facts.title,
            "title_is_manual": facts.title_is_manual,
            "pinned": facts.pinned,
            "created_at": facts.created_at,
            "updated_at": facts.updated_at,
            "model": facts.model,
            "system": facts.system,
            "parameters": to_json_parameters(facts.parameters),
            "persona": facts.persona,
            "active_leaf": facts.active_leaf,
            "cost_usd": _usd(facts.cost_pico),
        },
        "messages": [_message(stored) for stored in saved.messages],
        "files": {sha256: base64.b64encode(data).decode("ascii") for sha256, data in saved.files.items()},
    }


def _message(stored: StoredMessage) -> dict[str, Any]:
    row = asdict(stored)
    del row["conversation_id"], row["cost"]
    row["cost_usd"] = _usd(stored.cost.pico)
    row["cost_source"] = stored.cost.source
    return row


def _usd(pico: int | None) -> str | None:
    return None if pico is None else format(to_usd(pico), "f")
