//! What a client must keep to.

use std::collections::HashSet;

use url::Url;

use super::{MOST, check_address, check_keys, web_address};
use crate::crypto::jwk::JwkSet;
use crate::model::catalog::{Catalog, Class, Gate, Scope};
use crate::model::service::{ClientAuthentication, ClientDocument, GrantType, ServiceDocument, TokenFormat};
use crate::protocol::redirect_uri::RedirectUri;
use crate::protocol::resource::Resource;
use crate::usecases::apply_service::document::Problem;
use crate::usecases::profile_write::SCOPE as PROFILE_WRITE;

/// Concord's own service: its apps may have what others may not.
const OWN_SERVICE: &str = "concord";

/// Gathers the problems of one client, each under the client's own key.
struct Checked<'c> {
    client: &'c ClientDocument,
    place: &'c str,
    found: &'c mut Vec<Problem>,
}

impl Checked<'_> {
    fn refuse_if(&mut self, broken: bool, key: &str, problem: &str) {
        if broken {
            self.found.push(Problem::new(format!("{}.{key}", self.place), problem));
        }
    }

    fn may(&self, grant: GrantType) -> bool {
        self.client.grant_types.contains(&grant)
    }
}

/// Every broken rule of a client.
pub(super) fn check(service: &ServiceDocument, client: &ClientDocument, catalog: &Catalog, place: &str, found: &mut Vec<Problem>) {
    let mut checked = Checked { client, place, found };
    check_id(&mut checked);
    check_authentication(&mut checked);
    check_grants(&mut checked);
    check_addresses(&mut checked);
    check_tokens(&mut checked);
    check_scopes(&mut checked, service, catalog);
}

fn check_id(checked: &mut Checked<'_>) {
    let id = &checked.client.client_id;
    let sound = (2..=40).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
    // Shorter than any `sub` of a person, so that the two can never be taken for each other (security.md TK9).
    checked.refuse_if(!sound, "client_id", "must be 2 to 40 letters, digits, hyphens, dots and underscores");
}

fn check_authentication(checked: &mut Checked<'_>) {
    let client = checked.client;
    let public = client.authentication == ClientAuthentication::None;
    let before = checked.found.len();
    check_keys(&client.jwks, &format!("{}.jwks", checked.place), checked.found);
    let keyless = checked.found.len() == before && JwkSet::from_value(&client.jwks).is_ok_and(|keys| keys.keys().is_empty());
    checked.refuse_if(
        client.authentication == ClientAuthentication::PrivateKeyJwt && keyless,
        "jwks",
        "private_key_jwt needs at least one public key here",
    );
    checked.refuse_if(public && !client.require_pkce, "require_pkce", "only a confidential client may be excused from PKCE");
    checked.refuse_if(public && client.introspection, "introspection", "only a confidential client may introspect");
    checked.refuse_if(!public && !client.origins.is_empty(), "origins", "only a public client calls from a browser");
    for (index, origin) in client.origins.iter().enumerate() {
        checked.refuse_if(!is_origin(origin), &format!("origins.{index}"), "must be an origin like https://app.example");
    }
}

fn check_grants(checked: &mut Checked<'_>) {
    let client = checked.client;
    let public = client.authentication == ClientAuthentication::None;
    let (code, refresh) = (checked.may(GrantType::AuthorizationCode), checked.may(GrantType::RefreshToken));
    let distinct: HashSet<_> = client.grant_types.iter().collect();
    checked.refuse_if(distinct.len() < client.grant_types.len(), "grant_types", "lists a grant twice");
    checked.refuse_if(client.grant_types.is_empty() && !client.introspection, "grant_types", "the client could do nothing");
    checked.refuse_if(refresh && !code, "grant_types", "refresh_token needs authorization_code");
    checked.refuse_if(
        public && checked.may(GrantType::ClientCredentials),
        "grant_types",
        "client_credentials is for confidential clients (RFC 6749 4.4)",
    );
    checked.refuse_if(code && client.redirect_uris.is_empty(), "redirect_uris", "authorization_code needs at least one");
    checked.refuse_if(!code && !client.redirect_uris.is_empty(), "redirect_uris", "are of no use without authorization_code");
    checked.refuse_if(code && !client.scope.contains("openid"), "scope", "must contain openid for signing people in");
    checked.refuse_if(client.scope.contains("offline_access") && !refresh, "scope", "offline_access needs the grant refresh_token");
}

