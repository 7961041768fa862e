//! The only SQL and the only Redis.
//!
//! Every statement is written once and runs on SQLite and on PostgreSQL; [`Database::write`] and [`Database::read`]
//! are the only doors (conventions 9).

#[macro_use]
mod tx;

/// Assertions that were used.
pub mod assertions;
/// Authorization codes.
pub mod authorization_codes;
/// Loads of one kind, wanted at the same time, by one statement.
pub mod batches;
/// What is kept in memory, and what keeps it true.
pub mod cache;
/// Catalogues in force and the texts of agreements.
pub mod catalog;
/// OAuth clients.
pub mod clients;
/// A customer at a service, with its epoch.
pub mod connections;
/// What each sector may notice, counted.
pub mod consent_epochs;
/// The customer's chain of decisions.
pub mod consent_events;
/// Consents as they stand.
pub mod consents;
/// Customers and their data keys.
pub mod customers;
mod database;
/// Short-lived things, in this process or in Redis.
pub mod ephemeral;
mod error;
/// What happened.
pub mod events;
/// Proofs of control behind links.
pub mod evidence;
/// Refresh-token families.
pub mod families;
/// Sign-in transactions.
pub mod flows;
mod grant_views;
/// Grants and their items.
pub mod grants;
/// Grants that nothing can be done with any more.
pub mod grants_over;
/// E-mail addresses, phones and login names.
pub mod identifiers;
/// The feed of changes that alter what a cache may answer.
pub mod invalidations;
/// Work that only one node does at a time.
pub mod leases;
/// Links and their transitions.
pub mod links;
/// The schema, embedded and checked.
pub mod migrations;
mod new_grants;
/// Codes that people type.
pub mod one_time_codes;
mod open;
/// Messages waiting to be sent.
pub mod outbox;
/// Pairwise subjects.
pub mod pairwise;
/// Password hashes.
pub mod passwords;
/// People as they are stored.
pub mod people;
mod pool;
/// Profile values.
pub mod profile;
/// Pushed authorization requests.
pub mod pushed_requests;
/// What a service may know of a person.
pub mod relations;
/// Revoked access tokens.
pub mod revocations;
/// One server for an embedded database.
pub mod server_lock;
/// Services, sectors, product domains' owners.
pub mod services;
/// Browser sessions.
pub mod sessions;
/// Facts about the deployment.
pub mod settings;
/// Signing keys.
pub mod signing_keys;
/// Tries at secrets.
pub mod tries;

pub use database::{Apart, Database, Pools};
pub use ephemeral::Ephemeral;
pub use error::Error;
pub use tx::Tx;
