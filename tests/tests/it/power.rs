//! Power loss: whatever part of the unsynced writes reached the disk, an acknowledged key is there, and a token is spent if
//! and only if its key is stored.
//!
//! strace records all writes of the built server to its database and all its answers, with their data. The recording is then cut at
//! each event. Synced writes are on the disk; of the others none are, or all, or any part, torn at any sector.

use std::collections::BTreeMap;
use std::path::Path;

use relay_tests::process::{Folder, Process};
use rusqlite::Connection;

use super::crash::{Attempt, attach_with, can_trace, detach, traceable};

/// Registrations that are recorded; RELAY_POWER sets another number.
const REGISTRATIONS: usize = 6;
/// The smallest part of a write that a disk writes as a whole, in bytes.
const SECTOR: usize = 512;

/// A change of one file.
#[derive(Clone, Debug)]
enum Change {
    Write { at: usize, data: Vec<u8> },
    Resize(usize),
}

/// An event of a recording.
enum Event {
    Changed(String, Change),
    Synced(String),
    /// The server answered that a key with these last characters is stored.
    Acknowledged(String),
}

impl Change {
    fn apply(&self, file: &mut Vec<u8>) {
        match self {
            Self::Write { at, data } => {
                file.resize(file.len().max(at + data.len()), 0);
                file[*at..at + data.len()].copy_from_slice(data);
            }
            Self::Resize(length) => file.resize(*length, 0),
        }
    }
}

/// The bytes of a string of `strace -xx`.
fn unhex(text: &str) -> Vec<u8> {
    text.split("\\x").skip(1).map(|digits| u8::from_str_radix(&digits[..2], 16).unwrap()).collect()
}

/// Reads a line of the recording: what a call did, once it has ended. `begun` has the calls of other threads that have not.
fn event(line: &str, begun: &mut BTreeMap<String, String>) -> Option<Event> {
    let (thread, line) = line.split_once(' ')?;
    let line = line.trim_start();
    if let Some(begin) = line.strip_suffix("<unfinished ...>") {
        begun.insert(thread.to_owned(), begin.trim_end().to_owned());
        return None;
    }
    let line = match line.strip_prefix("<... ") {
        Some(rest) => begun.remove(thread)? + rest.split_once("resumed>")?.1,
        None => line.to_owned(),
    };
    let (call, result) = line.rsplit_once(" = ")?;
    if result.starts_with('-') {
        return None;
    }
    let (name, arguments) = call.split_once('(')?;
    let file = arguments.split_once('<')?.1.split_once('>')?.0;
    // `-xx` spells out paths as well.
    let file = if file.starts_with("\\x") { String::from_utf8(unhex(file)).ok()? } else { file.to_owned() };
    let text = || unhex(arguments.split('"').nth(1).unwrap_or_default());
    let own = Path::new(&file).file_name()?.to_str()?.to_owned();
    let is_database = ["relay.db", "relay.db-wal"].contains(&own.as_str());
    let number = |back: usize| -> Option<usize> {
        arguments.trim_end().trim_end_matches(')').rsplit(", ").nth(back)?.trim().parse().ok()
    };
    match name {
        "pwrite64" if is_database => Some(Event::Changed(own, Change::Write { at: number(0)?, data: text() })),
        "ftruncate" if is_database => Some(Event::Changed(own, Change::Resize(number(0)?))),
        "fsync" | "fdatasync" if is_database => Some(Event::Synced(own)),
        "write" | "sendto" | "writev" => {
            let said: Vec<u8> = arguments.split('"').skip(1).step_by(2).flat_map(unhex).collect();
            let said = String::from_utf8_lossy(&said).into_owned();
            let last4 = said.split_once("\"last4\":\"").filter(|_| said.starts_with("HTTP/1.1 201"))?.1;
            Some(Event::Acknowledged(last4.get(..4)?.to_owned()))
        }
        _ => None,
    }
}

/// A disk: what was synced, and what was not yet.
#[derive(Default)]
struct Disk {
    synced: BTreeMap<String, Vec<u8>>,
    waiting: Vec<(String, Change)>,
}

impl Disk {
    fn sync(&mut self, name: &str) {
        let (now, later) = std::mem::take(&mut self.waiting).into_iter().partition(|(file, _)| file == name);
        self.waiting = later;
        let now: Vec<(String, Change)> = now;
        now.iter().for_each(|(file, change)| change.apply(self.synced.entry(file.clone()).or_default()));
    }

