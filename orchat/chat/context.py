"""What a model is told: the active path of a conversation as the messages of a request."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

from orchat.domain.content import FilePart, ImagePart, JsonObject, Message, Part, TextPart, message
from orchat.domain.conversation import LINK, Attachment, StoredMessage

SIGNED_FORMATS = ("anthropic-claude-v1", "google-gemini-v1")
"""Thoughts in these formats are refused without their signature."""


def family(model: str | None) -> str:
    """The author of a model: thoughts are only sent back to the family that had them."""
    return (model or "").lstrip("~").partition("/")[0]


def build_messages(
    path: Sequence[StoredMessage], *, system: str | None, model: str | None, files: Mapping[str, bytes]
) -> tuple[Message, ...]:
    """The messages of a request.

    Args:
        path: The conversation from its root to the prompt.
        system: System prompt, if there is one.
        model: The model that will be asked; None when that is open.
        files: The bytes of every attachment on the path, by SHA-256.

    Returns:
        System prompt, then every message that says something, oldest first.
    """
    messages = [message("system", system)] if system else []
    for stored in path:
        if stored.role == "assistant":
            if not stored.reply.is_empty:
                messages.append(_answer(stored, model))
        else:
            parts = [part_of(attachment, files[attachment.sha256]) for attachment in stored.attachments]
            messages.append(_prompt(stored, parts))
    return tuple(messages)


def _prompt(stored: StoredMessage, parts: list[Part]) -> Message:
    texts = [part for part in parts if isinstance(part, TextPart)]
    others = [part for part in parts if not isinstance(part, TextPart)]
    return message(stored.role, stored.text, *texts, *others)


def _answer(stored: StoredMessage, model: str | None) -> Message:
    reply = stored.reply
    content: tuple[Part, ...] = (TextPart(text=reply.text),) if reply.text else ()
    same_family = bool(model) and family(model) == family(stored.model)
    return Message(
        role="assistant",
        content=content,
        tool_calls=reply.tool_calls,
        reasoning_details=_signed(reply.reasoning_details) if same_family else None,
        annotations=reply.annotations,
    )


def _signed(details: tuple[JsonObject, ...] | None) -> tuple[JsonObject, ...] | None:
    if details is None:
        return None
    return tuple(
        detail
        for detail in details
        if not (
            detail.get("type") == "reasoning.text"
            and detail.get("format") in SIGNED_FORMATS
            and not detail.get("signature")
        )
    )


def part_of(attachment: Attachment, data: bytes) -> Part:
    """An attachment as a part of a message: pictures and documents as data URLs, text under its name, links as such."""
    if attachment.mime == LINK:
        return ImagePart(url=data.decode("utf-8", errors="replace").strip(), name=attachment.name)
    if attachment.mime.startswith("text/"):
        text = data.decode("utf-8", errors="replace")
        return TextPart(text=f"\n\n[file: {attachment.name}]\n{text}\n[end of {attachment.name}]\n")
    url = f"data:{attachment.mime};base64,{base64.b64encode(data).decode('ascii')}"
    if attachment.mime.startswith("image/"):
        return ImagePart(url=url, name=attachment.name)
    return FilePart(filename=attachment.name, data=url)
