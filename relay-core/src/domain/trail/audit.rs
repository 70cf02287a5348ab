//! The audit log: one chain of entries for each project, in which nothing can be changed unnoticed.
//!
//! An entry is a line of JSON, its *text*. It has the hash of the entry before it, so the hash of the last one depends on
//! all of them. What names a person (an end user's label, an address, what changed) is beside the text, as *details*: the
//! text has only SHA-256 of a random salt and the details. When a user is erased, details and salt of the entries about
//! them are deleted. The chain still verifies, and nobody can find out by guessing what the hash was made from.

use std::collections::HashMap;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::action::AuditAction;
use super::by::By;
use super::entry::Entry;
use crate::domain::ids::{EndUser, ProjectId, Timestamp};

/// Whose log it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AuditChain {
    /// A project's own, which is deleted with it.
    Project(ProjectId),
    /// That of the installation, which has what no project can: that a project was deleted.
    Installation,
}

impl AuditChain {
    /// The project's id, or nothing.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Project(id) => id.as_str(),
            Self::Installation => "",
        }
    }
}

/// The last entry of a chain. A store keeps it apart from the entries, so that a missing end is noticed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditHead {
    /// The number of the last entry; 0 for an empty chain.
    pub seq: u64,
    /// Its hash; zeros for an empty chain.
    pub hash: [u8; 32],
}

/// An entry as a store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditRow {
    /// Its number: 1, 2, 3 without a gap.
    pub seq: u64,
    /// When it was written.
    pub at: Timestamp,
    /// What was done.
    pub action: String,
    /// The end user whom it is about, until they are erased.
    pub user: Option<EndUser>,
    /// The pseudonym of that user, which stays.
    pub subject: Option<String>,
    /// The entry, without what names a person: the bytes that are hashed.
    pub text: String,
    /// What names a person, as JSON; `None` once they are erased.
    pub details: Option<String>,
    /// What was hashed before the details; `None` once they are erased.
    pub salt: Option<[u8; 16]>,
    /// SHA-256 of the text.
    pub hash: [u8; 32],
}

impl AuditRow {
    /// A row of these columns, in the order of the fields.
    #[expect(clippy::too_many_arguments, reason = "the columns of one table")]
    pub fn new(
        seq: u64,
        at: Timestamp,
        action: String,
        user: Option<EndUser>,
        subject: Option<String>,
        text: String,
        details: Option<String>,
        salt: Option<[u8; 16]>,
        hash: [u8; 32],
    ) -> Self {
        Self { seq, at, action, user, subject, text, details, salt, hash }
    }

    /// The entry as it is exported: what a reader may see, and what the hashes are made from.
    pub fn to_export(&self) -> Value {
        let mut json = self.entry().map(|entry| entry.to_json()).unwrap_or_else(|| Value::Object(Map::new()));
        if let Some(members) = json.as_object_mut() {
            members.insert("text".to_owned(), self.text.clone().into());
            members.insert("details".to_owned(), self.details.clone().into());
            members.insert("salt".to_owned(), self.salt.map(|salt| HEXLOWER.encode(&salt)).into());
        }
        json
    }

    /// The entry, as a reader may see it; `None` if it is damaged.
    pub fn entry(&self) -> Option<AuditEntry> {
        let text: Text = serde_json::from_str(&self.text).ok()?;
        let details = self.details.as_deref().map(serde_json::from_str::<Details>).transpose().ok()?;
        Some(AuditEntry { text, details, hash: HEXLOWER.encode(&self.hash) })
    }
}

