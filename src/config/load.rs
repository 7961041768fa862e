//! Merges the layers: defaults, files, environment. Later wins, key by key.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use super::provenance::{Entry, SECRETS, variable};
use super::secret::redacted;
use super::suggest::closest;
use super::{Config, ConfigError, Provenance, Secret, Source};

/// The embedded defaults: the list of all keys and the documentation of each.
pub(super) const DEFAULTS: &str = include_str!("defaults.toml");

/// Read when it exists and no `--config` is given.
pub const SYSTEM_FILE: &str = "/etc/concord/config.toml";

type Entries = BTreeMap<String, Entry>;

impl Config {
    /// Merges the defaults, `files` in order, and the variables of `environment`.
    ///
    /// Looks at nothing else of the process; the files named are the only ones read.
    ///
    /// # Errors
    /// [`ConfigError`] names the place and the key of the first thing that is wrong.
    pub fn load<P: AsRef<Path>>(
        files: &[P],
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(Self, Provenance), ConfigError> {
        let mut entries = defaults();
        for path in files {
            merge_file(&mut entries, path.as_ref())?;
        }
        merge_environment(&mut entries, environment)?;
        let config = typed(&entries)?;
        Ok((config, Provenance { entries }))
    }

    /// The defaults, changed by a TOML text: for tests and the demo.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        let mut entries = defaults();
        merge_text(&mut entries, Path::new("(inline)"), text)?;
        typed(&entries)
    }
}

/// The defaults as a flat map: `section.key` to value.
pub(super) fn defaults() -> Entries {
    let table: Table = DEFAULTS.parse().unwrap_or_default();
    let mut entries = Entries::new();
    for (name, value) in table {
        match value {
            Value::Table(section) => {
                entries.extend(section.into_iter().map(|(key, value)| (format!("{name}.{key}"), Entry { value, source: Source::Default })));
            }
            value => {
                entries.insert(name, Entry { value, source: Source::Default });
            }
        }
    }
    entries
}

fn merge_file(entries: &mut Entries, path: &Path) -> Result<(), ConfigError> {
    let text = read(path, None)?;
    merge_text(entries, path, &text)
}

fn read(path: &Path, key: Option<&str>) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|error| ConfigError::Unreadable {
        path: path.to_owned(),
        key: key.map(str::to_owned),
        reason: error.to_string(),
    })
}

fn merge_text(entries: &mut Entries, path: &Path, text: &str) -> Result<(), ConfigError> {
    let syntax = |error: toml::de::Error| ConfigError::Syntax { path: path.to_owned(), reason: syntax_reason(text, &error) };
    let values: Table = text.parse().map_err(syntax)?;
    let places = DeTable::parse(text).map_err(syntax)?;
    let mut file = File { path, text, entries };
    for (name, place) in places.get_ref() {
        let line = line_of(text, name.span().start);
        let section = name.get_ref().as_ref();
        match (values.get(section), place.get_ref()) {
            (Some(Value::Table(values)), DeValue::Table(places)) => {
                if !file.entries.keys().any(|key| key.split_once('.').is_some_and(|(known, _)| known == section)) {
                    return Err(file.unknown(section, line));
                }
                for (key, value) in values {
                    let line = places
                        .iter()
                        .find(|(name, _)| name.get_ref() == key.as_str())
                        .map_or(line, |(name, _)| line_of(text, name.span().start));
                    file.set(&format!("{section}.{key}"), value, line)?;
                }
            }
            (Some(value), _) => file.set(section, value, line)?,
            (None, _) => {}
        }
    }
    Ok(())
}

/// The parser's message without the quoted line, which may hold a secret.
fn syntax_reason(text: &str, error: &toml::de::Error) -> String {
    match error.span() {
        Some(span) => format!("line {}: {}", line_of(text, span.start), error.message()),
        None => error.message().to_owned(),
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// One file being merged.
struct File<'a> {
    path: &'a Path,
    text: &'a str,
    entries: &'a mut Entries,
}

impl File<'_> {
    fn set(&mut self, key: &str, value: &Value, line: usize) -> Result<(), ConfigError> {
        debug_assert!(line <= self.text.lines().count().max(1));
        if let Some(entry) = self.entries.get_mut(key) {
            *entry = Entry { value: value.clone(), source: Source::File { path: self.path.to_owned(), line } };
            return Ok(());
        }
        let Some(secret) = key.strip_suffix("_file").filter(|secret| SECRETS.contains(secret)) else {
            return Err(self.unknown(key, line));
        };
        let named_by = format!("{key} in {}:{line}", self.path.display());
        let path = PathBuf::from(value.as_str().unwrap_or_default());
        let value = Value::String(read(&path, Some(&named_by))?.trim_end_matches(['\r', '\n']).to_owned());
        self.entries.insert(secret.to_owned(), Entry { value, source: Source::Content { path, named_by } });
        Ok(())
    }

    fn unknown(&self, key: &str, line: usize) -> ConfigError {
        ConfigError::UnknownKey {
            place: format!("{}:{line}", self.path.display()),
            key: key.to_owned(),
            suggestion: closest(key, self.entries.keys().map(String::as_str)).map(str::to_owned),
        }
    }
}

