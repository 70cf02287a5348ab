-- The audit log: a chain of entries for each project, and one of the installation (project '').
CREATE TABLE audit (
    project TEXT NOT NULL,
    seq     INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    action  TEXT NOT NULL,
    user    TEXT, -- until they are erased
    subject TEXT, -- the user's pseudonym, which stays
    text    TEXT NOT NULL, -- what is hashed
    details TEXT, -- JSON with what names a person; NULL once they are erased, and so is the salt
    salt    BLOB,
    hash    BLOB NOT NULL,
    PRIMARY KEY (project, seq)
) STRICT;
CREATE INDEX audit_by_user ON audit (project, user, seq) WHERE user IS NOT NULL;
CREATE INDEX audit_by_action ON audit (project, action, seq);

-- The last entry of each chain: a missing end is noticed.
CREATE TABLE audit_heads (
    project TEXT NOT NULL PRIMARY KEY,
    seq     INTEGER NOT NULL,
    hash    BLOB NOT NULL
) STRICT, WITHOUT ROWID;
