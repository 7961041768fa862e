//! `concord service doctor`: is a service connected as it should be? Each finding says what, why and how to mend it.

use std::time::Duration;

use serde::Serialize;
use url::Url;

use super::Core;
use super::apply_service::{needs_secret, rules};
use super::planted_code::Planted;
use super::show_partners::{ClientView, ServiceView, services};
use crate::clock::{self, Timestamp};
use crate::crypto::jwk::JwkSet;
use crate::model::service::{ClientAuthentication, ClientDocument, GrantType};
use crate::outbound::guarded::{Answer, CallError, GuardedClient};
use crate::storage::Error;

/// How far a service's clock may be from ours: assertions live 120 s, and freshness is asked to the minute.
const SKEW: Duration = Duration::from_secs(5);

/// How long a client may take to redeem a code after its page has answered.
const AFTERWARDS: Duration = Duration::from_secs(1);

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// In order.
    Good,
    /// Part of the contract that cannot be seen from outside.
    Note,
    /// Works, and should be better.
    Warning,
    /// Does not work.
    Problem,
}

impl Weight {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

/// One finding.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// How much it matters.
    pub weight: Weight,
    /// What was looked at.
    pub about: String,
    /// What was found.
    pub what: String,
    /// How to mend it, or why it matters.
    pub advice: String,
}

struct Findings {
    list: Vec<Finding>,
    /// The issuer is on this machine: so may everything else be.
    local: bool,
}

impl Findings {
    fn add(&mut self, weight: Weight, about: &str, what: impl Into<String>, advice: &str) {
        self.list.push(Finding { weight, about: about.to_owned(), what: what.into(), advice: advice.to_owned() });
    }
}

/// Looks at everything about a service that can be looked at; `None` when there is no such service.
///
/// # Errors
/// The database failed.
pub async fn look(core: &Core, calls: &GuardedClient, code: &str) -> Result<Option<Vec<Finding>>, Error> {
    let Some(service) = services(core, Some(code)).await?.pop() else { return Ok(None) };
    let mut found = Findings { list: Vec::new(), local: core.config.issuer.is_loopback() };
    look_at_service(&mut found, &service);
    look_at_homepage(&mut found, calls, &service, core.clock.now()).await;
    for client in &service.clients {
        look_at_client(&mut found, client);
        if client.enabled {
            call_client(&mut found, calls, &client.document).await;
            plant_codes(&mut found, core, calls, &client.document).await?;
        }
    }
    contract(&mut found, &service);
    Ok(Some(found.list))
}

fn look_at_service(found: &mut Findings, service: &ServiceView) {
    if service.enabled {
        found.add(Weight::Good, "service", "switched on", "");
    } else {
        found.add(Weight::Problem, "service", "switched off: nobody can sign in", "concord service enable CODE");
    }
    if service.clients.iter().all(|client| !client.enabled) {
        found.add(Weight::Problem, "clients", "no client is switched on", "list one under [[clients]] and apply the file");
    }
    match JwkSet::from_value(&service.document.jwks) {
        Ok(keys) if keys.keys().is_empty() => {
            found.add(Weight::Warning, "jwks", "no key for link assertions", "without one the service cannot connect its accounts");
        }
        Ok(keys) => found.add(Weight::Good, "jwks", format!("{} for link assertions", keys.keys().len()), ""),
        Err(error) => found.add(Weight::Problem, "jwks", error.to_string(), "replace the key set and apply the file"),
    }
}

async fn look_at_homepage(found: &mut Findings, calls: &GuardedClient, service: &ServiceView, now: Timestamp) {
    let address = &service.document.homepage;
    check_scheme(found, "homepage", address);
    let answer = calls.look(address).await;
    if let Ok(Answer { date: Some(date), .. }) = &answer {
        let apart = date.since(now).max(now.since(*date));
        // The header has whole seconds.
        if apart > SKEW + Duration::from_secs(1) {
            let what = format!("the service's clock is {} s from ours", apart.as_secs());
            found.add(Weight::Problem, "clock", what, "let both follow a time server: assertions are refused otherwise");
        } else {
            found.add(Weight::Good, "clock", "agrees with ours", "");
        }
    }
    reachable(found, "homepage", address, answer);
}

fn look_at_client(found: &mut Findings, client: &ClientView) {
    let (about, document) = (format!("client {}", client.client_id), &client.document);
    if !client.enabled {
        found.add(Weight::Warning, &about, "switched off", "concord client enable ID, when it is wanted");
        return;
    }
    match document.authentication {
        ClientAuthentication::PrivateKeyJwt => match JwkSet::from_value(&document.jwks) {
            Ok(keys) if !keys.keys().is_empty() => found.add(Weight::Good, &about, "authenticates with a key", ""),
            _ => found.add(Weight::Problem, &about, "has no usable key", "put its public keys under jwks and apply the file"),
        },
        ClientAuthentication::None => found.add(Weight::Good, &about, "public, bound by PKCE", ""),
        _ if client.secrets.is_empty() => found.add(Weight::Problem, &about, "has no live secret", "concord client rotate-secret ID"),
        _ if client.secrets.len() > 1 => {
            found.add(Weight::Note, &about, "two secrets are live", "the older one ends by itself; see concord client show ID");
        }
        _ => found.add(Weight::Note, &about, "authenticates with a secret", "private_key_jwt keeps the secret out of every request"),
    }
    if needs_secret(document) && !document.require_pkce && document.grant_types.contains(&GrantType::AuthorizationCode) {
        found.add(Weight::Warning, &about, "excused from PKCE", "set require_pkce = true once the client sends it");
    }
    for uri in &document.redirect_uris {
        check_scheme(found, &format!("{about} redirect_uri"), uri.as_str());
    }
}

