//! What a verb gets: the configuration, the way to print, and the person's permission.

use std::future::Future;
use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::output::note;
use super::{Common, Exit, Failure, Output};
use crate::clock::Clock;
use crate::config::{Config, LogFormat, Provenance, SYSTEM_FILE, Severity, Source};
use crate::crypto::random::Random;
use crate::model::actor::Actor;
use crate::storage::server_lock::sqlite_file;
use crate::telemetry::{self, Lines};
use crate::usecases::{Core, start};

/// One run of the command.
pub struct Invocation {
    /// The configuration, loaded; `serve` and `config check` look at its findings.
    pub config: Config,
    /// Where each value came from.
    pub provenance: Provenance,
    /// How results are printed.
    pub output: Output,
    yes: bool,
    dry_run: bool,
}

impl Invocation {
    /// Loads the configuration and starts logging.
    pub(super) fn load(common: &Common, serving: bool, output: Output) -> Result<Self, Failure> {
        let files = files(common);
        let environment = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let (config, provenance) = Config::load(&files, environment)?;
        let lines = match config.log.format {
            LogFormat::Json => Lines::Json,
            LogFormat::Pretty => Lines::Pretty,
            LogFormat::Auto => Lines::Auto,
        };
        // What a command does it says itself; only a server's log is read later.
        let chosen = provenance.explain("log.level", false).is_some_and(|level| level.source != Source::Default);
        let level = if serving || chosen { config.log.level.as_str() } else { "warn" };
        telemetry::install_logs(lines, level).map_err(|error| Failure::new(Exit::Config, format!("log.level: {error}")))?;
        Ok(Self { config, provenance, output, yes: common.yes, dry_run: common.dry_run })
    }

    /// Runs an asynchronous verb to its end, on as many threads as the configuration says.
    pub(super) fn block_on<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        if self.config.server.workers > 0 {
            builder.worker_threads(self.config.server.workers);
        }
        builder.enable_all().thread_name("concord").build()?.block_on(work)
    }

    /// Refuses to go on with a configuration that `config check` refuses.
    pub fn refuse_unsafe(&self) -> Result<(), Failure> {
        let findings = self.config.check();
        for finding in &findings {
            tracing::warn!(event = "config.finding", key = finding.key, "{}", finding.message);
        }
        match findings.iter().find(|finding| finding.severity == Severity::Refused) {
            Some(finding) => Err(Failure::new(Exit::Config, format!("{}: {}", finding.key, finding.message))),
            None => Ok(()),
        }
    }

    /// The use cases on the configured database, beside a server that may be running.
    pub async fn core(&self) -> Result<Arc<Core>, Failure> {
        self.needs_database()?;
        self.new_core().await
    }

    /// The same, where the embedded database may be made by it.
    pub async fn new_core(&self) -> Result<Arc<Core>, Failure> {
        Ok(start::open(Arc::new(self.config.clone()), Clock::System, Random::system()).await?)
    }

    /// An embedded database that is not there was probably looked for in the wrong folder: none is made by looking.
    pub fn needs_database(&self) -> Result<(), Failure> {
        let url = self.config.database.url.expose();
        match sqlite_file(url).filter(|file| !file.exists()) {
            Some(file) => Err(Failure::new(
                Exit::Unavailable,
                format!(
                    "there is no database at {}: `concord serve` makes it; if it is elsewhere, name your configuration with --config FILE",
                    file.display()
                ),
            )),
            None => Ok(()),
        }
    }

    /// Who gives the order, by the name of their account on this machine.
    pub fn actor(&self) -> Actor {
        let name = ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
        let known = name.filter(|name| name.len() <= 64 && name.bytes().all(|b| b.is_ascii_graphic()));
        Actor::Operator(known.unwrap_or_else(|| "unknown".to_owned()))
    }

    /// True when nothing may be changed.
    pub fn dry_run(&self) -> bool {
        self.dry_run
    }

    /// Shows what is going to happen and asks; `false`: leave it. `--dry-run` never goes on, `--yes` always does, and
    /// without a terminal to ask nothing happens.
    pub fn confirm(&self, plan: &str) -> Result<bool, Failure> {
        if self.dry_run {
            let planned = serde_json::json!({ "dry_run": true, "plan": plan });
            self.output
                .told(&planned, |planned| format!("{}\n(--dry-run: nothing was changed)", planned["plan"].as_str().unwrap_or_default()));
            return Ok(false);
        }
        if self.yes {
            return Ok(true);
        }
        note(plan);
        if !std::io::stdin().is_terminal() {
            return Err(Failure::new(Exit::Usage, "nobody is there to ask; add --yes to go on or --dry-run to look only"));
        }
        let mut error = std::io::stderr().lock();
        let _ = write!(error, "Go on? [y/N] ");
        let _ = error.flush();
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer)?;
        if matches!(answer.trim(), "y" | "Y" | "yes") {
            return Ok(true);
        }
        let _ = writeln!(error, "nothing was changed");
        Ok(false)
    }
}

/// The files named, or the system's when none is.
fn files(common: &Common) -> Vec<PathBuf> {
    if common.config.is_empty() && Path::new(SYSTEM_FILE).exists() { vec![PathBuf::from(SYSTEM_FILE)] } else { common.config.clone() }
}
