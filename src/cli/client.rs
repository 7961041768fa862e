//! `concord client`: OAuth clients of services.

use std::time::Duration;

use clap::Subcommand;
use serde::Serialize;

use super::{Failure, Invocation};
use crate::usecases::show_partners::{self, ClientView};
use crate::usecases::{Core, rotate_secret, switch_partner};

/// The verbs of `client`.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// List clients
    List {
        /// Only those of one service
        #[arg(long)]
        service: Option<String>,
    },
    /// Show a client
    Show {
        /// The client_id
        client: String,
    },
    /// Make a new secret, shown once; the old one stays valid for a while
    RotateSecret {
        /// The client_id
        client: String,
        /// The old secret ends at once
        #[arg(long)]
        now: bool,
    },
    /// Switch a client off: its grants end
    Disable {
        /// The client_id
        client: String,
    },
    /// Switch a client on again; what had ended stays ended
    Enable {
        /// The client_id
        client: String,
    },
}

/// Carries out a verb.
pub(super) async fn run(verb: Verb, invocation: &Invocation) -> Result<(), Failure> {
    match verb {
        Verb::List { service } => list(service.as_deref(), invocation).await,
        Verb::Show { client } => show(&client, invocation).await,
        Verb::RotateSecret { client, now } => rotate(&client, now, invocation).await,
        Verb::Disable { client } => switch(&client, false, invocation).await,
        Verb::Enable { client } => switch(&client, true, invocation).await,
    }
}

async fn list(service: Option<&str>, invocation: &Invocation) -> Result<(), Failure> {
    let clients = show_partners::clients(&*invocation.core().await?, service).await?;
    invocation.output.list(
        &clients,
        &[
            ("CLIENT_ID", |client| client.client_id.clone()),
            ("SERVICE", |client| client.service.clone()),
            ("ON", |client| if client.enabled { "yes" } else { "no" }.to_owned()),
            ("AUTHENTICATION", |client| word(&client.document.authentication)),
            ("GRANTS", |client| client.document.grant_types.iter().map(word).collect::<Vec<_>>().join(" ")),
            ("SCOPE", |client| client.document.scope.to_string()),
        ],
    );
    Ok(())
}

async fn show(client_id: &str, invocation: &Invocation) -> Result<(), Failure> {
    let client = find(&*invocation.core().await?, client_id).await?;
    invocation.output.record(
        &client,
        &[
            ("client_id", |client| client.client_id.clone()),
            ("service", |client| client.service.clone()),
            ("on", |client| if client.enabled { "yes" } else { "no" }.to_owned()),
            ("authentication", |client| word(&client.document.authentication)),
            ("live secrets", |client| {
                let until = |end: &Option<String>| end.as_ref().map_or("no end".to_owned(), |end| format!("until {end}"));
                client.secrets.iter().map(until).collect::<Vec<_>>().join(", ")
            }),
            ("grants", |client| client.document.grant_types.iter().map(word).collect::<Vec<_>>().join(" ")),
            ("scope", |client| client.document.scope.to_string()),
            ("required scope", |client| client.document.required_scope.to_string()),
            ("redirect URIs", |client| client.document.redirect_uris.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")),
            ("back-channel logout", |client| client.document.backchannel_logout_uri.clone().unwrap_or_default()),
            ("resources", |client| client.document.resources.join(" ")),
            ("access tokens", |client| {
                let life = client.document.access_token_minutes.map_or("tokens.access".to_owned(), |minutes| format!("{minutes} min"));
                format!("{}, {life}", word(&client.document.access_token_format))
            }),
            ("introspection", |client| if client.document.introspection { "yes" } else { "no" }.to_owned()),
        ],
    );
    Ok(())
}

async fn rotate(client_id: &str, now: bool, invocation: &Invocation) -> Result<(), Failure> {
    let core = invocation.core().await?;
    find(&core, client_id).await?;
    let overlap = if now { Duration::ZERO } else { rotate_secret::OVERLAP };
    let ends = if now { "ends at once".to_owned() } else { format!("works for {} h more", overlap.as_secs() / 3600) };
    if !invocation.confirm(&format!("client {client_id} gets a new secret; the one before {ends}"))? {
        return Ok(());
    }
    let secret = rotate_secret::rotate(&core, client_id, overlap, &invocation.actor()).await?;
    invocation.output.told(&secret, |secret| {
        let old = secret.old_ends_at.as_ref().map(|end| format!("\nold secret     ends {end}")).unwrap_or_default();
        format!("client_id      {}\nclient_secret  {}   (shown this once){old}", secret.client_id, secret.client_secret)
    });
    Ok(())
}

async fn switch(client_id: &str, enabled: bool, invocation: &Invocation) -> Result<(), Failure> {
    let core = invocation.core().await?;
    find(&core, client_id).await?;
    let plan = if enabled {
        format!("client {client_id} is switched on; what had ended stays ended")
    } else {
        format!("client {client_id} is switched off: its grants end, its tokens are refused")
    };
    if !invocation.confirm(&plan)? {
        return Ok(());
    }
    let changed = switch_partner::client(&core, client_id, enabled, &invocation.actor()).await?;
    let state = if enabled { "on" } else { "off" };
    let sentence = if changed { format!("client {client_id} is {state}") } else { format!("client {client_id} was {state} already") };
    invocation.output.done(&sentence, &serde_json::json!({ "client_id": client_id, "enabled": enabled, "changed": changed }));
    Ok(())
}

async fn find(core: &Core, client_id: &str) -> Result<ClientView, Failure> {
    let known = show_partners::clients(core, None).await?.into_iter().find(|client| client.client_id == client_id);
    known.ok_or_else(|| Failure::failed(format!("there is no client {client_id}; `concord client list` shows all")))
}

/// The word a value has in documents.
fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
