//! Token requests with the hostile cases of security.md 3.10.

use concord::protocol::error::ErrorCode;
use concord::protocol::params::Params;
use concord::protocol::scope::ScopeSet;
use concord::protocol::token::{GrantType, LinkStatus, TokenRequest, TokenResponse};

fn parse(body: &str) -> Result<TokenRequest, ErrorCode> {
    TokenRequest::parse(&Params::decode(body.as_bytes()).unwrap()).map_err(|e| e.code)
}

#[test]
fn each_grant_is_read() {
    let verifier = "v".repeat(43);
    let code = parse(&format!(
        "grant_type=authorization_code&code=c&redirect_uri=https%3A%2F%2Fa.test%2Fcb&code_verifier={verifier}&resource=urn:a&foo=1"
    ))
    .unwrap();
    assert_eq!(code.grant_type(), GrantType::AuthorizationCode);
    assert!(!format!("{code:?}").contains(&verifier));
    assert!(
        matches!(code, TokenRequest::AuthorizationCode { redirect_uri: Some(uri), code_verifier: Some(_), resource, .. } if uri == "https://a.test/cb" && resource.len() == 1)
    );
    let refresh = parse("grant_type=refresh_token&refresh_token=r&scope=openid").unwrap();
    assert!(matches!(refresh, TokenRequest::RefreshToken { scope: Some(scope), .. } if scope.contains("openid")));
    let service = parse("grant_type=client_credentials&scope=&code=ignored").unwrap();
    assert!(matches!(service, TokenRequest::ClientCredentials { scope: None, .. }));
}

#[test]
fn malformed_requests_are_refused() {
    for (body, code) in [
        ("", ErrorCode::InvalidRequest),
        ("grant_type=", ErrorCode::InvalidRequest),
        ("grant_type=password&username=a&password=b", ErrorCode::UnsupportedGrantType),
        ("grant_type=implicit", ErrorCode::UnsupportedGrantType),
        ("grant_type=Authorization_Code&code=c", ErrorCode::UnsupportedGrantType),
        ("grant_type=urn:ietf:params:oauth:grant-type:device_code", ErrorCode::UnsupportedGrantType),
        ("grant_type=authorization_code", ErrorCode::InvalidRequest),
        ("grant_type=authorization_code&code=", ErrorCode::InvalidRequest),
        ("grant_type=authorization_code&code=a%0Ab", ErrorCode::InvalidRequest),
        ("grant_type=refresh_token", ErrorCode::InvalidRequest),
        ("grant_type=refresh_token&refresh_token=r&scope=a++b", ErrorCode::InvalidScope),
        ("grant_type=client_credentials&resource=%2Fapi", ErrorCode::InvalidTarget),
        ("grant_type=client_credentials&resource=https://a.test/%23x", ErrorCode::InvalidTarget),
    ] {
        assert_eq!(parse(body).unwrap_err(), code, "{body}");
    }
    assert_eq!(parse(&format!("grant_type=refresh_token&refresh_token={}", "r".repeat(5000))).unwrap_err(), ErrorCode::InvalidRequest);
}

#[test]
fn pk3_the_verifier_is_43_to_128_unreserved_characters() {
    let with = |verifier: &str| parse(&format!("grant_type=authorization_code&code=c&code_verifier={verifier}"));
    for (length, fine) in [(42, false), (43, true), (128, true), (129, false)] {
        assert_eq!(with(&"a".repeat(length)).is_ok(), fine, "{length}");
    }
    for bad in ["+", "%20", "%2B", "/", "%C3%A9", "%0A", "!"] {
        assert_eq!(with(&format!("{}{bad}", "a".repeat(50))).unwrap_err(), ErrorCode::InvalidRequest, "{bad}");
    }
}

#[test]
fn tk10_the_answer_says_the_scope_that_is_left() {
    let answer = TokenResponse {
        access_token: "at".to_owned(),
        token_type: "Bearer".to_owned(),
        expires_in: 300,
        scope: ["openid"].into_iter().collect::<ScopeSet>(),
        refresh_token: None,
        id_token: None,
        link_status: Some(LinkStatus::Declined),
    };
    assert_eq!(
        serde_json::to_string(&answer).unwrap(),
        r#"{"access_token":"at","token_type":"Bearer","expires_in":300,"scope":"openid","link_status":"declined"}"#
    );
    assert!(!format!("{answer:?}").contains("\"at\""));
}
