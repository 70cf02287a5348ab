//! Reads settings one by one, from the file and the environment, and collects all errors.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::ConfigError;
use super::settings::{SETTINGS, variable_of};

/// A value as it was given.
enum Raw {
    Text(String),
    Number(String),
    Flag(bool),
    /// The text of an environment variable, whose type the setting decides.
    Variable(String),
    Other,
}

struct Given {
    raw: Raw,
    place: String,
}

/// The settings that were given.
pub(super) struct Reader {
    given: BTreeMap<String, Given>,
    errors: Vec<ConfigError>,
    base: PathBuf,
    #[cfg(test)]
    pub(super) asked: std::collections::BTreeSet<String>,
}

impl Reader {
    /// Takes a file's text (its path is for messages, and the base of relative paths) and the environment.
    pub(super) fn new(file: Option<(&Path, &str)>, variables: &BTreeMap<String, String>) -> Self {
        let base = file.and_then(|(path, _)| path.parent()).map(Path::to_owned).unwrap_or_default();
        let mut reader = Self {
            given: BTreeMap::new(),
            errors: Vec::new(),
            base,
            #[cfg(test)]
            asked: std::collections::BTreeSet::new(),
        };
        if let Some((path, text)) = file {
            reader.take_file(path, text);
        }
        reader.take_variables(variables);
        reader
    }

