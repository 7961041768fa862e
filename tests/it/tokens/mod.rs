//! Grants and tokens, from the use cases: what is issued, what it is worth, and what ends it.

mod client_credentials;
mod codes;
pub mod ecosystem;
mod endings;
mod introspection;
mod memory;
mod planted;
mod pushed;
mod reach;
mod refresh;
mod signing_out;
mod userinfo;
mod wire;
