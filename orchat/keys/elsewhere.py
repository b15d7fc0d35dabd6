"""Keys of OpenRouter that other programs keep: in the environment, and in the ``keys.json`` of simonw's llm."""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchat.domain.secret import Secret
from orchat.errors import UsageError
from orchat.keys.entry import parse_label
from orchat.keys.place import reason_of
from orchat.paths import UNWAITING, absolute

VARIABLES = ("OPENROUTER_API_KEY", "OPENROUTER_KEY")
"""The usual one, and the one that llm reads."""
LONGEST_FILE = 1_000_000
"""Bytes; a file of keys has a few hundred."""
LABEL = "openrouter"
"""For a key whose own name cannot be a label."""

_LOOKS_LIKE_ONE = re.compile(r"sk-or-[A-Za-z0-9_-]{16,200}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundKey:
    """A key that another program keeps."""

    label: str
    """What it may be called here; no kept key has this label."""
    secret: Secret
    """The key itself."""
    origin: str
    """The variable, or the path of the file."""
    kept_as: str | None = None
    """The label under which it is kept here already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """What `look` found."""

    keys: tuple[FoundKey, ...]
    """Each key once."""
    places: tuple[str, ...]
    """Where it looked."""
    troubles: tuple[str, ...] = ()
    """One line for each place that could not be read."""


def look(environ: Mapping[str, str], kept: Mapping[str, Secret]) -> Elsewhere:
    """Find keys of OpenRouter.

    Args:
        environ: The environment.
        kept: Label to key of those that are kept here already.
    """
    file = llm_folder(environ) / "keys.json"
    troubles: list[str] = []
    named = [(name, environ.get(name, ""), name) for name in VARIABLES]
    named += [(name, text, str(file)) for name, text in _read(file, troubles)]
    twins = {secret.fingerprint: label for label, secret in kept.items()}
    taken, seen = set(kept), set[str]()
    found = []
    for name, text, origin in named:
        secret = Secret(text.strip())
        if not _LOOKS_LIKE_ONE.fullmatch(text.strip()) or secret.fingerprint in seen:
            continue
        seen.add(secret.fingerprint)
        label = _free_label(name if name not in VARIABLES else LABEL, taken)
        taken.add(label)
        found.append(FoundKey(label=label, secret=secret, origin=origin, kept_as=twins.get(secret.fingerprint)))
    return Elsewhere(keys=tuple(found), places=(*VARIABLES, str(file)), troubles=tuple(troubles))


def llm_folder(environ: Mapping[str, str]) -> Path:
    """The folder in which llm keeps its keys.

    Args:
        environ: The environment.
    """
    if environ.get("LLM_USER_PATH"):
        return absolute(environ["LLM_USER_PATH"], environ)
    if sys.platform == "darwin":
        base = absolute("~/Library/Application Support", environ)
    elif sys.platform == "win32":
        base = absolute(environ.get("APPDATA", "~"), environ)
    else:
        base = absolute(environ.get("XDG_CONFIG_HOME") or "~/.config", environ)
    return base / "io.datasette.llm"


def _read(file: Path, troubles: list[str]) -> Iterator[tuple[str, str]]:
    """Names and values of a file of keys; what is no text is passed over, and so is llm's own note."""
    try:
        # Not blocking: opening a pipe that nobody writes to would wait for ever.
        with os.fdopen(os.open(file, os.O_RDONLY | UNWAITING), "rb") as opened:
            if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
                troubles.append(f"{file} is not a plain file")
                return
            item = json.loads(opened.read(LONGEST_FILE))
    except FileNotFoundError:
        return
    except OSError as error:
        troubles.append(f"{file} cannot be read: {reason_of(error)}")
        return
    except (ValueError, RecursionError):
        item = None
    if not isinstance(item, dict):
        troubles.append(f"{file} is not a JSON object of names and keys")
        return
    yield from ((name, text) for name, text in item.items() if isinstance(text, str))


def _free_label(name: str, taken: Collection[str]) -> str:
    try:
        label = parse_label(name[:36])
    except UsageError:
        label = LABEL
    number, free = 1, label
    while free in taken:
        number += 1
        free = f"{label} {number}"
    return free
