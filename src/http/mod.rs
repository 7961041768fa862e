//! How the world gets in: the server, the shell around every route, extractors, errors, health.

mod access;
mod account;
mod admission;
/// All routes of one deployment.
pub mod app;
mod body;
mod browser;
mod client_address;
pub mod cookies;
pub mod errors;
pub mod extract;
mod guard;
pub mod headers;
pub mod health;
mod host;
pub mod layers;
mod oidc;
mod pages;
pub mod partner;
pub mod server;
pub mod signals;

pub use body::BodyFault;
