//! One file per section of `defaults.toml`, which explains every key.

pub mod brand;
pub mod catalog;
pub mod database;
pub mod ephemeral;
pub mod keys;
pub mod limits;
pub mod log;
pub mod mail;
pub mod memory;
pub mod outbound;
pub mod password;
pub mod server;
pub mod sessions;
pub mod tokens;
