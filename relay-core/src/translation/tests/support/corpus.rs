//! Recorded traffic, read in place: `RELAY_CORPUS` names its folder, by default beside the workspace. It is no part of this
//! repository; without it these tests say "skipped".

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// One recorded exchange. The bodies stay text.
#[derive(Deserialize)]
pub(crate) struct Row {
    pub(crate) id: String,
    /// How close the body is to the wire: `wire`, `reserialised` or `fixture`.
    pub(crate) origin: String,
    pub(crate) framing: Option<String>,
    pub(crate) response: Box<RawValue>,
}

impl Row {
    /// A stream's body, as it was recorded.
    pub(crate) fn body(&self) -> String {
        serde_json::from_str(self.response.get()).unwrap()
    }
}

/// The lines of a file, or `None` without a corpus.
pub(crate) fn lines(file: &str) -> Option<Vec<String>> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/corpus");
    let folder = std::env::var_os("RELAY_CORPUS").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    let Ok(text) = std::fs::read_to_string(folder.join(file)) else {
        println!("{file}: skipped: no corpus");
        return None;
    };
    Some(text.lines().map(str::to_owned).collect())
}

/// Checks the rows of a file that `check` does not skip (`None`), and prints how many hold, by origin.
pub(crate) fn walk(file: &str, check: impl Fn(&Row) -> Option<Result<(), String>>) {
    let Some(lines) = lines(file) else { return };
    let (mut table, mut wrong): (BTreeMap<String, (usize, usize)>, Vec<String>) = Default::default();
    for line in lines {
        let row: Row = serde_json::from_str(&line).unwrap();
        let Some(verdict) = check(&row) else { continue };
        let (right, all) = table.entry(row.origin.clone()).or_default();
        *all += 1;
        *right += usize::from(verdict.is_ok());
        wrong.extend(verdict.err().map(|why| format!("{}: {why}", row.id)));
    }
    let counts: Vec<String> = table.iter().map(|(origin, (right, all))| format!("{origin} {right}/{all}")).collect();
    println!("{file}: {}", counts.join(", "));
    assert!(wrong.is_empty(), "{file}: {} rows differ\n{}", wrong.len(), wrong.join("\n"));
}

/// The requests of a file that a provider took (status 200).
pub(crate) fn accepted(file: &str) -> Option<Vec<Value>> {
    let rows = lines(file)?.into_iter().map(|line| serde_json::from_str::<Value>(&line).unwrap());
    Some(
        rows.filter(|row| row["status"] == 200 && row["request"].is_object())
            .map(|mut row| row["request"].take())
            .collect(),
    )
}
