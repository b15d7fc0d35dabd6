"""A session written into a file beside which somebody works."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from orchat.errors import StoreUnwritable

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
    number = 1
    while True:
        target = folder / (f"{stem}.{form}" if number == 1 else f"{stem}-{number}.{form}")
        try:
            # Only its owner may read what was said.
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            number += 1
            continue
        except OSError as error:
            raise _unwritable(target, error) from None
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            target.unlink(missing_ok=True)
            raise _unwritable(target, error) from None
        return target


def _unwritable(target: Path, error: OSError) -> StoreUnwritable:
    reason = (error.strerror or type(error).__name__).lower()
    return StoreUnwritable(f"cannot write {target}: {reason}", hint="Start orchat in a folder of yours.")
