//! The corpora of security.md against the protocol's readers, row by row.

mod authorize;
mod client_auth;
mod params;
pub mod redirect_uri;
mod token;
