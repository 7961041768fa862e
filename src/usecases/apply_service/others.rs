//! What the other services already have: audiences, product domains, API scopes.

use std::collections::BTreeMap;

use super::document::Problem;
use super::rules::unknown;
use crate::model::catalog::Catalog;
use crate::model::service::{Service, ServiceDocument};
use crate::storage::{Error, Tx, services};
use crate::usecases::profile_write::SCOPE as PROFILE_WRITE;

/// The other services, and the one the document is about as it stands.
pub(super) struct Others {
    /// The service with the document's code.
    pub same: Option<Service>,
    /// Codes by audience.
    audiences: BTreeMap<String, String>,
    /// Codes by product domain.
    domains: BTreeMap<String, String>,
    /// Codes by API scope.
    scopes: BTreeMap<String, String>,
}

impl Others {
    pub(super) async fn read(tx: &mut Tx, code: &str) -> Result<Self, Error> {
        let mut others = Self { same: None, audiences: BTreeMap::new(), domains: BTreeMap::new(), scopes: BTreeMap::new() };
        for service in services::all(tx).await? {
            if service.document.code == code {
                others.same = Some(service);
            } else {
                others.add(&service.document);
            }
        }
        Ok(others)
    }

    fn add(&mut self, document: &ServiceDocument) {
        let code = || document.code.clone();
        self.domains.extend(document.owns.iter().map(|domain| (domain.clone(), code())));
        if let Some(api) = &document.api {
            self.audiences.insert(api.audience.clone(), code());
            self.scopes.extend(api.scopes.keys().map(|scope| (scope.clone(), code())));
        }
    }

    /// The rules that concern more than one service.
    pub(super) fn check(&self, document: &ServiceDocument, catalog: &Catalog) -> Vec<Problem> {
        let mut found = Vec::new();
        if self.same.as_ref().is_some_and(|service| service.document.sector != document.sector) {
            found.push(Problem::new("sector", "cannot change: every person would get another `sub` at this service"));
        }
        for (index, domain) in document.owns.iter().enumerate() {
            if let Some(owner) = self.domains.get(domain) {
                found.push(Problem::new(format!("owns.{index}"), format!("{domain} is owned by {owner}; take it from that service first")));
            }
        }
        if let Some(api) = &document.api {
            if let Some(owner) = self.audiences.get(&api.audience) {
                found.push(Problem::new("api.audience", format!("is the audience of {owner}")));
            }
            for scope in api.scopes.keys() {
                if let Some(owner) = self.scopes.get(scope) {
                    found.push(Problem::new(format!("api.scopes.{scope}"), format!("is an API scope of {owner}")));
                }
            }
        }
        self.check_clients(document, catalog, &mut found);
        found
    }

    fn check_clients(&self, document: &ServiceDocument, catalog: &Catalog, found: &mut Vec<Problem>) {
        let api = document.api.as_ref();
        let known: Vec<String> = ["openid", "offline_access", PROFILE_WRITE]
            .into_iter()
            .map(str::to_owned)
            .chain(catalog.scopes.keys().cloned())
            .chain(self.scopes.keys().cloned())
            .chain(api.into_iter().flat_map(|api| api.scopes.keys().cloned()))
            .collect();
        for (index, client) in document.clients.iter().enumerate() {
            for scope in client.scope.iter().filter(|scope| !known.iter().any(|one| one == scope)) {
                found.push(Problem::new(format!("clients.{index}.scope"), unknown("scope", scope, known.iter())));
            }
            for (at, resource) in client.resources.iter().enumerate() {
                if !self.audiences.contains_key(resource) && api.is_none_or(|api| api.audience != *resource) {
                    let audiences = self.audiences.keys().chain(api.map(|api| &api.audience));
                    found.push(Problem::new(format!("clients.{index}.resources.{at}"), unknown("API", resource, audiences)));
                }
            }
        }
    }
}
