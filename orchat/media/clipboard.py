"""The picture on the clipboard, read by the desktop's own tool."""

from __future__ import annotations

import asyncio
import base64
import binascii
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from orchat.errors import MediaDamaged, MediaNotFound, MediaTooLarge
from orchat.media.image import MAX_INPUT

NAME = "clipboard"
"""What a picture from the clipboard is called."""
TOOL_S = 5.0
"""Seconds that a tool may take: the program that holds the picture may have to encode it first."""

_TYPES = ("image/png", "image/jpeg", "image/webp", "image/gif")
_ATTACH = "Save the picture and attach the file."
_POWERSHELL = (
    "Add-Type -AssemblyName System.Windows.Forms,System.Drawing;"
    "$p=[Windows.Forms.Clipboard]::GetImage();if($p){$m=New-Object IO.MemoryStream;"
    "$p.Save($m,[Drawing.Imaging.ImageFormat]::Png);[Convert]::ToBase64String($m.ToArray())}"
)
_HEX = re.compile(rb"\xc2\xabdata PNGf([0-9A-Fa-f]*)\xc2\xbb")


def _as_it_is(output: bytes) -> bytes:
    return output


def _from_base64(output: bytes) -> bytes:
    return base64.b64decode(b"".join(output.split()), validate=True)


def _from_applescript(output: bytes) -> bytes:
    """AppleScript writes data as ``«data PNGf89504E47…»``."""
    found = _HEX.search(output)
    return bytes.fromhex(found[1].decode("ascii")) if found else b""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tool:
    """A command that writes the clipboard's picture to its standard output."""

    read: tuple[str, ...]
    """The command; with `list_types`, the picture's type follows it."""
    list_types: tuple[str, ...] = ()
    """The command that tells which types the clipboard offers, one a line."""
    decode: Callable[[bytes], bytes] = _as_it_is
    """Makes the picture of what was written."""
    growth: int = 1
    """How many times longer than the picture its output may be."""


_WL_PASTE = _Tool(list_types=("wl-paste", "--list-types"), read=("wl-paste", "--no-newline", "--type"))
_XCLIP = _Tool(
    list_types=("xclip", "-selection", "clipboard", "-o", "-t", "TARGETS"),
    read=("xclip", "-selection", "clipboard", "-o", "-t"),
)
_PNGPASTE = _Tool(read=("pngpaste", "-"))
_OSASCRIPT = _Tool(read=("osascript", "-e", "get the clipboard as «class PNGf»"), decode=_from_applescript, growth=2)
_WINDOWS = _Tool(
    read=("powershell.exe", "-NoProfile", "-NonInteractive", "-STA", "-Command", _POWERSHELL),
    decode=_from_base64,
    growth=2,
)


async def read_image(environ: Mapping[str, str], *, platform: str = sys.platform) -> bytes:
    """Read the picture on the clipboard.

    Args:
        environ: ``PATH`` and what tells the desktop: ``WAYLAND_DISPLAY``, ``DISPLAY``, ``WSL_DISTRO_NAME``.
        platform: As ``sys.platform``.

    Returns:
        The picture's file as the tool gave it, not yet checked: for `orchat.media.image.prepare`.

    Raises:
        MediaNotFound: No picture on it, no tool for it, or a connection over SSH.
        MediaTooLarge: More bytes than a picture may have.
        MediaDamaged: The tool failed, took too long, or wrote what cannot be understood.
    """
    tool = _find_tool(environ, platform)
    kind: tuple[str, ...] = ()
    if tool.list_types:
        offered = (await _run(tool.list_types, environ, 1 << 16) or b"").decode(errors="replace").split()
        kind = tuple(mime for mime in _TYPES if mime in offered)[:1]
        if not kind:
            raise _no_picture()
    output = await _run((*tool.read, *kind), environ, MAX_INPUT * tool.growth + 4096)
    if not output:
        raise _no_picture()
    try:
        data = tool.decode(output)
    except (binascii.Error, ValueError):
        raise _failed(tool.read[0], "wrote what is no picture") from None
    if not data:
        raise _no_picture()
    return data


