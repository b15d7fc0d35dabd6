"""The sessions of oop7's OrChat: a JSON list of messages, with ``metadata.json`` beside it."""

from __future__ import annotations

import base64
import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from orchat.chat.importer.builder import NOTHING_SAID, Builder, Enclosed, Found, Unreadable, beginning, said
from orchat.chat.importer.values import items, moment, table, text

PROGRAM = "OrChat"
_ROLES = frozenset(("system", "user", "assistant"))
_BESIDE = "metadata.json"
_MOST_METADATA = 65_536


def is_message(value: object) -> bool:
    """Whether this is one message of such a session."""
    return text(table(value).get("role")) in _ROLES and isinstance(table(value).get("content"), (str, list))


def read(values: list[Any], path: Path) -> Found:
    """The session of a file.

    Args:
        values: Its messages; what is none is left out.
        path: The file, whose neighbour may know the name and the time.
    """
    told = [table(value) for value in values if is_message(value)]
    # The file has no id of its own: what was said tells it from others.
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]
    title, created = _beside(path)
    system = next((text(row["content"]) for row in told if row["role"] == "system"), "")
    builder = Builder(f"{PROGRAM}:{digest}", beginning(title, created, system=system or None))
    last = None
    for place, row in enumerate(told):
        words, files = _content(row["content"])
        if row["role"] == "system" or not (words or files):
            continue
        builder.add(str(place), last, said(row["role"], words, created, attachments=builder.enclose(files)))
        last = str(place)
    session = builder.session(by_time=False)
    return [session if session.messages else Unreadable(title=title or path.name, reason=NOTHING_SAID)]


def _content(content: object) -> tuple[str, list[Enclosed]]:
    if isinstance(content, str):
        return content, []
    words: list[str] = []
    files: list[Enclosed] = []
    for part in map(table, items(content)):
        words.append(text(part.get("text")))
        url = text(table(part.get("image_url")).get("url"))
        head, _, data = url.partition(";base64,")
        if head.startswith("data:image/"):
            with suppress(ValueError):
                mime = head[len("data:") :]
                name = f"picture-{len(files) + 1}.{mime.rpartition('/')[2]}"
                files.append(Enclosed(data=base64.b64decode(data, validate=True), name=name, mime=mime))
        elif url:
            words.append(f"[picture: {url}]")
    return "\n".join(filter(None, words)), files


def _beside(path: Path) -> tuple[str, float]:
    """Name and time, where the program has left them in the folder."""
    try:
        with path.with_name(_BESIDE).open("rb") as file:
            known = table(json.loads(file.read(_MOST_METADATA)))
    except (OSError, ValueError, RecursionError):
        return "", 0.0
    return text(known.get("summary")).replace("_", " "), moment(known.get("created"))
