"""``orchat doctor keys``: what the terminal really sends, what that is called, and what it does."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import click

from orchat.cli.diagnostics import ExitCode
from orchat.cli.doctor import probe
from orchat.cli.options import common, invocation_of
from orchat.cli.output import Output
from orchat.errors import UsageError

if TYPE_CHECKING:
    from orchat.tui.keyboard import KeyReader, Press
    from orchat.tui.keymap import Keymap

SETTLE_S = 0.15
"""An Escape that nothing follows for so long was the key; Textual waits a little less."""
TELL_MORE = b"\x1b[>1u"
TELL_LESS = b"\x1b[<u"
"""Kitty's protocol, switched on and off as the screen does it."""
LEAVING = (("escape", 3), ("ctrl+c", 2))
"""What leaves when it is pressed so many times in a row."""
_RAW_WIDTH = 20
_NAME_WIDTH = 20


@click.command("keys", add_help_option=False)
@common()
@click.pass_context
def command(context: click.Context, /) -> int:
    """Show what the terminal sends for each key, what the key is called in [keymap], and what it does.

    Esc three times in a row leaves, and so does Ctrl+C twice.
    """
    from orchat.tui.keymap import faults_of, read_keymap

    invocation = invocation_of(context)
    if not (invocation.output.is_terminal and os.isatty(0)):
        raise UsageError("this listens to a keyboard, so it needs a terminal", hint="Run it without a pipe.")
    loaded = invocation.load()
    for fault in faults_of(loaded):
        invocation.diagnostics.note(f"{fault.message} ({fault.hint})", always=True)
    listen(invocation.output, read_keymap(loaded.config.keymap), invocation.environ)
    return ExitCode.DONE


def listen(output: Output, keymap: Keymap, environ: Mapping[str, str]) -> None:
    """Tell of every key until somebody leaves; the terminal is afterwards as it was before.

    Args:
        output: Where to.
        keymap: The keys that count.
        environ: Says what the terminal may be asked.
    """
    from orchat.tui.keyboard import KeyReader

    answers = probe.ask(probe.question_for(environ))
    is_kitty = answers is not None and answers.kitty_keyboard
    told = "Kitty's protocol" if is_kitty else "no Kitty protocol: some keys arrive as others, or not at all"
    output.write(f"keyboard: {told}\nEsc three times in a row leaves, and so does Ctrl+C twice.\n\n")
    output.styled([("dim", _line("SENT", "KEY", "DOES").rstrip()), ("plain", "\n")])
    latest: list[str] = []
    with _listening(kitty=is_kitty):
        for press in _presses(KeyReader()):
            for line in told_of(press, keymap):
                output.write(line)
            latest = [*latest, *(press.keys or ("",))][-3:]
            if any(latest[-count:] == [key] * count for key, count in LEAVING):
                return


def told_of(press: Press, keymap: Keymap) -> Iterator[str]:
    """The lines that tell of something that came from the terminal.

    Args:
        press: What came.
        keymap: The keys that count.
    """
    raw = repr(press.raw)[2:-1]
    if not press.keys:
        yield _line(raw, "", press.what)
    for key in press.keys:
        name = key if key.isprintable() else repr(key)[1:-1]
        does = " · ".join(f"{place}: {what}" for place, what in keymap.meaning(key))
        yield _line(raw, name, does or "nothing")
        raw = ""


def _line(raw: str, name: str, does: str) -> str:
    return f"{raw:<{_RAW_WIDTH - 1}} {name:<{_NAME_WIDTH - 1}} {does}".rstrip() + "\n"


def _presses(reader: KeyReader) -> Iterator[Press]:
    """What somebody presses, until the terminal goes away."""
    while True:
        ready, _, _ = select.select([0], [], [], SETTLE_S if reader.waits else None)
        if not ready:
            yield from reader.settle()
            continue
        try:
            data = os.read(0, 1024)
        except OSError:
            return
        if not data:
            return
        yield from reader.feed(data)


@contextmanager
def _listening(*, kitty: bool) -> Iterator[None]:
    """Every key comes as it is, and nothing of it is shown; whatever happens, it is undone."""
    import termios

    before = termios.tcgetattr(0)
    attributes: list[Any] = [*before[:6], list(before[6])]
    attributes[0] &= ~(termios.IXON | termios.ICRNL | termios.INLCR | termios.IGNCR)
    attributes[3] &= ~(termios.ECHO | termios.ICANON | termios.ISIG | termios.IEXTEN)
    handlers = {number: signal.signal(number, _interrupted) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        termios.tcsetattr(0, termios.TCSADRAIN, attributes)
        if kitty:
            os.write(1, TELL_MORE)
        yield
    finally:
        # A terminal that went away cannot be mended, and need not be.
        with suppress(OSError, termios.error):
            if kitty:
                os.write(1, TELL_LESS)
            termios.tcsetattr(0, termios.TCSAFLUSH, before)
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _interrupted(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt
