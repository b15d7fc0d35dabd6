"""What somebody wants read, typed behind a command: paths, and options as ``orchat ocr`` has them. Knows no widget."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from pathlib import Path

from orchat.errors import UsageError
from orchat.ocr.estimate import limit_of
from orchat.ocr.job import Wish
from orchat.ocr.prompt import read_prompt

_NAMES = {"-m": "--model", "--model": "--model", "--prompt": "--prompt", "--max-cost": "--max-cost"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PageWish:
    """What is to be read, and how."""

    paths: tuple[Path, ...] = ()
    """Files and folders."""
    wish: Wish = field(default_factory=Wish)
    """Models and prompt; no paths."""
    max_cost_pico: int | None = None
    """The job stops before it has cost more; None: no limit."""


def parse(argument: str) -> PageWish:
    """Understand what was typed: one path as it is, or words as a shell has them; it blocks.

    Args:
        argument: Behind the command's name.

    Raises:
        UsageError: An option that is not known, or has no value, or one that makes no sense.
        MediaError: The prompt's file cannot be read.
    """
    whole = _path(argument.strip("'\""))
    if argument and whole.exists():
        return PageWish(paths=(whole,))
    try:
        words = shlex.split(argument)
    except ValueError:
        words = [argument]
    paths: list[Path] = []
    models: list[str] = []
    options: dict[str, str] = {}
    while words:
        word = words.pop(0)
        given, equals, value = word.partition("=")
        if not word.startswith("-") or _path(word).exists():
            paths.append(_path(word))
            continue
        name = _NAMES.get(given)
        if name is None:
            raise UsageError(f"{given} is not known here", hint="-m MODEL, --prompt FILE and --max-cost USD are")
        if not equals and not words:
            raise UsageError(f"{given} needs a value", hint=f"for example: {_EXAMPLES[name]}")
        value = value if equals else words.pop(0)
        if name == "--model":
            models.append(value)
        options[name] = value
    return PageWish(
        paths=tuple(paths),
        wish=Wish(
            model=next(iter(models), None),
            fallbacks=tuple(models[1:]),
            prompt=read_prompt(options["--prompt"]) if "--prompt" in options else None,
        ),
        max_cost_pico=limit_of(options["--max-cost"]) if "--max-cost" in options else None,
    )


_EXAMPLES = {"--model": "-m openai/gpt-4o", "--prompt": "--prompt words.txt", "--max-cost": "--max-cost 0.50"}


def _path(word: str) -> Path:
    return Path(word).expanduser()
