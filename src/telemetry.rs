//! Logs, metric names and redaction.

mod lines;
pub mod metrics;
mod request;

use std::fmt;
use std::io::IsTerminal;
use std::panic::PanicHookInfo;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

pub use request::{RequestId, RequestIds, in_request, request_id};

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// One JSON object a line, for machines.
    Json,
    /// For people, in colour where the terminal has any.
    Pretty,
    /// Pretty when standard error is a terminal, JSON otherwise.
    Auto,
}

/// Sends the process's log lines to standard error. Only the first call has an effect.
///
/// # Errors
/// What is wrong with `filter` (a level like `info`, or directives like `info,concord::http=debug`).
pub fn install_logs(lines: Lines, filter: &str) -> Result<(), String> {
    let filter = EnvFilter::try_new(filter).map_err(|error| format!("{filter:?} is not a log filter: {error}"))?;
    let terminal = std::io::stderr().is_terminal();
    let json = lines == Lines::Json || (lines == Lines::Auto && !terminal);
    let colour = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).event_format(lines::Line { json, colour });
    if tracing_subscriber::registry().with(filter).with(layer).try_init().is_ok() {
        std::panic::set_hook(Box::new(log_panic));
    }
    Ok(())
}

/// A panic is a line like any other, with its place. What it says may hold a value that was worked on, so only the
/// debug level shows it.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(event = "panic", place, "a fault of Concord's");
    let text = panic.payload_as_str().unwrap_or_default();
    tracing::debug!(event = "panic", place, detail = text);
}

/// Holds a value that must not be printed: `Debug` and `Display` show three stars.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Redacted<T>(pub T);

impl<T> fmt::Debug for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<T> fmt::Display for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
