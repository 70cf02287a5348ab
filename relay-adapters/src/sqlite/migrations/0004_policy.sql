-- A project's policies as one JSON object, so that a new policy needs no new column.
ALTER TABLE projects ADD COLUMN policy TEXT NOT NULL DEFAULT '{}';
UPDATE projects SET policy = json_object(
    'allowedOrigins', json(allowed_origins),
    'returnUrls', json(return_urls),
    'frameOnly', json(iif(frame_only, 'true', 'false')),
    'strictParams', json(iif(strict_params, 'true', 'false')),
    'forcedToolChoiceAuto', json(iif(forced_tool_choice_auto, 'true', 'false'))
);
ALTER TABLE projects DROP COLUMN allowed_origins;
ALTER TABLE projects DROP COLUMN return_urls;
ALTER TABLE projects DROP COLUMN frame_only;
ALTER TABLE projects DROP COLUMN strict_params;
ALTER TABLE projects DROP COLUMN forced_tool_choice_auto;
