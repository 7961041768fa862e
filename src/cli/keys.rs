//! `concord keys`: the keys that sign tokens.

use clap::Subcommand;
use serde::Serialize;

use super::{Exit, Failure, Invocation};
use crate::clock::Timestamp;
use crate::crypto::signing::Algorithm;
use crate::usecases::{Core, signing_keys};

/// The verbs of `keys`.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// List signing keys with their states and dates
    List,
    /// Publish a new key of an algorithm, or put the pending one to work
    Rotate {
        /// ES256 or RS256
        #[arg(long, default_value = "ES256")]
        algorithm: String,
        /// At once instead of after the time of publishing
        #[arg(long)]
        now: bool,
    },
    /// Take a key out of use
    Retire {
        /// The key's id; a thumbprint, which may begin with a hyphen
        #[arg(allow_hyphen_values = true)]
        kid: String,
        /// Emergency: nothing it has signed is believed any more
        #[arg(long)]
        now: bool,
    },
    /// Print the public keys as a JWK set
    ExportJwks,
}

/// Carries out a verb.
pub(super) async fn run(verb: Verb, invocation: &Invocation) -> Result<(), Failure> {
    let core = invocation.core().await?;
    match verb {
        Verb::List => list(&core, invocation).await,
        Verb::Rotate { algorithm, now } => rotate(&core, &algorithm, now, invocation).await,
        Verb::Retire { kid, now } => retire(&core, &kid, now, invocation).await,
        Verb::ExportJwks => {
            invocation.output.line(&String::from_utf8_lossy(&core.keys.load().jwks_json()));
            Ok(())
        }
    }
}

async fn list(core: &Core, invocation: &Invocation) -> Result<(), Failure> {
    let keys = signing_keys::list(core).await?;
    let date = |at: Option<Timestamp>| at.map(Timestamp::rfc3339).unwrap_or_default();
    let shown: Vec<_> = keys
        .into_iter()
        .map(|key| Shown {
            kid: key.kid,
            algorithm: key.algorithm,
            state: key.state,
            created_at: key.created_at.rfc3339(),
            activates_at: key.activates_at.rfc3339(),
            retired_at: date(key.retired_at),
            destroyed_at: date(key.destroyed_at),
        })
        .collect();
    invocation.output.list(
        &shown,
        &[
            ("KID", |key| key.kid.clone()),
            ("ALGORITHM", |key| key.algorithm.clone()),
            ("STATE", |key| key.state.clone()),
            ("SIGNS FROM", |key| key.activates_at.clone()),
            ("RETIRED", |key| key.retired_at.clone()),
            ("DESTROYED", |key| key.destroyed_at.clone()),
        ],
    );
    Ok(())
}

/// A key with dates as people read them.
#[derive(Serialize)]
struct Shown {
    kid: String,
    algorithm: String,
    state: String,
    created_at: String,
    activates_at: String,
    retired_at: String,
    destroyed_at: String,
}

async fn rotate(core: &Core, algorithm: &str, now: bool, invocation: &Invocation) -> Result<(), Failure> {
    let known = algorithm.parse().ok().filter(|algorithm| Algorithm::OWN.contains(algorithm));
    let algorithm = known.ok_or_else(|| Failure::new(Exit::Usage, "--algorithm must be ES256 or RS256"))?;
    let plan = if now {
        format!("the next {algorithm} key signs from now on: whoever keeps the key set in memory may refuse tokens for a while")
    } else {
        format!("a new {algorithm} key is published and signs after the time of publishing")
    };
    if !invocation.confirm(&plan)? {
        return Ok(());
    }
    let steps = signing_keys::rotate(core, algorithm, now).await?;
    let sentence = if steps == 0 { "the next key is published already" } else { "done; see concord keys list" };
    invocation.output.done(sentence, &serde_json::json!({ "steps": steps }));
    Ok(())
}

async fn retire(core: &Core, kid: &str, now: bool, invocation: &Invocation) -> Result<(), Failure> {
    let plan = if now {
        format!("key {kid} is destroyed: nothing it has signed is believed any more, its successor signs from now on")
    } else {
        format!("key {kid} stops signing; what it has signed stays valid until it expires")
    };
    if !invocation.confirm(&plan)? {
        return Ok(());
    }
    let steps = signing_keys::retire(core, kid, now).await?;
    let sentence = if steps == 0 { "the key was retired already" } else { "done; see concord keys list" };
    invocation.output.done(sentence, &serde_json::json!({ "steps": steps }));
    Ok(())
}
