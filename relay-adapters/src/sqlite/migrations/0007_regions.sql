-- What a key needs beside it at its provider: ids of the account, and the region whose host it works at.
ALTER TABLE connections ADD COLUMN organization_id TEXT;
ALTER TABLE connections ADD COLUMN project_id TEXT;
ALTER TABLE connections ADD COLUMN region TEXT;
