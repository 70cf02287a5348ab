CREATE TABLE webhooks (
    seq              INTEGER PRIMARY KEY,
    id               TEXT NOT NULL UNIQUE,
    project          TEXT NOT NULL,
    url              TEXT NOT NULL,
    events           TEXT NOT NULL, -- JSON array of names; empty: all
    description      TEXT NOT NULL,
    enabled          INTEGER NOT NULL,
    disabled_reason  TEXT,
    failing_since    INTEGER,
    created_at       INTEGER NOT NULL,
    secret           BLOB NOT NULL, -- sealed
    master_key       BLOB NOT NULL,
    old_secret       BLOB, -- sealed
    old_master_key   BLOB,
    old_secret_until INTEGER
) STRICT;
CREATE INDEX webhooks_by_project ON webhooks (project, seq);

-- What happened, as it is delivered. Only events that a webhook wants are here.
CREATE TABLE events (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    id      TEXT NOT NULL,
    project TEXT NOT NULL,
    user    TEXT,
    kind    TEXT NOT NULL,
    at      INTEGER NOT NULL,
    body    TEXT NOT NULL -- empty once its user was erased and told
) STRICT;
CREATE INDEX events_by_user ON events (project, user) WHERE user IS NOT NULL;
CREATE INDEX events_by_time ON events (at);

CREATE TABLE deliveries (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    webhook      TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event        INTEGER NOT NULL REFERENCES events (seq) ON DELETE CASCADE,
    lane         INTEGER NOT NULL, -- deliveries to one webhook in one lane wait for each other
    state        TEXT NOT NULL,
    attempts     INTEGER NOT NULL,
    next_at      INTEGER NOT NULL,
    leased_until INTEGER NOT NULL,
    last_at      INTEGER,
    last_millis  INTEGER,
    last_status  INTEGER,
    last_error   TEXT,
    last_answer  TEXT
) STRICT;
CREATE INDEX deliveries_due ON deliveries (next_at) WHERE state = 'pending';
CREATE INDEX deliveries_in_lane ON deliveries (webhook, lane, seq) WHERE state = 'pending';
CREATE INDEX deliveries_by_webhook ON deliveries (webhook, seq);
CREATE INDEX deliveries_by_event ON deliveries (event);
