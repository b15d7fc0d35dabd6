"""Copying: by the desktop's own tool where there is one, else through the terminal."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping
from contextlib import suppress

LIMIT = 74_000
"""Bytes that terminals take by OSC 52."""
TOOL_S = 2.0
"""Seconds that a tool may take."""
_TOOLS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("", ("pbcopy",)),
    ("WAYLAND_DISPLAY", ("wl-copy",)),
    ("DISPLAY", ("xclip", "-selection", "clipboard")),
    ("DISPLAY", ("xsel", "--clipboard", "--input")),
)


def tool(environ: Mapping[str, str]) -> tuple[str, ...] | None:
    """The command that takes a text for the clipboard, if this desktop has one; over SSH it has none."""
    if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"):
        return None
    for variable, command in _TOOLS:
        if (not variable or environ.get(variable)) and shutil.which(command[0], path=environ.get("PATH")):
            return command
    return None


async def by_tool(command: tuple[str, ...], text: str) -> bool:
    """Hand a text to a clipboard tool.

    Returns:
        Whether the tool took it.
    """
    quiet = asyncio.subprocess.DEVNULL
    with suppress(OSError, asyncio.TimeoutError):
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=quiet, stderr=quiet
        )
        try:
            await asyncio.wait_for(process.communicate(text.encode()), TOOL_S)
        except asyncio.TimeoutError:
            process.kill()
            await process.wait()
            raise
        return process.returncode == 0
    return False


def fits_terminal(text: str) -> bool:
    """Whether a text is short enough for the terminal's way."""
    return len(text.encode()) <= LIMIT
