use async_trait::async_trait;
use relay_core::domain::ids::{ProjectId, Timestamp};
use relay_core::domain::{KeyedProject, Project, RelayKeyRecord, Scope, SecretHash};
use relay_core::ports::{Projects, StoreError};
use rusqlite::{OptionalExtension, Row, params};

use super::failure::Failure;
use super::rows::{self, integer};
use super::store::Sqlite;
use super::worker::Db;

/// Users of a deleted project that go in one transaction.
const BATCH: u32 = 256;

#[async_trait]
impl Projects for Sqlite {
    async fn create_project(&self, project: Project) -> Result<(), StoreError> {
        self.writer.run(move |db| create_project(db, &project)).await
    }

    async fn update_project(&self, project: Project) -> Result<bool, StoreError> {
        self.writer.run(move |db| update_project(db, &project)).await
    }

    async fn delete_project(&self, id: &ProjectId) -> Result<bool, StoreError> {
        const KEYS: &str = "DELETE FROM relay_keys WHERE project = ?1";
        // Everything else about a user refers to this row: `ON DELETE CASCADE`.
        const USERS: &str = "DELETE FROM users WHERE project = ?1
            AND user IN (SELECT user FROM users WHERE project = ?1 LIMIT ?2)";
        const PENDING: &str = "DELETE FROM pending_users WHERE project = ?1";
        const PROJECT: &str = "DELETE FROM projects WHERE id = ?1";
        let keys = id.clone();
        self.writer.run(move |db| db.write(|t| Ok(t.prepare_cached(KEYS)?.execute([keys.as_str()])?))).await?;
        loop {
            let id = id.clone();
            // Other writers come between two batches.
            let write = move |db: &mut Db| {
                let deleted = db.write(|t| {
                    let users = t.prepare_cached(USERS)?.execute(params![id.as_str(), BATCH])?;
                    if users >= BATCH as usize {
                        return Ok(None);
                    }
                    t.prepare_cached(PENDING)?.execute([id.as_str()])?;
                    Ok(Some(t.prepare_cached(PROJECT)?.execute([id.as_str()])? > 0))
                })?;
                db.shred();
                Ok(deleted)
            };
            if let Some(deleted) = self.writer.run(write).await? {
                return Ok(deleted);
            }
        }
    }

    async fn project(&self, id: &ProjectId) -> Result<Option<Project>, StoreError> {
        let id = id.clone();
        self.readers.run(move |db| one_project(db, &id)).await
    }

    async fn projects(&self) -> Result<Vec<Project>, StoreError> {
        const ALL: &str = "SELECT * FROM projects ORDER BY created_at, seq";
        let read = |db: &mut Db| {
            let mut query = db.reader().prepare_cached(ALL)?;
            Ok(query.query_map([], project)?.collect::<Result<_, _>>()?)
        };
        self.readers.run(read).await
    }

    async fn create_relay_key(&self, key: RelayKeyRecord) -> Result<(), StoreError> {
        self.writer.run(move |db| create_relay_key(db, &key)).await
    }

    async fn relay_key(&self, hash: &SecretHash) -> Result<Option<KeyedProject>, StoreError> {
        const ONE: &str = "SELECT * FROM relay_keys WHERE hash = ?1";
        let hash = *hash;
        let read = move |db: &mut Db| {
            let Some(key) = db.reader().prepare_cached(ONE)?.query_row([hash.0], relay_key).optional()? else {
                return Ok(None);
            };
            Ok(one_project(db, &key.project)?.map(|project| KeyedProject::new(key, project)))
        };
        self.readers.run(read).await
    }

    async fn relay_keys(&self, project: &ProjectId) -> Result<Vec<RelayKeyRecord>, StoreError> {
        const ALL: &str = "SELECT * FROM relay_keys WHERE project = ?1 ORDER BY created_at, seq";
        let project = project.clone();
        let read = move |db: &mut Db| {
            let mut query = db.reader().prepare_cached(ALL)?;
            Ok(query.query_map([project.as_str()], relay_key)?.collect::<Result<_, _>>()?)
        };
        self.readers.run(read).await
    }

