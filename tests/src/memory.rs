//! Reads the memory of a process, to search it for secrets.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use crate::scan::{Hit, Scanner};

/// How much is read at once, in bytes.
const PIECE: u64 = 1 << 20;
/// How much of a piece is searched again with the next one, in bytes: more than any needle has.
const OVERLAP: u64 = 4096;
/// The size of a page, in bytes.
const PAGE: u64 = 4096;

/// Whether this user may read the memory of a process.
pub fn is_readable(pid: u32) -> bool {
    File::open(format!("/proc/{pid}/mem")).is_ok() && File::open(format!("/proc/{pid}/pagemap")).is_ok()
}

/// All places in the memory of a process where a secret is. The place is an address.
///
/// # Errors
/// If this user may not read that process's memory. Root may.
pub fn search(pid: u32, scanner: &Scanner) -> io::Result<Vec<Hit>> {
    let memory = File::open(format!("/proc/{pid}/mem"))?;
    let mut hits = Vec::new();
    for (mut at, end) in present(pid)? {
        while at < end {
            let mut piece = vec![0; usize::try_from(PIECE.min(end - at)).unwrap()];
            // A region that has gone since has no secrets.
            let Ok(read) = memory.read_at(&mut piece, at) else { break };
            let found = scanner.all_in(piece.get(..read).unwrap_or_default());
            hits.extend(found.into_iter().map(|hit| Hit { at: hit.at + usize::try_from(at).unwrap(), ..hit }));
            if read == 0 || at + read as u64 >= end {
                break;
            }
            at += (read as u64).saturating_sub(OVERLAP).max(1);
        }
    }
    hits.sort_by_key(|hit| (hit.at, hit.secret, hit.encoding));
    hits.dedup();
    Ok(hits)
}

/// The ranges of writable memory that are there: an allocator reserves far more than it uses.
fn present(pid: u32) -> io::Result<Vec<(u64, u64)>> {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps"))?;
    let pagemap = File::open(format!("/proc/{pid}/pagemap"))?;
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for (from, to) in maps.lines().filter_map(writable) {
        let mut entries = vec![0; usize::try_from((to - from) / PAGE * 8).unwrap()];
        let read = pagemap.read_at(&mut entries, from / PAGE * 8)?;
        let entries = entries.get(..read).unwrap_or_default().chunks_exact(8);
        for (page, entry) in (from..to).step_by(PAGE as usize).zip(entries) {
            // Bits 63 and 62: in memory, and in swap (proc_pid_pagemap(5)).
            if entry.last().is_none_or(|bits| bits & 0xC0 == 0) {
                continue;
            }
            match ranges.last_mut() {
                Some((_, end)) if *end == page => *end += PAGE,
                _ => ranges.push((page, page + PAGE)),
            }
        }
    }
    Ok(ranges)
}

/// The region of a line of `/proc/PID/maps`, if the process can write to it.
fn writable(line: &str) -> Option<(u64, u64)> {
    let mut fields = line.split_whitespace();
    let (range, access) = (fields.next()?, fields.next()?);
    let (from, to) = range.split_once('-')?;
    let region = (u64::from_str_radix(from, 16).ok()?, u64::from_str_radix(to, 16).ok()?);
    access.starts_with("rw").then_some(region)
}

/// What stands before an address, for the message of a test: its letters, with dots for all else.
pub fn before(pid: u32, address: usize) -> String {
    let mut bytes = [0; 160];
    let from = (address - bytes.len()) as u64;
    let _ = File::open(format!("/proc/{pid}/mem")).and_then(|memory| memory.read_at(&mut bytes, from));
    bytes.iter().map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '.' }).collect()
}
