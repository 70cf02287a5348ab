-- Whether a forced tool choice becomes `auto` where a model can't force one.
ALTER TABLE projects ADD COLUMN forced_tool_choice_auto INTEGER NOT NULL DEFAULT 0;
