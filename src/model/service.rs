//! Services and their clients, as a partner describes them in one document and as the database holds them.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use super::ids::{ClientKey, SectorId, ServiceId, TokenId};
use super::link::EvidenceLevel;
use crate::clock::Timestamp;
use crate::protocol::locale::Locale;
use crate::protocol::redirect_uri::RedirectUri;
use crate::protocol::scope::ScopeSet;

/// A text in the three languages of the pages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalText {
    /// Russian.
    pub ru: String,
    /// English.
    pub en: String,
    /// Chinese.
    pub zh: String,
}

impl LocalText {
    /// The text in one language.
    pub fn get(&self, locale: Locale) -> &str {
        match locale {
            Locale::Ru => &self.ru,
            Locale::En => &self.en,
            Locale::Zh => &self.zh,
        }
    }
}

/// What `concord service apply` reads (TOML) and the database keeps (JSON), one version per change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceDocument {
    /// Short lower-case name, never changed: `aurora-bank`.
    pub code: String,
    /// The name people see.
    pub name: LocalText,
    /// The legal entity; services of one sector share a pairwise `sub`.
    pub sector: String,
    /// Where people find the service; its host is shown beside the name.
    pub homepage: String,
    /// May see `customer_id` (with the person's consent): a member of the ecosystem by contract.
    #[serde(default)]
    pub ecosystem_member: bool,
    /// Product domains this service is the owner of: it writes their values and their scopes need a link to it.
    #[serde(default)]
    pub owns: Vec<String>,
    /// The service's own API, when it has one that takes Concord's tokens.
    #[serde(default)]
    pub api: Option<ApiDocument>,
    /// How its accounts may be linked.
    #[serde(default)]
    pub links: LinkPolicy,
    /// Public keys (a JWK set) that sign its link assertions.
    #[serde(default = "no_keys")]
    pub jwks: serde_json::Value,
    /// Its OAuth clients.
    #[serde(default)]
    pub clients: Vec<ClientDocument>,
}

fn no_keys() -> serde_json::Value {
    serde_json::json!({ "keys": [] })
}

/// A service's API as a resource (RFC 8707).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiDocument {
    /// The resource identifier: an absolute URI without fragment.
    pub audience: String,
    /// API scopes of its own beside the profile scopes of its domains, with what they mean.
    #[serde(default)]
    pub scopes: BTreeMap<String, LocalText>,
}

/// How the accounts of a service may be linked (domain.md 2.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LinkPolicy {
    /// One customer may link several of its accounts.
    pub multi_account: bool,
    /// The least evidence a link needs.
    pub min_evidence: EvidenceLevel,
    /// The most that an assertion of this service can count for.
    pub max_evidence: EvidenceLevel,
}

impl Default for LinkPolicy {
    fn default() -> Self {
        Self { multi_account: false, min_evidence: EvidenceLevel::L3, max_evidence: EvidenceLevel::L3 }
    }
}

/// How a client proves who it is at the token endpoint (OIDC Core 9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthentication {
    /// HTTP Basic with a secret.
    #[default]
    ClientSecretBasic,
    /// The secret in the form.
    ClientSecretPost,
    /// A signed assertion (RFC 7523).
    PrivateKeyJwt,
    /// A public client: PKCE alone.
    None,
}

/// Grants a client may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// RFC 6749 4.1.
    AuthorizationCode,
    /// RFC 6749 6.
    RefreshToken,
    /// RFC 6749 4.4.
    ClientCredentials,
}

/// The form of a client's access tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenFormat {
    /// Sealed, opaque: the live truth by introspection.
    #[default]
    Opaque,
    /// RFC 9068, signed with ES256; scopes of class D0 and D1 only.
    Jwt,
}

/// A client as its service describes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientDocument {
    /// The protocol's `client_id`.
    pub client_id: String,
    /// How it authenticates.
    #[serde(default)]
    pub authentication: ClientAuthentication,
    /// Where it may be answered, compared exactly.
    #[serde(default)]
    pub redirect_uris: Vec<RedirectUri>,
    /// Where it may send people after signing out.
    #[serde(default)]
    pub post_logout_redirect_uris: Vec<RedirectUri>,
    /// Told when a session or grant ends (OIDC Back-Channel Logout).
    #[serde(default)]
    pub backchannel_logout_uri: Option<String>,
    /// Grants it may use.
    #[serde(default = "code_only")]
    pub grant_types: Vec<GrantType>,
    /// Every scope it is entitled to ask for.
    #[serde(default)]
    pub scope: ScopeSet,
    /// Scopes without which it cannot serve anybody: shown as needed on the consent page, not optional.
    #[serde(default)]
    pub required_scope: ScopeSet,
    /// Resources it may name beside Concord itself and its own service's API (RFC 8707).
    #[serde(default)]
    pub resources: Vec<String>,
    /// Public keys for `private_key_jwt` (a JWK set).
    #[serde(default = "no_keys")]
    pub jwks: serde_json::Value,
    /// The form of its access tokens.
    #[serde(default)]
    pub access_token_format: TokenFormat,
    /// Life of its access tokens, 1 to 15 minutes; as the server is configured (`tokens.access`) when it names none.
    #[serde(default)]
    pub access_token_minutes: Option<u8>,
    /// `RS256` (the specification's default) or `ES256`.
    #[serde(default)]
    pub id_token_signed_response_alg: Option<String>,
    /// A confidential client may be excused from PKCE.
    #[serde(default = "yes")]
    pub require_pkce: bool,
    /// Only pushed requests are accepted (RFC 9126).
    #[serde(default)]
    pub require_pushed_authorization_requests: bool,
    /// May ask introspection about tokens for its service's API, or about its own.
    #[serde(default)]
    pub introspection: bool,
    /// Level asked for when a request names none.
    #[serde(default)]
    pub default_max_age: Option<u32>,
    /// Browser origins that may call the token endpoint (public clients).
    #[serde(default)]
    pub origins: Vec<String>,
}

fn code_only() -> Vec<GrantType> {
    vec![GrantType::AuthorizationCode]
}

const fn yes() -> bool {
    true
}

/// A service as it stands.
#[derive(Clone, Debug)]
pub struct Service {
    /// Its row.
    pub id: ServiceId,
    /// Its legal entity.
    pub sector: SectorId,
    /// Switched off: its grants end, others lose its scopes.
    pub enabled: bool,
    /// Bumped when it is switched off.
    pub epoch: i64,
    /// Version of the document.
    pub version: i64,
    /// What it says of itself.
    pub document: ServiceDocument,
}

/// A client as it stands, with everything that decides about its tokens: loaded whole, so that it proves absences.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its row.
    pub key: ClientKey,
    /// Its service.
    pub service: ServiceId,
    /// Switched off: its grants end.
    pub enabled: bool,
    /// Bumped when it is switched off.
    pub epoch: i64,
    /// What its service says of it.
    pub document: ClientDocument,
    /// SHA-256 of its live secrets and when each ends.
    pub secrets: Vec<([u8; 32], Option<Timestamp>)>,
    /// Tokens of its own (client_credentials) that were revoked and have not expired.
    pub revoked: HashSet<TokenId>,
}

impl Client {
    /// Whether the client may use a grant.
    pub fn may(&self, grant: GrantType) -> bool {
        self.document.grant_types.contains(&grant)
    }

    /// Whether it can keep a secret or a key.
    pub fn is_confidential(&self) -> bool {
        self.document.authentication != ClientAuthentication::None
    }
}
