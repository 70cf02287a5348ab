//! Numbered migrations. Each runs in one transaction together with its number, so after a crash it has run completely
//! or not at all.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::error::SqliteOpenError;

/// Marks a file as ours in its header (SQLite's `application_id`): `Rlay`.
pub(super) const APPLICATION_ID: i32 = 0x526c_6179;

/// All migrations, in order. A released migration is never changed; a new one is added.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_first_tables.sql"),
    include_str!("migrations/0002_forced_tool_choice.sql"),
    include_str!("migrations/0003_hosted_page.sql"),
    include_str!("migrations/0004_policy.sql"),
    include_str!("migrations/0005_master_key.sql"),
    include_str!("migrations/0006_upkeep.sql"),
    include_str!("migrations/0007_regions.sql"),
    include_str!("migrations/0008_user_states.sql"),
    include_str!("migrations/0009_end_user_name.sql"),
    include_str!("migrations/0010_audit.sql"),
    include_str!("migrations/0011_webhooks.sql"),
];

/// Refuses a file that is not a Relay database, or that a newer program wrote, without changing it.
pub(super) fn refuse_foreign(connection: &Connection, known: usize) -> Result<(), SqliteOpenError> {
    // One transaction for all reads: another process may be creating the tables.
    let connection = connection.unchecked_transaction()?;
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let is_empty: bool = connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))?;
    if application != APPLICATION_ID && !(application == 0 && is_empty) {
        return Err(SqliteOpenError::NotRelay);
    }
    let found = version(&connection)?;
    if found > known { Err(SqliteOpenError::NewerSchema { found, known }) } else { Ok(()) }
}

/// Runs the migrations that the schema lacks.
pub(super) fn migrate(connection: &mut Connection, migrations: &[&str]) -> Result<(), SqliteOpenError> {
    for (number, sql) in (1..).zip(migrations) {
        // Another process may be migrating too, so the version is only certain within the transaction.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if version(&transaction)? >= number {
            refuse_changed(&transaction, number, sql)?;
            continue;
        }
        transaction.execute_batch(
            "CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY, sql TEXT NOT NULL) STRICT",
        )?;
        transaction.execute_batch(sql)?;
        let recorded = i64::try_from(number).unwrap_or(i64::MAX);
        transaction.execute("INSERT INTO migrations (version, sql) VALUES (?1, ?2)", params![recorded, sql])?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", recorded)?;
        transaction.commit()?;
    }
    Ok(())
}

/// The number of the last migration that ran.
pub(super) fn version(connection: &Connection) -> Result<usize, SqliteOpenError> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(usize::try_from(version).unwrap_or(usize::MAX))
}

/// Refuses a schema whose migration with this number had a different text.
fn refuse_changed(connection: &Connection, number: usize, sql: &str) -> Result<(), SqliteOpenError> {
    let recorded = i64::try_from(number).unwrap_or(i64::MAX);
    let ran: Option<String> = connection
        .query_row("SELECT sql FROM migrations WHERE version = ?1", [recorded], |row| row.get(0))
        .optional()?;
    if ran.as_deref() == Some(sql) { Ok(()) } else { Err(SqliteOpenError::ChangedMigration(number)) }
}

#[cfg(test)]
mod tests {
    use relay_core::domain::Policy;

    use super::*;

    fn tables(connection: &Connection) -> Vec<String> {
        let mut names = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1").unwrap();
        names.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn a_migration_runs_completely_or_not_at_all() {
        let mut connection = Connection::open_in_memory().unwrap();
        let first = "CREATE TABLE a (x INTEGER) STRICT;";
        let broken = "CREATE TABLE b (x INTEGER) STRICT; INSERT INTO a VALUES ('not a number');";
        assert!(matches!(migrate(&mut connection, &[first, broken]), Err(SqliteOpenError::Sqlite(_))));
        assert_eq!(version(&connection).unwrap(), 1);
        assert_eq!(tables(&connection), ["a", "migrations"], "nothing of the broken migration");

        migrate(&mut connection, &[first, "CREATE TABLE b (x INTEGER) STRICT;"]).unwrap();
        assert_eq!(version(&connection).unwrap(), 2);
        assert_eq!(tables(&connection), ["a", "b", "migrations"]);
    }

    #[test]
    fn a_migration_runs_once() {
        let mut connection = Connection::open_in_memory().unwrap();
        for _ in 0..2 {
            migrate(&mut connection, &["CREATE TABLE a (x INTEGER) STRICT;"]).unwrap();
        }
        assert_eq!(version(&connection).unwrap(), 1);
    }

    #[test]
    fn a_schema_from_a_changed_migration_is_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &["CREATE TABLE a (x INTEGER) STRICT;"]).unwrap();
        let changed = migrate(&mut connection, &["CREATE TABLE a (y INTEGER) STRICT;"]);
        assert!(matches!(changed, Err(SqliteOpenError::ChangedMigration(1))), "{changed:?}");
    }

    /// The schema after the first `n` migrations, and a project in it.
    fn after(n: usize, project: &str) -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, MIGRATIONS.split_at(n).0).unwrap();
        connection.execute_batch(project).unwrap();
        connection
    }

    fn policy_after_all(mut connection: Connection) -> Policy {
        migrate(&mut connection, MIGRATIONS).unwrap();
        let text: String = connection.query_row("SELECT policy FROM projects", [], |row| row.get(0)).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn projects_of_an_older_schema_get_the_default_policy() {
        let put =
            "INSERT INTO projects (id, name, allowed_origins, strict_params, created_at) VALUES ('p', 'n', '[]', 0, 1)";
        assert_eq!(policy_after_all(after(1, put)), Policy::default());
    }

    #[test]
    fn projects_of_an_older_schema_keep_their_settings() {
        let put = "INSERT INTO projects (id, name, allowed_origins, strict_params, created_at, forced_tool_choice_auto,
                return_urls, frame_only)
            VALUES ('p', 'n', '[\"https://a.example\",\"https://b.example:8443\"]', 1, 1, 1, '[\"app://done?a=\\\"1\"]', 1)";
        let mut want = Policy::default();
        want.allowed_origins = vec!["https://a.example".into(), "https://b.example:8443".into()];
        want.return_urls = vec!["app://done?a=\"1".into()];
        (want.strict_params, want.forced_tool_choice_auto, want.frame_only) = (true, true, true);
        assert_eq!(policy_after_all(after(3, put)), want);
        for (column, off) in [("strict_params", "strictParams"), ("frame_only", "frameOnly")] {
            let older = after(3, put);
            older.execute(&format!("UPDATE projects SET {column} = 0"), []).unwrap();
            let policy = serde_json::to_value(policy_after_all(older)).unwrap();
            assert_eq!(policy[off], false, "{column}");
        }
    }
}
