"""The first frame, written before Textual is loaded: what stands there is where it will stand."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

from orchat.tui import layout
from orchat.tui.echo import Echo, Typed
from orchat.tui.shades import PLAIN, SHADES

if TYPE_CHECKING:
    from orchat.tui.keymap import Keymap

TERMINAL = 2
"""Textual writes its frames to stderr."""
_KEYBOARD = 0
_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?1049l\x1b[?25h"
_LEAST = (60, 8)
"""Columns and lines; with less, there is only the ground."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What the first frame depends on."""

    theme: str
    """Its name; colours are known of our own ones alone."""
    keymap: Keymap
    """The keys that count."""
    has_colours: bool = True
    """Whether the terminal shows all colours, and somebody wants them."""
    has_sidebar: bool = True
    """Whether figures stand beside the conversation where there is room."""
    has_title: bool = True
    """Whether it is known that the conversation is a new one."""
    is_temporary: bool = False
    """Whether that one leaves nothing behind."""


class _Ink:
    """Words in the colours of a theme."""

    def __init__(self, look: Look) -> None:
        is_known = look.has_colours and look.theme in SHADES and look.theme != PLAIN
        self._shades = SHADES[look.theme] if is_known else {}

    def words(self, text: str, shade: str, ground: str, *, bold: bool = False, block: bool = False) -> str:
        """A text on a ground; `block` is the cursor's."""
        codes = ["0", *(["1"] if bold else []), *(["7"] if block and not self._shades else [])]
        if self._shades:
            codes += [f"38;2;{_rgb(self._shades[shade])}", f"48;2;{_rgb(self._shades[ground])}"]
        return f"\x1b[{';'.join(codes)}m{text}"


def _rgb(shade: str) -> str:
    return ";".join(str(int(shade[start : start + 2], 16)) for start in (1, 3, 5))


def first_frame(look: Look, columns: int, lines: int) -> str:
    """What a terminal of this size has to be sent, once it shows the other screen."""
    ink = _Ink(look)
    frame = [ink.words("", "text", "ground"), "\x1b[2J"]
    if columns >= _LEAST[0] and lines >= _LEAST[1]:
        frame += _top(look, ink, columns)
        frame += _prompt(look, ink, columns, lines)
        frame += _keys(look, ink, columns, lines)
    return "".join([*frame, "\x1b[0m"])


def _at(line: int, column: int = 0) -> str:
    return f"\x1b[{line + 1};{column + 1}H"


def _top(look: Look, ink: _Ink, columns: int) -> list[str]:
    # The model comes with Textual and takes up to half of the line.
    head = [_at(0), ink.words(" " * columns, "text", "panel"), _at(0, layout.EDGE)]
    head.append(ink.words(layout.NAME, "accent", "panel", bold=True))
    if look.is_temporary:
        head += [ink.words("  ", "text", "panel"), ink.words(layout.TEMPORARY, "you", "panel", bold=True)]
    elif look.has_title:
        head.append(ink.words(f"   {layout.NEW}", "text", "panel"))
    return head


def _prompt(look: Look, ink: _Ink, columns: int, lines: int) -> list[str]:
    row, width = _composer(look, columns, lines)
    rows = range(row - 1, row + 2) if lines >= layout.HIGH else (row,)
    empty = ink.words(" " * width, "text", "panel")
    return [
        *(_at(number) + empty for number in rows),
        _at(row, layout.EDGE) + ink.words(layout.MARK, "accent", "panel", bold=True),
        _at(row, layout.EDGE + 2) + ink.words(layout.PLACEHOLDER[0], "ground", "accent", block=True),
        ink.words(layout.PLACEHOLDER[1:], "faint", "panel"),
    ]


def _composer(look: Look, columns: int, lines: int) -> tuple[int, int]:
    """The line that the prompt stands in, and how wide it is."""
    width = columns - (layout.SIDEBAR if look.has_sidebar and columns >= layout.WIDE else 0)
    return lines - (3 if lines >= layout.HIGH else 2), width


def room_for_typing(look: Look, columns: int, lines: int) -> int:
    """Cells for what is typed while the first frame stands; less than a line, which would be wrapped."""
    if columns < _LEAST[0] or lines < _LEAST[1]:
        return 0
    return _composer(look, columns, lines)[1] - 2 * layout.EDGE - 4


def typed_line(look: Look, columns: int, lines: int, text: str) -> str:
    """What a terminal has to be sent for a text to stand in the composer of the first frame."""
    ink = _Ink(look)
    if not text:
        return "".join([*_prompt(look, ink, columns, lines), "\x1b[0m"])
    row, width = _composer(look, columns, lines)
    words = [ink.words(text, "text", "panel"), ink.words(" ", "ground", "accent", block=True)]
    # Erasing takes the ground that is set, but would go on into the figures.
    blank = ink.words(" " * (width - layout.EDGE - 2), "text", "panel")
    start = _at(row, layout.EDGE + 2)
    return "".join([start, blank, start, *words, "\x1b[0m"])


