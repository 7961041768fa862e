//! The server as seen from a raw socket: no client library between the test and the bytes.

mod configuration;
mod connections;
mod harness;
mod requests;
mod shutdown;
