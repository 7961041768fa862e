//! `[mail]`: how mails leave.

use std::path::PathBuf;

use serde::Deserialize;

/// `[mail]`: how mails leave. `defaults.toml` explains every key.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailConfig {
    /// By which way.
    pub transport: MailTransport,
    /// Folder of the file transport; filled in when it was empty.
    pub dir: PathBuf,
    /// Sender.
    pub from: String,
}

/// The way a mail takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTransport {
    /// One file per mail.
    File,
    /// Kept, sealed, for the demo's outbox page.
    Outbox,
    /// Not sent.
    None,
}