    fn take_file(&mut self, path: &Path, text: &str) {
        let place = |offset: usize| {
            let before = text.get(..offset).unwrap_or(text);
            format!("{}:{}", path.display(), 1 + before.matches('\n').count())
        };
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let at = error.span().map_or(0, |span| span.start);
            self.errors.push(ConfigError { place: place(at), message: error.message().to_owned() });
        }
        if !self.errors.is_empty() {
            return;
        }
        for (name, value) in table.get_ref().iter() {
            match value.get_ref() {
                DeValue::Table(section) => {
                    for (key, value) in section.iter() {
                        self.take(&format!("{}.{}", name.get_ref(), key.get_ref()), value, place(key.span().start));
                    }
                }
                _ => self.take(name.get_ref(), value, place(name.span().start)),
            }
        }
    }

    fn take(&mut self, name: &str, value: &Spanned<DeValue<'_>>, place: String) {
        let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) else {
            self.errors.push(ConfigError { place, message: format!("there is no setting `{name}`{}", hint(name)) });
            return;
        };
        let raw = match value.get_ref() {
            DeValue::String(text) => Raw::Text(text.to_string()),
            DeValue::Integer(number) if number.radix() == 10 => Raw::Number(number.as_str().replace('_', "")),
            DeValue::Boolean(flag) => Raw::Flag(*flag),
            _ => Raw::Other,
        };
        self.given.insert(setting.name.to_string(), Given { raw, place });
    }

    /// Variables take precedence over the file. An empty one counts as not set: compose files and charts pass on variables
    /// that nobody gave a value.
    fn take_variables(&mut self, variables: &BTreeMap<String, String>) {
        for (variable, value) in variables.iter().filter(|(_, value)| !value.trim().is_empty()) {
            match SETTINGS.iter().find(|setting| variable_of(&setting.name) == *variable) {
                Some(setting) => {
                    let given = Given { raw: Raw::Variable(value.clone()), place: variable.clone() };
                    self.given.insert(setting.name.to_string(), given);
                }
                None if looks_like_ours(variable) => self.errors.push(ConfigError {
                    place: variable.clone(),
                    message: "there is no setting for this variable; see the list in docs/configuration.md".to_owned(),
                }),
                None => {}
            }
        }
    }

    /// The setting `name`, parsed by `parse`; `None` if it is not set or invalid.
    pub(super) fn get<T>(&mut self, name: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let text = match self.ask(name)? {
            Given { raw: Raw::Text(text) | Raw::Variable(text), .. } => Ok(text.clone()),
            _ => Err("must be text in quotes".to_owned()),
        };
        self.settle(name, text.and_then(|text| parse(&text)))
    }

    /// The setting `name` as a whole number in a range.
    pub(super) fn number(&mut self, name: &str, range: std::ops::RangeInclusive<u64>) -> Option<u64> {
        let number = match self.ask(name)? {
            Given { raw: Raw::Number(text) | Raw::Variable(text), .. } => text.trim().parse::<u64>().ok(),
            _ => None,
        };
        let wrong = || format!("must be a whole number from {} to {}", range.start(), range.end());
        self.settle(name, number.filter(|number| range.contains(number)).ok_or_else(wrong))
    }

    /// The setting `name` as true or false.
    pub(super) fn flag(&mut self, name: &str) -> Option<bool> {
        let flag = match &self.ask(name)?.raw {
            Raw::Flag(flag) => Some(*flag),
            Raw::Variable(text) => match text.as_str() {
                "true" | "1" => Some(true),
                "false" | "0" => Some(false),
                _ => None,
            },
            _ => None,
        };
        self.settle(name, flag.ok_or_else(|| "must be true or false".to_owned()))
    }

    /// The setting `name` as a path. One in the file is relative to the file.
    pub(super) fn path(&mut self, name: &str) -> Option<PathBuf> {
        let base = match self.ask(name)?.raw {
            Raw::Variable(_) => PathBuf::new(),
            _ => self.base.clone(),
        };
        self.get(name, |text| if text.is_empty() { Err("must not be empty".to_owned()) } else { Ok(base.join(text)) })
    }

    /// A default path, relative to the file's folder if there is a file.
    pub(super) fn beside(&self, name: &str) -> PathBuf {
        self.base.join(name)
    }

    /// Whether the setting `name` is given.
    pub(super) fn is_set(&mut self, name: &str) -> bool {
        self.ask(name).is_some()
    }

    /// Whether the setting `name` is this text.
    pub(super) fn text_is(&mut self, name: &str, text: &str) -> bool {
        matches!(self.ask(name), Some(Given { raw: Raw::Text(given) | Raw::Variable(given), .. }) if given == text)
    }

    /// Records an error of the setting `name`, with the place where it is set.
    pub(super) fn error(&mut self, name: &str, message: impl Into<String>) {
        let place = self.given.get(name).map(|given| given.place.clone()).unwrap_or_default();
        self.errors.push(ConfigError { place, message: format!("`{name}` {}", message.into()) });
    }

    /// Records an error that belongs to no single setting.
    pub(super) fn general_error(&mut self, message: impl Into<String>) {
        self.errors.push(ConfigError { place: String::new(), message: message.into() });
    }

    /// All errors.
    pub(super) fn into_errors(self) -> Vec<ConfigError> {
        self.errors
    }

    fn ask(&mut self, name: &str) -> Option<&Given> {
        #[cfg(test)]
        self.asked.insert(name.to_owned());
        self.given.get(name)
    }

    fn settle<T>(&mut self, name: &str, value: Result<T, String>) -> Option<T> {
        value.map_err(|message| self.error(name, message)).ok()
    }
}

/// Whether a variable is meant as a setting. Kubernetes sets similar ones for a service called `relay-server`.
fn looks_like_ours(variable: &str) -> bool {
    const SECTIONS: [&str; 6] =
        ["RELAY_SERVER_", "RELAY_STORAGE_", "RELAY_QUOTA_", "RELAY_UPSTREAM_", "RELAY_METRICS_", "RELAY_LOG_"];
    let kubernetes = variable.contains("_SERVICE_") || variable.ends_with("_PORT") || variable.contains("_PORT_");
    SECTIONS.iter().any(|section| variable.starts_with(section)) && !kubernetes
}

/// A setting that may have been meant.
fn hint(name: &str) -> String {
    let last = name.rsplit('.').next().unwrap_or(name);
    let meant = SETTINGS.iter().find(|setting| setting.name.rsplit('.').next() == Some(last));
    meant.map_or_else(String::new, |setting| format!("; did you mean `{}`?", setting.name))
}
