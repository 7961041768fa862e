//! `concord demo`: the demo ecosystem on this machine.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::{Failure, Invocation};

/// `demo`
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Where the demo keeps its data
    #[arg(long, default_value = ".concord-demo")]
    pub data: PathBuf,
    /// Begin anew
    #[arg(long)]
    pub reset: bool,
    /// Play the story without a browser, one line per step; exit code 0 or 1
    #[arg(long)]
    pub script: bool,
    /// Address and port, on loopback
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// What the invented people are drawn from
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
    /// Open a browser when it is ready
    #[arg(long)]
    pub open: bool,
    /// Listen on an address that others can reach
    #[arg(long = "i-know-this-is-insecure")]
    pub insecure: bool,
}

/// Runs until a signal ends it, or until the story is told.
#[allow(clippy::unused_async, reason = "verbs that do something wait for the database")]
pub(super) async fn run(_arguments: &Arguments, _invocation: &Invocation) -> Result<(), Failure> {
    Err(Failure::not_in_this_build("demo"))
}
