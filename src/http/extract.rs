//! Extractors: what a request says, read strictly. axum's own `Form` and `Query` decode lossily and answer in their own
//! words (security.md section 0, finding 4).

use std::convert::Infallible;

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use secrecy::SecretString;
use serde::de::DeserializeOwned;

use super::BodyFault;
use super::errors::{Error, Problem, Refusal, Voice};
use super::layers::RequestInfo;
use crate::protocol::Error as ProtocolError;
use crate::protocol::params::Params;
use crate::ui::problems::ProblemKind;

/// The shell's limits are tighter; this one holds where no shell is.
const MOST_BYTES: usize = 1024 * 1024;

/// The form body of an OAuth endpoint; refusals are OAuth JSON.
#[derive(Debug)]
pub struct OAuthForm(pub Params);

impl<S: Send + Sync> FromRequest<S> for OAuthForm {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self, Error> {
        let body = form_body(request, Voice::OAuth).await?;
        Ok(Self(Params::decode(&body)?))
    }
}

/// The form body of a page; refusals are pages.
#[derive(Debug)]
pub struct PageForm(pub Params);

impl<S: Send + Sync> FromRequest<S> for PageForm {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self, Error> {
        let body = form_body(request, Voice::Page).await?;
        Ok(Self(Params::decode(&body).map_err(|error| Refusal::from(&error))?))
    }
}

/// The bytes of a form body, for forms whose check boxes repeat a name: [`Params::decode_with`].
#[derive(Debug)]
pub struct PageFormBytes(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for PageFormBytes {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self, Error> {
        form_body(request, Voice::Page).await.map(Self)
    }
}

async fn form_body(request: Request, voice: Voice) -> Result<Bytes, Error> {
    if !is_form(request.headers()) {
        let wrong = ProtocolError::invalid_request("the content type must be application/x-www-form-urlencoded");
        return Err(if voice == Voice::Page { Refusal::from(&wrong).into() } else { wrong.into() });
    }
    read(request.into_body(), voice).await
}

async fn read(body: Body, voice: Voice) -> Result<Bytes, Error> {
    to_bytes(body, MOST_BYTES).await.map_err(|error| Error::Body(voice, BodyFault::of(&error)))
}

/// Exactly one content type, compared as RFC 9110 section 8.3.1 says, in UTF-8.
fn is_form(headers: &HeaderMap) -> bool {
    media_type(headers).is_some_and(|kind| kind.eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}

/// The media type without its parameters; `None` when missing, given twice, or in another charset than UTF-8.
fn media_type(headers: &HeaderMap) -> Option<&str> {
    let mut lines = headers.get_all(header::CONTENT_TYPE).iter();
    let line = lines.next()?.to_str().ok()?;
    if lines.next().is_some() {
        return None;
    }
    let mut parts = line.split(';').map(str::trim);
    let kind = parts.next()?;
    for parameter in parts.filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=')?;
        if name.trim().eq_ignore_ascii_case("charset") && !value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8") {
            return None;
        }
    }
    Some(kind)
}

/// The query string of an OAuth request; the handler decides what a malformed one means.
#[derive(Debug)]
pub struct QueryParams(pub Result<Params, ProtocolError>);

impl<S: Send + Sync> FromRequestParts<S> for QueryParams {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(Params::decode(parts.uri.query().unwrap_or_default().as_bytes())))
    }
}

/// A JSON body of an API; refusals are problems. Types use `deny_unknown_fields`.
#[derive(Debug)]
pub struct ApiJson<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for ApiJson<T> {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self, Error> {
        let json = media_type(request.headers()).is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"));
        if !json {
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, ProblemKind::NotJson)
                .with_detail("the content type must be application/json")
                .into());
        }
        let body = read(request.into_body(), Voice::Problem).await?;
        serde_json::from_slice(&body).map(Self).map_err(|error| {
            let status = if error.is_data() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::BAD_REQUEST };
            // The parser's own words may repeat what was sent.
            let detail = format!("the body does not fit at line {}, column {}", error.line(), error.column());
            Problem::new(status, ProblemKind::InvalidBody).with_detail(detail).into()
        })
    }
}

