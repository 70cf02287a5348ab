use async_trait::async_trait;
use relay_core::domain::MasterKeyId;
use relay_core::ports::{Meta, StoreError};
use rusqlite::{OptionalExtension, params};

use super::rows;
use super::store::Sqlite;
use super::worker::Db;

/// Jumps from one id to the next in the index. `SELECT DISTINCT` would read an entry for each connection.
const IN_USE: &str = "WITH RECURSIVE ids (id) AS (
        SELECT min(master_key) FROM connections
        UNION ALL
        SELECT (SELECT min(master_key) FROM connections WHERE master_key > ids.id) FROM ids WHERE ids.id IS NOT NULL
    )
    SELECT id FROM ids WHERE id IS NOT NULL";

#[async_trait]
impl Meta for Sqlite {
    async fn meta(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let key = key.to_owned();
        let read = move |db: &mut Db| {
            let mut query = db.reader().prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
            Ok(query.query_row([key], |row| row.get(0)).optional()?)
        };
        self.readers.run(read).await
    }

    async fn put_meta(&self, key: &str, value: Vec<u8>) -> Result<(), StoreError> {
        const PUT: &str = "INSERT INTO meta (key, value) VALUES (?1, ?2)
            ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        let key = key.to_owned();
        let write = move |db: &mut Db| {
            db.write(|transaction| {
                transaction.prepare_cached(PUT)?.execute(params![key, value])?;
                Ok(())
            })
        };
        self.writer.run(write).await
    }

    async fn master_keys_in_use(&self) -> Result<Vec<MasterKeyId>, StoreError> {
        const OF_WEBHOOKS: &str = "SELECT master_key FROM webhooks
            UNION SELECT old_master_key FROM webhooks WHERE old_master_key IS NOT NULL";
        let read = |db: &mut Db| {
            let mut query = db.reader().prepare_cached(IN_USE)?;
            let ids = query.query_map([], |row| row.get(0).map(MasterKeyId))?;
            let mut ids = ids.collect::<Result<std::collections::BTreeSet<_>, _>>()?;
            // A few for each project.
            let mut query = db.reader().prepare_cached(OF_WEBHOOKS)?;
            for id in query.query_map([], |row| row.get(0).map(MasterKeyId))? {
                ids.insert(id?);
            }
            Ok(ids.into_iter().collect())
        };
        self.readers.run(read).await
    }

    async fn count_by_master_key(&self) -> Result<Vec<(MasterKeyId, u64)>, StoreError> {
        const COUNT: &str = "SELECT master_key, count(*) FROM
            (SELECT master_key FROM connections UNION ALL SELECT master_key FROM webhooks
             UNION ALL SELECT old_master_key FROM webhooks WHERE old_master_key IS NOT NULL) GROUP BY 1 ORDER BY 1";
        let read = |db: &mut Db| {
            let mut query = db.reader().prepare_cached(COUNT)?;
            let counts = query.query_map([], |row| Ok((MasterKeyId(row.get(0)?), rows::counter(row, 1)?)))?;
            Ok(counts.collect::<Result<_, _>>()?)
        };
        self.readers.run(read).await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.put_meta("ready", vec![1]).await
    }
}

#[cfg(test)]
mod tests {
    use relay_core::domain::ids::{EndUser, ProjectId};
    use relay_core::domain::{AccountIds, Slot};
    use relay_core::ports::KeyStore as _;
    use rusqlite::{Connection, StatementStatus};

    use super::super::migrate::{MIGRATIONS, migrate};
    use super::super::store::{Sqlite, SqliteOptions};
    use super::*;

    const OLD: MasterKeyId = MasterKeyId([1; 8]);
    const NEW: MasterKeyId = MasterKeyId([2; 8]);

    /// Stores connections of this many users, one in ten of them under `OLD`, without the other rows of a store.
    fn connections(db: &Connection, count: u32) {
        db.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        db.execute(
            "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?1)
             INSERT INTO connections
                (project, user, provider, record, version, sealed, master_key, last4, fingerprint, state, refusals,
                 connected_at)
             SELECT 'prj_0123456789ABCDEFGHIJkl', printf('user-%07d', n), 'openai', zeroblob(16), 1, n,
                iif(n % 10, ?3, ?2), 'a1b2', zeroblob(16), 'active', 0, 1 FROM n",
            params![count, OLD.0, NEW.0],
        )
        .unwrap();
    }

    fn in_use(db: &Connection) -> (Vec<[u8; 8]>, i32) {
        let mut query = db.prepare(IN_USE).unwrap();
        let ids = query.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        assert_eq!(query.get_status(StatementStatus::FullscanStep), 0, "no other row is read");
        (ids, query.get_status(StatementStatus::VmStep))
    }

    #[test]
    fn finding_the_master_keys_in_use_does_not_depend_on_the_number_of_connections() {
        let steps = |count| {
            let mut db = Connection::open_in_memory().unwrap();
            migrate(&mut db, MIGRATIONS).unwrap();
            connections(&db, count);
            let (ids, steps) = in_use(&db);
            assert_eq!(ids, [OLD.0, NEW.0]);
            steps
        };
        assert_eq!(steps(20), steps(5000));
    }

    /// `cargo test --release -p relay-adapters --all-features million -- --ignored --nocapture`
    #[tokio::test]
    #[ignore = "fills a file with a million connections"]
    async fn a_store_with_a_million_connections_opens_within_a_second() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("relay.db");
        drop(Sqlite::open(&path, SqliteOptions::default()).unwrap());
        connections(&Connection::open(&path).unwrap(), 1_000_000);
        let start = std::time::Instant::now();
        let store = Sqlite::open(&path, SqliteOptions::default()).unwrap();
        assert_eq!(store.master_keys_in_use().await.unwrap(), [OLD, NEW]);
        let took = start.elapsed();
        eprintln!("opened, and the master keys in use found, in {took:?}");
        assert!(took.as_secs_f32() < 1.0, "{took:?}");
    }

    #[tokio::test]
    async fn a_migrated_store_knows_the_master_keys_of_its_connections() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("relay.db");
        let mut older = Connection::open(&path).unwrap();
        migrate(&mut older, MIGRATIONS.split_at(4).0).unwrap();
        let sealed = [&[1, 1], NEW.0.as_slice(), &[7; 152]].concat();
        older.execute("INSERT INTO sealed_keys VALUES (5, 1, ?1)", [&sealed]).unwrap();
        older
            .execute_batch(
                "INSERT INTO users VALUES ('prj_0123456789ABCDEFGHIJkl', 'ana', 1);
                 INSERT INTO connections VALUES ('prj_0123456789ABCDEFGHIJkl', 'ana', 'openai', zeroblob(16), 1, 5, 'a1b2',
                    zeroblob(16), NULL, 'active', 0, 1, NULL, NULL)",
            )
            .unwrap();
        drop(older);

        let store = Sqlite::open(&path, SqliteOptions::default()).unwrap();
        assert_eq!(store.master_keys_in_use().await.unwrap(), [NEW]);
        let slot = Slot {
            project: ProjectId::parse("prj_0123456789ABCDEFGHIJkl").unwrap(),
            user: EndUser::parse("ana").unwrap(),
            provider: relay_core::Provider::OPENAI,
        };
        let connection = store.connection(&slot).await.unwrap().unwrap();
        assert_eq!((connection.ids, connection.region), (AccountIds::default(), None));
        assert_eq!((connection.sealed.master_key, connection.sealed.bytes), (NEW, sealed));
    }
}