    /// What is on the disk after a power loss, if of the waiting changes only those reached it that `reaches` says.
    fn after_loss(&self, mut reaches: impl FnMut(usize) -> Reached) -> BTreeMap<String, Vec<u8>> {
        let mut files = self.synced.clone();
        for (n, (file, change)) in self.waiting.iter().enumerate() {
            let file = files.entry(file.clone()).or_default();
            match (reaches(n), change) {
                (Reached::No, _) | (Reached::Part(_), Change::Resize(_)) => {}
                (Reached::Yes, change) => change.apply(file),
                (Reached::Part(part), Change::Write { at, data }) => {
                    let length = part % (data.len().div_ceil(SECTOR) + 1) * SECTOR;
                    Change::Write { at: *at, data: data[..length.min(data.len())].to_vec() }.apply(file);
                }
            }
        }
        files
    }
}

enum Reached {
    No,
    Yes,
    Part(usize),
}

/// What must hold in an image of the disk.
fn check(files: &BTreeMap<String, Vec<u8>>, attempts: &[Attempt], acknowledged: &[String]) {
    let folder = tempfile::tempdir().unwrap();
    files.iter().for_each(|(name, bytes)| std::fs::write(folder.path().join(name), bytes).unwrap());
    let database = Connection::open(folder.path().join("relay.db")).unwrap();
    let integrity: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(integrity, "ok");
    let count = |sql: &str, user: &str| database.query_row(sql, [user], |row| row.get::<_, i64>(0)).unwrap();
    for attempt in attempts {
        let stored = count("SELECT count(*) FROM connections WHERE user = ?1", &attempt.user);
        let spent = count("SELECT count(*) FROM grants WHERE user = ?1 AND spent_last4 IS NOT NULL", &attempt.user);
        assert_eq!(stored, spent, "{}", attempt.user);
        let was_acknowledged = acknowledged.iter().any(|last4| last4 == attempt.last4());
        assert!(stored == 1 || !was_acknowledged, "the acknowledged key of {} is gone", attempt.user);
    }
}

/// A number that follows from the last one.
fn next(random: &mut u64) -> usize {
    *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*random >> 33) as usize
}

#[actix_web::test]
async fn an_acknowledged_key_survives_a_power_loss_at_any_moment() {
    if !can_trace() {
        return;
    }
    let registrations = std::env::var("RELAY_POWER").ok().and_then(|n| n.parse().ok()).unwrap_or(REGISTRATIONS);
    let folder = Folder::init();
    let server = Process::start(traceable(&folder), &folder.key);
    let mut attempts = Vec::new();
    for n in 0..registrations {
        attempts.push(Attempt::begin(&server.api, format!("user{n}"), n + 1).await.unwrap());
    }
    let mut disk = Disk::default();
    for name in ["relay.db", "relay.db-wal"] {
        disk.synced.insert(name.to_owned(), std::fs::read(folder.path().join(name)).unwrap());
    }
    let recording = folder.path().join("recording");
    let calls = "trace=pwrite64,ftruncate,fsync,fdatasync,write,writev,sendto";
    let options = ["-y", "-xx", "-s", "100000", "-o", recording.to_str().unwrap(), "-e", calls];
    let strace = attach_with(&server, &options);
    for attempt in &mut attempts {
        attempt.register(&server.api).await;
    }
    server.kill();
    detach(strace);
    let recording = std::fs::read_to_string(recording).unwrap();
    let (mut begun, mut acknowledged, mut random, mut images) = (BTreeMap::new(), Vec::new(), 1, 0);
    let events: Vec<Event> = recording.lines().filter_map(|line| event(line, &mut begun)).collect();
    for event in &events {
        match event {
            Event::Changed(file, change) => disk.waiting.push((file.clone(), change.clone())),
            Event::Synced(file) => disk.sync(file),
            Event::Acknowledged(last4) => acknowledged.push(last4.clone()),
        }
        let mut some = |_| match next(&mut random) % 3 {
            0 => Reached::No,
            1 => Reached::Yes,
            _ => Reached::Part(next(&mut random)),
        };
        let whole = [disk.after_loss(|_| Reached::No), disk.after_loss(|_| Reached::Yes)];
        for files in whole.into_iter().chain((0..3).map(|_| disk.after_loss(&mut some))) {
            check(&files, &attempts, &acknowledged);
            images += 1;
        }
    }
    println!("{} events, {} acknowledged, {images} images", events.len(), acknowledged.len());
    assert_eq!(acknowledged.len(), registrations, "each answer was recorded");
    assert!(events.len() > 5 * registrations, "only {} events", events.len());
}
