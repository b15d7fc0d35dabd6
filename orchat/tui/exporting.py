"""A session written into a file beside which somebody works."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING

from orchat.tui.saving import save

if TYPE_CHECKING:
    from orchat.runtime import Runtime

FORMS = {"Markdown": "md", "Web page": "html", "JSON, for import": "json"}
"""What a person chooses, and what `Conversations.export` calls it."""
_LONGEST = 40


async def export(runtime: Runtime, conversation_id: str, form: str, folder: Path) -> Path:
    """Write a session into a new file.

    Args:
        runtime: Started.
        conversation_id: Which session.
        form: One of the values of `FORMS`.
        folder: Where; nothing that is there is replaced.

    Returns:
        The file.

    Raises:
        StoreUnwritable: It cannot be written.
    """
    kept = await runtime.conversations.get(conversation_id)
    text = await runtime.conversations.export(conversation_id, form)
    return await asyncio.to_thread(write_new, folder, file_stem(kept.title) or kept.id, form, text)


def file_stem(title: str) -> str:
    """A title as part of a file name: words with dashes between them; empty where nothing is left of it."""
    return "-".join(re.findall(r"\w+", title.casefold()))[:_LONGEST].strip("-_")


def write_new(folder: Path, stem: str, form: str, text: str) -> Path:
    """Write a text into a file of a name that is free yet; blocks.

    Args:
        folder: Where; nothing that is there is replaced.
        stem: The name without its end; a number is added where there is such a file.
        form: The end of the name.
        text: What is written.

    Returns:
        The file.

    Raises:
        StoreUnwritable: It cannot be written.
    """
    return save(text.encode(), folder / f"{stem}.{form}", hint="Start orchat in a folder of yours.")
