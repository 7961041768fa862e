//! Where each value came from, for `config explain` and `config show`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use toml::Value;

use super::load::DEFAULTS;
use super::secret::redacted;

/// Keys whose values are not shown. Each may be read from a file by `key_file` in a configuration file.
pub(super) const SECRETS: [&str; 5] = ["database.owner_url", "database.url", "ephemeral.url", "keys.kek", "keys.pepper"];

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `defaults.toml`.
    Default,
    /// A configuration file.
    File {
        /// The file.
        path: PathBuf,
        /// Counted from one.
        line: usize,
    },
    /// An environment variable.
    Environment(String),
    /// The content of a file that a variable or a `key_file` named.
    Content {
        /// The file.
        path: PathBuf,
        /// What named it.
        named_by: String,
    },
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Content { path, named_by } => write!(f, "content of {} (named by {named_by})", path.display()),
        }
    }
}

/// One value and where it came from.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub value: Value,
    pub source: Source,
}

/// Every key with its value and source.
#[derive(Clone)]
pub struct Provenance {
    pub(super) entries: BTreeMap<String, Entry>,
}

/// One key, explained.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The key, with its section.
    pub key: String,
    /// Its value as TOML; secrets only when not redacted.
    pub value: String,
    /// Its default as TOML.
    pub default: String,
    /// Where the value came from.
    pub source: Source,
    /// What the key means.
    pub meaning: String,
    /// The environment variable that sets it.
    pub variable: String,
}

impl Provenance {
    /// All keys, sorted.
    pub fn keys(&self) -> impl Iterator<Item = &str> + Clone {
        self.entries.keys().map(String::as_str)
    }

    /// Explains one key; `None` when there is none of that name.
    pub fn explain(&self, key: &str, redact: bool) -> Option<Explanation> {
        let entry = self.entries.get(key)?;
        let shown = |value: &Value| match value {
            Value::String(text) if redact && SECRETS.contains(&key) => Value::String(redacted(text)).to_string(),
            other => other.to_string(),
        };
        Some(Explanation {
            key: key.to_owned(),
            value: shown(&entry.value),
            default: super::load::defaults().get(key).map(|entry| shown(&entry.value)).unwrap_or_default(),
            source: entry.source.clone(),
            meaning: meaning(key),
            variable: variable(key),
        })
    }

    /// The known key that `wrong` probably means.
    pub fn closest(&self, wrong: &str) -> Option<&str> {
        super::suggest::closest(wrong, self.keys())
    }
}

impl fmt::Debug for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.entries.iter().map(|(key, entry)| (key, &entry.source))).finish()
    }
}

/// The environment variable of a key.
pub(super) fn variable(key: &str) -> String {
    format!("CONCORD_{}", key.replace('.', "__").to_uppercase())
}

/// The comment above a key in `defaults.toml`; keys that follow each other directly share one.
fn meaning(key: &str) -> String {
    let (wanted_section, leaf) = key.rsplit_once('.').unwrap_or(("", key));
    let (mut section, mut comment, mut after_key) = ("", String::new(), false);
    for line in DEFAULTS.lines() {
        if let Some(text) = line.strip_prefix('#') {
            if after_key {
                comment.clear();
                after_key = false;
            }
            comment.push_str(text);
        } else if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
            comment.clear();
        } else if line.is_empty() {
            comment.clear();
        } else {
            after_key = true;
            if section == wanted_section && line.split('=').next().map(str::trim) == Some(leaf) {
                return comment.trim().to_owned();
            }
        }
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::{SECRETS, meaning};
    use crate::config::load::defaults;

    #[test]
    fn every_key_is_explained() {
        for key in defaults().keys() {
            assert!(meaning(key).len() > 8, "{key} has no comment in defaults.toml");
        }
        assert!(SECRETS.iter().all(|key| defaults().contains_key(*key)));
    }
}
