//! The doors to the databases, the feed of changes and the store of short-lived things.

mod batches;
mod cache;
mod cancellation;
mod ephemeral;
mod feed;
mod migrations;
mod patience;
