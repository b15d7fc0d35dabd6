"""The keys: what each has used and may still use, and everything their owner does with them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from textual import events, on, work
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from orchat.errors import OrchatError, UsageError
from orchat.tui.keyrows import Check, KeyRow, details, header, row
from orchat.tui.keys import place_bindings
from orchat.tui.lines import DIM, STRONG, keys_rows
from orchat.tui.screens.confirm import AskLine, Confirm
from orchat.tui.screens.dialog import Dialog, NoteLine, TitleLine, soon
from orchat.tui.standing import place, source_of
from orchat.tui.widgets.rows import Row, RowList
from orchat.tui.wording import plain, plural

if TYPE_CHECKING:
    from orchat.keys.lease import KeyLease, KnownKey
    from orchat.runtime import Runtime
    from orchat.tui.app import OrchatApp

SECOND_S = 1.0
READ_EVERY = 3
"""Seconds between two looks at what other instances have done."""


class KeyList(RowList):
    """A click looks at a key, a second one uses it."""

    def on_click(self, event: events.Click) -> None:
        """Using a key is more than looking at it."""
        event.prevent_default()
        index = event.y + self.scroll_offset.y
        if 0 <= index < len(self._rows):
            self._at = index
            self._changed()
        if event.chain > 1:
            self.action_choose()


class KeysScreen(Dialog[None]):
    """All keys in ring order.

    Args:
        runtime: Started.
        note: Said under the list at first: foreign.
    """

    app: OrchatApp
    DEFAULT_CSS = """
    KeysScreen {
        & #header { height: 1; margin-top: 1; }
        & KeyList { min-height: 2; }
        & #details { height: auto; max-height: 9; border-top: solid $line; padding-top: 0; }
        & .foot { margin-top: 1; }
    }
    KeysScreen.-low #header { margin-top: 0; }
    KeysScreen.-lowest #header { margin-top: 0; }
    KeysScreen.-lowest > #panel { width: 100%; height: 100%; max-height: 100%; padding: 0 1; }
    KeysScreen.-lowest #details { max-height: 5; border-top: none; }
    KeysScreen.-lowest .foot { margin-top: 0; }
    """
    BINDINGS = place_bindings("keys")
    VERTICAL_BREAKPOINTS = [(0, "-lowest"), (20, "-low"), (30, "-high")]

    def __init__(self, runtime: Runtime, *, note: str = "") -> None:
        super().__init__()
        self._runtime = runtime
        self._first_note = note
        self._keys: dict[str, KnownKey] = {}
        self._lease: KeyLease | None = None
        self._checks: dict[str, Check] = {}
        self._seconds = 0
        self._noted: str | None = None

    # ---- parts ----

    def content(self) -> ComposeResult:
        """List, details, what happened, keys."""
        yield TitleLine("Keys")
        yield Static(Content(""), id="header")
        yield KeyList(empty="reading …")
        yield Static(Content(""), id="details")
        yield NoteLine()
        yield Static(Content(""), classes="foot", id="keys")

    def on_mount(self) -> None:
        """Read the keys, and go on counting down."""
        self._rows.focus()
        self._note(self._first_note)
        self._load()
        self.set_interval(SECOND_S, self._tick)

    def on_resize(self) -> None:
        """The columns follow the width."""
        soon(self, self._draw)

    @property
    def _rows(self) -> KeyList:
        return self.query_one(KeyList)

    def _note(self, words: str, *, is_error: bool = False) -> None:
        chosen = self._rows.highlighted
        self._noted = chosen.id if chosen else None
        self.query_one(NoteLine).say(words, is_error=is_error)

    # ---- reading ----

    @work(group="keys", exclusive=True, exit_on_error=False, description="read the keys")
    async def _load(self) -> None:
        await self._read()

    async def _read(self, highlight: str | None = None) -> None:
        ring = self._runtime.parts.ring
        try:
            found = await ring.known()
        except OrchatError as error:
            self._note(error.message, is_error=True)
            return
        self._lease = await self._lease_now(found)
        before = tuple(self._keys)
        self._keys = {key.state.fingerprint: key for key in found}
        if tuple(self._keys) != before or highlight is not None or not self._rows.highlighted:
            chosen = self._rows.highlighted
            at = highlight or (chosen.id if chosen else None) or self._in_use()
            rows = [Row(fingerprint, partial(self._line, fingerprint)) for fingerprint in self._keys]
            self._rows.set_rows(rows, highlight=at, empty=self._empty())
        self._draw()

    def _empty(self) -> str:
        pairs = self.app.keymap.pairs(("keys_add", "adds one"), ("keys_sign_in", "signs in"))
        ways = ", ".join(" ".join(pair) for pair in pairs)
        return f"no key yet{': ' if ways else ''}{ways}"

    async def _lease_now(self, found: tuple[KnownKey, ...]) -> KeyLease | None:
        """The key of this instance, where it has one; looking never chooses one."""
        return await self._runtime.lease() if any(key.in_use for key in found) else None

    def _in_use(self) -> str | None:
        return next((fingerprint for fingerprint, key in self._keys.items() if key.in_use), None)

    def _tick(self) -> None:
        self._seconds += 1
        if self._seconds % READ_EVERY == 0:
            self._load()
        else:
            self._draw()

    # ---- drawing ----

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        now = self._runtime.clock.now()
        width = self._rows.scrollable_content_region.width
        self.query_one("#header", Static).update(header(width))
        self._rows.redraw()
        known = self._highlighted()
        words = Content("") if known is None else details(self._row(known), now, width)
        self.query_one("#details", Static).update(words)
        self.query_one("#keys", Static).update(keys_rows(*self._pairs(known), width=width))
        after = self._runtime.config.keys.rotate_after
        turns = f"the ring turns after {after} a day" if len(self._keys) > 1 else ""
        self.query_one(TitleLine).set_facts(
            " · ".join(part for part in (plural(len(self._keys), "key"), turns) if part)
        )

    def _pairs(self, known: KnownKey | None) -> list[tuple[str, str]]:
        pairs = [("keys_add", "add"), ("keys_sign_in", "sign in")]
        if known is not None:
            pairs.append(("keys_test", "test"))
            if known.kept:
                pairs += [
                    ("keys_able", "enable" if known.state.disabled else "disable"),
                    ("keys_earlier keys_later", "move"),
                    ("keys_rename", "rename"),
                    ("keys_remove", "remove"),
                ]
        use = [("Enter", "use")] if known is not None else []
        return [*use, *self.app.keymap.pairs(*pairs), ("Esc", "back")]

    def _highlighted(self) -> KnownKey | None:
        chosen = self._rows.highlighted
        return None if chosen is None else self._keys.get(chosen.id)

    def _row(self, known: KnownKey) -> KeyRow:
        return KeyRow(
            known=known,
            source=source_of(known, self._lease, self._runtime.parts.ring.kept.source),
            rotate_after=self._runtime.config.keys.rotate_after,
            is_told=self._runtime.parts.client.dialect == "openrouter",
            check=self._checks.get(known.state.fingerprint),
            bars=not self._runtime.config.tui.plain,
            siblings=tuple(
                key.state.label
                for key in self._keys.values()
                if key is not known and key.account is not None and key.account == known.account
            ),
        )

    def _line(self, fingerprint: str, width: int) -> Content:
        known = self._keys.get(fingerprint)
        return Content("") if known is None else row(self._row(known), self._runtime.clock.now(), width)

    @on(RowList.Highlighted)
    def _looked_at(self, event: RowList.Highlighted) -> None:
        event.stop()
        if event.row is not None and self._noted not in (None, event.row.id):
            self._note("")
        self._draw()

    # ---- doing ----

    @on(RowList.Chosen)
    def _chosen(self, event: RowList.Chosen) -> None:
        event.stop()
        self._do(self._use)

    @work(group="keys-change", exclusive=False, exit_on_error=False, description="change the keys")
    async def _do(self, action: Callable[[KnownKey], Awaitable[str]]) -> None:
        """Carry something out on the highlighted key, and say what came of it."""
        known = self._highlighted()
        if known is None:
            return
        words, is_error = "", False
        try:
            words = await action(known)
        except OrchatError as error:
            words, is_error = _words(error), True
        await self._read()
        self._note(words, is_error=is_error)

    async def _use(self, known: KnownKey) -> str:
        lease = await self._runtime.parts.ring.use(known.state.label)
        self._checks.pop(known.state.fingerprint, None)
        everywhere = ", here and in every new window" if known.kept else " here"
        return f"{lease.label} is in use{everywhere}"

    def action_able(self) -> None:
        """Take the key out of the ring, or put it back."""
        self._do(self._able)

    async def _able(self, known: KnownKey) -> str:
        label, disabled = known.state.label, not known.state.disabled
        self._must_be_kept(known)
        await self._runtime.parts.shelf.set_disabled(label, disabled)
        if not disabled:
            return f"{label} is in the ring again"
        return f"{label} is disabled{'; this window goes on with it' if known.in_use else ''}"

    def action_shift(self, by: int) -> None:
        """Move the key within the ring."""
        self._do(partial(self._shift, by))

    async def _shift(self, by: int, known: KnownKey) -> str:
        self._must_be_kept(known)
        labels = [key.state.label for key in self._keys.values() if key.kept]
        at = labels.index(known.state.label)
        to = max(0, min(len(labels) - 1, at + by))
        if to == at:
            return ""
        labels.insert(to, labels.pop(at))
        await self._runtime.parts.shelf.reorder(labels)
        return ""

    def action_test(self) -> None:
        """Ask the server about the key."""
        self._do(self._test)

    async def _test(self, known: KnownKey) -> str:
        await self._check({known.state.fingerprint: known.state.label})
        return ""

    @work(group="keys-change", exclusive=False, exit_on_error=False, description="test all keys")
    async def action_test_all(self) -> None:
        """Ask the server about every key."""
        await self._check({fingerprint: key.state.label for fingerprint, key in self._keys.items()})
        await self._read()

    async def _check(self, labels: dict[str, str]) -> None:
        self._checks.update(dict.fromkeys(labels, Check(running=True)))
        self._draw()
        try:
            tested = await self._runtime.parts.shelf.test(tuple(labels.values()))
            self._checks.update({item.fingerprint: Check(error=item.error) for item in tested})
        except OrchatError as error:
            self._checks.update(dict.fromkeys(labels, Check(error=error)))

    @work(group="keys-change", exclusive=False, exit_on_error=False, description="rename a key")
    async def action_rename(self) -> None:
        """Give the key another label."""
        known = self._highlighted()
        if known is None or not known.kept:
            self._refuse(known)
            return
        label = await self.app.push_screen_wait(AskLine("Rename the key", known.state.label))
        if label and label.strip() != known.state.label:
            self._do(partial(self._rename, label))

    async def _rename(self, label: str, known: KnownKey) -> str:
        return f"it is called {await self._runtime.parts.shelf.rename(known.state.label, label)} now"

    @work(group="keys-change", exclusive=False, exit_on_error=False, description="remove a key")
    async def action_remove(self) -> None:
        """Forget the key, after a question."""
        known = self._highlighted()
        if known is None or not known.kept:
            self._refuse(known)
            return
        about = Content.assemble(
            plain(known.state.label, 60).stylize(STRONG),
            (f"  {known.state.fingerprint}\n", DIM),
            ("It is forgotten here; what it cost stays in the books.\nAt OpenRouter it stays valid.", DIM),
        )
        if await self.app.push_screen_wait(Confirm("Remove this key?", about, yes="remove")):
            self._do(self._remove)

    async def _remove(self, known: KnownKey) -> str:
        await self._runtime.parts.shelf.remove(known.state.label)
        return f"{known.state.label} is forgotten"

    @work(group="keys-change", exclusive=False, exit_on_error=False, description="add a key")
    async def action_add(self) -> None:
        """Type or paste another key."""
        from orchat.tui.screens.key_entry import KeyEntry

        taken = [key.state.label for key in self._keys.values()]
        label: str | None = await self.app.push_screen_wait(KeyEntry(self._runtime, taken))
        await self._added(label)

    @work(group="keys-change", exclusive=False, exit_on_error=False, description="sign in")
    async def action_sign_in(self) -> None:
        """Let OpenRouter make a key."""
        from orchat.tui.screens.signin import SignInDialog

        label: str | None = await self.app.push_screen_wait(SignInDialog(self._runtime))
        await self._added(label)

    async def _added(self, label: str | None) -> None:
        if label is None:
            return
        lease = await self._runtime.lease()
        trouble = self._runtime.parts.ring.trouble
        why = f": {trouble.message}" if lease.source == "process" and trouble is not None else ""
        await self._read(lease.fingerprint)
        self._note(f"{lease.label} is in use, {place(lease.source)}{why}", is_error=bool(why))

    def _refuse(self, known: KnownKey | None) -> None:
        if known is not None:
            self._note(_not_kept(known), is_error=True)

    def _must_be_kept(self, known: KnownKey) -> None:
        if not known.kept:
            raise UsageError(_not_kept(known))


def _not_kept(known: KnownKey) -> str:
    return f"{known.state.label} is not kept by orchat, so there is nothing to change about it"


def _words(error: OrchatError) -> str:
    return f"{error.message}. {error.hint}" if error.hint and "orchat " not in error.hint else error.message
