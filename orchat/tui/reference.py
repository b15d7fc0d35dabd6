"""The page of the manual about keys and commands, made from the same tables as the screen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from orchat.tui.asked import SETTINGS
from orchat.tui.commands import COMMANDS, Command, Scope
from orchat.tui.elsewhere import ELSEWHERE
from orchat.tui.keymap import USUAL, defaults
from orchat.tui.keynames import shown_key

WRITING = (
    ("Enter", "", "Send; while an answer runs, queue"),
    ("Ctrl+J", "", "New line; so do Shift+Enter and Alt+Enter"),
    ("↑", "", "In an empty composer: the prompt before"),
    ("PgUp / PgDn", "", "Read back while you write"),
    ("Ctrl+C", "", "Copy what is selected; with nothing selected, twice to leave"),
    ("", "//text", "Send a text that begins with a slash"),
)
"""Keys that belong to the text alone: key, what is typed, what it does."""
PLACES: tuple[tuple[str, tuple[Scope, ...]], ...] = (
    ("Everywhere", ("app", "chat")),
    ("In the conversation (F6, or a click)", ("transcript",)),
    ("With a message (Alt+↑, or a click)", ("message",)),
)
"""Where commands can be carried out by their keys."""
_HEAD = """\
# Keys and commands

<!-- Made from the tables of the program by `make reference`. -->

Every command is in the palette (`^P`). What has a name after a slash can be typed into the composer, with completion:
Tab takes what is highlighted, Enter carries out the line. On the screen, F1 shows this list with the keys that you
have chosen.
"""
_ELSEWHERE = """\
## On other screens

What is done on the screens and in the lists that lie over the chat has keys of its own, which count there alone. F1
shows them first. Moving about in a list or a text is the same everywhere.
"""
_OWN = """\
## Keys of your own

In the settings file (`orchat config path`), by the names of the last column:

```toml
[keymap]
model = "f4"                # another key
sessions = "ctrl+r, f3"     # two keys
usage = ""                  # no key
compare_copy = "ctrl+y"     # on the screen that compares models
```

A key is written as `ctrl+o`, `^O`, `f4`, `alt+up`, `pgup`, `c`, `R` or `?`. For one run: `orchat --set
keymap.model=f4`; in the environment: `ORCHAT_KEYMAP__MODEL=f4`. All commands are within reach of the chat screen, so
no key may mean two of them; two commands may change places. The same holds on each other screen, where the keys of
`quit` and `help` count, too.

What cannot be is left out and everything else works. The screen says so when it starts, and `orchat doctor` and
`orchat config show` do too: a name that is no command, a text that is no key, a key of another command in the same
place, a key that writing or reading needs, and keys that never arrive (`ctrl+i` is Tab to a terminal, `ctrl+m`
Enter, `ctrl+[` Esc, `ctrl+h` Backspace).

`orchat doctor keys` shows what your terminal really sends for a key, what it is called here, and what it does. Esc
three times in a row leaves, and so does Ctrl+C twice. Keys such as `ctrl+shift+u` or `shift+enter` exist only where
the terminal speaks Kitty's protocol.
"""
_ASKED = """\
## What a session is asked with

F2 or `/settings` lists it. What is set is kept with the session, goes along when it is forked or duplicated, and
stands beside the conversation as long as it is not the usual. The word `default` takes a setting away. `/set NAME
VALUE` takes these and every other field of a request, as `orchat ask -p` does; a name that orchat does not know is
sent as it is. What the settings file says under `[chat]` and `[provider]` counts where a session says nothing.
"""


def keys_and_commands() -> str:
    """The page in Markdown, with the usual keys."""
    parts = [_HEAD]
    for title, scopes in PLACES:
        rows = [_row(command) for command in COMMANDS if command.scope in scopes]
        parts.append(f"## {title}\n\n{_table(('key', 'typed', 'what it does', 'name'), rows)}")
    parts.append(_ELSEWHERE)
    for place in ELSEWHERE:
        keys = [(", ".join(map(shown_key, defaults(one))), one.about, _code(one.id)) for one in place.keys]
        parts.append(
            f"### {place.title} ({USUAL.way_to(place.command)})\n\n{_table(('key', 'what it does', 'name'), keys)}"
        )
    writing = [(key, _code(typed), about) for key, typed, about in WRITING]
    parts.append(f"## While you write\n\n{_table(('key', 'typed', 'what it does'), writing)}")
    parts.append(_OWN)
    settings = [
        (_code(setting.name), setting.label, ", ".join(map(_code, setting.values)) or setting.about)
        for setting in SETTINGS
    ]
    parts.append(f"{_ASKED}\n{_table(('name', 'what', 'values'), settings)}")
    return "\n".join(parts)


def _row(command: Command) -> tuple[str, ...]:
    keys = ", ".join(map(shown_key, defaults(command)))
    return keys, _code(typed(command)), command.about, _code(command.id)


def typed(command: Command) -> str:
    """What stands for a command in the composer; empty for nothing."""
    return f"/{command.slash} {command.argument}".rstrip() if command.slash else ""


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
