"""What people type: a key and the label they give it."""

from __future__ import annotations

import re

from orchat.domain.secret import Secret
from orchat.errors import KeyRejected, UsageError

RESERVED = frozenset({"demo", "env", "flag", "given"})
"""Labels of keys that are kept nowhere: from the environment, or handed in by a program."""

_LABEL = re.compile(r"[\w.@+-](?:[\w .@+-]{0,38}[\w.@+-])?")
_LONGEST_KEY = 1000


def parse_key(text: str) -> Secret:
    """A key as it was typed or pasted, without white space around it.

    Args:
        text: What came in; never repeated in a message.

    Raises:
        KeyRejected: It cannot be a key.
    """
    key = text.strip()
    hint = "Paste the key alone, as openrouter.ai/keys showed it."
    if not key:
        raise KeyRejected("the key is empty", hint=hint)
    if any(char.isspace() for char in key):
        raise KeyRejected("the key has a space or a line break in it", hint=hint)
    if not key.isascii() or not key.isprintable():
        raise KeyRejected("the key has a character in it that no key has", hint=hint)
    if {'"', "'"} & set(key):
        raise KeyRejected("the key has a quotation mark in it", hint=hint)
    if len(key) > _LONGEST_KEY:
        raise KeyRejected(f"the key is longer than {_LONGEST_KEY} characters", hint=hint)
    return Secret(key)


def parse_label(text: str) -> str:
    """The label of a key: letters, digits, spaces and ``. _ - @ +``, at most 40 characters.

    Args:
        text: What was typed.

    Raises:
        UsageError: It cannot be a label.
    """
    label = text.strip()
    if not _LABEL.fullmatch(label):
        raise UsageError(
            "a label has 1 to 40 letters, digits, spaces or any of . _ - @ +", hint='For example "work" or "private".'
        )
    if label.lower() in RESERVED:
        raise UsageError(f"the label {label} is reserved", hint='For example "work" or "private".')
    return label
