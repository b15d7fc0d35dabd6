-- What is deleted can be brought back for a while; an answer may go on where another stopped; what was imported is known.

ALTER TABLE conversations ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN deleted_at REAL;
ALTER TABLE conversations ADD COLUMN source TEXT;
ALTER TABLE conversations ADD COLUMN source_hash TEXT;
-- What it had cost where it came from, which is not in the ledger here.
ALTER TABLE conversations ADD COLUMN imported_pico INTEGER NOT NULL DEFAULT 0;
CREATE INDEX conversations_by_source ON conversations (source) WHERE source IS NOT NULL;

-- One row for each branch that was deleted and is still kept.
CREATE TABLE deletions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation_id TEXT NOT NULL,
    root INTEGER NOT NULL,
    active_leaf INTEGER,
    at REAL NOT NULL
) STRICT;
CREATE INDEX deletions_by_conversation ON deletions (conversation_id);

ALTER TABLE messages ADD COLUMN deletion INTEGER;
ALTER TABLE messages ADD COLUMN continues INTEGER;
CREATE INDEX messages_deleted ON messages (deletion) WHERE deletion IS NOT NULL;
-- Counting the messages of a session and naming its models reads nothing but this.
DROP INDEX messages_by_parent;
CREATE INDEX messages_by_parent ON messages (conversation_id, parent_id, deletion, model);
