"""The prompt in an editor of the user's own."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchat.errors import UsageError
from orchat.paths import environment
from orchat.tui.lending import lend

if TYPE_CHECKING:
    from textual.app import App

    from orchat.tui.screens.chat import ChatScreen

_USUAL = ("nano", "vim", "vi")


def command_of(variables: Mapping[str, str]) -> list[str]:
    """How the editor is started: ``VISUAL``, ``EDITOR``, or else one that most systems have.

    Args:
        variables: The environment.

    Raises:
        UsageError: There is none.
    """
    for wanted in (variables.get("VISUAL", ""), variables.get("EDITOR", ""), *_USUAL):
        try:
            words = shlex.split(wanted)
        except ValueError:
            words = []
        if words and shutil.which(words[0], path=variables.get("PATH")):
            return words
    raise UsageError("no editor was found", hint="set EDITOR to one")


async def edited(app: App[Any], text: str, variables: Mapping[str, str]) -> str:
    """Let a person change a text in the editor; whatever runs meanwhile goes on, unseen.

    Args:
        app: Gives the terminal away until the editor is closed.
        text: What stands there at first.
        variables: The environment.

    Raises:
        UsageError: There is no editor, or it failed.
    """
    command = command_of(variables)
    return await lend(app, lambda: _edit(command, text), "the editor could not be opened here")


def _edit(command: list[str], text: str) -> str:
    """Run the editor until it is closed; only the user may read the file."""
    descriptor, name = tempfile.mkstemp(prefix="orchat-", suffix=".md")
    file = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            opened.write(text)
        done = subprocess.run([*command, name], check=False)  # noqa: S603  # the user chose the program
        if done.returncode:
            raise UsageError(f"the editor failed with code {done.returncode}", hint="the draft stays as it was")
        return file.read_text(encoding="utf-8", errors="replace").rstrip("\n")
    finally:
        file.unlink(missing_ok=True)


async def edit_elsewhere(screen: ChatScreen, _argument: str) -> None:
    """Write the prompt in the editor; it comes back and is not sent."""
    area = screen.composer.area
    area.load(await edited(screen.app, area.text, environment()))
    screen.to_composer()
