//! The partner API: what services write about their own customers. Errors are problems (RFC 9457).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::errors::{Error, Problem, Voice};
use super::extract::{ApiJson, QueryParams};
use crate::clock::Timestamp;
use crate::protocol::{Error as ProtocolError, ErrorCode, bearer};
use crate::ui::problems::ProblemKind;
use crate::usecases::Core;
use crate::usecases::partner_access::{self, Caller};
use crate::usecases::profile_write::{self, BadValue, Observation, Refusal, SCOPE};

/// Path of the values of one product domain.
pub const PROFILE: &str = "/api/partner/v1/profile/{domain}";

/// The routes of the partner API.
pub fn routes(core: &Arc<Core>) -> Router {
    Router::new().route(PROFILE, get(show).put(put)).method_not_allowed_fallback(refuse_method).with_state(Arc::clone(core))
}

async fn refuse_method(request: Request) -> Response {
    Voice::of(request.uri().path()).refuse(StatusCode::METHOD_NOT_ALLOWED)
}

/// What a service sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PutProfile {
    local_account: String,
    #[serde(deserialize_with = "no_member_twice")]
    values: BTreeMap<String, Value>,
    observed_at: String,
}

/// What it hears.
#[derive(Serialize)]
struct Outcome {
    written: Vec<String>,
    outdated: Vec<String>,
}

async fn put(
    State(core): State<Arc<Core>>,
    Path(domain): Path<String>,
    headers: HeaderMap,
    body: Result<ApiJson<PutProfile>, Error>,
) -> Result<Json<Outcome>, Response> {
    let now = core.clock.now();
    let caller = caller(&core, &headers, now).await?;
    let ApiJson(sent) = body.map_err(IntoResponse::into_response)?;
    let observed_at = moment(&sent.observed_at)
        .ok_or_else(|| field("/observed_at", "not_a_moment", "RFC 3339, like 2026-11-22T14:03:00Z").into_response())?;
    let seen = Observation { local_account: sent.local_account, values: sent.values, observed_at };
    match profile_write::put(&core, &caller, &domain, seen, now).await {
        Ok(done) => Ok(Json(Outcome { written: done.written, outdated: done.outdated })),
        Err(refusal) => Err(problem(refusal).into_response()),
    }
}

/// One value as it stands.
#[derive(Serialize)]
struct Standing {
    value: Value,
    observed_at: String,
}

/// What a service wrote.
#[derive(Serialize)]
struct Shown {
    domain: String,
    values: BTreeMap<String, Standing>,
}

async fn show(
    State(core): State<Arc<Core>>,
    Path(domain): Path<String>,
    headers: HeaderMap,
    QueryParams(query): QueryParams,
) -> Result<Json<Shown>, Response> {
    let caller = caller(&core, &headers, core.clock.now()).await?;
    let query = query.map_err(|error| {
        Problem::new(StatusCode::BAD_REQUEST, ProblemKind::InvalidQuery).with_detail(error.description()).into_response()
    })?;
    let account = query.get("local_account").unwrap_or_default();
    match profile_write::read(&core, &caller, &domain, account).await {
        Ok(standing) => {
            let values = standing.into_iter().map(|one| (one.claim, Standing { value: one.value, observed_at: one.observed_at.rfc3339() }));
            Ok(Json(Shown { domain, values: values.collect() }))
        }
        Err(refusal) => Err(problem(refusal).into_response()),
    }
}

/// Who calls; a problem with the challenge of RFC 6750 otherwise.
async fn caller(core: &Core, headers: &HeaderMap, now: Timestamp) -> Result<Caller, Response> {
    let lines: Vec<&[u8]> = headers.get_all(header::AUTHORIZATION).iter().map(HeaderValue::as_bytes).collect();
    let token = match bearer::token(&lines) {
        Ok(Some(token)) => token,
        Ok(None) => return Err(refused(None)),
        Err(error) => return Err(refused(Some(&error))),
    };
    partner_access::caller(core, &token, SCOPE, now).await.map_err(|error| refused(Some(&error)))
}

