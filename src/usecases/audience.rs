//! Whom an access token is for (RFC 8707, conventions 3): Concord itself, or the API of one service.

use std::sync::Arc;

use super::{Core, partners};
use crate::model::catalog::Catalog;
use crate::model::ids::ServiceId;
use crate::model::service::{Client, Service};
use crate::protocol::resource::Resource;
use crate::protocol::{Error, ErrorCode};

/// The one audience of a token.
#[derive(Clone)]
pub enum Audience {
    /// Userinfo and the account APIs: the default.
    Concord,
    /// The API of this service.
    Api(Arc<Service>),
}

impl Audience {
    /// What the `resource` parameters of a token request name.
    ///
    /// # Errors
    /// `invalid_target` for several, for one that is not among `allowed`, and for one that nobody answers for.
    pub async fn requested(core: &Core, resources: &[Resource], allowed: impl Fn(&str) -> bool) -> Result<Self, Error> {
        let wrong = |why| Err(Error::new(ErrorCode::InvalidTarget, why));
        let resource = match resources {
            [] => return Ok(Self::Concord),
            [one] => one.as_str(),
            _ => return wrong("a token is for one resource: ask once for each"),
        };
        if resource == core.config.issuer.as_str() {
            return Ok(Self::Concord);
        }
        if !allowed(resource) {
            return wrong("this resource was not granted");
        }
        match partners::service_by_audience(core, resource).await? {
            Some(service) if service.enabled => Ok(Self::Api(service)),
            _ => wrong("this resource is not available"),
        }
    }

    /// The service, for an API.
    pub fn service(&self) -> Option<&Arc<Service>> {
        match self {
            Self::Concord => None,
            Self::Api(service) => Some(service),
        }
    }

    /// Its id, as tokens carry it.
    pub fn id(&self) -> Option<ServiceId> {
        self.service().map(|service| service.id)
    }

    /// The value of `aud`.
    pub fn as_text<'a>(&'a self, core: &'a Core) -> &'a str {
        match self {
            Self::Concord => core.config.issuer.as_str(),
            Self::Api(service) => audience_of(service),
        }
    }

    /// Whether a scope may be told to this audience.
    pub fn may_know(&self, catalog: &Catalog, scope: &str) -> bool {
        self.service().is_none_or(|service| owns(catalog, service, scope))
    }
}

/// Whether a client may name a resource (RFC 8707): the API of its own service always, others where its document lists them.
pub fn may_name(client: &Client, service: &Service, resource: &str) -> bool {
    audience_of(service) == resource || client.document.resources.iter().any(|listed| listed == resource)
}

/// The audience of a service's API; empty for a service without one, which no token is made for.
pub fn audience_of(service: &Service) -> &str {
    service.document.api.as_ref().map(|api| api.audience.as_str()).unwrap_or_default()
}

/// Whether a scope is a service's own: of a product domain it owns, or of its API.
pub fn owns(catalog: &Catalog, service: &Service, scope: &str) -> bool {
    let of_domain = catalog.scopes.get(scope).is_some_and(|scope| service.document.owns.contains(&scope.domain));
    of_domain || service.document.api.as_ref().is_some_and(|api| api.scopes.contains_key(scope))
}
