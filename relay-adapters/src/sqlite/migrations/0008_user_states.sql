-- Users are listed by whether they ever connected a key. Visitors who never did can be many more than the others.
CREATE INDEX users_by_state ON users (project, ever_connected, user);
