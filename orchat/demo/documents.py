"""What the real server does with PDF documents: it has them parsed, says so, and parses none twice."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from orchat.demo import prompts

OCR_ENGINE = "mistral-ocr"
PAGE_USD = Decimal("0.002")
"""What a page costs with `OCR_ENGINE`."""

_PAGE = re.compile(rb"/Type\s*/Page\b(?!s)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """The documents of a request that had to be parsed."""

    annotations: tuple[Mapping[str, Any], ...] = ()
    """One for each; whoever sends them back pays for none of them again."""
    fee: Decimal = Decimal(0)
    """USD."""


def parse(body: prompts.Body, *, native: bool) -> Parsed:
    """Parse the documents of a request.

    Args:
        body: The chat request.
        native: Whether the model reads documents itself, as it does where no engine is named.
    """
    engine = _engine(body) or ("native" if native else OCR_ENGINE)
    if engine == "native":
        return Parsed()
    known = set(_known(body))
    annotations, pages = [], 0
    for name, data in _documents(body):
        digest = hashlib.sha256(data).hexdigest()
        if digest in known:
            continue
        known.add(digest)
        count = len(_PAGE.findall(data))
        pages += count
        text = f"{name}: {count} page{'' if count == 1 else 's'}, parsed by {engine}"
        annotations.append(
            {"type": "file", "file": {"hash": digest, "name": name, "content": [{"type": "text", "text": text}]}}
        )
    return Parsed(annotations=tuple(annotations), fee=pages * PAGE_USD if engine == OCR_ENGINE else Decimal(0))


def _engine(body: prompts.Body) -> str | None:
    plugins = body.get("plugins")
    for plugin in plugins if isinstance(plugins, list) else []:
        if isinstance(plugin, dict) and plugin.get("id") == "file-parser":
            engine = prompts.option(plugin, "pdf", "engine")
            return engine if isinstance(engine, str) else None
    return None


def _documents(body: prompts.Body) -> Iterator[tuple[str, bytes]]:
    for part in prompts.parts(body, "file"):
        data = prompts.option(part, "file", "file_data")
        head, _, payload = str(data).partition(",")
        if head == "data:application/pdf;base64":
            try:
                yield str(prompts.option(part, "file", "filename")), base64.b64decode(payload, validate=True)
            except binascii.Error:
                continue


def _known(body: prompts.Body) -> Iterator[str]:
    """Digests of what was parsed before and came back with an assistant's message."""
    for message in prompts.messages(body) or []:
        annotations = message.get("annotations")
        for annotation in annotations if isinstance(annotations, list) else []:
            digest = prompts.option(annotation, "file", "hash") if isinstance(annotation, dict) else None
            if message["role"] == "assistant" and isinstance(digest, str):
                yield digest
