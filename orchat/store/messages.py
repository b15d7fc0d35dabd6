"""Messages: what was asked, and the answers as they arrive and end."""

from __future__ import annotations

from collections.abc import Sequence

from orchat.domain.content import Role
from orchat.domain.conversation import Attachment, MessageState, StoredMessage
from orchat.errors import NotFound
from orchat.store import rows, search
from orchat.store.connection import Connection
from orchat.store.tree import active_leaf, get_message, no_message

TITLE_LENGTH = 80
"""Characters that a title made from a prompt has at most."""


def title_of(prompt: str) -> str:
    """A title for a conversation that begins with this prompt.

    Args:
        prompt: Raw text.

    Returns:
        Its first line with anything in it, cut to `TITLE_LENGTH`; empty when there is none.
    """
    line = next((" ".join(line.split()) for line in prompt.splitlines() if line.strip()), "")
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1].rstrip() + "…"


def add_prompt(
    connection: Connection,
    conversation_id: str,
    parent_id: int | None,
    text: str,
    attachments: Sequence[Attachment] = (),
    now: float = 0.0,
    role: Role = "user",
) -> StoredMessage:
    """Add what a person says, and make it the end of the active path.

    Args:
        connection: In a write transaction.
        conversation_id: Which conversation; it takes the first line as its title while it has none.
        parent_id: The message it answers; None for a new root.
        text: Raw text.
        attachments: Files that `Blobs.put` has kept.
        now: Epoch seconds.
        role: Another role for imported messages.

    Raises:
        NotFound: No such conversation or parent, or a file was removed since it was attached.
    """
    for file in attachments:
        if not connection.blobs.has(file.sha256):
            raise NotFound(f"The attached file {file.name!r} is gone.", hint="Attach it again.")
    id = _insert(connection, conversation_id, parent_id, now, role=role, state="done", text=text)
    rows.add_attachments(connection, id, attachments)
    search.add(connection, (id,))
    connection.execute(
        "UPDATE conversations SET title = ? WHERE id = ? AND title = '' AND NOT title_is_manual",
        (title_of(text), conversation_id),
    )
    return get_message(connection, id)


def begin_answer(
    connection: Connection,
    conversation_id: str,
    parent_id: int | None,
    model: str | None = None,
    owner: str = "",
    now: float = 0.0,
    key_label: str | None = None,
    continues: int | None = None,
) -> int:
    """Add an answer that is about to arrive, and make it the end of the active path.

    Args:
        connection: In a write transaction.
        conversation_id: Which conversation.
        parent_id: The prompt.
        model: Model asked.
        owner: Id of the instance that writes it; when that dies, `instances.reap` closes the answer.
        now: Epoch seconds.
        key_label: Which key pays.
        continues: The answer to the same prompt that this one goes on with.

    Returns:
        The number of the message.

    Raises:
        NotFound: No such conversation or parent.
    """
    return _insert(
        connection,
        conversation_id,
        parent_id,
        now,
        role="assistant",
        state="streaming",
        model=model,
        key_label=key_label,
        owner=owner,
        continues=continues,
    )


def checkpoint_answer(
    connection: Connection, id: int, text: str, reasoning: str = "", generation_id: str | None = None
) -> None:
    """Save what has arrived so far; does nothing when the answer is finished or deleted.

    Args:
        connection: In a write transaction.
        id: From `begin_answer`.
        text: All of it so far.
        reasoning: All of it so far.
        generation_id: ``gen-…``; None keeps the one noted.
    """
    connection.execute(
        "UPDATE messages SET text = ?, reasoning = ?, generation_id = coalesce(?, generation_id)"
        " WHERE id = ? AND state = 'streaming'",
        (text, reasoning, generation_id, id),
    )


def set_generation_id(connection: Connection, id: int, generation_id: str) -> None:
    """Note the server's id of an answer as soon as it is known.

    Args:
        connection: In a write transaction.
        id: From `begin_answer`.
        generation_id: ``gen-…``.
    """
    connection.execute("UPDATE messages SET generation_id = ? WHERE id = ?", (generation_id, id))


def finish_answer(connection: Connection, answer: StoredMessage) -> StoredMessage:
    """Save an answer for good: whole, stopped, cut or failed.

    Args:
        connection: In a write transaction.
        answer: The answer with the number from `begin_answer`; its place in the tree and its time do not change.
            Where model, generation id or key label are None, those noted before stay. Pictures of the reply become
            its attachments.

    Returns:
        The answer as it is kept.

    Raises:
        NotFound: It was deleted meanwhile.
    """
    columns, pictures = rows.reply_columns(answer.reply, connection.blobs)
    cost = rows.money(answer.cost)
    search.remove(connection, (answer.id,))
    changed = connection.execute(
        "UPDATE messages SET text = :text, reasoning = :reasoning, extras = :extras, state = :state, owner = NULL,"
        " model = coalesce(:model, model), provider = :provider,"
        " generation_id = coalesce(:generation_id, generation_id), finish_reason = :finish_reason, usage = :usage,"
        " cost_pico = :pico, cost_source = :source, ttft_ms = :ttft_ms, total_ms = :total_ms,"
        " key_label = coalesce(:key_label, key_label), error = :error, hint = :hint WHERE id = :id",
        {
            **columns,
            "id": answer.id,
            "state": answer.state,
            "model": answer.model,
            "provider": answer.provider,
            "generation_id": answer.generation_id,
            "finish_reason": answer.finish_reason,
            "usage": rows.usage_json(answer.usage),
            "pico": cost.pico,
            "source": cost.source,
            "ttft_ms": answer.timing.ttft_ms,
            "total_ms": answer.timing.total_ms,
            "key_label": answer.key_label,
            "error": answer.error,
            "hint": answer.hint,
        },
    )
    if not changed.rowcount:
        raise no_message(answer.id)
    search.add(connection, (answer.id,))
    connection.execute("DELETE FROM attachments WHERE message_id = ?", (answer.id,))
    rows.add_attachments(connection, answer.id, pictures)
    # A branch that was deleted while its answer arrived keeps the answer too: it may be brought back.
    row = connection.execute("SELECT * FROM messages WHERE id = ?", (answer.id,)).fetchone()
    return rows.messages(connection, (row,))[0]


def _must_be_there(connection: Connection, conversation_id: str, id: int) -> None:
    found = connection.execute(
        "SELECT 1 FROM messages WHERE id = ? AND conversation_id = ? AND deletion IS NULL", (id, conversation_id)
    ).fetchone()
    if found is None:
        raise no_message(id)


def _insert(
    connection: Connection,
    conversation_id: str,
    parent_id: int | None,
    now: float,
    *,
    role: Role,
    state: MessageState,
    text: str = "",
    model: str | None = None,
    key_label: str | None = None,
    owner: str | None = None,
    continues: int | None = None,
) -> int:
    active_leaf(connection, conversation_id)
    if parent_id is not None:
        _must_be_there(connection, conversation_id, parent_id)
    id = connection.execute(
        "INSERT INTO messages"
        " (conversation_id, parent_id, role, state, created_at, text, model, key_label, owner, continues)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (conversation_id, parent_id, role, state, now, text, model, key_label, owner, continues),
    ).lastrowid
    assert id is not None
    connection.execute(
        "UPDATE conversations SET active_leaf = ?, updated_at = max(updated_at, ?) WHERE id = ?",
        (id, now, conversation_id),
    )
    return id
