//! `concord demo`: the demo ecosystem on this machine.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use tokio::signal;

use super::{Exit, Failure, Output};
use crate::demo::{self, Options, Trouble};
use crate::protocol::locale::Locale;
use crate::telemetry::{self, Lines};

/// Where the demo keeps its data when nobody says otherwise.
const FOLDER: &str = ".concord-demo";

/// `demo`
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Where the demo keeps its data [default: .concord-demo; with --script a folder that goes at the end]
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// Keep nothing
    #[arg(long, conflicts_with = "data")]
    pub memory: bool,
    /// Begin anew
    #[arg(long)]
    pub reset: bool,
    /// Play the story without a browser, one line per step; exit code 0 or 1
    #[arg(long)]
    pub script: bool,
    /// Address and port, on loopback [default: 127.0.0.1:8080; with --script any free port]
    #[arg(long)]
    pub listen: Option<SocketAddr>,
    /// Port, on loopback
    #[arg(long, conflicts_with = "listen")]
    pub port: Option<u16>,
    /// What the invented people are drawn from
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
    /// Language of the pages: ru, en or zh [default: what the browser asks for]
    #[arg(long, value_parser = language)]
    pub lang: Option<Locale>,
    /// Open a browser when it is ready
    #[arg(long)]
    pub open: bool,
}

fn language(tag: &str) -> Result<Locale, String> {
    tag.parse().map_err(|_| "ru, en or zh".to_owned())
}

/// Runs until a signal ends it, or until the story is told. The demo has a configuration of its own: nothing of this
/// machine's is read, so that it never touches a real deployment.
pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    let level = std::env::var("RUST_LOG").unwrap_or_else(|_| "warn,concord::http::access=error".to_owned());
    telemetry::install_logs(Lines::Auto, &level).map_err(|error| Failure::new(Exit::Usage, format!("RUST_LOG: {error}")))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("concord").build()?;
    let options = options(arguments);
    let say = |line: &str| output.line(line);
    let outcome = runtime.block_on(async {
        if arguments.script { demo::script(&options, say).await } else { demo::run(&options, arguments.open, say, interrupted()).await }
    });
    outcome.map_err(|trouble: Trouble| Failure::failed(trouble.to_string()))
}

fn options(arguments: &Arguments) -> Options {
    let port = arguments.port.unwrap_or(if arguments.script { 0 } else { 8080 });
    let kept = !arguments.memory && !arguments.script;
    Options {
        listen: arguments.listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], port))),
        data: arguments.data.clone().or_else(|| kept.then(|| PathBuf::from(FOLDER))),
        reset: arguments.reset,
        seed: arguments.seed,
        lang: arguments.lang,
    }
}

/// Until somebody wants it to end.
async fn interrupted() {
    #[cfg(unix)]
    if let Ok(mut terminate) = signal::unix::signal(signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        return;
    }
    let _ = signal::ctrl_c().await;
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn read(words: &[&str]) -> Options {
        let line = Line::try_parse_from(std::iter::once(&"demo").chain(words)).map_err(|error| error.to_string());
        options(&line.unwrap().arguments)
    }

    #[test]
    fn the_story_needs_neither_port_nor_folder() {
        assert_eq!(read(&[]).data.as_deref(), Some(std::path::Path::new(FOLDER)));
        assert_eq!((read(&["--script"]).data, read(&["--script"]).listen.port()), (None, 0));
        assert_eq!(read(&["--memory", "--port", "9000"]).listen.port(), 9000);
        assert!(read(&["--script", "--data", "x"]).data.is_some());
        assert!(read(&["--listen", "0.0.0.0:80"]).check().is_err() && read(&[]).check().is_ok());
        assert!(Line::try_parse_from(["demo", "--lang", "xx"]).is_err());
    }
}
