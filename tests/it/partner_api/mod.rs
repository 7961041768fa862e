//! The partner API over HTTP: who may write what about whom; and the description of the whole interface.

mod description;
mod profile;
