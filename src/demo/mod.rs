//! The demo ecosystem of partner services: a bank, a loyalty service and a cinema on one loopback port, each a real relying
//! party with its own customers, beside the real Concord.

mod bank;
mod cinema;
mod ecosystem;
mod hosts;
mod hub;
mod id_token;
mod keys;
mod party;
mod people;
mod personas;
mod points;
mod progress;
mod reader;
mod redact;
mod register;
mod relying_party;
mod script;
mod sessions;
mod site;
mod tap;
mod trouble;
mod wire;
mod words;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::{Command, Stdio};

pub use ecosystem::Ecosystem;
pub use trouble::Trouble;

use crate::protocol::locale::Locale;

/// What the demo was asked for.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen: loopback; port 0 is any free one.
    pub listen: SocketAddr,
    /// Where it keeps its data; none: nothing outlives it.
    pub data: Option<PathBuf>,
    /// Begin anew.
    pub reset: bool,
    /// What the invented people are drawn from.
    pub seed: u64,
    /// The language of who chose none.
    pub lang: Option<Locale>,
}

impl Options {
    /// Refuses what others could reach: everything here has known passwords.
    ///
    /// # Errors
    /// The address is not loopback.
    pub fn check(&self) -> Result<(), Trouble> {
        let v4 = IpAddr::from([127, 0, 0, 1]);
        if self.listen.ip() == v4 {
            return Ok(());
        }
        Err(Trouble::new(format!("the demo listens on {v4} only: its people, passwords and mails are there for everybody to see")))
    }
}

/// Runs the demo until `stop` ends; `say` prints a line, the first one when everything is ready.
///
/// # Errors
/// It cannot start.
pub async fn run(options: &Options, open: bool, say: impl Fn(&str), stop: impl Future<Output = ()>) -> Result<(), Trouble> {
    let ecosystem = Ecosystem::start(options).await?;
    ecosystem.ready().await?;
    let hub = ecosystem.place().hub();
    say(&format!("The demo is ready: {hub}"));
    say("Nothing leaves this machine. Ctrl-C ends it.");
    if open {
        open_browser(&hub);
    }
    stop.await;
    ecosystem.stop().await;
    Ok(())
}

/// Plays the story without a browser against a fresh store; `say` prints a line per step.
///
/// # Errors
/// The step that did not come out as it should.
pub async fn script(options: &Options, say: impl Fn(&str)) -> Result<(), Trouble> {
    let fresh = Options { reset: true, ..options.clone() };
    let ecosystem = Ecosystem::start(&fresh).await?;
    let told = match ecosystem.ready().await {
        Ok(()) => script::tell(&ecosystem, &say).await,
        Err(trouble) => Err(trouble),
    };
    ecosystem.stop().await;
    told
}

/// Asks the desktop to show an address; whether it does is its own affair.
fn open_browser(url: &str) {
    let command = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let _ = Command::new(command).arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
}