fn check_scheme(found: &mut Findings, about: &str, address: &str) {
    let local = Url::parse(address).is_ok_and(|url| rules::is_loopback(&url));
    if local && !found.local {
        found.add(Weight::Warning, about, format!("{address} is on the visitor's own machine"), "fine for development, not for people");
    }
}

async fn call_client(found: &mut Findings, calls: &GuardedClient, document: &ClientDocument) {
    let about = format!("client {}", document.client_id);
    for uri in &document.redirect_uris {
        if uri.as_str().starts_with("http") {
            reachable(found, &format!("{about} redirect_uri"), uri.as_str(), calls.look(uri.as_str()).await);
        }
    }
    let Some(address) = &document.backchannel_logout_uri else {
        if document.grant_types.contains(&GrantType::AuthorizationCode) {
            let advice = "the service learns of sign-outs and withdrawn consents only when it asks";
            found.add(Weight::Warning, &about, "no backchannel_logout_uri", advice);
        }
        return;
    };
    let about = format!("{about} backchannel_logout_uri");
    // Not a token at all: whoever accepts it would be signed out by anybody (OIDC Back-Channel Logout 2.6 and 2.8).
    match calls.post_form(address, "logout_token=concord-service-doctor".to_owned()).await {
        Err(CallError::Status(400)) => found.add(Weight::Good, &about, "answers, and refuses what is no logout token", ""),
        Ok(()) => found.add(Weight::Problem, &about, "accepts what is no logout token", "verify the token's signature and claims"),
        Err(error) => found.add(Weight::Problem, &about, format!("{address}: {error}"), "it must answer 400 to a broken token"),
    }
}

/// Brings a made-up code to each redirect URI, as a browser would that was sent there by somebody else (conventions 5).
async fn plant_codes(found: &mut Findings, core: &Core, calls: &GuardedClient, document: &ClientDocument) -> Result<(), Error> {
    let about = format!("client {} redirect_uri", document.client_id);
    for uri in document.redirect_uris.iter().filter(|uri| uri.as_str().starts_with("http")) {
        let Ok(mut address) = Url::parse(uri.as_str()) else { continue };
        let planted = Planted::make(core, core.clock.now());
        let parameters = [("code", planted.code.as_str()), ("state", &core.random.token()), ("iss", core.issuer())];
        address.query_pairs_mut().extend_pairs(parameters);
        // That nobody answers there was said already.
        if calls.look(address.as_str()).await.is_err() {
            continue;
        }
        if redeemed(core, &planted).await? {
            let advice = "tie `state` and the PKCE verifier to the service's own browser session, and redeem the code in that session only";
            found.add(Weight::Problem, &about, format!("{uri} redeems a code that its own browser session did not ask for"), advice);
        } else {
            let advice = "as far as a server of this issuer was running to be asked";
            found.add(Weight::Good, &about, format!("{uri} does not redeem a code of a foreign `state`"), advice);
        }
    }
    Ok(())
}

/// Whether the code comes to the token endpoint of any node: while the page answers, or a moment later.
async fn redeemed(core: &Core, planted: &Planted) -> Result<bool, Error> {
    let began = clock::monotonic();
    loop {
        if planted.was_redeemed(core).await? {
            return Ok(true);
        }
        if began.elapsed() >= AFTERWARDS {
            return Ok(false);
        }
        tokio::time::sleep(AFTERWARDS / 10).await;
    }
}

fn reachable(found: &mut Findings, about: &str, address: &str, answer: Result<Answer, CallError>) {
    match answer {
        Ok(answer) if answer.status < 500 && answer.status != 404 => found.add(Weight::Good, about, format!("{address} answers"), ""),
        Ok(answer) => {
            found.add(Weight::Problem, about, format!("{address} answers with status {}", answer.status), "people would end there");
        }
        Err(CallError::Forbidden) => {
            found.add(Weight::Note, about, format!("{address} was not called"), "it is not on the public internet");
        }
        Err(error) => found.add(Weight::Problem, about, format!("{address}: {error}"), "is the name right, and the server up?"),
    }
}

/// What the service promises and nobody can see from outside (conventions 5).
fn contract(found: &mut Findings, service: &ServiceView) {
    let advice = "tie the PKCE verifier, like `state`, to the service's own browser session: that cannot be seen from outside";
    found.add(Weight::Note, "contract", "a link activates for whoever redeems the code", advice);
    if service.document.api.is_some() {
        let advice = "introspect each token, or keep the answer no longer than a second; go by `links` to find the own customer";
        found.add(Weight::Note, "contract", "the API answers by tokens that can end at any moment", advice);
    }
}
