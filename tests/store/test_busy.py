"""Every function of the store, against a database that another connection has locked."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Literal

import pytest

import orchat.store
from orchat.domain.conversation import Attachment, Conversation
from orchat.domain.fold import Reply
from orchat.domain.ledger import Attempt, Settlement
from orchat.domain.money import Cost, Usage
from orchat.domain.sessions import SavedSession
from orchat.errors import NotFound, StoreBusy
from orchat.store import (
    audit,
    catalog,
    conversations,
    copies,
    deletions,
    holds,
    instances,
    key_state,
    ledger,
    lookups,
    messages,
    queue,
    reports,
    reservations,
    responses,
    rows,
    search,
    settings,
    tree,
)
from orchat.store.blobs import Blobs
from orchat.store.connection import Connection
from orchat.store.database import Database
from orchat.store.locks import FileLock
from orchat.store.reports import Report
from orchat.store.reservations import Claim
from tests.support.clock import START, FakeClock
from tests.support.store import answer, network_mounts, open_database, raw

pytestmark = pytest.mark.anyio

Call = tuple[Callable[..., Any], tuple[Any, ...], Literal["read", "write"]]
ATTEMPT = Attempt(started_at=START, model="m", key_label="k", key_fingerprint="f")
DAY = "2026-09-21"
SAVED = SavedSession(
    conversation=Conversation(id="x", title="Saved", created_at=START, updated_at=START), messages=(answer(1),)
)

KEYWORDS: dict[Callable[..., Any], dict[str, Any]] = {
    holds.put: {"kind": "KeyRejected", "reason": "revoked", "source": "server", "now": START, "until": None},
}

CALLS: list[Call] = [
    (Blobs.sweep, (START,), "write"),
    (audit.drift, (), "read"),
    (audit.orphans, (), "read"),
    (audit.unsound, (), "read"),
    (catalog.get, ("https://host",), "read"),
    (catalog.put, ("https://host", "[]", START), "write"),
    (conversations.create, ("d", START), "write"),
    (conversations.delete, ("c", START), "write"),
    (conversations.get, ("c",), "read"),
    (conversations.latest, (), "read"),
    (conversations.list_conversations, (), "read"),
    (conversations.rename, ("c", "Title"), "write"),
    (conversations.resolve_id, ("c",), "read"),
    (conversations.restore, ("c",), "write"),
    (conversations.set_model, ("c", "m"), "write"),
    (conversations.set_parameters, ("c", {"seed": 7}), "write"),
    (conversations.set_pinned, ("c", True), "write"),
    (conversations.set_system, ("c", "Be kind."), "write"),
    (holds.active, (START,), "read"),
    (holds.barring, ("f", "a"), "read"),
    (holds.clear, ("key:f",), "write"),
    (holds.get, ("key:f",), "read"),
    (holds.put, ("key:f",), "write"),
    (holds.restore, ("key:f", None), "write"),
    (copies.duplicate, ("c", "d", START), "write"),
    (copies.fork, ("c", 1, "d", START), "write"),
    (copies.insert, (SAVED, "d"), "write"),
    (copies.is_taken, ("c",), "read"),
    (conversations.titles, (["c"],), "read"),
    (copies.of_source, ("chatgpt:1",), "read"),
    (deletions.delete_branch, ("c", 1, START), "write"),
    (deletions.last_deletion, ("c",), "read"),
    (deletions.purge, ("c",), "write"),
    (deletions.restore_branch, (1,), "write"),
    (deletions.sweep, (START,), "write"),
    (instances.leave, ("i",), "write"),
    (instances.reap, (), "write"),
    (instances.register, ("j", "ask", START), "write"),
    (instances.running, (), "read"),
    (key_state.add, ("second", "f2", START), "write"),
    (key_state.get, ("f",), "read"),
    (key_state.list_keys, (), "read"),
    (key_state.remove, ("f",), "write"),
    (key_state.rename, ("f", "other"), "write"),
    (key_state.reorder, (["f"],), "write"),
    (key_state.set_current, ("f",), "write"),
    (key_state.set_disabled, ("f", True), "write"),
    (ledger.begin, (ATTEMPT, "i"), "write"),
    (ledger.due_lookups, (START,), "read"),
    (ledger.free_today, ("a", DAY), "read"),
    (ledger.in_last_minute, ("a", START), "read"),
    (ledger.last_attempts, (), "read"),
    (ledger.note_lookup, (1, None), "write"),
    (ledger.spent, (), "read"),
    (ledger.spent_by_key, (DAY,), "read"),
    (ledger.usage_by_key, (DAY,), "read"),
    (ledger.of_generation, ("c", "gen-1"), "read"),
    (ledger.note_generation, (1, "gen-1"), "write"),
    (ledger.reprice, (1, Usage(), Cost()), "write"),
    (ledger.requests_today, (DAY,), "read"),
    (ledger.settle, (1, Settlement(outcome="done")), "write"),
    (ledger.totals_of_conversation, ("c",), "read"),
    (ledger.totals_of_day, (DAY,), "read"),
    (ledger.usage, (), "read"),
    (lookups.claim, (("f",), START), "write"),
    (lookups.waiting, (), "read"),
    (messages.add_prompt, ("c", None, "Hello"), "write"),
    (messages.begin_answer, ("c", 1), "write"),
    (messages.checkpoint_answer, (2, "Ye"), "write"),
    (messages.finish_answer, (answer(2, Reply(text="Yes.")),), "write"),
    (messages.set_generation_id, (2, "gen-1"), "write"),
    (queue.ahead, ("key:f", None, START), "read"),
    (queue.enter, ("key:f", None, "i", START, 1.0), "write"),
    (queue.leave, (1,), "write"),
    (queue.reaping_is_due, (START,), "write"),
    (reports.account_of, ("f",), "read"),
    (reports.all, (), "read"),
    (reports.get, ("f",), "read"),
    (reports.put, (Report(fingerprint="f", at=START),), "write"),
    (reports.remove, ("f",), "write"),
    (reservations.reserve, (Claim(attempt=ATTEMPT, owner="i"), START), "write"),
    (reservations.withdraw, (1,), "write"),
    (responses.clear, (), "write"),
    (responses.get, ("hash", START), "read"),
    (responses.put, ("hash", "{}", 60, START), "write"),
    (rows.add_attachments, (1, [Attachment(sha256="s", name="n", mime="m", size=1)]), "write"),
    (rows.messages, ([],), "read"),
    (search.add, ((2,),), "write"),
    (search.remove, ((2,),), "write"),
    (search.search, ("hello",), "read"),
    (search.prompts, (10, 100), "read"),
    (settings.compared, (), "read"),
    (settings.favourites, (), "read"),
    (settings.get, ("name",), "read"),
    (settings.note_compared, (("a", "b"),), "write"),
    (settings.note_used, ("m",), "write"),
    (settings.put, ("name", "value"), "write"),
    (settings.recents, (), "read"),
    (settings.remove, ("name",), "write"),
    (settings.toggle_favourite, ("m",), "write"),
    (tree.active_leaf, ("c",), "read"),
    (tree.all_messages, ("c",), "read"),
    (tree.branches, ([1],), "read"),
    (tree.children, (1,), "read"),
    (tree.get_message, (1,), "read"),
    (tree.newest_leaf, (1,), "read"),
    (tree.path, ("c",), "read"),
    (tree.set_active_leaf, ("c", 1), "write"),
    (tree.siblings, (1,), "read"),
    (tree.state, ("c",), "read"),
    (tree.subtree, (1,), "read"),
    (tree.switch, ("c", 1), "write"),
    (tree.version, (), "read"),
]
every_call = pytest.mark.parametrize("call", CALLS, ids=[call[0].__qualname__ for call in CALLS])

OPENING = {"orchat.store.connection", "orchat.store.inspection", "orchat.store.migrate"}
"""Their functions run while a database is opened or looked over, which has its own tests of a locked file."""


def test_the_list_is_complete() -> None:
    assert {function for function, _, _ in CALLS} == set(functions_of_the_store())
    assert len(CALLS) == len({function for function, _, _ in CALLS})


def functions_of_the_store() -> Iterator[Callable[..., Any]]:
    for found in pkgutil.iter_modules(orchat.store.__path__, "orchat.store."):
        module = importlib.import_module(found.name)
        members = list(vars(module).items())
        for _, kind in inspect.getmembers(module, inspect.isclass):
            members += vars(kind).items()
        for name, function in members:
            own = inspect.isfunction(function) and function.__module__ == module.__name__
            if not own or name.startswith("_") or found.name in OPENING:
                continue
            if "connection" in inspect.signature(function).parameters:
                yield function


def seed(connection: Connection) -> None:
    conversations.create(connection, "c", START)
    messages.begin_answer(connection, "c", messages.add_prompt(connection, "c", None, "Hello").id)
    deletions.delete_branch(connection, "c", messages.add_prompt(connection, "c", None, "Gone").id, START)
    ledger.begin(connection, ATTEMPT, "i")
    key_state.add(connection, "first", "f", START)


async def run(database: Database, call: Call) -> object:
    function, arguments, kind = call
    if function is Blobs.sweep:
        function = database.blobs.sweep
    job = database.read if kind == "read" else database.write
    return await job(function, *arguments, **KEYWORDS.get(function, {}))


@every_call
async def test_it_is_told_when_another_connection_holds_the_database(tmp_path: Path, call: Call) -> None:
    """Without a write-ahead log, because only there can another connection keep readers out as well."""
    path = tmp_path / "orchat.db"
    database = await Database.open(path, FakeClock(), timeout_s=0.02, mounts=network_mounts(tmp_path))
    await database.write(seed)
    with closing(raw(path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreBusy) as caught:
            await run(database, call)
        other.execute("ROLLBACK")
    assert str(path) in str(caught.value.hint)
    await run(database, call)
    await database.close()


@every_call
async def test_it_waits_for_another_process_only_when_it_writes(tmp_path: Path, call: Call) -> None:
    path = tmp_path / "orchat.db"
    database = await open_database(path, timeout_s=0.02)
    await database.write(seed)
    with closing(FileLock(path.with_name("orchat.db-lock"), 0)) as lock, lock:
        if call[2] == "write":
            with pytest.raises(StoreBusy):
                await run(database, call)
        else:
            await run(database, call)
    with suppress(NotFound):
        await run(database, call)
    await database.close()
