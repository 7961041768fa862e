//! The command as people and scripts meet it, and what the documents say about it.

mod documents;
mod reading;
mod restored;