def _keys(look: Look, ink: _Ink, columns: int, lines: int) -> list[str]:
    pairs = layout.fitting(layout.footer_pairs(look.keymap), columns - 2 * layout.EDGE)
    parts = [
        ink.words(key, "accent", "ground", bold=True) + ink.words(f" {title}", "dim", "ground") for key, title in pairs
    ]
    return [_at(lines - 1, layout.EDGE), ink.words("  ", "dim", "ground").join(parts)]


def has_colours(environ: Mapping[str, str]) -> bool:
    """Whether exact colours can be shown and are wanted."""
    return environ.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit") and "NO_COLOR" not in environ


def size(environ: Mapping[str, str]) -> tuple[int, int]:
    """Columns and lines, as Textual finds them: what is exported comes before what the terminal says.

    Args:
        environ: May name them.

    Raises:
        OSError: There is no terminal.
    """
    real = os.get_terminal_size(TERMINAL)
    columns, lines = (environ.get(name, "") for name in ("COLUMNS", "LINES"))
    return int(_digits(columns)) or real.columns, int(_digits(lines)) or real.lines


def _digits(text: str) -> str:
    return text if text.isascii() and text.isdecimal() else "0"


class Curtain:
    """Shows the first frame, and holds the terminal until Textual does; afterwards it is as before in any case.

    Args:
        look: What the frame depends on.
        environ: Says what terminal it is.
    """

    def __init__(self, look: Look, environ: Mapping[str, str]) -> None:
        self._look = look
        self._environ = environ
        self._is_able = sys.platform != "win32" and environ.get("TERM", "") not in ("", "dumb")
        self._is_up = False
        self._modes: list[Any] = []
        self._before: dict[int, Any] = {}
        self._echo: Echo | None = None

    def __enter__(self) -> Curtain:
        if self._is_able and all(os.isatty(number) for number in (_KEYBOARD, 1, TERMINAL)):
            try:
                self._raise()
            except BaseException:  # a signal; nobody else would put right what has been done by then
                self._drop()
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._drop()

    def hand_over(self) -> Typed | None:
        """Leave the terminal to somebody else; gives what was typed, or None if the terminal was not held."""
        if not self._is_up:
            return None
        typed = self._listen_no_more()
        self._is_up = False
        _set_modes(self._modes)
        return typed

    def _listen_no_more(self) -> Typed:
        echo, self._echo = self._echo, None
        return Typed() if echo is None else echo.stop()

    def _drop(self) -> None:
        try:
            self._listen_no_more()  # it writes, too
        finally:
            if self._is_up:
                _write(_LEAVE)  # before the rest: a second signal must find the screen left
            self.hand_over()
            self._release()

    def _raise(self) -> None:
        try:
            columns, lines = size(self._environ)
        except OSError:
            return
        frame = first_frame(self._look, columns, lines)
        self._hold_signals()
        self._modes = _modes()
        self._is_up = True
        _set_modes(_quiet(self._modes))
        _write(_ENTER + frame)
        if self._modes and (room := room_for_typing(self._look, columns, lines)):
            self._echo = Echo(_KEYBOARD, room, lambda text: _write(typed_line(self._look, columns, lines, text)))
            self._echo.start()

    def _hold_signals(self) -> None:
        """Whatever ends the process has to put the terminal right; being put to sleep would leave it as it is."""
        wanted: dict[int, Callable[[int, FrameType | None], None]] = dict.fromkeys(
            (signal.SIGTERM, *_also("SIGHUP")), _end
        )
        wanted.update(dict.fromkeys(_also("SIGTSTP"), _stay))
        for number, handler in wanted.items():
            # `nohup` and a shell that starts a job in the background ignore a signal for us.
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, handler)

    def _release(self) -> None:
        for number, handler in self._before.items():
            if signal.getsignal(number) in (_end, _stay):
                signal.signal(number, handler)
        self._before.clear()


def _end(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _stay(_number: int, _frame: FrameType | None) -> None:
    return


def _also(name: str) -> tuple[int, ...]:
    """A signal that not every system has."""
    number = getattr(signal, name, None)
    return () if number is None else (number,)


def _modes() -> list[Any]:
    """How the terminal takes what is typed; empty where that cannot be told."""
    import termios

    try:
        return termios.tcgetattr(_KEYBOARD)
    except (OSError, termios.error):
        return []


def _quiet(modes: list[Any]) -> list[Any]:
    """The same without an echo, which would stand in the frame; Enter and ^Q wait for Textual as what they are."""
    import termios

    if not modes:
        return []
    taken, local = termios.ICRNL | termios.IXON, termios.ECHO | termios.ICANON
    # ^C and ^Z take away what was typed before: whoever is about to read it must not wait for more.
    characters = [0 if at in (termios.VMIN, termios.VTIME) else char for at, char in enumerate(modes[6])]
    return [modes[0] & ~taken, *modes[1:3], modes[3] & ~local, *modes[4:6], characters]


def _set_modes(modes: list[Any]) -> None:
    import termios

    if modes:
        with suppress(OSError, termios.error):
            termios.tcsetattr(_KEYBOARD, termios.TCSANOW, modes)


def _write(text: str) -> None:
    """A terminal that is gone, or takes nothing, is found out about by whoever comes next."""
    data = text.encode()
    with suppress(OSError):
        while data:
            data = data[os.write(TERMINAL, data) :]
