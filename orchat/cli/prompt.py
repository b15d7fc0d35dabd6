"""Where a prompt comes from: the argument, stdin, or both."""

from __future__ import annotations

import errno
import os
import re
import select
from typing import TYPE_CHECKING

from orchat.errors import UsageError

if TYPE_CHECKING:
    from orchat.cli.diagnostics import Diagnostics

LONGEST = 20_000_000
"""Bytes of a prompt; no model takes as much."""
PATIENCE_S = 1.0
"""After so long it is said that stdin is waited for: a program may have left it open without meaning to."""
STDIN = 0
_KEY = re.compile(r"sk-[\w-]{20,}", re.ASCII)
STDIN_PATH = "-"
"""What stands for stdin where a path or a prompt is expected."""


def read_prompt(argument: str | None, *, attached: bool, taken: bool, diagnostics: Diagnostics) -> str:
    """Put the prompt together: the argument first, then what stdin holds unless it is a terminal.

    Args:
        argument: From the command line; ``-`` stands for stdin alone.
        attached: Files go along, so that the prompt may be empty.
        taken: stdin was read for a file.
        diagnostics: Says so when nothing comes from stdin for a while.

    Raises:
        UsageError: It is empty, too long, not text, or a key.
    """
    typed = "" if argument in (None, STDIN_PATH) else _repaired(argument or "")
    piped = "" if taken or os.isatty(STDIN) else _decoded(read_stdin(diagnostics)).strip("\n")
    prompt = "\n\n".join(part for part in (typed, piped) if part.strip())
    if not prompt and not attached:
        raise UsageError(
            "the prompt is empty", hint='Say something: orchat ask "why is the sky blue?", or pipe a text.'
        )
    if len(prompt) > LONGEST:
        raise _too_long()
    refuse_key(prompt)
    return prompt


def refuse_key(prompt: str) -> None:
    """A key that stands alone was meant for something else, and no model shall read it.

    Args:
        prompt: What would be sent.

    Raises:
        UsageError: It is a key.
    """
    if _KEY.fullmatch(prompt.strip()):
        raise UsageError(
            "this is a key rather than a prompt; it was not sent",
            hint="Keep it: orchat keys add LABEL. An argument stands in the shell's history: better make a new key.",
        )


def _repaired(argument: str) -> str:
    """Bytes of the command line that are no UTF-8 become replacement characters."""
    return argument.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def read_stdin(diagnostics: Diagnostics, *, what: str = "the prompt") -> bytes:
    """All that stdin holds, at most `LONGEST` bytes; nothing when it is closed.

    Args:
        diagnostics: Says so when nothing comes for a while.
        what: What is read, in words.

    Raises:
        UsageError: It is longer, or cannot be read.
    """
    parts: list[bytes] = []
    size = 0
    poll = select.poll()
    poll.register(STDIN, select.POLLIN)
    try:
        if not poll.poll(PATIENCE_S * 1000):
            diagnostics.note(f"reading {what} from stdin; Ctrl-D ends it, < /dev/null goes without")
        while part := os.read(STDIN, 1 << 20):
            parts.append(part)
            size += len(part)
            if size > LONGEST:
                raise _too_long()
    except OSError as error:
        if error.errno == errno.EBADF:
            return b""
        raise UsageError(f"cannot read stdin: {(error.strerror or type(error).__name__).lower()}") from None
    return b"".join(parts)


def _decoded(data: bytes) -> str:
    if b"\0" in data:
        raise UsageError("stdin is not text", hint="Attach files with -f, pictures with -i.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"stdin is not UTF-8 text: byte {error.start + 1} is 0x{data[error.start]:02x}",
            hint="Convert it first (iconv -f latin1 -t utf-8), or attach the file with -f.",
        ) from None


def _too_long() -> UsageError:
    return UsageError(f"the prompt is larger than {LONGEST // 1_000_000} MB", hint="Send a part of it.")
