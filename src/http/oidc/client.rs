//! Which client asks, proved by exactly one method (RFC 6749 2.3).

use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::http::errors::Error;
use crate::http::extract::OAuthForm;
use crate::model::service::Client;
use crate::protocol::client_auth::ClientAuth;
use crate::protocol::metadata::path;
use crate::protocol::params::Params;
use crate::protocol::{Error as ProtocolError, ErrorCode};
use crate::usecases::{Core, authenticate_client};

/// A form of an authenticated client (a public one has named itself).
pub(super) struct FromClient {
    pub client: Arc<Client>,
    pub params: Params,
    /// Where the page that sent it came from, if it was one.
    pub origin: Option<HeaderValue>,
}

impl<S> FromRequest<S> for FromClient
where
    Arc<Core>: axum::extract::FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let core = <Arc<Core> as axum::extract::FromRef<S>>::from_ref(state);
        let headers = Shown::of(request.headers());
        let endpoint = request.uri().path().to_owned();
        let origin = request.headers().get(header::ORIGIN).cloned();
        let OAuthForm(params) = OAuthForm::from_request(request, &()).await.map_err(IntoResponse::into_response)?;
        let known = authenticate(&core, &headers, &endpoint, &params).await;
        let client = known.map_err(|error| refuse(error, &headers, &endpoint))?;
        Ok(Self { client, params, origin })
    }
}

/// The `Authorization` headers of a request.
struct Shown(Vec<HeaderValue>);

impl Shown {
    fn of(headers: &HeaderMap) -> Self {
        Self(headers.get_all(header::AUTHORIZATION).iter().cloned().collect())
    }
}

async fn authenticate(core: &Arc<Core>, shown: &Shown, endpoint: &str, params: &Params) -> Result<Arc<Client>, ProtocolError> {
    let lines: Vec<&[u8]> = shown.0.iter().map(HeaderValue::as_bytes).collect();
    let credentials = ClientAuth::read(&lines, params)?;
    let url = format!("{}{endpoint}", core.config.issuer.as_str());
    authenticate_client::authenticate(core, &credentials, &url, core.clock.now()).await
}

/// RFC 6749 5.2: 401 with a challenge when the `Authorization` header was tried, 400 otherwise. Resource servers ask
/// introspection as a protected resource (RFC 7662 2.3): always 401.
fn refuse(error: ProtocolError, shown: &Shown, endpoint: &str) -> Response {
    let unauthenticated = error.code == ErrorCode::InvalidClient;
    let challenged = !shown.0.is_empty() || endpoint == path::INTROSPECT;
    let mut response = Error::from(error).into_response();
    if unauthenticated && challenged {
        *response.status_mut() = StatusCode::UNAUTHORIZED;
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"concord\", charset=\"UTF-8\""));
    } else if unauthenticated {
        *response.status_mut() = StatusCode::BAD_REQUEST;
        response.headers_mut().remove(header::WWW_AUTHENTICATE);
    }
    response
}