/// What the shell knows about the request.
impl<S: Send + Sync> FromRequestParts<S> for RequestInfo {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        parts.extensions.get::<Self>().copied().ok_or_else(|| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR).into())
    }
}

/// The one `Authorization` header as scheme (lower case) and credentials; `None` when there is none.
///
/// # Errors
/// `invalid_request` when it is given twice or is not `scheme credentials`.
pub fn authorization(headers: &HeaderMap) -> Result<Option<(String, SecretString)>, ProtocolError> {
    let mut lines = headers.get_all(header::AUTHORIZATION).iter();
    let Some(line) = lines.next() else { return Ok(None) };
    let malformed = || ProtocolError::invalid_request("the Authorization header is malformed");
    if lines.next().is_some() {
        return Err(ProtocolError::invalid_request("the Authorization header is given more than once"));
    }
    let text = line.to_str().map_err(|_| malformed())?;
    let (scheme, credentials) = text.split_once(' ').ok_or_else(malformed)?;
    Ok(Some((scheme.to_ascii_lowercase(), SecretString::from(credentials.trim_matches(' ').to_owned()))))
}

/// The access token of the `Authorization` header (RFC 6750 section 2.1); a token in the query is never looked at.
///
/// # Errors
/// As [`authorization`], and `invalid_request` for what is no b64token.
pub fn bearer_token(headers: &HeaderMap) -> Result<Option<SecretString>, ProtocolError> {
    use secrecy::ExposeSecret;
    let Some((scheme, token)) = authorization(headers)? else { return Ok(None) };
    if scheme != "bearer" {
        return Ok(None);
    }
    let sound = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    let text = token.expose_secret();
    if text.is_empty() || text.len() > 8192 || !text.bytes().all(sound) {
        return Err(ProtocolError::invalid_request("the access token is malformed"));
    }
    Ok(Some(token))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderName, HeaderValue};
    use secrecy::ExposeSecret;

    use super::{authorization, bearer_token, is_form};

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())).collect()
    }

    #[test]
    fn only_one_exact_form_type_is_taken() {
        let form = |kinds: &[&str]| {
            let mut map = HeaderMap::new();
            for kind in kinds {
                map.append("content-type", HeaderValue::from_str(kind).unwrap());
            }
            is_form(&map)
        };
        assert!(form(&["application/x-www-form-urlencoded"]));
        assert!(form(&["Application/X-WWW-Form-Urlencoded; charset=\"UTF-8\""]));
        for wrong in [
            "application/x-www-form-urlencodedX",
            "application/x-www-form-urlencoded;charset=utf-16",
            "multipart/form-data",
            "text/plain",
            "application/json",
            "application/x-www-form-urlencoded, application/json",
            "application/x-www-form-urlencoded; charset",
        ] {
            assert!(!form(&[wrong]), "{wrong}");
        }
        assert!(!form(&[]));
        assert!(!form(&["application/x-www-form-urlencoded", "application/x-www-form-urlencoded"]));
    }

    #[test]
    fn bearer_tokens_are_read_from_one_header() {
        let token = |value: &str| {
            bearer_token(&headers(&[("authorization", value)])).map(|token| token.map(|token| token.expose_secret().to_owned()))
        };
        assert_eq!(token("Bearer abc.def"), Ok(Some("abc.def".to_owned())));
        assert_eq!(token("bearer abc=="), Ok(Some("abc==".to_owned())));
        assert_eq!(token("Basic abc"), Ok(None));
        assert!(token("Bearer a b").is_err() && token("Bearer ").is_err() && token("Bearer").is_err() && token("Bearer a,b").is_err());
        let mut two = headers(&[("authorization", "Bearer a")]);
        two.append("authorization", HeaderValue::from_static("Bearer b"));
        assert!(authorization(&two).is_err());
        assert!(bearer_token(&HeaderMap::new()).unwrap().is_none());
    }
}
