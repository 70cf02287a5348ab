-- Times are milliseconds since 1970, texts compare byte by byte (SQLite's BINARY), days count from 1970-01-01 in UTC.

-- Small values of the wiring: canaries and counters of master keys.
CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE projects (
    seq             INTEGER PRIMARY KEY,
    id              TEXT NOT NULL UNIQUE,
    name            TEXT NOT NULL,
    allowed_origins TEXT NOT NULL, -- JSON array
    strict_params   INTEGER NOT NULL,
    created_at      INTEGER NOT NULL
) STRICT;

CREATE TABLE relay_keys (
    seq          INTEGER PRIMARY KEY,
    hash         BLOB NOT NULL UNIQUE,
    id           TEXT NOT NULL,
    project      TEXT NOT NULL REFERENCES projects (id),
    name         TEXT NOT NULL,
    last4        TEXT NOT NULL,
    scopes       TEXT NOT NULL, -- JSON array
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    revoked_at   INTEGER,
    last_used_at INTEGER,
    UNIQUE (project, id)
) STRICT;

-- All that is known of a user hangs on this row and goes with it.
CREATE TABLE users (
    project    TEXT NOT NULL,
    user       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (project, user)
) STRICT, WITHOUT ROWID;

-- Sealed keys live in rows that are never deleted and never change their size: a key that goes is overwritten in place
-- with zeros, and a later key of the same length moves in. Rows that come and go would be moved between pages, and
-- SQLite leaves copies of moved rows behind, `secure_delete` or not.
CREATE TABLE sealed_keys (
    id    INTEGER PRIMARY KEY,
    used  INTEGER NOT NULL CHECK (used IN (0, 1)),
    bytes BLOB NOT NULL
) STRICT;
CREATE INDEX sealed_keys_free ON sealed_keys (length(bytes)) WHERE used = 0;

CREATE TABLE connections (
    project         TEXT NOT NULL,
    user            TEXT NOT NULL,
    provider        TEXT NOT NULL,
    record          BLOB NOT NULL,
    version         INTEGER NOT NULL,
    sealed          INTEGER NOT NULL UNIQUE REFERENCES sealed_keys (id),
    last4           TEXT NOT NULL,
    fingerprint     BLOB NOT NULL,
    workspace_id    TEXT,
    state           TEXT NOT NULL,
    refusals        INTEGER NOT NULL,
    connected_at    INTEGER NOT NULL,
    last_used_at    INTEGER,
    last_refused_at INTEGER,
    PRIMARY KEY (project, user, provider),
    FOREIGN KEY (project, user) REFERENCES users (project, user) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE TRIGGER connections_shred AFTER DELETE ON connections BEGIN
    UPDATE sealed_keys SET used = 0, bytes = zeroblob(length(bytes)) WHERE id = OLD.sealed;
END;

CREATE TABLE grants (
    hash              BLOB NOT NULL PRIMARY KEY,
    project           TEXT NOT NULL,
    user              TEXT NOT NULL,
    provider          TEXT, -- NULL: any
    allowed_origins   TEXT NOT NULL, -- JSON array
    may_replace       INTEGER NOT NULL,
    created_at        INTEGER NOT NULL,
    expires_at        INTEGER NOT NULL,
    tries_left        INTEGER NOT NULL CHECK (tries_left >= 0),
    spent_at          INTEGER, -- NULL: not spent, and so are the four below
    spent_provider    TEXT,
    spent_fingerprint BLOB,
    spent_last4       TEXT,
    spent_state       TEXT,
    FOREIGN KEY (project, user) REFERENCES users (project, user) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX grants_by_user ON grants (project, user);
CREATE INDEX grants_by_end ON grants (expires_at);

CREATE TABLE idempotency (
    project    TEXT NOT NULL,
    key        TEXT NOT NULL,
    request    BLOB NOT NULL,
    salt       BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    grant_hash BLOB NOT NULL REFERENCES grants (hash) ON DELETE CASCADE,
    PRIMARY KEY (project, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_by_grant ON idempotency (grant_hash);
CREATE INDEX idempotency_by_end ON idempotency (expires_at);

CREATE TABLE usage_days (
    project     TEXT NOT NULL,
    day         INTEGER NOT NULL,
    user        TEXT NOT NULL,
    provider    TEXT NOT NULL,
    model       TEXT NOT NULL,
    tier        INTEGER NOT NULL, -- 0: paid, 1: free
    requests    INTEGER NOT NULL,
    errors      INTEGER NOT NULL,
    input       INTEGER NOT NULL,
    cache_read  INTEGER NOT NULL,
    cache_write INTEGER NOT NULL,
    output      INTEGER NOT NULL,
    reasoning   INTEGER NOT NULL,
    PRIMARY KEY (project, day, user, provider, model, tier),
    FOREIGN KEY (project, user) REFERENCES users (project, user) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_days_by_user ON usage_days (project, user, day);