fn refused(error: Option<&ProtocolError>) -> Response {
    let (status, code) = match error.map(|error| error.code) {
        None => (StatusCode::UNAUTHORIZED, ProblemKind::TokenMissing),
        Some(ErrorCode::InvalidToken) => (StatusCode::UNAUTHORIZED, ProblemKind::InvalidToken),
        Some(ErrorCode::InsufficientScope) => (StatusCode::FORBIDDEN, ProblemKind::InsufficientScope),
        Some(ErrorCode::InvalidRequest) => (StatusCode::BAD_REQUEST, ProblemKind::InvalidRequest),
        Some(_) => return error.map_or_else(|| StatusCode::INTERNAL_SERVER_ERROR.into_response(), |error| fault(error).into_response()),
    };
    let mut response =
        Problem::new(status, code).with_detail(error.map_or("an access token is needed", ProtocolError::description)).into_response();
    if let Ok(challenge) = HeaderValue::try_from(bearer::challenge(error)) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

/// A fault of ours; the log says which.
fn fault(error: &ProtocolError) -> Problem {
    let (status, code) = match error.code {
        ErrorCode::TemporarilyUnavailable => (StatusCode::SERVICE_UNAVAILABLE, ProblemKind::TemporarilyUnavailable),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, ProblemKind::ServerError),
    };
    Problem::new(status, code).with_detail(error.detail.as_deref().unwrap_or_default())
}

fn field(pointer: &str, code: &'static str, detail: &str) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, ProblemKind::InvalidBody).with_field(pointer, code, detail)
}

fn problem(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::NotOwner => {
            Problem::new(StatusCode::FORBIDDEN, ProblemKind::NotOwner).with_detail("this product domain is not your service's")
        }
        Refusal::Unknown => {
            Problem::new(StatusCode::NOT_FOUND, ProblemKind::AccountNotLinked).with_detail("no customer has linked this account")
        }
        Refusal::Account => field("/local_account", "invalid_account", "1 to 255 bytes of text"),
        Refusal::TooEarly => field("/observed_at", "in_the_future", "an observation cannot be later than now"),
        Refusal::TooMany => field("/values", "too_many", "100 values at most"),
        Refusal::Value(claim, bad) => {
            // RFC 6901 section 3.
            let pointer = format!("/values/{}", claim.replace('~', "~0").replace('/', "~1"));
            let (code, detail) = match bad {
                BadValue::UnknownClaim => ("unknown_claim", "no scope of this product domain has this claim"),
                BadValue::WrongType => ("wrong_type", "the catalogue says another type or another set of values"),
                BadValue::TooLong => ("too_long", "16 KiB of JSON at most"),
                BadValue::NotKept => ("not_kept", "values of class D3 stay with their owner"),
            };
            field(&pointer, code, detail)
        }
        Refusal::Failed(error) => fault(&error),
    }
}

fn moment(text: &str) -> Option<Timestamp> {
    let at = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).ok().map(Timestamp::from_millis)
}

/// A member named twice means two things to two readers (RFC 8259 section 4).
fn no_member_twice<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Value>, D::Error> {
    struct Members;
    impl<'de> Visitor<'de> for Members {
        type Value = BTreeMap<String, Value>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = BTreeMap::new();
            while let Some((name, value)) = map.next_entry::<String, Value>()? {
                if members.insert(name, value).is_some() {
                    return Err(A::Error::custom("a member is named twice"));
                }
            }
            Ok(members)
        }
    }
    deserializer.deserialize_map(Members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_says_each_thing_once_and_nothing_else() {
        let read = |text: &str| serde_json::from_str::<PutProfile>(text).is_ok();
        assert!(read(r#"{"local_account":"a","values":{"x":1,"y":null},"observed_at":"2026-11-22T14:03:00Z"}"#));
        assert!(!read(r#"{"local_account":"a","values":{"x":1,"x":2},"observed_at":"2026-11-22T14:03:00Z"}"#));
        assert!(!read(r#"{"local_account":"a","values":[],"observed_at":"2026-11-22T14:03:00Z"}"#));
        assert!(!read(r#"{"local_account":"a","values":{},"observed_at":"2026-11-22T14:03:00Z","customer_id":"x"}"#));
    }

    #[test]
    fn moments_are_rfc_3339() {
        assert_eq!(moment("2026-11-22T14:03:00+03:00"), Some(Timestamp::from_seconds(1_795_345_380)));
        for wrong in ["2026-11-22", "1795345380", "2026-11-22 14:03", ""] {
            assert_eq!(moment(wrong), None);
        }
    }

    #[test]
    fn a_refusal_points_at_the_member() {
        let shown = serde_json::to_value(problem(Refusal::Value("a/b~c".to_owned(), BadValue::WrongType))).unwrap();
        assert_eq!(shown["errors"][0]["pointer"], "/values/a~1b~0c");
        assert_eq!(shown["status"], 422);
    }
}
