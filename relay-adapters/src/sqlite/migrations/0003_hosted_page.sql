-- Where the hosted page may send users (JSON array), and whether keys must be typed into Relay's own frame.
ALTER TABLE projects ADD COLUMN return_urls TEXT NOT NULL DEFAULT '[]';
ALTER TABLE projects ADD COLUMN frame_only INTEGER NOT NULL DEFAULT 0;