    async fn revoke_relay_key(&self, project: &ProjectId, id: &str, now: Timestamp) -> Result<bool, StoreError> {
        const REVOKE: &str = "UPDATE relay_keys SET revoked_at = ?3 WHERE project = ?1 AND id = ?2
            AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?3)";
        let (project, id) = (project.clone(), id.to_owned());
        let write = move |db: &mut Db| {
            let key = params![project.as_str(), id, integer(now.0)];
            db.write(|transaction| Ok(transaction.prepare_cached(REVOKE)?.execute(key)? > 0))
        };
        self.writer.run(write).await
    }
}

fn create_project(db: &mut Db, project: &Project) -> Result<(), Failure> {
    const PUT: &str = "INSERT INTO projects (id, name, policy, created_at) VALUES (?1, ?2, ?3, ?4)";
    let policy = serde_json::to_string(&project.policy)?;
    let row = params![project.id.as_str(), project.name, policy, integer(project.created_at.0)];
    db.write(|transaction| {
        transaction.prepare_cached(PUT)?.execute(row)?;
        Ok(())
    })
}

fn update_project(db: &mut Db, project: &Project) -> Result<bool, Failure> {
    const CHANGE: &str = "UPDATE projects SET name = ?2, policy = ?3 WHERE id = ?1";
    let policy = serde_json::to_string(&project.policy)?;
    let row = params![project.id.as_str(), project.name, policy];
    db.write(|transaction| Ok(transaction.prepare_cached(CHANGE)?.execute(row)? > 0))
}

fn create_relay_key(db: &mut Db, key: &RelayKeyRecord) -> Result<(), Failure> {
    const PUT: &str = "INSERT INTO relay_keys
        (hash, id, project, name, last4, scopes, created_at, expires_at, revoked_at, last_used_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    let row = params![
        key.hash.0,
        key.id,
        key.project.as_str(),
        key.name,
        key.last4,
        rows::to_json(&scopes),
        integer(key.created_at.0),
        key.expires_at.map(|at| integer(at.0)),
        key.revoked_at.map(|at| integer(at.0)),
        key.last_used_at.map(|at| integer(at.0)),
    ];
    db.write(|transaction| {
        transaction.prepare_cached(PUT)?.execute(row)?;
        Ok(())
    })
}

fn one_project(db: &Db, id: &ProjectId) -> Result<Option<Project>, Failure> {
    let mut query = db.reader().prepare_cached("SELECT * FROM projects WHERE id = ?1")?;
    Ok(query.query_row([id.as_str()], project).optional()?)
}

fn project(row: &Row<'_>) -> rusqlite::Result<Project> {
    let created_at = rows::time(row, "created_at")?;
    let mut project = Project::new(rows::project(row, "id")?, row.get::<_, String>("name")?, created_at);
    project.policy = rows::json(row, "policy")?;
    Ok(project)
}

fn relay_key(row: &Row<'_>) -> rusqlite::Result<RelayKeyRecord> {
    let (hash, project) = (SecretHash(row.get("hash")?), rows::project(row, "project")?);
    let (name, last4): (String, String) = (row.get("name")?, row.get("last4")?);
    let scopes: Vec<String> = rows::json(row, "scopes")?;
    let mut key = RelayKeyRecord::new(hash, project, name, last4, rows::time(row, "created_at")?);
    key.id = row.get("id")?;
    key.scopes = scopes.iter().filter_map(|name| Scope::from_name(name)).collect();
    key.expires_at = rows::time_or_none(row, "expires_at")?;
    key.revoked_at = rows::time_or_none(row, "revoked_at")?;
    key.last_used_at = rows::time_or_none(row, "last_used_at")?;
    Ok(key)
}
