-- Conversations are trees of messages; the ledger has one row per attempt; money is in pico-dollars.

CREATE TABLE instances (
    id TEXT PRIMARY KEY,
    pid INTEGER NOT NULL,
    front_end TEXT NOT NULL,
    started_at REAL NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE conversations (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    title_is_manual INTEGER NOT NULL DEFAULT 0,
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    model TEXT,
    active_leaf INTEGER REFERENCES messages (id) ON DELETE SET NULL,
    system TEXT
) STRICT;
CREATE INDEX conversations_by_update ON conversations (updated_at);
-- Without it, every message that is deleted would read all conversations.
CREATE INDEX conversations_by_leaf ON conversations (active_leaf);

-- A parent is always older than its children, so a walk to the root ends even in a damaged file.
CREATE TABLE messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation_id TEXT NOT NULL REFERENCES conversations (id),
    parent_id INTEGER CHECK (parent_id < id),
    role TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('done', 'streaming', 'stopped', 'cut', 'failed')),
    owner TEXT,
    created_at REAL NOT NULL,
    model TEXT,
    provider TEXT,
    generation_id TEXT,
    finish_reason TEXT,
    usage TEXT,
    cost_pico INTEGER,
    cost_source TEXT NOT NULL DEFAULT 'unknown',
    ttft_ms INTEGER,
    total_ms INTEGER NOT NULL DEFAULT 0,
    key_label TEXT,
    error TEXT,
    hint TEXT,
    text TEXT NOT NULL DEFAULT '',
    reasoning TEXT NOT NULL DEFAULT '',
    extras TEXT,
    UNIQUE (conversation_id, id),
    -- No cascade: SQLite gives up on chains of more than 1,000 answers.
    FOREIGN KEY (conversation_id, parent_id) REFERENCES messages (conversation_id, id)
) STRICT;
CREATE INDEX messages_by_parent ON messages (conversation_id, parent_id);
CREATE INDEX messages_streaming ON messages (owner) WHERE state = 'streaming';

-- Filled by search.py rather than by triggers, which may not touch FTS5 while trusted_schema is off.
CREATE VIRTUAL TABLE messages_fts USING fts5 (
    text, content = 'messages', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2'
);

CREATE TABLE attachments (
    message_id INTEGER NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    name TEXT NOT NULL,
    mime TEXT NOT NULL,
    size INTEGER NOT NULL,
    width INTEGER,
    height INTEGER,
    PRIMARY KEY (message_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX attachments_by_content ON attachments (sha256);

-- A row outlives its conversation: what was paid stays paid.
CREATE TABLE attempts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    day TEXT NOT NULL,
    started_at REAL NOT NULL,
    number INTEGER NOT NULL,
    front_end TEXT NOT NULL,
    conversation_id TEXT,
    key_label TEXT NOT NULL,
    key_fingerprint TEXT NOT NULL,
    model TEXT NOT NULL,
    owner TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('open', 'done', 'cut', 'stopped', 'failed', 'cached', 'lost')),
    model_used TEXT,
    provider TEXT,
    generation_id TEXT,
    prompt_tokens INTEGER,
    completion_tokens INTEGER,
    reasoning_tokens INTEGER,
    cached_tokens INTEGER,
    cache_write_tokens INTEGER,
    tokens_estimated INTEGER NOT NULL DEFAULT 0,
    cost_pico INTEGER,
    cost_source TEXT NOT NULL DEFAULT 'unknown',
    ttft_ms INTEGER,
    total_ms INTEGER NOT NULL DEFAULT 0,
    finish_reason TEXT,
    error_kind TEXT,
    status INTEGER
) STRICT;
CREATE INDEX attempts_by_day ON attempts (day, key_fingerprint, outcome);
CREATE INDEX attempts_by_conversation ON attempts (conversation_id, cost_pico);
CREATE INDEX attempts_open ON attempts (owner) WHERE outcome = 'open';

CREATE TABLE slots (
    scope TEXT NOT NULL,
    at REAL NOT NULL
) STRICT;
CREATE INDEX slots_by_time ON slots (scope, at);

CREATE TABLE keys (
    fingerprint TEXT PRIMARY KEY,
    label TEXT NOT NULL UNIQUE,
    position INTEGER NOT NULL,
    disabled INTEGER NOT NULL DEFAULT 0,
    is_current INTEGER NOT NULL DEFAULT 0,
    account TEXT,
    held_reason TEXT,
    held_until REAL,
    holds INTEGER NOT NULL DEFAULT 0,
    added_at REAL NOT NULL
) STRICT;
CREATE UNIQUE INDEX keys_current ON keys (is_current) WHERE is_current = 1;

CREATE TABLE responses (
    key_hash TEXT PRIMARY KEY,
    reply TEXT NOT NULL,
    expires_at REAL NOT NULL
) STRICT;
CREATE INDEX responses_by_expiry ON responses (expires_at);

CREATE TABLE catalogues (
    base_url TEXT PRIMARY KEY,
    fetched_at REAL NOT NULL,
    body BLOB NOT NULL
) STRICT;

CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
