//! `concord doctor`: looks at this installation.

use std::time::Duration;

use secrecy::SecretString;
use serde::Serialize;

use super::{Exit, Failure, Invocation};
use crate::clock::{self, Clock};
use crate::config::{MailTransport, Severity};
use crate::crypto::random::Random;
use crate::storage::ephemeral::Kind;
use crate::storage::migrations::Schema;
use crate::storage::{Database, Pools};
use crate::usecases::{Core, clocks, start};

/// A hash should take this long: long enough to be a hindrance, short enough to be waited for.
const HASH: std::ops::RangeInclusive<u128> = 10..=500;

#[derive(Serialize)]
struct Finding {
    what: &'static str,
    /// `ok`, `warning` or `failed`.
    status: &'static str,
    detail: String,
}

/// Each finding: what, why, how to mend it.
pub(super) async fn run(invocation: &Invocation) -> Result<(), Failure> {
    let mut findings = configuration(invocation);
    match open(invocation).await {
        Err(failure) => findings.push(failed("database", &failure.message)),
        Ok(database) => {
            let kind = if database.is_shared() { "PostgreSQL answers" } else { "SQLite opens" };
            findings.push(ok("database", kind));
            installation(&database, invocation, &mut findings).await;
            database.close().await;
        }
    }
    findings.push(mail(invocation));
    let columns: &[super::Column<Finding>] = &[
        ("WHAT", |finding| finding.what.to_owned()),
        ("STATUS", |finding| finding.status.to_owned()),
        ("DETAIL", |finding| finding.detail.clone()),
    ];
    invocation.output.list(&findings, columns);
    match findings.iter().filter(|finding| finding.status == "failed").count() {
        0 => Ok(()),
        count => Err(Failure::new(Exit::Failed, format!("{count} of {} checks failed", findings.len()))),
    }
}

async fn open(invocation: &Invocation) -> Result<Database, Failure> {
    invocation.needs_database()?;
    let settings = &invocation.config.database;
    Ok(Database::open(settings.url.expose(), Pools { connections: 4, ..Pools::of(settings) }).await?)
}

fn ok(what: &'static str, detail: impl Into<String>) -> Finding {
    Finding { what, status: "ok", detail: detail.into() }
}

fn failed(what: &'static str, reason: &impl ToString) -> Finding {
    Finding { what, status: "failed", detail: reason.to_string() }
}

fn configuration(invocation: &Invocation) -> Vec<Finding> {
    let found = invocation.config.check();
    if found.is_empty() {
        return vec![ok("configuration", "nothing unsafe")];
    }
    let status = |severity| if severity == Severity::Refused { "failed" } else { "warning" };
    found
        .into_iter()
        .map(|finding| Finding {
            what: "configuration",
            status: status(finding.severity),
            detail: format!("{}: {}", finding.key, finding.message),
        })
        .collect()
}

/// What needs the database: its schema first, because without it nothing else can be said.
async fn installation(database: &Database, invocation: &Invocation, findings: &mut Vec<Finding>) {
    match database.schema().await {
        Ok(Schema::Ready) => findings.push(ok("schema", "up to date")),
        Ok(Schema::Behind { applied, needed }) => {
            findings.push(failed("schema", &format!("at version {applied}, this program needs {needed}: run `concord migrate up`")));
            return;
        }
        Err(error) => {
            findings.push(failed("schema", &error));
            return;
        }
    }
    match clocks::difference(database, &Clock::System).await {
        Ok(apart) if apart <= clocks::MOST => findings.push(ok("clock", format!("{} ms from the database's", apart.as_millis()))),
        Ok(apart) => findings.push(failed("clock", &format!("{} s from the database's: synchronise both by NTP", apart.as_secs()))),
        Err(error) => findings.push(failed("clock", &error)),
    }
    match start::look(invocation.config.clone(), Random::system()).await {
        Err(error) => findings.push(failed("keys", &error)),
        Ok(core) => {
            let count = core.keys.load().infos().count();
            findings.push(ok("keys", format!("the root keys belong to this database; {count} signing keys")));
            findings.push(store(&core).await);
            findings.push(hashing(&core).await);
        }
    }
}

async fn store(core: &Core) -> Finding {
    if core.config.ephemeral.url.is_empty() {
        return ok("ephemeral", "in the server's process: one node");
    }
    let key = core.random.token();
    match core.ephemeral.put(Kind::Probe, &key, b"").await {
        Ok(()) => ok("ephemeral", "Redis keeps what it is given"),
        Err(error) => failed("ephemeral", &error),
    }
}

/// The second hash counts: the first one asks the system for memory.
async fn hashing(core: &Core) -> Finding {
    let mut took = Duration::ZERO;
    for _ in 0..2 {
        let began = clock::monotonic();
        if let Err(error) = core.passwords.hash(SecretString::from("a password of doctor")).await {
            return failed("passwords", &error);
        }
        took = began.elapsed();
    }
    let settings = &core.config.password;
    let detail = format!(
        "one hash takes {} ms (memory {} KiB, {} passes, {} lanes)",
        took.as_millis(),
        settings.memory_kib,
        settings.iterations,
        settings.lanes
    );
    if HASH.contains(&took.as_millis()) {
        ok("passwords", detail)
    } else {
        Finding { what: "passwords", status: "warning", detail: format!("{detail}; 10 to 500 ms is usual: change [password]") }
    }
}

fn mail(invocation: &Invocation) -> Finding {
    let mail = &invocation.config.mail;
    match mail.transport {
        MailTransport::None => Finding { what: "mail", status: "warning", detail: "mail.transport is none: nobody gets a code".into() },
        MailTransport::Outbox => ok("mail", "kept in the server's memory: for the demo"),
        MailTransport::File => match probe(&mail.dir) {
            Ok(()) => ok("mail", format!("written into {}", mail.dir.display())),
            Err(error) => failed("mail", &format!("cannot write into {}: {error}", mail.dir.display())),
        },
    }
}

fn probe(folder: &std::path::Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let file = folder.join(".doctor");
    std::fs::write(&file, b"")?;
    std::fs::remove_file(file)
}
