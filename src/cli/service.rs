//! `concord service`: partner services.

use std::path::Path;

use clap::Subcommand;

use super::{Column, Exit, Failure, Invocation};
use crate::outbound::guarded::GuardedClient;
use crate::usecases::apply_service::{self, Applied, ApplyError, Outcome};
use crate::usecases::service_doctor::{self, Weight};
use crate::usecases::show_partners::{self, ClientView, ServiceView};
use crate::usecases::switch_partner;

/// The verbs of `service`.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Create or change services, their clients and scopes from a file; --dry-run shows the difference
    Apply {
        /// TOML file
        #[arg(value_name = "FILE")]
        file: std::path::PathBuf,
    },
    /// List services
    List,
    /// Show a service with its clients, scopes and policies
    Show {
        /// The service's code
        service: String,
    },
    /// Switch a service off: its grants end, its product domain is not granted
    Disable {
        /// The service's code
        service: String,
    },
    /// Switch a service on again; what had ended stays ended
    Enable {
        /// The service's code
        service: String,
    },
    /// Check a service's addresses, keys and redirect URIs
    Doctor {
        /// The service's code
        service: String,
    },
}

/// Carries out a verb.
pub(super) async fn run(verb: Verb, invocation: &Invocation) -> Result<(), Failure> {
    match verb {
        Verb::Apply { file } => apply(&file, invocation).await,
        Verb::List => list(invocation).await,
        Verb::Show { service } => show(&service, invocation).await,
        Verb::Disable { service } => switch(&service, false, invocation).await,
        Verb::Enable { service } => switch(&service, true, invocation).await,
        Verb::Doctor { service } => doctor(&service, invocation).await,
    }
}

async fn apply(file: &Path, invocation: &Invocation) -> Result<(), Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| Failure::failed(format!("cannot read {}: {error}", file.display())))?;
    let core = invocation.new_core().await?;
    let applied = apply_service::apply(&core, &text, invocation.dry_run(), &invocation.actor()).await;
    let applied = applied.map_err(|error| match error {
        ApplyError::Refused(problems) => {
            let lines: Vec<_> = problems.iter().map(|problem| format!("{}: {problem}", file.display())).collect();
            Failure::failed(lines.join("\n"))
        }
        ApplyError::Storage(error) => error.into(),
    })?;
    invocation.output.told(&applied, told);
    Ok(())
}

/// The plan or the deed in words.
fn told(applied: &Applied) -> String {
    let deed = match (applied.outcome, applied.dry_run) {
        (Outcome::Unchanged, _) => "is as the file says, nothing to do",
        (Outcome::Created, false) => "created",
        (Outcome::Created, true) => "would be created",
        (Outcome::Changed, false) => "changed",
        (Outcome::Changed, true) => "would be changed",
    };
    let mut lines = vec![format!("service {}: {deed}, version {}", applied.service, applied.version)];
    lines.extend(applied.changes.iter().flat_map(|change| {
        let removed = change.removed.iter().map(|text| format!("  - {}: {text}", change.key));
        let added = change.added.iter().map(|text| format!("  + {}: {text}", change.key));
        removed.chain(added).collect::<Vec<_>>()
    }));
    lines.extend(applied.consequences.iter().map(|text| format!("  ! {text}")));
    for secret in &applied.secrets {
        lines.push(String::new());
        lines.push(format!("  client_id      {}", secret.client_id));
        lines.push(format!("  client_secret  {}   (shown this once)", secret.client_secret));
    }
    lines.join("\n")
}

async fn list(invocation: &Invocation) -> Result<(), Failure> {
    let services = show_partners::services(&*invocation.core().await?, None).await?;
    invocation.output.list(&services, COLUMNS);
    Ok(())
}

const COLUMNS: &[Column<ServiceView>] = &[
    ("CODE", |service| service.code.clone()),
    ("NAME", |service| service.document.name.en.clone()),
    ("ON", |service| if service.enabled { "yes" } else { "no" }.to_owned()),
    ("VERSION", |service| service.version.to_string()),
    ("SECTOR", |service| service.document.sector.clone()),
    ("OWNS", |service| service.document.owns.join(" ")),
    ("CLIENTS", |service| service.clients.iter().map(|client| client.client_id.as_str()).collect::<Vec<_>>().join(" ")),
];

async fn show(code: &str, invocation: &Invocation) -> Result<(), Failure> {
    let found = show_partners::services(&*invocation.core().await?, Some(code)).await?.pop();
    let service = found.ok_or_else(|| unknown(code))?;
    invocation.output.record(
        &service,
        &[
            ("code", |service| service.code.clone()),
            ("id", |service| service.id.clone()),
            ("name", |service| service.document.name.en.clone()),
            ("on", |service| if service.enabled { "yes" } else { "no" }.to_owned()),
            ("version", |service| service.version.to_string()),
            ("sector", |service| format!("{} ({})", service.document.sector, service.sector)),
            ("homepage", |service| service.document.homepage.clone()),
            ("ecosystem member", |service| if service.document.ecosystem_member { "yes" } else { "no" }.to_owned()),
            ("owns", |service| service.document.owns.join(" ")),
            ("api", |service| service.document.api.as_ref().map(|api| api.audience.clone()).unwrap_or_default()),
            ("links", |service| {
                let links = &service.document.links;
                format!("{} at least {:?}", if links.multi_account { "several accounts," } else { "one account," }, links.min_evidence)
            }),
            ("clients", |service| {
                let line = |client: &ClientView| format!("{}: {}", client.client_id, client.document.scope);
                service.clients.iter().map(line).collect::<Vec<_>>().join("\n")
            }),
        ],
    );
    Ok(())
}

async fn switch(code: &str, enabled: bool, invocation: &Invocation) -> Result<(), Failure> {
    let core = invocation.core().await?;
    if show_partners::services(&core, Some(code)).await?.is_empty() {
        return Err(unknown(code));
    }
    let plan = if enabled {
        format!("service {code} is switched on; what had ended stays ended")
    } else {
        format!("service {code} is switched off: all its grants end, and others lose what they read from it")
    };
    if !invocation.confirm(&plan)? {
        return Ok(());
    }
    let changed = switch_partner::service(&core, code, enabled, &invocation.actor()).await?;
    let word = if enabled { "on" } else { "off" };
    let sentence = if changed { format!("service {code} is {word}") } else { format!("service {code} was {word} already") };
    invocation.output.done(&sentence, &serde_json::json!({ "service": code, "enabled": enabled, "changed": changed }));
    Ok(())
}

async fn doctor(code: &str, invocation: &Invocation) -> Result<(), Failure> {
    let core = invocation.core().await?;
    let calls = GuardedClient::new(&invocation.config.outbound).map_err(|error| Failure::new(Exit::Config, error))?;
    let findings = service_doctor::look(&core, &calls, code).await?.ok_or_else(|| unknown(code))?;
    invocation.output.list(
        &findings,
        &[
            ("RESULT", |finding| finding.weight.as_str().to_owned()),
            ("ABOUT", |finding| finding.about.clone()),
            ("WHAT", |finding| finding.what.clone()),
            ("ADVICE", |finding| finding.advice.clone()),
        ],
    );
    match findings.iter().filter(|finding| finding.weight == Weight::Problem).count() {
        0 => Ok(()),
        count => Err(Failure::failed(format!("{count} of {} findings must be mended", findings.len()))),
    }
}

fn unknown(code: &str) -> Failure {
    Failure::failed(format!("there is no service {code}; `concord service list` shows all"))
}
