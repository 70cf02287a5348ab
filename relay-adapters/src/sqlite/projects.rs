use async_trait::async_trait;
use relay_core::domain::ids::{ProjectId, Timestamp};
use relay_core::domain::trail::{
    AuditChain, By, Trail, project_created, project_deleted, project_deletion_began, project_updated,
    relay_key_created, relay_key_revoked, relay_key_rolled,
};
use relay_core::domain::{KeyedProject, Project, RelayKeyRecord, Scope, SecretHash};
use relay_core::ports::{Projects, StoreError};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::events;
use super::failure::Failure;
use super::rows::{self, integer};
use super::store::Sqlite;
use super::trail;
use super::worker::Db;

/// Users of a deleted project that go in one transaction.
const BATCH: u32 = 256;

#[async_trait]
impl Projects for Sqlite {
    async fn create_project(&self, project: Project, by: &By) -> Result<(), StoreError> {
        let by = by.clone();
        self.writer.run(move |db| create_project(db, &project, &by)).await
    }

    async fn update_project(&self, project: Project, by: &By) -> Result<bool, StoreError> {
        let by = by.clone();
        self.writer.run(move |db| update_project(db, &project, &by)).await
    }

    async fn delete_project(&self, id: &ProjectId, by: &By) -> Result<bool, StoreError> {
        // Everything else about a user refers to this row: `ON DELETE CASCADE`.
        const USERS: &str = "DELETE FROM users WHERE project = ?1
            AND user IN (SELECT user FROM users WHERE project = ?1 LIMIT ?2)";
        let (of, began_by) = (id.clone(), by.clone());
        self.writer.run(move |db| db.write(|t| begin_deletion(t, &of, &began_by))).await?;
        loop {
            let (id, by) = (id.clone(), by.clone());
            // Other writers come between two batches.
            let write = move |db: &mut Db| {
                let deleted = db.write(|t| {
                    let users = t.prepare_cached(USERS)?.execute(params![id.as_str(), BATCH])?;
                    if users >= BATCH as usize {
                        return Ok(None);
                    }
                    finish_deletion(t, &id, &by).map(Some)
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
        self.readers.run(move |db| one_project(db.reader(), &id)).await
    }

    async fn projects(&self) -> Result<Vec<Project>, StoreError> {
        const ALL: &str = "SELECT * FROM projects ORDER BY created_at, seq";
        let read = |db: &mut Db| {
            let mut query = db.reader().prepare_cached(ALL)?;
            Ok(query.query_map([], project)?.collect::<Result<_, _>>()?)
        };
        self.readers.run(read).await
    }

    async fn create_relay_key(&self, key: RelayKeyRecord, by: &By) -> Result<(), StoreError> {
        let by = by.clone();
        let write = move |db: &mut Db| {
            db.write(|t| {
                put_relay_key(t, &key)?;
                trail::write(t, &key.project, &relay_key_created(&key), &by)
            })
        };
        self.writer.run(write).await
    }

    async fn relay_key(&self, hash: &SecretHash) -> Result<Option<KeyedProject>, StoreError> {
        const ONE: &str = "SELECT * FROM relay_keys WHERE hash = ?1";
        let hash = *hash;
        let read = move |db: &mut Db| {
            let Some(key) = db.reader().prepare_cached(ONE)?.query_row([hash.0], relay_key).optional()? else {
                return Ok(None);
            };
            Ok(one_project(db.reader(), &key.project)?.map(|project| KeyedProject::new(key, project)))
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

    async fn revoke_relay_key(
        &self,
        project: &ProjectId,
        id: &str,
        now: Timestamp,
        by: &By,
    ) -> Result<bool, StoreError> {
        const REVOKE: &str = "UPDATE relay_keys SET revoked_at = ?3 WHERE project = ?1 AND id = ?2";
        let (project, id, by) = (project.clone(), id.to_owned(), by.clone());
        let write = move |db: &mut Db| {
            db.write(|t| {
                let Some(key) = live_key(t, &project, &id, now)? else { return Ok(false) };
                t.prepare_cached(REVOKE)?.execute(params![project.as_str(), id, integer(now.0)])?;
                trail::write(t, &project, &relay_key_revoked(&key, now), &by)?;
                Ok(true)
            })
        };
        self.writer.run(write).await
    }

    async fn roll_relay_key(
        &self,
        id: &str,
        new: RelayKeyRecord,
        expires_at: Timestamp,
        by: &By,
    ) -> Result<bool, StoreError> {
        const EXPIRE: &str = "UPDATE relay_keys SET expires_at = ?3 WHERE project = ?1 AND id = ?2";
        let (id, by) = (id.to_owned(), by.clone());
        let write = move |db: &mut Db| {
            db.write(|t| {
                let Some(old) = live_key(t, &new.project, &id, by.at)? else { return Ok(false) };
                let expires_at = old.expires_at.map_or(expires_at, |earlier| earlier.min(expires_at));
                put_relay_key(t, &new)?;
                t.prepare_cached(EXPIRE)?.execute(params![new.project.as_str(), id, integer(expires_at.0)])?;
                trail::write(t, &new.project, &relay_key_rolled(&old, &new, expires_at), &by)?;
                Ok(true)
            })
        };
        self.writer.run(write).await
    }
}

/// A deleted project's keys are refused from the beginning on.
fn begin_deletion(transaction: &Transaction<'_>, id: &ProjectId, by: &By) -> Result<(), Failure> {
    const KEYS: &str = "DELETE FROM relay_keys WHERE project = ?1";
    transaction.prepare_cached(KEYS)?.execute([id.as_str()])?;
    match one_project(transaction, id)? {
        Some(project) => for_installation(transaction, &project_deletion_began(&project), by),
        None => Ok(()),
    }
}

/// Deletes what is left of a project without users. Returns whether there was one.
fn finish_deletion(transaction: &Transaction<'_>, id: &ProjectId, by: &By) -> Result<bool, Failure> {
    const REST: [&str; 4] = [
        "DELETE FROM pending_users WHERE project = ?1",
        "DELETE FROM audit WHERE project = ?1",
        "DELETE FROM audit_heads WHERE project = ?1",
        "DELETE FROM projects WHERE id = ?1",
    ];
    let project = one_project(transaction, id)?;
    events::delete_project(transaction, id)?;
    for delete in REST {
        transaction.prepare_cached(delete)?.execute([id.as_str()])?;
    }
    let Some(project) = project else { return Ok(false) };
    for_installation(transaction, &project_deleted(&project), by)?;
    Ok(true)
}

/// Writes entries in the chain of the installation, which outlives a project.
fn for_installation(transaction: &Transaction<'_>, trail: &Trail, by: &By) -> Result<(), Failure> {
    trail.entries.iter().try_for_each(|entry| trail::append(transaction, &AuditChain::Installation, entry, by))
}

/// A key that is neither revoked nor expired at `now`.
fn live_key(
    transaction: &Transaction<'_>,
    project: &ProjectId,
    id: &str,
    now: Timestamp,
) -> Result<Option<RelayKeyRecord>, Failure> {
    const ONE: &str = "SELECT * FROM relay_keys WHERE project = ?1 AND id = ?2";
    let found = transaction.prepare_cached(ONE)?.query_row(params![project.as_str(), id], relay_key).optional()?;
    Ok(found.filter(|key| key.is_live(now)))
}

fn create_project(db: &mut Db, project: &Project, by: &By) -> Result<(), Failure> {
    const PUT: &str = "INSERT INTO projects (id, name, policy, created_at) VALUES (?1, ?2, ?3, ?4)";
    let policy = serde_json::to_string(&project.policy)?;
    let row = params![project.id.as_str(), project.name, policy, integer(project.created_at.0)];
    db.write(|transaction| {
        transaction.prepare_cached(PUT)?.execute(row)?;
        trail::write(transaction, &project.id, &project_created(project), by)
    })
}

fn update_project(db: &mut Db, project: &Project, by: &By) -> Result<bool, Failure> {
    const CHANGE: &str = "UPDATE projects SET name = ?2, policy = ?3 WHERE id = ?1";
    let policy = serde_json::to_string(&project.policy)?;
    let row = params![project.id.as_str(), project.name, policy];
    db.write(|transaction| {
        let Some(before) = one_project(transaction, &project.id)? else { return Ok(false) };
        transaction.prepare_cached(CHANGE)?.execute(row)?;
        trail::write(transaction, &project.id, &project_updated(&before, project), by)?;
        Ok(true)
    })
}

fn put_relay_key(transaction: &Transaction<'_>, key: &RelayKeyRecord) -> Result<(), Failure> {
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
    transaction.prepare_cached(PUT)?.execute(row)?;
    Ok(())
}

fn one_project(db: &Connection, id: &ProjectId) -> Result<Option<Project>, Failure> {
    let mut query = db.prepare_cached("SELECT * FROM projects WHERE id = ?1")?;
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
