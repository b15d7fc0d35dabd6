"""A conversation's name, from its first line, at once and for nothing."""

from __future__ import annotations

LONGEST = 80
UNTITLED = "New conversation"


def title_from(prompt: str) -> str:
    """The first line that says something, at most 80 characters, cut at a word where possible."""
    line = next((stripped for raw in prompt.splitlines() if (stripped := raw.strip().strip("#>*`- \t"))), "")
    line = " ".join(line.split())
    if not line:
        return UNTITLED
    if len(line) <= LONGEST:
        return line
    cut = line[: LONGEST - 1]
    head, _, _ = cut.rpartition(" ")
    return f"{head if len(head) > LONGEST // 2 else cut}…"
