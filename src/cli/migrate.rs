//! `concord migrate`: the database's tables.

use std::time::Duration;

use clap::Subcommand;
use serde_json::json;

use super::{Failure, Invocation};
use crate::storage::migrations::Schema;
use crate::storage::{Database, Pools};

/// The verbs of `migrate`.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Bring the tables up to date, as the role of database.owner_url
    Up,
    /// Say whether the tables are up to date; exit code 1 when they are behind
    Status,
}

/// Carries out a verb.
pub(super) async fn run(verb: Verb, invocation: &Invocation) -> Result<(), Failure> {
    if matches!(verb, Verb::Status) {
        invocation.needs_database()?;
    }
    let settings = &invocation.config.database;
    let owner = if settings.owner_url.is_empty() { &settings.url } else { &settings.owner_url };
    // A migration takes the time it takes: an index over millions of rows is one statement.
    let patient = Pools { connections: 4, statement: Duration::ZERO, ..Pools::of(settings) };
    let database = Database::open(owner.expose(), patient).await?;
    let outcome = match verb {
        Verb::Status => status(&database, invocation).await,
        Verb::Up => up(&database, invocation).await,
    };
    database.close().await;
    outcome
}

async fn status(database: &Database, invocation: &Invocation) -> Result<(), Failure> {
    match database.schema().await? {
        Schema::Ready => {
            invocation.output.done("the schema is up to date", &json!("up_to_date"));
            Ok(())
        }
        Schema::Behind { applied, needed } => {
            Err(Failure::failed(format!("the schema is at version {applied}, this program needs {needed}: run `concord migrate up`")))
        }
    }
}

async fn up(database: &Database, invocation: &Invocation) -> Result<(), Failure> {
    if database.schema().await? == Schema::Ready {
        grant(database, invocation).await?;
        invocation.output.done("the schema is up to date already", &json!("up_to_date"));
        return Ok(());
    }
    if invocation.dry_run() {
        invocation.output.done("the schema is behind and would be brought up to date", &json!("behind"));
        return Ok(());
    }
    database.migrate().await?;
    grant(database, invocation).await?;
    invocation.output.done("the schema is up to date now", &json!("migrated"));
    Ok(())
}

/// Lets the server's role at the tables, where it is another than their owner.
async fn grant(database: &Database, invocation: &Invocation) -> Result<(), Failure> {
    let settings = &invocation.config.database;
    if invocation.dry_run() || settings.owner_url.is_empty() {
        return Ok(());
    }
    let Some(role) = url::Url::parse(settings.url.expose()).ok().map(|url| url.username().to_owned()).filter(|role| !role.is_empty())
    else {
        return Ok(());
    };
    Ok(database.grant_to(&role).await?)
}
