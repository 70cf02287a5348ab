//! `relay master-key`: the keys that seal provider keys.

use std::path::Path;

use relay_adapters::ring::MasterKey;
use serde_json::json;

use crate::cli::MasterKeyCommand;
use crate::failure::Failure;
use crate::files;
use crate::output::Out;

/// Runs `relay master-key …`.
///
/// # Errors
/// If the system returns no random bytes, or the file already exists.
pub fn run(command: MasterKeyCommand, out: Out) -> Result<(), Failure> {
    let MasterKeyCommand::Generate { out: file } = command;
    let key = generate()?;
    let kid = key.kid();
    if let Some(file) = file {
        write(&file, &key)?;
        out.value(&json!({ "masterKeyFile": file, "kid": kid.to_string() }))?;
        return out.line(&format!("Wrote the new master key {kid} to {} (mode 0600)", file.display()));
    }
    let text = key.expose_base64();
    out.value(&json!({ "masterKey": text.as_str(), "kid": kid.to_string() }))?;
    out.line(&text)?;
    out.note(&format!(
        "\nThis is the master key {kid}, shown once. Without it, no key that it seals can be opened again."
    ));
    Ok(())
}

/// Generates a master key.
///
/// # Errors
/// If the system returns no random bytes.
pub fn generate() -> Result<MasterKey, Failure> {
    MasterKey::generate().map_err(Failure::failed)
}

/// Writes a master key file, which must not exist yet.
///
/// # Errors
/// If it exists, or cannot be written.
pub fn write(file: &Path, key: &MasterKey) -> Result<(), Failure> {
    let text = key.expose_base64();
    let header = format!("# Relay master key {}. Keep a copy, separate from the store's backups.\n", key.kid());
    files::create(file, 0o600, &[header.as_bytes(), text.as_bytes(), b"\n"])
}
