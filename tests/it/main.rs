//! Everything that needs more than one file to be proved: one binary, a folder per area.
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::disallowed_methods, reason = "tests measure and forge: clocks, chance, tokens as strangers make them")]
#![allow(clippy::pedantic, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

mod account;
mod architecture;
mod commands;
#[cfg(feature = "demo")]
mod demo;
mod guard;
mod links;
mod model;
mod nodes;
mod partner_api;
mod partners;
mod protocol;
mod server;
mod storage;
mod story;
mod support;
mod tokens;
