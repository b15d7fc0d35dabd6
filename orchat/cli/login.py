"""``orchat login``: a key from OpenRouter that nobody has to copy."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import click

from orchat.cli.options import common, invocation_of
from orchat.cli.prompt import STDIN
from orchat.errors import KeysError, SignInFailed, UsageError

if TYPE_CHECKING:
    from orchat.cli.diagnostics import Diagnostics
    from orchat.cli.invocation import Invocation
    from orchat.keys.ring import Ring
    from orchat.keys.signin import Kept, SignIn
    from orchat.openrouter.oauth import SignedIn
    from orchat.runtime import Runtime

KEYS_PAGE = "https://openrouter.ai/settings/keys"
LONGEST_LINE = 16_384
"""Bytes; no code and no address is as long."""
_MISTAKES = ("code", "verifier", "state")
"""Reasons for which another code may be pasted."""


@click.command("login", add_help_option=False)
@click.option("--label", metavar="LABEL", help="What to call the key here; else the first free one of openrouter, …")
@click.option(
    "--no-browser", is_flag=True, help="Open no browser: print the page's address and take the code it shows."
)
@common()
@click.pass_context
def command(context: click.Context, /, *, label: str | None, no_browser: bool) -> None:
    """Sign in with OpenRouter, and keep the key.

    A browser opens OpenRouter's page; when you have allowed it there, the key goes straight into the system's keyring.
    Over SSH and without a display the address is printed, and the code that the page shows is pasted here.
    """
    from orchat.keys.browser import has_browser
    from orchat.keys.entry import parse_label

    invocation = invocation_of(context)
    if invocation.demo:
        raise UsageError("the demo needs no key", hint="Leave --demo out.")
    name = None if label is None else parse_label(label)
    opens = not no_browser and has_browser(invocation.environ)

    async def whole(runtime: Runtime) -> Kept:
        from orchat.keys.signin import SignIn, keep

        parts = runtime.parts
        await _must_be_kept(parts.ring)
        signin = SignIn(parts.client, runtime.clock, key_label=f"orchat {name}" if name else "orchat")
        signed_in = await Desk(invocation, signin).sign_in(opens=opens)
        kept = await keep(parts.ring, parts.shelf, signed_in.key, label=name)
        if kept.lease.source == "process":
            raise _lost(parts.ring)
        return kept

    _tell(invocation.diagnostics, invocation.run(whole))


class Desk:
    """Where a person signs in: says what to do, and takes what is typed.

    Args:
        invocation: Of this command.
        signin: The attempt.
    """

    def __init__(self, invocation: Invocation, signin: SignIn) -> None:
        self._diagnostics = invocation.diagnostics
        self._output = invocation.output
        self._signin = signin
        self._typed = bytearray()

    async def sign_in(self, *, opens: bool) -> SignedIn:
        """Show the page, and wait until a key comes of it.

        Args:
            opens: Open a browser here.

        Raises:
            SignInFailed: None does.
            RequestFailed: The server could not be asked.
            UsageError: There is no terminal to paste a code on.
        """
        if opens:
            async with self._signin.listening() as page:
                if page.is_listening and await self._opened():
                    self._say("waiting for the browser; where it ends at a page that does not load, paste its address")
                    return await self._key(typed=os.isatty(STDIN))
        self._say("open this page in any browser, allow orchat there, and paste the code that it shows:")
        self._output.write(f"{self._signin.headless_url}\n")
        return await self._key(typed=True)

    async def _opened(self) -> bool:
        from orchat.keys.browser import open_page

        self._say("opening your browser; if nothing appears, open this page yourself:")
        self._output.write(f"{self._signin.url}\n")
        if await open_page(self._signin.url):
            return True
        self._say("no browser could be opened")
        return False

    async def _key(self, *, typed: bool) -> SignedIn:
        while True:
            if typed:
                await self._code()
            try:
                return await self._signin.key()
            except SignInFailed as error:
                if not typed or error.reason not in _MISTAKES:
                    raise
                self._complain(error)

    async def _code(self) -> None:
        """Wait for the code, from wherever it comes. What is typed later is kept for later."""
        from orchat.tasks import Tasks

        tasks = Tasks()
        code = tasks.spawn(self._signin.code(), name="sign-in code")
        try:
            while not self._signin.is_answered and not code.done():
                line = tasks.spawn(self._line(), name="sign-in line")
                await asyncio.wait({code, line}, return_when=asyncio.FIRST_COMPLETED)
                if line.done():
                    self._paste(line.result())
            await code
        finally:
            await tasks.close(cancel=True)

    def _paste(self, text: str) -> None:
        if not text.strip():
            return
        try:
            self._signin.paste(text)
        except SignInFailed as error:
            if error.reason not in _MISTAKES:
                raise
            self._complain(error)

    async def _line(self) -> str:
        """The next line of stdin, whatever that is; unlike `input` it can be cancelled, and then loses nothing."""
        loop, ready = asyncio.get_running_loop(), asyncio.Event()
        try:
            loop.add_reader(STDIN, ready.set)
            waits = True
        except OSError:
            waits = False  # a file, which is always ready
        try:
            while b"\n" not in self._typed:
                if waits:
                    await ready.wait()
                    ready.clear()
                del self._typed[LONGEST_LINE:]
                self._typed += _some() or self._end()
        finally:
            if waits:
                loop.remove_reader(STDIN)
        line, _, rest = bytes(self._typed).partition(b"\n")
        self._typed = bytearray(rest)
        return line.decode("utf-8", "replace")

    def _end(self) -> bytes:
        """A last line may have no newline; after it there is nothing to wait for."""
        if not self._typed:
            raise UsageError("no code came", hint="Run orchat login on a terminal, and paste the code there.")
        return b"\n"

    def _complain(self, error: SignInFailed) -> None:
        self._say(f"{error.message}: {error.hint}" if error.hint else error.message)

    def _say(self, words: str) -> None:
        self._diagnostics.note(words, always=True)


def _some() -> bytes:
    try:
        return os.read(STDIN, 4096)
    except OSError:
        return b""


async def _must_be_kept(ring: Ring) -> None:
    """Nobody should sign in for a key that has no place to go."""
    if ring.kept.vault is None:
        from orchat.keys.place import ELSEWHERE

        raise KeysError("no place for keys is configured (keys.store = env)", hint=ELSEWHERE)
    await ring.kept.load()


def _lost(ring: Ring) -> KeysError:
    why = ring.trouble
    assert why is not None  # the ring says why a key serves this process alone
    hint = f"{why.hint or ''} The key that was made is of no use now: delete it at {KEYS_PAGE}"
    return KeysError(f"signed in, but the key could not be kept: {why.message}", hint=hint.strip())


def _tell(diagnostics: Diagnostics, kept: Kept) -> None:
    from orchat.keys.signin import facts

    lease = kept.lease
    if kept.is_new:
        words = f"signed in: kept as {lease.label} ({lease.fingerprint}) in the {lease.source}"
    else:
        words = f"this key was there already, as {lease.label} ({lease.fingerprint}): it is used, and not kept twice"
    diagnostics.note(words, always=True)
    if kept.status is not None:
        diagnostics.note(", ".join(facts(kept.status)), always=True)
    if kept.warning:
        diagnostics.note(kept.warning, always=True)
