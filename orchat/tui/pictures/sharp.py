"""A picture in the terminal's own pixels, by Kitty's protocol or Sixel (the extra ``images``).

textual-image asks the terminal what it can do when it is imported, and waits up to two seconds for the answer. So this
is a program of its own, run by the chat while it has given the terminal away: ``python -m orchat.tui.pictures.sharp``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image
    from rich.console import Console

EXTRA = "textual_image"
"""The package that the extra brings."""
MOST_PIXELS = 2_048
"""Longest side of what is sent to the terminal."""
RESERVED = 2
"""Rows below the picture: an empty one and the words."""


def is_installed() -> bool:
    """Whether the extra is there; it is not imported."""
    return find_spec(EXTRA) is not None


def show(data: bytes) -> None:
    """Run the program until a person has seen enough; only the user may read the file that it is given.

    Args:
        data: The picture.

    Raises:
        OSError: It cannot be started, or there is no room for the file.
    """
    descriptor, name = tempfile.mkstemp(prefix="orchat-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        subprocess.run([sys.executable, "-m", __name__, name], check=False)  # noqa: S603  # a program of our own
    finally:
        Path(name).unlink(missing_ok=True)


def main(arguments: list[str]) -> int:
    """Show a picture until a key is pressed.

    Args:
        arguments: The file.

    Returns:
        The exit code: 0; 1 where the picture cannot be shown.
    """
    from rich.console import Console

    from orchat.errors import MediaError

    console = Console(highlight=False, markup=False)
    console.clear()
    try:
        picture = opened(Path(arguments[0]))
    except (MediaError, OSError) as error:
        console.print(str(error))
        wait_for_key()
        return 1
    words = draw(console, picture)
    forget_input()
    console.print(f"\n{words}any key: back", end="", style="dim", no_wrap=True, overflow="ellipsis")
    wait_for_key()
    console.clear()
    return 0


def opened(file: Path) -> Image:
    """Decode a picture within the limits that hold for what is sent.

    Args:
        file: The picture.

    Raises:
        MediaError: It is none, damaged, or too large.
        OSError: It cannot be read.
    """
    from orchat.media.image import recognise, small

    data = file.read_bytes()
    name = "the picture"
    picture, _ = small(data, recognise(data, name), name, MOST_PIXELS)
    return picture


def draw(console: Console, picture: Image) -> str:
    """Draw a picture as sharply as the terminal can, as large as it is.

    Args:
        console: The terminal.
        picture: What is drawn.

    Returns:
        What is to be said about it, if anything.
    """
    from textual_image import renderable

    console.print(renderable.Image(picture, "auto", "auto"), height=max(1, console.height - RESERVED))
    is_sharp = renderable.Image in (renderable.SixelImage, renderable.TGPImage)
    return "" if is_sharp else "This terminal draws neither Kitty's pictures nor Sixel.  ·  "


def forget_input() -> None:
    """An answer of the terminal that came too late is no key press."""
    if sys.platform != "win32":
        import termios

        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)


def wait_for_key() -> None:
    """Wait for one key press, whatever it is; what its sequence is made of is not left for the next reader."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.getch()
        return
    import termios
    import tty

    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    try:
        tty.setcbreak(terminal, termios.TCSANOW)
        os.read(terminal, 1024)
    finally:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
