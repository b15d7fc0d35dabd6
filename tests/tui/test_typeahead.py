"""What is typed while the program still starts is not lost, in a real terminal."""

from __future__ import annotations

import pytest

from orchat.demo.launch import running_demo
from tests.support.terminal import in_terminal


@pytest.mark.parametrize("typed", ["typed too early", "\x1b[200~pasted too early\x1b[201~"])
def test_what_is_typed_before_the_first_frame_stands_in_the_composer(typed: str) -> None:
    with running_demo(pace=0) as base_url, in_terminal(base_url) as terminal:
        terminal.type(typed.encode())
        terminal.until(b"\x1b[?1049h")  # until now the terminal itself echoes what is typed
        terminal.until(b"too early")
        terminal.type(b"\x11")
        terminal.until(b"NOTE")
