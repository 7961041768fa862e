//! Userinfo (OIDC Core 5.3): what a client may know of the person now, looked at anew on every call.

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::access_token::{self, Holder};
use super::issue::{Parties, authorize_issue};
use super::person::Person;
use super::{Core, asked, grants, pairwise};
use crate::clock::Timestamp;
use crate::model::grant::{GrantView, Mask};
use crate::protocol::{Error, ErrorCode, userinfo};

/// The claims behind an access token for Concord itself.
///
/// # Errors
/// `invalid_token` for one that does not hold or is for somebody else, `insufficient_scope` for one without `openid`.
pub async fn userinfo(core: &Core, shown: &SecretString, now: Timestamp) -> Result<Map<String, Value>, Error> {
    let wrong = |detail: &'static str| Error::new(ErrorCode::InvalidToken, "the access token is not valid").with_detail(detail);
    let token = access_token::open(core, shown.expose_secret(), now).await?.ok_or_else(|| wrong("not one of ours, or expired"))?;
    if token.audience.is_some() {
        return Err(wrong("for another audience"));
    }
    let Holder::Grant { grant, customer, mask: carried } = token.holder else { return Err(narrow()) };
    let view = grants::view_of(core, grant, customer).await?.ok_or_else(|| wrong("no grant"))?;
    if view.revoked.contains(&token.id) {
        return Err(wrong("revoked"));
    }
    let parties = Parties::of(core, &view.grant).await?.ok_or_else(|| wrong("no client or service"))?;
    let mask = carried & authorize_issue(core, &view, &parties, now).map_err(|_| wrong("the grant is inactive"))?;
    if !view.scopes(mask).any(|scope| scope == "openid") {
        return Err(narrow());
    }
    let subject = pairwise::subject(core, customer, parties.service.sector, now).await?;
    let person = Person::of(core, customer).await?;
    let member = parties.service.document.ecosystem_member;
    Ok(claims(core, &view, mask, &subject, &person, member))
}

fn narrow() -> Error {
    Error::new(ErrorCode::InsufficientScope, "the scope openid is needed here")
}

/// The claims of the scopes in force, of those classes that the authentication lets through.
fn claims(core: &Core, view: &GrantView, mask: Mask, subject: &str, person: &Person, member: bool) -> Map<String, Value> {
    let catalog = core.catalog.load();
    let kept = view.grant.claims.as_ref();
    let mut names: Vec<&str> = Vec::new();
    for (token, scope) in view.scopes(mask).filter_map(|token| Some((token, catalog.scopes.get(token)?))) {
        names.extend(scope.readable(view.grant.acr).map(|(name, _)| name).filter(|name| asked::wants(&catalog, kept, token, name)));
    }
    let values = person.values.iter().filter(|(name, _)| names.contains(&name.as_str())).cloned();
    let global = member && names.contains(&"customer_id");
    let mut body = userinfo::response(subject, global.then(|| view.grant.customer.to_string()), values);
    if global {
        body.insert("customer_status".to_owned(), person.status.into());
    } else {
        body.shift_remove("registered_in");
    }
    body
}
