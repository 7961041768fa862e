//! What can be wrong with a configuration, said so that it can be mended.

use std::path::PathBuf;

/// Why the configuration could not be loaded. Never holds a secret's value.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("{}: cannot be read: {reason}{}", path.display(), for_key(.key.as_deref()))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The variable or key that named it, unless it is a configuration file.
        key: Option<String>,
        /// The system's words.
        reason: String,
    },
    /// A file is not TOML.
    #[error("{}: is not valid TOML: {reason}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The parser's words, with the line.
        reason: String,
    },
    /// A key nobody knows.
    #[error("{place}: unknown key {key:?}{}", did_you_mean(.suggestion.as_deref()))]
    UnknownKey {
        /// Where it stands.
        place: String,
        /// The key as written.
        key: String,
        /// What was probably meant.
        suggestion: Option<String>,
    },
    /// A value that does not fit its key.
    #[error("{place}: {key}: {reason}")]
    Invalid {
        /// Where it stands.
        place: String,
        /// The key.
        key: String,
        /// What is wrong.
        reason: String,
    },
}

fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(|| "; `concord config show` lists all".to_owned(), |name| format!("; did you mean {name:?}?"))
}

fn for_key(key: Option<&str>) -> String {
    key.map_or_else(String::new, |key| format!(" (named by {key})"))
}