/// The text of an entry. Its JSON has the members in this order, and no spaces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    v: u8,
    project: Option<String>,
    seq: u64,
    at: u64,
    action: String,
    actor: ActorText,
    request: Option<String>,
    target: Option<String>,
    subject: Option<String>,
    details: String,
    previous: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ActorText {
    kind: String,
    id: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Details {
    user: Option<String>,
    address: Option<String>,
    before: Option<Value>,
    after: Option<Value>,
}

/// An entry of the audit log, as a reader may see it.
#[derive(Clone, Debug)]
pub struct AuditEntry {
    text: Text,
    details: Option<Details>,
    hash: String,
}

impl AuditEntry {
    /// Its JSON: number, time, action, who, what, before, after, and its hash. `erased` says that its user was erased,
    /// and with them what named them.
    pub fn to_json(&self) -> Value {
        let details = self.details.clone().unwrap_or_default();
        let mut json = Map::new();
        let mut put = |name: &str, value: Value| drop(json.insert(name.to_owned(), value));
        put("seq", self.text.seq.into());
        put("at", Timestamp(self.text.at).to_string().into());
        put("projectId", self.text.project.clone().into());
        put("action", self.text.action.clone().into());
        let ActorText { kind, id } = &self.text.actor;
        put("actor", serde_json::json!({ "type": kind, "id": id }));
        put("target", self.text.target.clone().into());
        put("endUserLabel", details.user.into());
        put("subject", self.text.subject.clone().into());
        put("address", details.address.into());
        put("requestId", self.text.request.clone().into());
        put("before", details.before.unwrap_or_default());
        put("after", details.after.unwrap_or_default());
        put("erased", self.details.is_none().into());
        put("hash", self.hash.clone().into());
        Value::Object(json)
    }
}

/// A page of entries, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditQuery {
    /// Only entries with a lower number.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: u32,
    /// Only this action.
    pub action: Option<String>,
    /// Only entries about this user.
    pub user: Option<EndUser>,
    /// Only entries from this time on.
    pub since: Option<Timestamp>,
    /// Only entries before this time.
    pub until: Option<Timestamp>,
}

/// A part of a chain, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditPart {
    /// Only entries with a higher number.
    pub after: u64,
    /// At most so many.
    pub limit: u32,
}

/// Gives an entry its place behind `head`. `subject`: the pseudonym of the entry's user, if there is one. `salt`: 16 random
/// bytes.
pub fn seal_entry(
    chain: &AuditChain,
    head: AuditHead,
    entry: &Entry,
    by: &By,
    subject: Option<String>,
    salt: [u8; 16],
) -> AuditRow {
    // The entry of an erasure names nobody, not even for a moment.
    let is_erasure = entry.action == AuditAction::UserDeleted;
    let user = entry.user.clone().filter(|_| !is_erasure);
    let details = Details {
        user: user.as_ref().map(|user| user.as_str().to_owned()),
        address: by.address.map(|address| address.to_string()),
        before: entry.before.clone(),
        after: entry.after.clone(),
    };
    let details = serde_json::to_string(&details).unwrap_or_default();
    let text = Text {
        v: 1,
        project: match chain {
            AuditChain::Project(id) => Some(id.as_str().to_owned()),
            AuditChain::Installation => None,
        },
        seq: head.seq + 1,
        at: by.at.0,
        action: entry.action.as_str().to_owned(),
        actor: ActorText { kind: by.actor.kind().to_owned(), id: by.actor.id() },
        request: by.request.map(|id| id.to_string()),
        target: entry.target.clone(),
        subject: subject.clone(),
        details: HEXLOWER.encode(&commitment(&salt, &details)),
        previous: HEXLOWER.encode(&head.hash),
    };
    let text = serde_json::to_string(&text).unwrap_or_default();
    let hash = Sha256::digest(&text).into();
    let action = entry.action.as_str().to_owned();
    AuditRow {
        seq: head.seq + 1,
        at: by.at,
        action,
        user,
        subject,
        text,
        details: Some(details),
        salt: Some(salt),
        hash,
    }
}

fn commitment(salt: &[u8; 16], details: &str) -> [u8; 32] {
    Sha256::new().chain_update(salt).chain_update(details).finalize().into()
}

/// What is wrong with a chain, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadEntry {
    /// The number of the first bad entry.
    pub seq: u64,
    /// What is wrong with it.
    pub why: &'static str,
}

/// What became of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditVerdict {
    /// How many entries were read.
    pub entries: u64,
    /// The last good entry, if all are good. Whoever keeps it elsewhere can prove later that nothing before it has
    /// changed.
    pub head: AuditHead,
    /// The first bad entry.
    pub bad: Option<BadEntry>,
}

/// Checks a chain, entry by entry from the first one on.
#[derive(Debug)]
pub struct AuditVerifier {
    chain: AuditChain,
    head: AuditHead,
    entries: u64,
    broken: Option<BadEntry>,
    /// Entries without details, by the pseudonym of their user: each needs a later entry that erases that user.
    unexplained: HashMap<String, u64>,
}

impl AuditVerifier {
    /// A check of this chain, which begins with its first entry.
    pub fn new(chain: AuditChain) -> Self {
        let unexplained = HashMap::new();
        Self { chain, head: AuditHead::default(), entries: 0, broken: None, unexplained }
    }

