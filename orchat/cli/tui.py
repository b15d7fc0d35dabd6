"""Opens the screen."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from orchat.cli.diagnostics import Diagnostics, ExitCode
from orchat.cli.invocation import make
from orchat.cli.outcome import conclude
from orchat.cli.prompt import STDIN
from orchat.errors import UsageError
from orchat.paths import environment, set_default_variable
from orchat.tui.curtain import Curtain, Look, has_colours
from orchat.tui.keymap import read_keymap

if TYPE_CHECKING:
    from orchat.cli.invocation import Invocation
    from orchat.domain.conversation import Conversation
    from orchat.runtime import Runtime
    from orchat.tui.app import ExitNote
    from orchat.tui.beginning import Beginning


def main() -> int:
    """``orchat`` without arguments: there is nothing to parse, so click is not loaded.

    Returns:
        The exit code. Nothing is raised.
    """
    invocation = make(environment(), as_json=False)
    return conclude(partial(open_screen, invocation), invocation)


def open_screen(invocation: Invocation, beginning: Beginning | None = None, *, latest: bool = False) -> int:
    """Chat on the screen until it is left.

    Args:
        invocation: Says where everything is.
        beginning: How the first conversation begins; None: as a new one.
        latest: Go on with the latest session, if there is one.

    Returns:
        The exit code.

    Raises:
        UsageError: There is no terminal.
        OrchatError: The settings are wrong, or the database cannot be used.
    """
    if not invocation.output.is_terminal or not os.isatty(STDIN):
        raise UsageError("the screen needs a terminal", hint='Without one: orchat ask "your question"')
    look = _look(invocation, beginning, latest=latest)
    with Curtain(look, invocation.environ) as curtain, ExitStack() as stack:
        if latest and beginning is not None:
            beginning = replace(beginning, resume=invocation.run(_latest, front_end="cli"))
        # Textual reads it when it is imported: half as long from key to screen as with its default of 60.
        set_default_variable("TEXTUAL_FPS", "120")
        from orchat.tui.app import run_tui

        runtime = invocation.runtime("tui", stack)
        offer = None if invocation.demo else partial(invocation.demo_runtime, "tui", stack)
        note = run_tui(runtime, start_demo=offer, beginning=beginning, is_demo=invocation.demo, curtain=curtain)
    return _parting(invocation.diagnostics, note)


def _look(invocation: Invocation, beginning: Beginning | None, *, latest: bool) -> Look:
    """What the first frame shows.

    Raises:
        ConfigError: A setting is wrong.
    """
    config = invocation.load().config
    return Look(
        theme=config.tui.theme,
        keymap=read_keymap(config.keymap),
        has_colours=not config.tui.plain and has_colours(invocation.environ),
        has_sidebar=config.tui.sidebar,
        has_title=not latest and (beginning is None or beginning.resume is None),
        is_temporary=beginning is not None and beginning.is_temporary,
    )


def _parting(diagnostics: Diagnostics, note: ExitNote | None) -> ExitCode:
    """Say what is left to say when the screen is gone."""
    if note is not None and note.failed:
        diagnostics.problem("Crashed", note.text)
        return ExitCode.FAILED
    if note is not None and note.text:
        diagnostics.note(note.text)
    if note is not None and note.interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.DONE


async def _latest(runtime: Runtime) -> str | None:
    found: Conversation | None = await runtime.conversations.latest()
    return None if found is None else found.id
