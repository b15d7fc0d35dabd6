-- Holds, reports of the server and a queue, which all processes share; the ledger says what limits are used up.

CREATE TABLE holds (
    scope TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    reason TEXT NOT NULL,
    source TEXT NOT NULL CHECK (source IN ('server', 'report', 'owner')),
    since REAL NOT NULL,
    until REAL,
    times INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE key_reports (
    fingerprint TEXT PRIMARY KEY,
    at REAL NOT NULL,
    account TEXT,
    limit_pico INTEGER,
    limit_remaining_pico INTEGER,
    limit_reset TEXT,
    usage_pico INTEGER NOT NULL DEFAULT 0,
    usage_daily_pico INTEGER NOT NULL DEFAULT 0,
    usage_weekly_pico INTEGER NOT NULL DEFAULT 0,
    usage_monthly_pico INTEGER NOT NULL DEFAULT 0,
    is_free_tier INTEGER NOT NULL DEFAULT 0,
    is_management_key INTEGER NOT NULL DEFAULT 0,
    expires_at TEXT,
    free_used INTEGER,
    free_limit INTEGER,
    free_remaining INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE queue (
    ticket INTEGER NOT NULL,
    scope TEXT NOT NULL,
    owner TEXT NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (ticket, scope)
) STRICT, WITHOUT ROWID;
CREATE INDEX queue_by_scope ON queue (scope, ticket);

-- One row: the last ticket that was given out, and when the dead were last looked for.
CREATE TABLE queue_state (
    ticket INTEGER NOT NULL,
    reaped_at REAL NOT NULL
) STRICT;
INSERT INTO queue_state VALUES (0, 0);

ALTER TABLE attempts ADD COLUMN account TEXT NOT NULL DEFAULT '';
ALTER TABLE attempts ADD COLUMN is_free INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN reserved_pico INTEGER;
ALTER TABLE attempts ADD COLUMN lookups INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN lookup_at REAL;
UPDATE attempts SET
    account = coalesce((SELECT account FROM keys WHERE fingerprint = key_fingerprint), key_fingerprint),
    is_free = substr(model, -5) = ':free' OR model = 'openrouter/free',
    lookup_at = CASE
        WHEN generation_id IS NOT NULL AND cost_source <> 'reported' AND outcome IN ('done', 'cut', 'stopped', 'lost')
        THEN started_at
    END;

-- The sums that a budget needs are read from the indexes alone.
DROP INDEX attempts_by_day;
CREATE INDEX attempts_by_day ON attempts (day, key_fingerprint, outcome, cost_pico, reserved_pico);
DROP INDEX attempts_by_conversation;
CREATE INDEX attempts_by_conversation ON attempts (conversation_id, cost_pico, reserved_pico);
DROP INDEX attempts_open;
CREATE INDEX attempts_open ON attempts (key_fingerprint, owner) WHERE outcome = 'open';
CREATE INDEX attempts_by_key ON attempts (key_fingerprint, started_at);
CREATE INDEX attempts_free ON attempts (account, started_at) WHERE is_free = 1;
CREATE INDEX attempts_lookups ON attempts (lookup_at) WHERE lookup_at IS NOT NULL;

-- The row of an attempt is its slot.
DROP TABLE slots;

-- What the first format kept in the row of a key.
INSERT INTO holds
    SELECT
        'key:' || fingerprint, 'KeysError', held_reason, 'server',
        CAST(strftime('%s', 'now') AS REAL), held_until, max(holds, 1)
    FROM keys WHERE held_reason IS NOT NULL;
INSERT INTO key_reports (fingerprint, at, account) SELECT fingerprint, 0, account FROM keys WHERE account IS NOT NULL;
CREATE TABLE known_keys (
    fingerprint TEXT PRIMARY KEY,
    label TEXT NOT NULL UNIQUE,
    position INTEGER NOT NULL,
    disabled INTEGER NOT NULL DEFAULT 0,
    is_current INTEGER NOT NULL DEFAULT 0,
    added_at REAL NOT NULL
) STRICT;
INSERT INTO known_keys SELECT fingerprint, label, position, disabled, is_current, added_at FROM keys;
DROP TABLE keys;
ALTER TABLE known_keys RENAME TO keys;
CREATE UNIQUE INDEX keys_current ON keys (is_current) WHERE is_current = 1;