    /// Checks the next row. It can go on after a bad one, which changes nothing about the verdict.
    pub fn push(&mut self, row: &AuditRow) {
        self.entries += 1;
        let result = self.check(row);
        if let (Err(why), None) = (result, &self.broken) {
            // A gap is named by the entry that is missing.
            let seq = if row.seq > self.head.seq + 1 { self.head.seq + 1 } else { row.seq };
            self.broken = Some(BadEntry { seq, why });
        }
        if self.broken.is_none() {
            self.head = AuditHead { seq: row.seq, hash: row.hash };
        }
    }

    fn check(&mut self, row: &AuditRow) -> Result<(), &'static str> {
        let text: Text = serde_json::from_str(&row.text).map_err(|_| "its text is damaged")?;
        if text.action == AuditAction::UserDeleted.as_str()
            && let Some(subject) = &text.subject
        {
            self.unexplained.remove(subject);
        }
        if row.seq != self.head.seq + 1 || text.seq != row.seq {
            return Err("an entry is missing, inserted or in another place");
        }
        if text.previous != HEXLOWER.encode(&self.head.hash) {
            return Err("it does not follow the entry before it");
        }
        if row.hash != <[u8; 32]>::from(Sha256::digest(&row.text)) {
            return Err("its text or its hash was changed");
        }
        let project = Some(self.chain.as_str()).filter(|id| !id.is_empty());
        if text.v != 1 || text.project.as_deref() != project {
            return Err("it belongs to another chain");
        }
        if (text.at, &text.action, &text.subject) != (row.at.0, &row.action, &row.subject) {
            return Err("its columns do not agree with its text");
        }
        self.check_details(row, text)
    }

    fn check_details(&mut self, row: &AuditRow, text: Text) -> Result<(), &'static str> {
        let (Some(details), Some(salt)) = (&row.details, &row.salt) else {
            let subject = text.subject.ok_or("its details were removed")?;
            if row.details.is_some() || row.salt.is_some() || row.user.is_some() || text.action == "user.deleted" {
                return Err("its details were removed in part");
            }
            self.unexplained.entry(subject).or_insert(row.seq);
            return Ok(());
        };
        if text.details != HEXLOWER.encode(&commitment(salt, details)) {
            return Err("its details were changed");
        }
        let parsed: Details = serde_json::from_str(details).map_err(|_| "its details are damaged")?;
        let agrees = parsed.user.as_deref() == row.user.as_ref().map(EndUser::as_str);
        if agrees { Ok(()) } else { Err("its columns do not agree with its details") }
    }

    /// The verdict, when all rows were pushed. `head`: what the store keeps apart as the last entry.
    pub fn finish(mut self, head: AuditHead) -> AuditVerdict {
        if self.broken.is_none() && self.head != head {
            let (seq, why) = if self.head.seq < head.seq {
                (self.head.seq + 1, "it is missing from the end")
            } else {
                (self.head.seq.max(1), "the chain ends with another entry than it should")
            };
            self.broken = Some(BadEntry { seq, why });
        }
        // In a broken chain the entry of an erasure may be the broken one, so nothing is said about missing details then.
        let removed = self.unexplained.values().min().copied();
        let removed = removed.map(|seq| BadEntry { seq, why: "its details were removed, and its user was not erased" });
        AuditVerdict { entries: self.entries, head: self.head, bad: self.broken.take().or(removed) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::by::Actor;
    use super::*;

    fn project() -> AuditChain {
        AuditChain::Project(ProjectId::from_digits("0123456789ABCDEFGHIJkl").unwrap())
    }

    /// A chain about two users, of whom the second is erased by the last entry.
    fn chain() -> Vec<AuditRow> {
        let users = ["ana", "bo"].map(|label| EndUser::parse(label).unwrap());
        let mut rows: Vec<AuditRow> = Vec::new();
        for n in 0..8_u8 {
            let action = if n == 7 { AuditAction::UserDeleted } else { AuditAction::ConnectionCreated };
            let user = &users[usize::from(n % 2)];
            let entry = Entry::new(action).user(user).target(n.to_string()).after(serde_json::json!({ "n": n }));
            let head = rows.last().map(|row| AuditHead { seq: row.seq, hash: row.hash }).unwrap_or_default();
            let by = By::new(Actor::CommandLine).at(Timestamp(1000 + u64::from(n)));
            rows.push(seal_entry(&project(), head, &entry, &by, Some(format!("sub_{}", n % 2)), [n; 16]));
        }
        for row in rows.iter_mut().filter(|row| row.user.as_ref() == Some(&users[1])) {
            (row.user, row.details, row.salt) = (None, None, None);
        }
        rows
    }

    fn head(rows: &[AuditRow]) -> AuditHead {
        rows.last().map(|row| AuditHead { seq: row.seq, hash: row.hash }).unwrap_or_default()
    }

    fn bad(rows: &[AuditRow]) -> Option<u64> {
        let mut verifier = AuditVerifier::new(project());
        rows.iter().for_each(|row| verifier.push(row));
        verifier.finish(head(&chain())).bad.map(|bad| bad.seq)
    }

    #[test]
    fn a_chain_with_an_erased_user_is_good() {
        assert_eq!(bad(&chain()), None);
        let rows = chain();
        let mut verifier = AuditVerifier::new(project());
        rows.iter().for_each(|row| verifier.push(row));
        assert_eq!(verifier.finish(head(&rows)), AuditVerdict { entries: 8, head: head(&rows), bad: None });
    }

    #[test]
    fn every_changed_byte_is_found_and_its_entry_named() {
        let (good, end) = (chain(), head(&chain()));
        let bad = |rows: &[AuditRow]| {
            let mut verifier = AuditVerifier::new(project());
            rows.iter().for_each(|row| verifier.push(row));
            verifier.finish(end).bad.map(|bad| bad.seq)
        };
        for at in 0..8 {
            let seq = good[at].seq;
            let text = good[at].text.len();
            for byte in 0..text {
                let mut rows = good.clone();
                let mut changed = rows[at].text.clone().into_bytes();
                changed[byte] ^= 1;
                rows[at].text = String::from_utf8(changed).unwrap();
                assert_eq!(bad(&rows), Some(seq), "byte {byte} of {}", rows[at].text);
            }
            for byte in 0..32 {
                let mut rows = good.clone();
                rows[at].hash[byte] ^= 1;
                assert_eq!(bad(&rows), Some(seq), "hash");
            }
            let details = good[at].details.clone();
            for byte in 0..details.as_ref().map_or(0, String::len) {
                let mut rows = good.clone();
                let mut changed = details.clone().unwrap().into_bytes();
                changed[byte] ^= 1;
                rows[at].details = Some(String::from_utf8(changed).unwrap());
                assert_eq!(bad(&rows), Some(seq), "details");
            }
        }
    }

    #[test]
    fn every_changed_column_is_found_and_its_entry_named() {
        let changes: [fn(&mut AuditRow); 7] = [
            |row| row.at.0 += 1,
            |row| row.action.push('x'),
            |row| row.subject = None,
            |row| row.user = EndUser::parse("mallory").ok(),
            |row| row.user = row.user.take().map_or_else(|| EndUser::parse("x").ok(), |_| None),
            |row| row.salt = row.salt.map_or(Some([9; 16]), |_| None),
            |row| row.details = row.details.take().map_or_else(|| Some("{}".into()), |_| None),
        ];
        for (n, change) in changes.iter().enumerate() {
            for at in 0..8 {
                let mut rows = chain();
                change(&mut rows[at]);
                assert_eq!(bad(&rows), Some(rows[at].seq), "change {n} of entry {at}");
            }
        }
    }

    #[test]
    fn an_entry_that_is_removed_inserted_or_moved_is_found() {
        for at in 0..8 {
            let mut rows = chain();
            rows.remove(at);
            assert_eq!(bad(&rows), Some(at as u64 + 1), "removed");
            // With its number made good.
            let mut rows = chain();
            rows.remove(at);
            rows.iter_mut().zip(1..).for_each(|(row, seq)| row.seq = seq);
            assert_eq!(bad(&rows), Some(at as u64 + 1), "removed and counted again");
            let mut rows = chain();
            rows.insert(at, rows[at].clone());
            assert_eq!(bad(&rows), Some(if at == 7 { 8 } else { at as u64 + 1 }), "twice");
        }
        for at in 0..7 {
            let mut rows = chain();
            rows.swap(at, at + 1);
            assert_eq!(bad(&rows), Some(at as u64 + 1), "swapped");
            for end in 0..at {
                assert_eq!(bad(&chain()[..end]), Some(end as u64 + 1), "the end is missing");
            }
        }
    }

    #[test]
    fn details_may_be_missing_only_if_their_user_was_erased_later() {
        let mut rows = chain();
        (rows[2].user, rows[2].details, rows[2].salt) = (None, None, None);
        assert_eq!(bad(&rows), Some(3), "ana was not erased");
    }

    #[test]
    fn another_chain_is_not_this_one() {
        let mut verifier = AuditVerifier::new(AuditChain::Installation);
        chain().iter().for_each(|row| verifier.push(row));
        assert_eq!(verifier.finish(head(&chain())).bad.map(|bad| bad.seq), Some(1));
    }
}