def _find_tool(environ: Mapping[str, str], platform: str = sys.platform) -> _Tool:
    """Choose the tool that reads this desktop's clipboard.

    Args:
        environ: As for `read_image`.
        platform: As ``sys.platform``.

    Raises:
        MediaNotFound: There is none, or the clipboard is on the other end of an SSH connection.
    """
    if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"):
        raise MediaNotFound(
            "over SSH the clipboard of your computer cannot be read",
            hint="Copy the file to this machine and attach it.",
        )
    tools, advice = _candidates(environ, platform)
    for tool in tools:
        if shutil.which(tool.read[0], path=environ.get("PATH")):
            return tool
    raise MediaNotFound("the clipboard cannot be read here", hint=advice)


def _candidates(environ: Mapping[str, str], platform: str) -> tuple[tuple[_Tool, ...], str]:
    """The tools that fit the desktop, best first, and what to do when none is installed."""
    if platform == "darwin":
        return (_PNGPASTE, _OSASCRIPT), "Install pngpaste, or save the picture and attach the file."
    if platform == "win32" or environ.get("WSL_DISTRO_NAME"):
        return (_WINDOWS,), f"powershell.exe is not on the PATH. {_ATTACH}"
    if environ.get("WAYLAND_DISPLAY"):
        # Most Wayland desktops serve X programs too, and copy between the two clipboards.
        tools = (_WL_PASTE, _XCLIP) if environ.get("DISPLAY") else (_WL_PASTE,)
        return tools, "Install wl-clipboard, or save the picture and attach the file."
    if environ.get("DISPLAY"):
        return (_XCLIP,), "Install xclip, or save the picture and attach the file."
    return (), f"There is no desktop. {_ATTACH}"


async def _run(command: tuple[str, ...], environ: Mapping[str, str], limit: int) -> bytes | None:
    """What a tool wrote, or None when it ended in failure, which is how these tools say that there is nothing."""
    quiet = asyncio.subprocess.DEVNULL
    path = shutil.which(command[0], path=environ.get("PATH")) or command[0]
    try:
        process = await asyncio.create_subprocess_exec(
            path,
            *command[1:],
            stdin=quiet,
            stdout=asyncio.subprocess.PIPE,
            stderr=quiet,
            env=dict(environ),
            start_new_session=True,
        )
    except OSError as error:
        raise _failed(command[0], (error.strerror or "cannot be run").lower()) from None
    try:
        output = await asyncio.wait_for(_output(process, limit), TOOL_S)
    except asyncio.TimeoutError:
        raise _failed(command[0], f"did not answer within {TOOL_S:.0f} seconds") from None
    finally:
        await _end(process)
    return output if process.returncode == 0 else None


async def _output(process: asyncio.subprocess.Process, limit: int) -> bytes:
    assert process.stdout is not None
    output = bytearray()
    while piece := await process.stdout.read(1 << 16):
        output += piece
        if len(output) > limit:
            raise MediaTooLarge(
                f"the picture on the clipboard has more than {MAX_INPUT // 1_000_000} MB", hint="Copy a part of it."
            )
    await process.wait()
    return bytes(output)


async def _end(process: asyncio.subprocess.Process) -> None:
    """End a tool that still runs, with all that it started."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    assert process.stdout is not None
    # asyncio takes a process for ended when its pipe is at its end, so what is left in it must be read.
    while await process.stdout.read(1 << 20):
        pass
    await process.wait()


def _no_picture() -> MediaNotFound:
    return MediaNotFound("there is no picture on the clipboard", hint="Copy a picture, not a file or a text.")


def _failed(tool: str, what: str) -> MediaDamaged:
    return MediaDamaged(f"the clipboard could not be read: {tool} {what}", hint=_ATTACH)
