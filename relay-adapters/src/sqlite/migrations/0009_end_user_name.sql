-- The name under which a token's user knows their account; NULL without one.
ALTER TABLE grants ADD COLUMN user_name TEXT;
