//! `[master_key]`: the source of the master keys.
//!
//! In this order: standard input, if the command line says so; the file, the systemd credential `relay-master-key`, the environment variable. Never the command
//! line, which every user of the machine can read.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::files::{self, Readers};
use super::reader::Reader;

/// The credential's name: `LoadCredential=relay-master-key:…` in a systemd unit.
const CREDENTIAL: &str = "relay-master-key";

/// The settings of the master keys, and their text.
#[derive(Clone, Debug)]
pub struct MasterKeyConfig {
    /// The file, if one is set.
    pub file: Option<PathBuf>,
    /// Whether other users may read the file.
    pub allow_readable_file: bool,
    /// The environment variable that is read last.
    pub env: String,
    /// The key's text, if one was found.
    pub text: Option<MasterKeyText>,
    /// A description of where it was found.
    pub origin: Option<String>,
    /// Whether it was found in the variable [`Self::env`].
    pub from_variable: bool,
}

/// The text of a key file. `Debug` hides it.
#[derive(Clone)]
pub struct MasterKeyText(Zeroizing<String>);

impl MasterKeyText {
    /// Wraps a text without a check.
    pub fn new(text: Zeroizing<String>) -> Self {
        Self(text)
    }

    /// Returns the text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for MasterKeyText {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl fmt::Debug for MasterKeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKeyText(..)")
    }
}

impl MasterKeyConfig {
    /// Reads the settings, and the key from where they say unless it was `given`.
    pub(super) fn read(
        reader: &mut Reader,
        variables: &BTreeMap<String, String>,
        given: Option<MasterKeyText>,
    ) -> Self {
        let file = reader.path("master_key.file");
        let readable = reader.flag("master_key.allow_readable_file").unwrap_or(false);
        let env = reader.get("master_key.env", variable_name).unwrap_or_else(|| "RELAY_MASTER_KEY".to_owned());
        let given_in = |name: &str| variables.get(name).filter(|value| !value.trim().is_empty());
        let credential = given_in("CREDENTIALS_DIRECTORY").map(|directory| Path::new(directory).join(CREDENTIAL));
        let mut config =
            Self { file: None, allow_readable_file: readable, env, text: None, origin: None, from_variable: false };
        if let Some(text) = given {
            config.found(text, "standard input".to_owned());
        } else if let Some(path) = &file {
            match files::read_private(path, if readable { Readers::All } else { Readers::RootsGroup }) {
                Ok(text) => config.found(MasterKeyText(text), format!("file {}", path.display())),
                Err(message) if !path.exists() => {
                    let how = "generate a key with `relay master-key generate --out FILE`";
                    reader.error("master_key.file", format!("{message}; {how}"));
                }
                Err(message) => reader.error("master_key.file", message),
            }
        } else if let Some(path) = credential.filter(|path| path.exists()) {
            // systemd protects it. Its mode is not conclusive, since access is granted by an ACL.
            match std::fs::read_to_string(&path) {
                Ok(text) => config.found(text.into(), format!("systemd credential {CREDENTIAL}")),
                Err(cause) => reader.general_error(format!("the credential {CREDENTIAL} could not be read: {cause}")),
            }
        } else if let Some(text) = given_in(&config.env) {
            let origin = format!("variable {}", config.env);
            config.found(text.clone().into(), origin);
            config.from_variable = true;
        }
        Self { file, ..config }
    }

    fn found(&mut self, text: MasterKeyText, origin: String) {
        self.text = Some(text);
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
