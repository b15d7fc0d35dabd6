"""Copying: by the desktop's own tool where there is one, by the tmux around us, else through the terminal."""

from __future__ import annotations

import asyncio
import shutil
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress

LIMIT = 74_000
"""Bytes that terminals take by OSC 52."""
TOOL_S = 2.0
"""Seconds that a tool may take."""
TMUX = ("tmux", "load-buffer", "-w", "-")
"""Keeps a text in tmux and hands it on to the terminal around it, also where tmux takes none from programs."""
_WINDOWS = "clip.exe"
_TOOLS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("", ("pbcopy",)),
    ("WAYLAND_DISPLAY", ("wl-copy",)),
    ("DISPLAY", ("xclip", "-selection", "clipboard")),
    ("DISPLAY", ("xsel", "--clipboard", "--input")),
    ("WSL_DISTRO_NAME", (_WINDOWS,)),
)


def tool(environ: Mapping[str, str]) -> tuple[str, ...] | None:
    """The command that takes a text for the clipboard, if this desktop has one; over SSH it has none."""
    if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"):
        return None
    for variable, command in _TOOLS:
        if (not variable or environ.get(variable)) and shutil.which(command[0], path=environ.get("PATH")):
            return command
    return None


async def copy(text: str, environ: Mapping[str, str], write: Callable[[str], None]) -> bool:
    """Put a text into the clipboard of whoever sits at the terminal.

    Args:
        text: Any.
        environ: The environment.
        write: Sends a control sequence to the terminal.

    Returns:
        False when it is too long for the only way there is.
    """
    command = tool(environ)
    if command is not None and await by_tool(command, text):
        return True
    in_tmux = bool(environ.get("TMUX"))
    if in_tmux and await by_tool(TMUX, text):
        return True
    if not fits_terminal(text):
        return False
    for sequence in sequences(text, in_tmux=in_tmux):
        write(sequence)
    return True


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
            # Windows reads bytes in the code page of its console unless they begin with the mark of UTF-16.
            data = text.encode("utf-16" if command[0] == _WINDOWS else "utf-8", "replace")
            await asyncio.wait_for(process.communicate(data), TOOL_S)
        except asyncio.TimeoutError:
            process.kill()
            await process.wait()
            raise
        return process.returncode == 0
    return False


def fits_terminal(text: str) -> bool:
    """Whether a text is short enough for the terminal's way."""
    return len(text.encode("utf-8", "replace")) <= LIMIT


def sequences(text: str, *, in_tmux: bool) -> tuple[str, ...]:
    """What asks a terminal to put a text into the clipboard (OSC 52).

    Args:
        text: Short enough.
        in_tmux: Whether a tmux is in between: one takes it for itself, another one only lets it pass.
    """
    plain = f"\x1b]52;c;{b64encode(text.encode('utf-8', 'replace')).decode('ascii')}\a"
    if not in_tmux:
        return (plain,)
    inner = plain.replace("\x1b", "\x1b\x1b")
    return plain, f"\x1bPtmux;{inner}\x1b\\"
