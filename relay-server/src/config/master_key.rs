//! `[master_key]`: the source of the master keys.
//!
//! In this order: the file, the systemd credential `relay-master-key`, the environment variable. Never the command
//! line, which every user of the machine can read.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::reader::Reader;

/// The credential's name: `LoadCredential=relay-master-key:…` in a systemd unit.
const CREDENTIAL: &str = "relay-master-key";

/// The settings of the master keys, and their text.
#[derive(Clone, Debug)]
pub struct MasterKeyConfig {
    /// The file, if one is set.
    pub file: Option<PathBuf>,
    /// The environment variable that is read last.
    pub env: String,
    /// The key's text, if one was found.
    pub text: Option<MasterKeyText>,
    /// A description of where it was found.
    pub origin: Option<String>,
}

/// The text of a key file. `Debug` hides it.
#[derive(Clone)]
pub struct MasterKeyText(Zeroizing<String>);

impl MasterKeyText {
    /// Returns the text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for MasterKeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKeyText(..)")
    }
}

impl MasterKeyConfig {
    pub(super) fn read(reader: &mut Reader, variables: &BTreeMap<String, String>) -> Self {
        let file = reader.path("master_key.file");
        let env = reader.get("master_key.env", variable_name).unwrap_or_else(|| "RELAY_MASTER_KEY".to_owned());
        let credential = variables.get("CREDENTIALS_DIRECTORY").map(|directory| Path::new(directory).join(CREDENTIAL));
        let mut config = Self { file: None, env, text: None, origin: None };
        if let Some(path) = &file {
            match read_private(path) {
                Ok(text) => config.found(text, format!("file {}", path.display())),
                Err(message) => reader.error("master_key.file", message),
            }
        } else if let Some(path) = credential.filter(|path| path.exists()) {
            // systemd protects it. Its mode is not conclusive, since access is granted by an ACL.
            match std::fs::read_to_string(&path) {
                Ok(text) => config.found(text, format!("systemd credential {CREDENTIAL}")),
                Err(cause) => reader.general_error(format!("the credential {CREDENTIAL} could not be read: {cause}")),
            }
        } else if let Some(text) = variables.get(&config.env) {
            let origin = format!("variable {}", config.env);
            config.found(text.clone(), origin);
        }
        Self { file, ..config }
    }

    fn found(&mut self, text: String, origin: String) {
        self.text = Some(MasterKeyText(Zeroizing::new(text)));
        self.origin = Some(origin);
    }
}

fn variable_name(text: &str) -> Result<String, String> {
    let good = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if good {
        Ok(text.to_owned())
    } else {
        Err("must be a variable's name; the key itself does not belong here".to_owned())
    }
}

/// Reads a file that nobody else may read.
fn read_private(path: &Path) -> Result<String, String> {
    let shown = path.display();
    let metadata = std::fs::metadata(path).map_err(|cause| {
        format!("names {shown}, which could not be read ({cause}); generate a key with `relay master-key generate --out FILE`")
    })?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(format!("names {shown}, which other users may read (mode {mode:04o}); run: chmod 600 {shown}"));
        }
    }
    if !metadata.is_file() {
        return Err(format!("names {shown}, which is not a file"));
    }
    std::fs::read_to_string(path).map_err(|cause| format!("names {shown}, which could not be read: {cause}"))
}
