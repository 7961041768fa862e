//! The person's own pages, with a browser, against the router itself.

mod holdings;
mod returning;
mod safety;
pub mod stage;
