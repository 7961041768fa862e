//! Concord: one login, one global customer id, consented links.
//!
//! The map, a line per module; who may use whom is the table in `docs/ARCHITECTURE.md`,
//! which `tests/it/architecture.rs` enforces.

/// Reads the command line's wishes and carries them out.
pub mod cli;
/// Time as an argument.
pub mod clock;
/// Layered, typed configuration.
pub mod config;
/// Hashing, signing, sealing.
pub mod crypto;
/// The demo ecosystem of partner services.
#[cfg(feature = "demo")]
pub mod demo;
/// How the world gets in.
pub mod http;
/// What happens without a request.
pub mod jobs;
/// The business as types and pure decisions.
pub mod model;
/// The world we call.
pub mod outbound;
/// The specifications as types.
pub mod protocol;
/// The only SQL and the only Redis.
pub mod storage;
/// Logs, metric names and redaction.
pub mod telemetry;
/// What people see.
pub mod ui;
/// What the system does, one verb per file.
pub mod usecases;
