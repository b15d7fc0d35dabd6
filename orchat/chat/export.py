"""A conversation as Markdown for people, or as JSON that holds everything."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from typing import Any

from orchat.domain.conversation import Conversation, StoredMessage
from orchat.domain.money import format_usd, to_usd

SCHEMA = "orchat-conversation-1"


def _time(epoch_s: float) -> str:
    return datetime.fromtimestamp(epoch_s, tz=timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")


def to_markdown(conversation: Conversation, path: Sequence[StoredMessage]) -> str:
    """The active path as a Markdown document.

    Args:
        conversation: Its title and model.
        path: Messages from the root to the active leaf.

    Returns:
        Markdown, ending with a newline. What a model wrote stands as it wrote it.
    """
    lines = [f"# {conversation.title}", "", f"{_time(conversation.created_at)} · session {conversation.id}"]
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


def to_json(
    conversation: Conversation, messages: Sequence[StoredMessage], files: Mapping[str, bytes]
) -> dict[str, Any]:
    """Everything: every branch, every figure, every attachment.

    Args:
        conversation: The conversation.
        messages: All its messages, parents before children.
        files: Bytes of every attachment, by SHA-256.

    Returns:
        A JSON object; money is a decimal string in USD, files are base64.
    """
    return {
        "schema": SCHEMA,
        "conversation": {
            "id": conversation.id,
            "title": conversation.title,
            "created_at": conversation.created_at,
            "updated_at": conversation.updated_at,
            "model": conversation.model,
            "system": conversation.system,
            "active_leaf": conversation.active_leaf,
        },
        "messages": [_message(stored) for stored in messages],
        "files": {sha256: base64.b64encode(data).decode("ascii") for sha256, data in files.items()},
    }


def _message(stored: StoredMessage) -> dict[str, Any]:
    row = asdict(stored)
    del row["conversation_id"], row["cost"]
    pico = stored.cost.pico
    row["cost_usd"] = None if pico is None else format(to_usd(pico), "f")
    row["cost_source"] = stored.cost.source
    return row
