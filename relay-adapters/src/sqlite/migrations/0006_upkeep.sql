-- Users who never connected a key are counted, and go with their last grant.
ALTER TABLE users ADD COLUMN ever_connected INTEGER NOT NULL DEFAULT 0;
UPDATE users SET ever_connected = 1
    WHERE EXISTS (SELECT 1 FROM connections c WHERE c.project = users.project AND c.user = users.user)
        OR EXISTS (SELECT 1 FROM usage_days d WHERE d.project = users.project AND d.user = users.user)
        OR EXISTS (SELECT 1 FROM grants g WHERE g.project = users.project AND g.user = users.user AND g.spent_at IS NOT NULL);
DELETE FROM users WHERE ever_connected = 0
    AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.project = users.project AND g.user = users.user);

-- How many users of a project never connected a key. Triggers keep it, so that reading it takes no time.
CREATE TABLE pending_users (
    project TEXT NOT NULL PRIMARY KEY,
    number  INTEGER NOT NULL CHECK (number >= 0)
) STRICT, WITHOUT ROWID;
INSERT INTO pending_users SELECT project, count(*) FROM users WHERE ever_connected = 0 GROUP BY project;
CREATE TRIGGER users_pending_added AFTER INSERT ON users WHEN NEW.ever_connected = 0 BEGIN
    INSERT INTO pending_users VALUES (NEW.project, 1) ON CONFLICT DO UPDATE SET number = number + 1;
END;
CREATE TRIGGER users_pending_connected AFTER UPDATE OF ever_connected ON users
    WHEN OLD.ever_connected = 0 AND NEW.ever_connected = 1 BEGIN
    UPDATE pending_users SET number = number - 1 WHERE project = NEW.project;
END;
CREATE TRIGGER users_pending_deleted AFTER DELETE ON users WHEN OLD.ever_connected = 0 BEGIN
    UPDATE pending_users SET number = number - 1 WHERE project = OLD.project;
END;
CREATE TRIGGER grants_last_deleted AFTER DELETE ON grants BEGIN
    DELETE FROM users WHERE project = OLD.project AND user = OLD.user AND ever_connected = 0
        AND NOT EXISTS (SELECT 1 FROM grants WHERE project = OLD.project AND user = OLD.user);
END;
-- Expired tokens that are still to be closed for good.
CREATE INDEX grants_open_by_end ON grants (expires_at) WHERE spent_at IS NULL AND tries_left > 0;
