//! Logs, metric names and redaction.
