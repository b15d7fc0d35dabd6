"""What a shell may put in the place of a word that is being typed. Nothing here asks the network, or waits."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from click.shell_completion import CompletionItem, ShellComplete

from orchat.domain.clean import clean_line, is_clean
from orchat.errors import OrchatError

if TYPE_CHECKING:
    from pathlib import Path

    import click

    from orchat.cli.invocation import Invocation

LONGEST = 60
"""Characters of a title or name beside what it stands for."""


def complete(group: click.Command, argv: Sequence[str], invocation: Invocation) -> int:
    """Answer a shell: one line for each choice, with its kind, itself and a word on it, parted by tabs.

    Args:
        group: The whole command.
        argv: ``--`` and the words so far, from a shell that parts them; nothing from bash, which gives the line.
        invocation: Holds the environment, in which the shell says more.
    """
    shell = invocation.environ["_ORCHAT_COMPLETE"]
    line = invocation.environ.get("_ORCHAT_LINE", "")
    words = _words(line)[1:] if shell == "bash" else list(argv[1:])
    *before, incomplete = words or [""]
    try:
        completer = ShellComplete(group, {"obj": invocation}, "orchat", "_ORCHAT_COMPLETE")
        items = completer.get_completions(before, incomplete)
    except Exception:  # a line that is wrong so far has no completion, and a shell no place for complaints
        return 0
    breaks = invocation.environ.get("_ORCHAT_BREAKS", "") if shell == "bash" else ""
    known = _known_part(incomplete, breaks)
    choices = [item for item in items if is_clean(item.value) and not set(item.value) & set("\t\n")]
    invocation.output.write(
        "".join(
            f"{item.type}\t{item.value[known if item.value.startswith(incomplete) else 0 :]}\t"
            f"{clean_line(item.help or '', LONGEST)}\n"
            for item in choices
        )
    )
    return 0


def _words(line: str) -> list[str]:
    """The words of a line up to the cursor, as a shell parts them; the last one is being typed and may be empty."""
    lexer = shlex.shlex(line, posix=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    try:
        words.extend(lexer)
    except ValueError:  # a quote or a backslash at the end
        words.append(lexer.token)
        return words
    return [*words, ""] if line[-1:].isspace() else words


def _known_part(word: str, breaks: str) -> int:
    """How much of a word bash takes for an earlier one: it breaks words at ``:`` and ``=``."""
    return max((word.rfind(char) + 1 for char in ":=" if char in breaks), default=0)


# ---- what can be chosen


def models(invocation: Invocation, incomplete: str) -> list[CompletionItem]:
    """Ids of the catalogue as it was fetched last."""
    from orchat.store import glance

    try:
        base_url = invocation.load().config.api.base_url
        return _fitting(glance.models(_database(invocation), base_url), incomplete)
    except OrchatError:
        return []


def sessions(invocation: Invocation, incomplete: str) -> list[CompletionItem]:
    """Ids, each with its title, the session used last first."""
    return _sessions(invocation, incomplete, deleted=False)


def deleted_sessions(invocation: Invocation, incomplete: str) -> list[CompletionItem]:
    """The same of sessions that can be brought back."""
    return _sessions(invocation, incomplete, deleted=True)


def _sessions(invocation: Invocation, incomplete: str, *, deleted: bool) -> list[CompletionItem]:
    from orchat.store import glance

    try:
        found = glance.sessions(_database(invocation), incomplete.lower(), deleted=deleted)
    except OrchatError:
        return []
    return [CompletionItem(id, help=title) for id, title in found]


def key_labels(invocation: Invocation, incomplete: str) -> list[CompletionItem]:
    """What keys are called."""
    from orchat.store import glance

    try:
        return _fitting(glance.key_labels(_database(invocation)), incomplete)
    except OrchatError:
        return []


def personas(invocation: Invocation, incomplete: str) -> list[CompletionItem]:
    """Names of personas, each with the beginning of its prompt."""
    try:
        known = invocation.load().config.personas
    except OrchatError:
        return []
    return _fitting(((name, one.system or one.model or "") for name, one in known.items()), incomplete)


def settings(_invocation: Invocation, incomplete: str) -> list[CompletionItem]:
    """``section.key=``."""
    from dataclasses import fields

    from orchat.config.sections import SECTIONS

    known = (
        (f"{section}.{item.name}=", str(item.metadata["about"]))
        for section, kind in SECTIONS.items()
        for item in fields(kind)
    )
    return _fitting(known, incomplete, kind="part")


def parameters(_invocation: Invocation, incomplete: str) -> list[CompletionItem]:
    """``name=`` of every parameter of a request."""
    from orchat.domain.request import REQUEST_FIELDS

    return _fitting(((f"{name}=", "") for name in sorted(REQUEST_FIELDS)), incomplete, kind="part")


def files(_invocation: Invocation, incomplete: str) -> list[CompletionItem]:
    """Whatever the shell itself knows of files."""
    return [CompletionItem(incomplete or "*", type="file")]


def _fitting(choices: Iterable[tuple[str, str]], incomplete: str, *, kind: str = "plain") -> list[CompletionItem]:
    return [CompletionItem(value, kind, help) for value, help in choices if value.startswith(incomplete)]


def _database(invocation: Invocation) -> Path:
    paths = invocation.paths()
    return (paths.for_demo() if invocation.demo else paths).database