/// Variables of other programs that set a key too; weaker than Concord's own.
const FOREIGN: [(&str, &str); 4] =
    [("DATABASE_URL", "database.url"), ("REDIS_URL", "ephemeral.url"), ("PORT", "server.listen"), ("RUST_LOG", "log.level")];

fn merge_environment(entries: &mut Entries, environment: impl IntoIterator<Item = (String, String)>) -> Result<(), ConfigError> {
    let variables: BTreeMap<String, String> = environment.into_iter().collect();
    for (name, key) in FOREIGN {
        if let Some(text) = variables.get(name).filter(|text| !text.is_empty()) {
            let text = if name == "PORT" { format!("0.0.0.0:{text}") } else { text.clone() };
            entries.insert(key.to_owned(), Entry { value: Value::String(text), source: Source::Environment(name.to_owned()) });
        }
    }
    for (name, text) in &variables {
        let Some(rest) = name.strip_prefix("CONCORD_") else { continue };
        let key = rest.to_lowercase().replace("__", ".");
        if let Some(entry) = entries.get_mut(&key) {
            let value = from_text(&entry.value, text).map_err(|reason| ConfigError::Invalid { place: name.clone(), key, reason })?;
            *entry = Entry { value, source: Source::Environment(name.clone()) };
        } else if let Some(target) = key.strip_suffix("_file").filter(|target| entries.contains_key(*target)) {
            let path = PathBuf::from(text);
            let content = read(&path, Some(name))?;
            let entry = entries.get(target).map_or(Value::String(String::new()), |entry| entry.value.clone());
            let value = from_text(&entry, content.trim_end_matches(['\r', '\n']));
            let value = value.map_err(|reason| ConfigError::Invalid { place: name.clone(), key: target.to_owned(), reason })?;
            entries.insert(target.to_owned(), Entry { value, source: Source::Content { path, named_by: name.clone() } });
        } else {
            refuse_unknown(entries, name, &key)?;
        }
    }
    Ok(())
}

/// A variable that is meant for us and hits no key. Container platforms set variables like `CONCORD_PORT_8080_TCP` for a
/// service that happens to be called concord: without a double underscore only a near miss counts as meant.
fn refuse_unknown(entries: &Entries, name: &str, key: &str) -> Result<(), ConfigError> {
    let top = entries.keys().map(String::as_str).filter(|known| !known.contains('.'));
    let suggestion = if key.contains('.') { closest(key, entries.keys().map(String::as_str)) } else { closest(key, top) };
    if !key.contains('.') && suggestion.is_none() {
        return Ok(());
    }
    Err(ConfigError::UnknownKey { place: "environment".to_owned(), key: name.to_owned(), suggestion: suggestion.map(variable) })
}

/// A variable's text as a value of the same kind as `like`; lists are separated by commas.
fn from_text(like: &Value, text: &str) -> Result<Value, String> {
    let parsed = match like {
        Value::Integer(_) => text.trim().parse().map(Value::Integer).ok(),
        Value::Boolean(_) => text.trim().parse().map(Value::Boolean).ok(),
        Value::Array(_) => {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            Some(Value::Array(parts.map(|part| Value::String(part.to_owned())).collect()))
        }
        _ => Some(Value::String(text.to_owned())),
    };
    parsed.ok_or_else(|| format!("{text:?} is not of the kind {}", like.type_str()))
}

fn typed(entries: &Entries) -> Result<Config, ConfigError> {
    let mut config = Config::deserialize(Value::Table(nested(entries))).map_err(|error| blame(entries, error.message()))?;
    if config.database.url.is_empty() {
        config.database.url = Secret::new(format!("sqlite:{}", config.data_dir.join("concord.sqlite").display()));
    }
    if config.mail.dir.as_os_str().is_empty() {
        config.mail.dir = config.data_dir.join("mail");
    }
    Ok(config)
}

fn nested(entries: &Entries) -> Table {
    let mut table = Table::new();
    for (key, entry) in entries {
        if let Some((section, leaf)) = key.split_once('.') {
            let section = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(section) = section {
                section.insert(leaf.to_owned(), entry.value.clone());
            }
        } else {
            table.insert(key.clone(), entry.value.clone());
        }
    }
    table
}

/// Finds the entry that does not fit, by trying each alone on top of the defaults, so that the error names its place.
fn blame(entries: &Entries, message: &str) -> ConfigError {
    for (key, entry) in entries.iter().filter(|(_, entry)| entry.source != Source::Default) {
        let mut alone = defaults();
        alone.insert(key.clone(), entry.clone());
        if let Err(error) = Config::deserialize(Value::Table(nested(&alone))) {
            let secret = SECRETS.contains(&key.as_str());
            let reason = if secret { redacted("does not fit") } else { error.message().to_owned() };
            return ConfigError::Invalid { place: entry.source.to_string(), key: key.clone(), reason };
        }
    }
    ConfigError::Invalid { place: "defaults".to_owned(), key: String::new(), reason: message.to_owned() }
}

#[cfg(test)]
mod tests;
