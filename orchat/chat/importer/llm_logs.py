"""The ``logs.db`` of simonw's llm, in both of its forms.

Up to 0.31, every row of ``responses`` is a prompt with its answer. Later ones keep each message once, under the hash of
its content and its parent's: a thread is a path in that tree, and a turn tells which part of it one request added.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from orchat.chat.importer.builder import NOTHING_SAID, Builder, Enclosed, Found, Unreadable, beginning, said
from orchat.chat.importer.values import items, moment, optional, table, text, whole
from orchat.domain.events import Timing
from orchat.domain.fold import Reply
from orchat.domain.money import Usage
from orchat.domain.sessions import SavedSession
from orchat.store.foreign import ForeignDatabase, Row

PROGRAM = "llm"


def is_llm(database: ForeignDatabase) -> bool:
    """Whether llm has written this."""
    return {"conversations", "responses"} <= database.tables or {"threads", "turns", "messages"} <= database.tables


def read(database: ForeignDatabase) -> Found:
    """The conversations of a database; one that went on after an upgrade of llm is told in its later form."""
    threads = {text(row.get("id")): row for row in database.rows("threads")}
    later = _Threads(database)
    found: Found = [_checked(later.session(id, row), text(row.get("name"))) for id, row in threads.items()]
    earlier = _Responses(database)
    found += [_checked(earlier.session(id), earlier.names.get(id, "")) for id in earlier.ids if id not in threads]
    return found


def _checked(session: SavedSession, name: str) -> SavedSession | Unreadable:
    return session if session.messages else Unreadable(title=name, reason=NOTHING_SAID)


class _Library:
    """What both forms keep apart from their messages."""

    def __init__(self, database: ForeignDatabase) -> None:
        self.fragments = {row.get("id"): text(row.get("content")) for row in database.rows("fragments")}
        self.attachments = {text(row.get("id")): row for row in database.rows("attachments")}

    def enclosed(self, id: str) -> tuple[list[Enclosed], str]:
        """A file, or what stands in its place: paths and addresses in a foreign database are not followed."""
        row = self.attachments.get(id, {})
        content, mime = row.get("content"), text(row.get("type"))
        if isinstance(content, bytes):
            name = text(row.get("path")).rpartition("/")[2] or f"attachment.{mime.rpartition('/')[2] or 'bin'}"
            return [Enclosed(data=content, name=name, mime=mime or "application/octet-stream")], ""
        return [], f"[attached: {text(row.get('path')) or text(row.get('url')) or id}]"


class _Responses:
    """The earlier form."""

    def __init__(self, database: ForeignDatabase) -> None:
        self._library = _Library(database)
        self.names = {text(row.get("id")): text(row.get("name")) for row in database.rows("conversations")}
        self._rows: dict[str, list[Row]] = defaultdict(list)
        if "responses" in database.tables:
            for row in database.rows("responses", "datetime_utc, rowid"):
                self._rows[text(row.get("conversation_id")) or text(row.get("id"))].append(row)
        self.ids = list(self._rows)
        self._lists = {
            name: _grouped(database, name)
            for name in ("prompt_attachments", "prompt_fragments", "system_fragments", "tool_calls", "tool_results")
        }

    def session(self, id: str) -> SavedSession:
        rows = self._rows[id]
        system = next((found for row in rows if (found := self._system(row))), None)
        builder = Builder(
            f"{PROGRAM}:{id}", beginning(self.names.get(id, ""), moment(rows[0].get("datetime_utc")), system=system)
        )
        last = None
        for place, row in enumerate(rows):
            at = moment(row.get("datetime_utc"))
            prompt, files = self._prompt(row)
            if prompt or files:
                message = said("user", prompt, at, attachments=builder.enclose(files))
                builder.add(f"{place} prompt", last, message)
                last = f"{place} prompt"
            reply = Reply(text=self._answer(row), reasoning=text(row.get("reasoning")))
            if not reply.is_empty:
                builder.add(f"{place} answer", last, said("assistant", reply, at, **_figures(row)))
                last = f"{place} answer"
        return builder.session(by_time=False)

    def _of(self, name: str, row: Row) -> list[Row]:
        return self._lists[name].get(text(row.get("id")), [])

    def _system(self, row: Row) -> str | None:
        parts = [
            self._library.fragments.get(entry.get("fragment_id"), "") for entry in self._of("system_fragments", row)
        ]
        return "\n".join(filter(None, (*parts, text(row.get("system"))))) or None

    def _prompt(self, row: Row) -> tuple[str, list[Enclosed]]:
        parts = [
            self._library.fragments.get(entry.get("fragment_id"), "") for entry in self._of("prompt_fragments", row)
        ]
        parts += [
            f"[tool result: {text(entry.get('name'))}]\n{text(entry.get('output'))}"
            for entry in self._of("tool_results", row)
        ]
        parts.append(text(row.get("prompt")))
        files: list[Enclosed] = []
        for entry in self._of("prompt_attachments", row):
            data, words = self._library.enclosed(text(entry.get("attachment_id")))
            files += data
            parts.append(words)
        return "\n".join(filter(None, parts)), files

    def _answer(self, row: Row) -> str:
        calls = [_call(entry.get("name"), entry.get("arguments")) for entry in self._of("tool_calls", row)]
        return "\n".join(filter(None, (text(row.get("response")), *calls)))


class _Threads:
    """The later form."""

    def __init__(self, database: ForeignDatabase) -> None:
        self._library = _Library(database)
        self._messages = (
            {text(row.get("hash")): row for row in database.rows("messages")} if "parts" in database.tables else {}
        )
        self._parts: dict[str, list[Row]] = defaultdict(list)
        for row in database.rows("parts", "message_hash, position"):
            self._parts[text(row.get("message_hash"))].append(row)
        self._turns: dict[str, list[Row]] = defaultdict(list)
        for row in database.rows("turns", "id"):
            self._turns[text(row.get("thread_id"))].append(row)

    def session(self, id: str, thread: Row) -> SavedSession:
        turns = self._turns[id]
        tip = text(thread.get("tip_message_hash"))
        paths = [self._path(text(turn.get("tip_message_hash"))) for turn in turns] + [self._path(tip)]
        wanted = dict.fromkeys(hash for path in paths for hash in path)
        system = next((self._words(hash)[0] for hash in wanted if self._role(hash) == "system"), None)
        began = moment(thread.get("datetime_utc")) or next((moment(turn.get("datetime_utc")) for turn in turns), 0.0)
        builder = Builder(f"{PROGRAM}:{id}", beginning(text(thread.get("name")), began, system=system or None))
        figures = self._figures_of(turns)
        for hash in wanted:
            if self._role(hash) == "system":
                continue
            words, thoughts, files = self._words(hash)
            at, facts = figures.get(hash, (began, {}))
            message = said(
                self._role(hash),
                Reply(text=words, reasoning=thoughts),
                at,
                attachments=builder.enclose(files),
                **(facts if self._role(hash) == "assistant" else {}),
            )
            builder.add(hash, self._parent(hash), message)
        return builder.session(tip, by_time=False)

    def _role(self, hash: str) -> str:
        return text(self._messages[hash].get("role"))

    def _parent(self, hash: str) -> str | None:
        return optional(self._messages[hash].get("parent_hash"))

    def _path(self, tip: str) -> list[str]:
        """From the root to a message."""
        path: dict[str, None] = {}
        above: str | None = tip
        while above in self._messages and above not in path:
            path[above] = None
            above = self._parent(above)
        return list(reversed(path))

    def _figures_of(self, turns: list[Row]) -> dict[str, tuple[float, dict[str, Any]]]:
        """For every message the time and the figures of the turn that added it; figures go with its last one."""
        found: dict[str, tuple[float, dict[str, Any]]] = {}
        for turn in turns:
            at, model = moment(turn.get("datetime_utc")), _model(turn)
            path = self._path(text(turn.get("tip_message_hash")))
            for hash in path:
                found.setdefault(hash, (at, {"model": model}))
            if path and len(found[path[-1]][1]) == 1:
                found[path[-1]] = (at, _figures(turn))
        return found

    def _words(self, hash: str) -> tuple[str, str, list[Enclosed]]:
        """Text, thoughts and files of a message."""
        words: list[str] = []
        thoughts: list[str] = []
        files: list[Enclosed] = []
        for part in self._parts[hash]:
            payload = _payload(part)
            told = text(part.get("text")) or self._referred(payload)
            match part.get("type"):
                case "reasoning":
                    thoughts.append(told)
                case "tool_call":
                    words.append(_call(part.get("tool_name"), payload.get("arguments")))
                case "tool_result":
                    words.append(f"[tool result: {text(part.get('tool_name'))}]\n{text(payload.get('output')) or told}")
                case "attachment":
                    data, place = self._library.enclosed(text(table(payload.get("attachment")).get("id")))
                    files += data
                    words.append(place)
                case _:
                    words.append(told)
        return "\n".join(filter(None, words)), "\n\n".join(filter(None, thoughts)), files

    def _referred(self, payload: Mapping[str, Any]) -> str:
        """A text that borrows from fragments."""
        pieces = map(table, items(payload.get("text_ref")))
        return "".join(
            text(piece.get("literal")) or self._library.fragments.get(whole(piece.get("fragment")), "")
            for piece in pieces
        )


def _grouped(database: ForeignDatabase, name: str) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in database.rows(name):
        groups[text(row.get("response_id"))].append(row)
    for rows in groups.values():
        rows.sort(key=lambda row: whole(row.get("order")) or 0)
    return groups


def _model(row: Row) -> str | None:
    return optional(row.get("resolved_model")) or optional(row.get("model"))


def _figures(row: Row) -> dict[str, Any]:
    """What llm noted of one request."""
    sent, received = whole(row.get("input_tokens")), whole(row.get("output_tokens"))
    known = sent is not None or received is not None
    return {
        "model": _model(row),
        "usage": Usage(prompt_tokens=max(0, sent or 0), completion_tokens=max(0, received or 0)) if known else None,
        "timing": Timing(total_ms=max(0, whole(row.get("duration_ms")) or 0)),
    }


def _call(name: object, arguments: object) -> str:
    told = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return f"[tool call: {text(name)}({'' if arguments is None else told})]"


def _payload(part: Row) -> Mapping[str, Any]:
    try:
        return table(json.loads(text(part.get("payload")) or "{}"))
    except (ValueError, RecursionError):
        return {}
