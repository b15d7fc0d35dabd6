"""Typed lines that are commands."""

from __future__ import annotations

from orchat.tui.commands import BY_SLASH, Command


def completions(typed: str) -> list[Command]:
    """The commands that a beginning such as ``/mo`` may mean: the one of that name, those that begin so, the others."""
    part = typed.removeprefix("/").casefold()
    starting = [command for name, command in BY_SLASH.items() if name.startswith(part)]
    starting.sort(key=lambda command: command.slash != part)
    inside = [command for name, command in BY_SLASH.items() if part in name and command not in starting]
    return starting + inside


def parse(text: str) -> tuple[Command, str] | None:
    """A typed line as a command and its argument, or None when it is not one.

    ``/etc/hosts …`` and ``//…`` are text; so is an unknown word, which `unknown` tells apart.
    """
    name, _, argument = text.strip().partition(" ")
    command = BY_SLASH.get(name[1:].casefold()) if name.startswith("/") else None
    return None if command is None else (command, argument.strip())


def unknown(text: str) -> str:
    """The name of a command that does not exist, when a typed line looks like one; else empty."""
    name = text.strip().partition(" ")[0].partition("\n")[0]
    looks_like_one = name.startswith("/") and name[1:].replace("-", "").isalpha() and name[1:].isascii()
    return name if looks_like_one and parse(text) is None else ""
