//! Links, consents and what ends what: the use cases on both databases, by table, by race and by hostile hand.

mod assertion;
mod ceremony;
mod chain;
mod commands;
mod endings;
mod grants;
mod machine;
mod races;
mod several;
pub mod stage;
