"""Tells by its content what a file is, and reads it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from orchat.chat.importer import chatgpt, elia, llm_logs, orchat_cli, own
from orchat.chat.importer.builder import Found
from orchat.errors import UsageError
from orchat.store.foreign import MAGIC, open_foreign

MOST_BYTES = 1 << 30
"""Of JSON: more would not fit into memory several times over."""
KNOWN = "orchat, ChatGPT, llm, elia and OrChat"
_ARCHIVE = b"PK\x03\x04"
_WITHIN = re.compile(r"(?:.*/)?conversations(?:-\d+)?\.json")


def read_file(path: Path) -> tuple[str, Found]:
    """The sessions of a file.

    Args:
        path: Any file.

    Returns:
        The program that wrote it, and what stands in it.

    Raises:
        UsageError: It cannot be read, or nobody knows what it is.
    """
    try:
        with path.open("rb") as file:
            head = file.read(len(MAGIC))
        if head == MAGIC:
            return _database(path)
        if head.startswith(_ARCHIVE):
            return chatgpt.PROGRAM, chatgpt.read(_archived(path))
        if path.stat().st_size > MOST_BYTES:
            raise UsageError(f"{path.name} is larger than 1 GiB", hint="Cut it into several files.")
        return _told(_parsed(path.read_bytes(), path.name), path)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise UsageError(f"{path} cannot be read: {reason}") from None


def _database(path: Path) -> tuple[str, Found]:
    with open_foreign(path) as database:
        if llm_logs.is_llm(database):
            return llm_logs.PROGRAM, llm_logs.read(database)
        if elia.is_elia(database):
            return elia.PROGRAM, elia.read(database)
    raise _unknown(path)


def _told(value: object, path: Path) -> tuple[str, Found]:
    values = value if isinstance(value, list) else [value]
    if any(map(own.is_ours, values)):
        return own.PROGRAM, own.read([entry for entry in values if own.is_ours(entry)])
    if any(map(chatgpt.is_conversation, values)):
        return chatgpt.PROGRAM, chatgpt.read(values)
    if isinstance(value, list) and any(map(orchat_cli.is_message, value)):
        return orchat_cli.PROGRAM, orchat_cli.read(value, path)
    raise _unknown(path)


def _unknown(path: Path) -> UsageError:
    return UsageError(f"{path.name} holds no sessions that orchat knows", hint=f"It knows those of {KNOWN}.")


def _parsed(data: bytes, name: str) -> object:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise UsageError(f"{name} is damaged, or no file of sessions", hint=f"Known are those of {KNOWN}.") from None


def _archived(path: Path) -> list[Any]:
    """The conversations in an archive; newer ones are in several parts."""
    import zipfile
    import zlib

    values: list[Any] = []
    try:
        with zipfile.ZipFile(path) as archive:
            wanted = sorted(name for name in archive.namelist() if _WITHIN.fullmatch(name))
            for name in wanted:
                with archive.open(name) as file:
                    data = file.read(MOST_BYTES + 1)
                if len(data) > MOST_BYTES:
                    raise UsageError(f"{name} in {path.name} is larger than 1 GiB")
                part = _parsed(data, f"{name} in {path.name}")
                values += part if isinstance(part, list) else [part]
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        raise UsageError(f"{path.name} is a damaged archive: {error}", hint="Fetch it again.") from None
    if not wanted:
        raise UsageError(f"there is no conversations.json in {path.name}", hint="Name the archive that OpenAI sent.")
    return values
