use axum::body::to_bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::{Error, Problem, Refusal, Voice};
use crate::protocol::{Error as ProtocolError, ErrorCode};
use crate::telemetry::{RequestIds, in_request};
use crate::ui::problems::ProblemKind;

fn body(response: Response) -> Value {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    serde_json::from_slice(&runtime.block_on(to_bytes(response.into_body(), 10_000)).unwrap()).unwrap()
}

#[test]
fn every_address_has_a_voice() {
    assert_eq!(Voice::of("/oauth2/token"), Voice::OAuth);
    assert_eq!(Voice::of("/oauth2/authorize"), Voice::Page);
    assert_eq!(Voice::of("/oauth2/logout"), Voice::Page);
    assert_eq!(Voice::of("/.well-known/openid-configuration"), Voice::OAuth);
    assert_eq!(Voice::of("/api/partner/v1/customers"), Voice::Problem);
    assert_eq!(Voice::of("/account/links"), Voice::Page);
    assert_eq!(Voice::of("/apix"), Voice::Page);
}

#[test]
fn lg3_a_5xx_says_the_request_id_and_nothing_else() {
    let id = RequestIds::new(1).next();
    in_request(id, || {
        let failed = ProtocolError::new(ErrorCode::ServerError, "the table is gone").with_detail("secret");
        let response = Error::from(failed).into_response();
        assert_eq!(response.status(), 500);
        assert_eq!(body(response), serde_json::json!({"error": "server_error", "error_description": format!("request {id}")}));

        let response = Problem::new(StatusCode::INTERNAL_SERVER_ERROR, ProblemKind::ServerError).with_detail("secret").into_response();
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let text = body(response);
        assert_eq!((text["instance"].as_str(), text.get("detail")), (Some(id.as_str()), None));
    });
}

#[test]
fn oauth_errors_are_json_and_401_says_how_to_authenticate() {
    let response = Error::from(ProtocolError::invalid_client("no such client")).into_response();
    assert_eq!((response.status().as_u16(), &response.headers()["www-authenticate"]), (401, &"Basic realm=\"concord\"".parse().unwrap()));
    assert_eq!(body(response)["error"], "invalid_client");
    assert_eq!(Error::from(ProtocolError::invalid_grant("used")).into_response().status(), 400);

    let response = Error::Bearer(ProtocolError::new(ErrorCode::InvalidToken, "the token does not hold")).into_response();
    let challenge = response.headers()["www-authenticate"].to_str().unwrap();
    assert_eq!(challenge, "Bearer error=\"invalid_token\", error_description=\"the token does not hold\"");
    assert_eq!(Error::NoBearer.into_response().headers()["www-authenticate"], "Bearer");
}

#[test]
fn problems_point_at_members() {
    let problem =
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, ProblemKind::InvalidBody).with_field("/local_account", "missing", "is required");
    let text = body(problem.into_response());
    assert_eq!(text["status"], 422);
    assert_eq!(text["type"], "/api/docs#invalid_body");
    assert_eq!(text["errors"][0]["pointer"], "/local_account");
}

#[test]
fn pages_are_left_to_the_shell() {
    let refusal = Refusal::because(StatusCode::BAD_REQUEST, "unknown_client", "no client of that id");
    let response = refusal.clone().into_response();
    assert_eq!((response.status().as_u16(), response.extensions().get::<Refusal>()), (400, Some(&refusal)));
}