fn check_addresses(checked: &mut Checked<'_>) {
    let client = checked.client;
    let public = client.authentication == ClientAuthentication::None;
    for (name, uris) in [("redirect_uris", &client.redirect_uris), ("post_logout_redirect_uris", &client.post_logout_redirect_uris)] {
        let distinct: HashSet<_> = uris.iter().collect();
        checked.refuse_if(distinct.len() < uris.len() || uris.len() > MOST, name, "lists an address twice, or more than 50");
        for (index, uri) in uris.iter().enumerate() {
            let own_scheme = !is_web(uri);
            checked.refuse_if(own_scheme && !public, &format!("{name}.{index}"), "an own scheme is for public clients (RFC 8252)");
        }
    }
    if let Some(address) = &client.backchannel_logout_uri {
        check_address(address, &format!("{}.backchannel_logout_uri", checked.place), checked.found);
    }
    for (index, resource) in client.resources.iter().enumerate() {
        let broken = resource.parse::<Resource>().is_err();
        checked.refuse_if(broken, &format!("resources.{index}"), "must be an absolute URI without fragment (RFC 8707)");
    }
}

fn check_tokens(checked: &mut Checked<'_>) {
    let client = checked.client;
    let minutes = client.access_token_minutes;
    checked.refuse_if(minutes.is_some_and(|minutes| !(1..=15).contains(&minutes)), "access_token_minutes", "must be 1 to 15");
    let algorithm = client.id_token_signed_response_alg.as_deref();
    checked.refuse_if(
        algorithm.is_some_and(|name| !matches!(name, "RS256" | "ES256")),
        "id_token_signed_response_alg",
        "must be RS256 or ES256",
    );
    checked.refuse_if(!client.scope.contains_all(&client.required_scope), "required_scope", "must be a part of scope");
}

fn check_scopes(checked: &mut Checked<'_>, service: &ServiceDocument, catalog: &Catalog) {
    let writes = checked.client.scope.contains(PROFILE_WRITE);
    let for_itself = checked.may(GrantType::ClientCredentials) && !service.owns.is_empty();
    checked.refuse_if(writes && !for_itself, "scope", "profile.write is for services that own a product domain, by client_credentials");
    for token in checked.client.scope.iter() {
        // API scopes of any service are looked up among the services, later.
        let Some(scope) = catalog.scopes.get(token) else { continue };
        if let Some(problem) = not_entitled(checked.client, service, scope) {
            checked.refuse_if(true, "scope", &format!("{token}: {problem}"));
        }
    }
}

fn not_entitled(client: &ClientDocument, service: &ServiceDocument, scope: &Scope) -> Option<&'static str> {
    let own = service.owns.contains(&scope.domain);
    match scope.gate {
        Some(Gate::EcosystemMember) if !service.ecosystem_member => return Some("only for ecosystem members (ecosystem_member = true)"),
        Some(Gate::OwnApps) if service.code != OWN_SERVICE => return Some("only for Concord's own apps"),
        _ => {}
    }
    if scope.class >= Class::D2 && !own && !service.ecosystem_member {
        return Some("data of this class go to members of the ecosystem only, until userinfo can be encrypted for others");
    }
    if scope.class >= Class::D2 && client.access_token_format == TokenFormat::Jwt {
        return Some("data of this class are not for clients with JWT access tokens: use access_token_format = \"opaque\"");
    }
    None
}

fn is_web(uri: &RedirectUri) -> bool {
    uri.as_str().starts_with("https://") || uri.as_str().starts_with("http://")
}

fn is_origin(text: &str) -> bool {
    web_address(text).as_ref().map(Url::origin).is_some_and(|origin| origin.ascii_serialization() == text)
}
