"""ChatGPT's data export: ``conversations.json``, alone or in the archive that OpenAI sends.

Every conversation is a tree under ``mapping``. Each node may hold a message; much of what the tools said to each other
is hidden there. An answer is often told in several nodes, which are joined here into one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from orchat.chat.importer.builder import NOTHING_SAID, Builder, Found, Unreadable, beginning, said
from orchat.chat.importer.values import items, moment, optional, table, text
from orchat.domain.fold import Reply
from orchat.domain.sessions import SavedSession

PROGRAM = "ChatGPT"
_MARKED = re.compile("\ue200.*?\ue201", re.DOTALL)
_SILENT = frozenset(
    (
        "app_pairing_content",
        "model_editable_context",
        "reasoning_recap",
        "tether_browsing_display",
        "user_editable_context",
    )
)


def is_conversation(value: object) -> bool:
    """Whether this is one conversation of such an export."""
    return isinstance(table(value).get("mapping"), dict)


def read(values: list[Any]) -> Found:
    """The conversations of an export.

    Args:
        values: Its elements; those that are no conversation are told of.
    """
    found: Found = []
    for value in values:
        title = text(table(value).get("title"))
        if not is_conversation(value):
            found.append(Unreadable(title=title, reason="it has no messages"))
            continue
        session = _session(value)
        found.append(session if session.messages else Unreadable(title=title, reason=NOTHING_SAID))
    return found


@dataclass(slots=True)
class _Node:
    """What one message says, and later what those say that are joined with it."""

    key: str
    parent: str | None
    is_answer: bool
    created_at: float
    model: str | None
    texts: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)


def _session(value: Mapping[str, Any]) -> SavedSession:
    mapping = table(value.get("mapping"))
    nodes = {key: node for key, entry in mapping.items() if (node := _node(key, table(entry))) is not None}
    for node in nodes.values():
        node.parent = _shown_above(mapping, nodes, node.key)
    kept = _joined(nodes)
    id = text(value.get("conversation_id")) or text(value.get("id"))
    created, updated = moment(value.get("create_time")), moment(value.get("update_time"))
    builder = Builder(f"{PROGRAM.lower()}:{id}", beginning(text(value.get("title")), created, updated_at=updated))
    for node in nodes.values():
        if kept[node.key] == node.key:
            reply = Reply(
                text="\n\n".join(filter(None, node.texts)), reasoning="\n\n".join(filter(None, node.thoughts))
            )
            parent = None if node.parent is None else kept[node.parent]
            role = "assistant" if node.is_answer else "user"
            at = node.created_at or created
            builder.add(node.key, parent, said(role, reply, at, model=node.model))
    current = text(value.get("current_node"))
    active = current if current in nodes else _shown_above(mapping, nodes, current)
    return builder.session(None if active is None else kept[active])


def _node(key: str, entry: Mapping[str, Any]) -> _Node | None:
    message = table(entry.get("message"))
    role, metadata = text(table(message.get("author")).get("role")), table(message.get("metadata"))
    hidden = metadata.get("is_visually_hidden_from_conversation") is True or message.get("weight") == 0
    if role not in ("user", "assistant", "tool") or hidden:
        return None
    content = table(message.get("content"))
    node = _Node(
        key=key,
        parent=None,
        is_answer=role != "user",
        created_at=moment(message.get("create_time")),
        model=optional(metadata.get("model_slug")) if role != "user" else None,
    )
    if content.get("content_type") == "thoughts":
        node.thoughts = [_thought(table(thought)) for thought in items(content.get("thoughts"))]
    else:
        node.texts = [_said(content)]
    return node if any(node.texts) or any(node.thoughts) else None


def _said(content: Mapping[str, Any]) -> str:
    kind = content.get("content_type")
    if kind in _SILENT:
        return ""
    whole = "\n".join(filter(None, map(_part, items(content.get("parts"))))) or text(content.get("text"))
    whole = _MARKED.sub("", whole).strip("\n")
    if kind == "code" and whole:
        language = re.sub("[^a-zA-Z0-9+#-]", "", text(content.get("language")))
        return _fenced(whole, "" if language == "unknown" else language)
    return _fenced(whole) if kind == "execution_output" else whole


def _part(part: object) -> str:
    if isinstance(part, str):
        return part
    found = table(part)
    kind = text(found.get("content_type"))
    if kind == "audio_transcription":
        return text(found.get("text"))
    names = {"image_asset_pointer": "image", "audio_asset_pointer": "sound", "video_container_asset_pointer": "film"}
    return f"[{names.get(kind, 'attachment')} that is not part of the export]" if kind else ""


def _thought(thought: Mapping[str, Any]) -> str:
    return "\n".join(filter(None, (text(thought.get("summary")), text(thought.get("content")))))


def _fenced(code: str, language: str = "") -> str:
    if not code:
        return ""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", code)), default=0))
    return f"{fence}{language}\n{code}\n{fence}"


def _shown_above(mapping: Mapping[str, Any], nodes: Mapping[str, _Node], key: str) -> str | None:
    """The nearest ancestor that says something."""
    seen = {key}
    above = text(table(mapping.get(key)).get("parent"))
    while above and above not in seen:
        if above in nodes:
            return above
        seen.add(above)
        above = text(table(mapping.get(above)).get("parent"))
    return None


def _joined(nodes: dict[str, _Node]) -> dict[str, str]:
    """For every node the one that it is told in: an answer that alone follows an answer belongs to it."""
    followers = Counter(node.parent for node in nodes.values())

    def goes_on(node: _Node) -> bool:
        above = nodes.get(node.parent or "")
        return above is not None and node.is_answer and above.is_answer and followers[node.parent] == 1

    kept: dict[str, str] = {}
    for start in nodes.values():
        chain = [start]
        while goes_on(chain[-1]) and chain[-1].key not in kept:
            above = nodes[chain[-1].parent or ""]
            if above in chain:
                break
            chain.append(above)
        first = kept.get(chain[-1].key, chain[-1].key)
        for node in reversed(chain):
            if node.key not in kept:
                kept[node.key] = first
                _take_in(nodes[first], node)
    return kept


def _take_in(first: _Node, node: _Node) -> None:
    if first is not node:
        first.texts += node.texts
        first.thoughts += node.thoughts
        first.model = node.model or first.model
