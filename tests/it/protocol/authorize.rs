//! Authorize requests in two stages, with the hostile cases of security.md 3.10.

use concord::protocol::acr::Acr;
use concord::protocol::authorize::{AuthorizeRequest, AuthorizeStart, Channel, MAX_STATE};
use concord::protocol::authorize_response::{Answer, ReturnAddress};
use concord::protocol::error::{Error, ErrorCode};
use concord::protocol::params::Params;
use concord::protocol::redirect_uri::RedirectUri;
use concord::protocol::response_type::ResponseMode;

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn uri() -> RedirectUri {
    "https://a.test/cb".parse().unwrap()
}

fn params(extra: &[(&str, &str)]) -> Params {
    let mut pairs =
        vec![("client_id", "shop"), ("redirect_uri", "https://a.test/cb"), ("response_type", "code"), ("scope", "openid profile")];
    pairs.retain(|(name, _)| !extra.iter().any(|(other, _)| other == name));
    pairs.extend_from_slice(extra);
    Params::from_pairs(pairs).unwrap()
}

fn parse_on(channel: Channel, extra: &[(&str, &str)]) -> Result<AuthorizeRequest, Error> {
    AuthorizeRequest::parse(&params(extra), "shop", uri(), channel)
}

fn parse(extra: &[(&str, &str)]) -> Result<AuthorizeRequest, Error> {
    parse_on(Channel::Browser, extra)
}

fn refused(extra: &[(&str, &str)], code: ErrorCode) {
    let error = parse(extra).expect_err(&format!("{extra:?}"));
    assert_eq!(error.code, code, "{extra:?}: {error}");
    assert!(error.redirectable, "{extra:?}");
}

#[test]
fn az2_without_client_or_redirect_uri_nothing_is_redirected() {
    let long = "x".repeat(256);
    for extra in [
        [("client_id", "")],
        [("client_id", "a\nb")],
        [("client_id", "магазин")],
        [("client_id", long.as_str())],
        [("redirect_uri", "")],
        [("redirect_uri", "https://a.test/\r\n")],
        [("request_uri", "urn:ietf:params:oauth:request_uri:x")],
    ] {
        let error = AuthorizeStart::read(&params(&extra)).expect_err(&format!("{extra:?}"));
        assert!(!error.redirectable, "{extra:?}");
    }
    let reference = format!("urn:ietf:params:oauth:request_uri:{}", "r".repeat(43));
    let start =
        AuthorizeStart::read(&params(&[("request_uri", &reference), ("redirect_uri", "https://evil.test"), ("request", "x")])).unwrap();
    assert!(
        matches!(start, AuthorizeStart::Pushed { client_id, request_uri } if client_id == "shop" && request_uri.to_string() == reference)
    );
    let start = AuthorizeStart::read(&params(&[("request_uri", "https://a.test/request.jwt"), ("scope", "")])).unwrap();
    assert!(matches!(start, AuthorizeStart::Plain { client_id, redirect_uri } if client_id == "shop" && redirect_uri == uri().as_str()));
}

#[test]
fn a_whole_request_is_read() {
    let request = parse(&[
        ("state", "s"),
        ("nonce", "n"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("prompt", "login consent"),
        ("max_age", "300"),
        ("ui_locales", "fr ru-RU en"),
        ("display", "popup"),
        ("id_token_hint", "a.b.c"),
        ("login_hint", "alice@x.test"),
        ("acr_values", "aal2 aal1 urn:x"),
        ("claims", r#"{"userinfo":{"email":null}}"#),
        ("resource", "https://api.bank.test"),
        ("response_mode", "form_post"),
        ("foo", "1"),
    ])
    .unwrap();
    assert_eq!((request.state.as_deref(), request.nonce.as_deref(), request.max_age), (Some("s"), Some("n"), Some(300)));
    assert!(
        request.prompt.login && request.prompt.consent && !request.prompt.none && request.code_challenge.is_some() && request.is_openid()
    );
    assert_eq!(request.acr_values, [Acr::Aal2, Acr::Aal1]);
    assert_eq!(request.ui_locales.len(), 2);
    assert_eq!(request.response_mode, ResponseMode::FormPost);
    assert!(request.claims.userinfo.get("email").is_some());
    let stored = serde_json::to_string(&request).unwrap();
    assert_eq!(serde_json::from_str::<AuthorizeRequest>(&stored).unwrap(), request);
    let shown = format!("{request:?}");
    assert!(!shown.contains("alice") && !shown.contains("a.b.c"), "{shown}");
}

#[test]
fn az8_empty_is_omitted_and_foreign_is_ignored() {
    let plain = parse(&[]).unwrap();
    let names = [
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        "prompt",
        "max_age",
        "ui_locales",
        "display",
        "id_token_hint",
        "login_hint",
        "acr_values",
        "claims",
    ];
    for name in names.into_iter().chain(["resource", "response_mode", "request", "request_uri", "registration", "link_assertion"]) {
        assert_eq!(parse(&[(name, "")]).unwrap(), plain, "{name}");
    }
    assert_eq!(parse(&[("foo", "1"), ("Scope", "x"), ("prompt[]", "none")]).unwrap(), plain);
    refused(&[("scope", "")], ErrorCode::InvalidScope);
    refused(&[("response_type", "")], ErrorCode::InvalidRequest);
}

#[test]
fn az15_state_and_nonce_are_kept_exactly_or_refused() {
    for length in [1, 64, 384, 1000, MAX_STATE] {
        let text = "~".repeat(length);
        let request = parse(&[("state", &text), ("nonce", &text)]).unwrap();
        assert_eq!((request.state.as_ref(), request.nonce.as_ref()), (Some(&text), Some(&text)));
    }
    for length in [MAX_STATE + 1, 10_000] {
        let text = "~".repeat(length);
        refused(&[("state", &text)], ErrorCode::InvalidRequest);
        refused(&[("nonce", &text)], ErrorCode::InvalidRequest);
    }
    for text in [" a+b ", "%2B", "é😀\u{202e}\u{feff}", "{\"a\":[1,\"<script>\"]}", "e\u{301}"] {
        assert_eq!(parse(&[("state", text)]).unwrap().state.as_deref(), Some(text));
    }
    for text in ["a\r\nSet-Cookie: x", "a\tb", "\u{7f}", "\u{85}"] {
        refused(&[("state", text)], ErrorCode::InvalidRequest);
    }
}

#[test]
fn later_errors_go_back_with_the_state() {
    let hostile = params(&[("prompt", "none login"), ("state", "a b"), ("response_mode", "fragment")]);
    let error = AuthorizeRequest::parse(&hostile, "shop", uri(), Channel::Browser).unwrap_err();
    let answer = ReturnAddress::of(&hostile, uri()).error("https://id.test", &error);
    let Answer::Redirect(location) = answer else { panic!("a redirect") };
    assert_eq!(
        location,
        "https://a.test/cb#error=invalid_request&error_description=prompt%20none%20cannot%20be%20combined&iss=https%3A%2F%2Fid.test&state=a%20b"
    );
}

#[test]
fn what_changes_the_meaning_is_refused_by_name() {
    refused(&[("request", "a.b.c")], ErrorCode::RequestNotSupported);
    refused(&[("request_uri", "https://a.test/r")], ErrorCode::RequestUriNotSupported);
    refused(&[("request", "a.b.c"), ("request_uri", "https://a.test/r")], ErrorCode::RequestNotSupported);
    refused(&[("registration", "{}")], ErrorCode::RegistrationNotSupported);
    refused(&[("client_id", "other")], ErrorCode::InvalidRequest);
    refused(&[("response_type", "code magic")], ErrorCode::UnsupportedResponseType);
    refused(&[("response_mode", "query.jwt")], ErrorCode::InvalidRequest);
    refused(&[("response_type", "id_token"), ("nonce", "n"), ("response_mode", "query")], ErrorCode::InvalidRequest);
    refused(&[("response_type", "id_token")], ErrorCode::InvalidRequest);
    refused(&[("response_type", "id_token"), ("nonce", "n"), ("scope", "profile")], ErrorCode::InvalidScope);
    refused(&[("scope", "openid  profile")], ErrorCode::InvalidScope);
    refused(&[("resource", "/api")], ErrorCode::InvalidTarget);
    refused(&[("resource", "https://a.test/#x")], ErrorCode::InvalidTarget);
}

#[test]
fn az14_prompt_has_known_words_and_none_stands_alone() {
    for prompt in ["none login", "login none", "none none consent", "none create", "login  consent", "silent", "NONE", " none"] {
        refused(&[("prompt", prompt)], ErrorCode::InvalidRequest);
    }
    assert!(parse(&[("prompt", "none")]).unwrap().prompt.none);
    assert!(parse(&[("prompt", "create")]).unwrap().prompt.create);
    assert!(parse(&[("prompt", "select_account login login")]).unwrap().prompt.select_account);
}

#[test]
fn az18_hints_and_wishes_are_bounded() {
    let long = "aal1 ".repeat(1000);
    for name in ["acr_values", "ui_locales", "login_hint"] {
        refused(&[(name, &long)], ErrorCode::InvalidRequest);
        refused(&[(name, "a\r\nb")], ErrorCode::InvalidRequest);
    }
    refused(&[("id_token_hint", &"x".repeat(10_000))], ErrorCode::InvalidRequest);
    refused(&[("claims", "[]")], ErrorCode::InvalidRequest);
    refused(&[("display", "hologram")], ErrorCode::InvalidRequest);
    for max_age in ["-1", "1e9", "x"] {
        refused(&[("max_age", max_age)], ErrorCode::InvalidRequest);
    }
    assert!(parse(&[("acr_values", "urn:gold"), ("ui_locales", "tlh"), ("login_hint", "<script>")]).unwrap().acr_values.is_empty());
}

#[test]
fn pk1_only_s256_and_no_method_alone() {
    refused(&[("code_challenge", CHALLENGE)], ErrorCode::InvalidRequest);
    refused(&[("code_challenge", CHALLENGE), ("code_challenge_method", "plain")], ErrorCode::InvalidRequest);
    refused(&[("code_challenge_method", "S256")], ErrorCode::InvalidRequest);
    refused(&[("code_challenge", "short"), ("code_challenge_method", "S256")], ErrorCode::InvalidRequest);
    assert!(parse(&[]).unwrap().code_challenge.is_none(), "whether it may be missing is the client's matter");
}

#[test]
fn a_link_assertion_is_pushed_with_pkce_and_never_silent() {
    let with_pkce = [("link_assertion", "a.b.c"), ("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
    assert_eq!(parse_on(Channel::Pushed, &with_pkce).unwrap().link_assertion.as_deref(), Some("a.b.c"));
    refused(&with_pkce, ErrorCode::InvalidRequest);
    let silent = [with_pkce.as_slice(), &[("prompt", "none")]].concat();
    assert_eq!(parse_on(Channel::Pushed, &silent).unwrap_err().code, ErrorCode::InvalidRequest);
    assert_eq!(parse_on(Channel::Pushed, &[("link_assertion", "a.b.c")]).unwrap_err().code, ErrorCode::InvalidRequest);
}

#[test]
fn pa2_a_request_uri_is_never_pushed() {
    for request_uri in ["urn:ietf:params:oauth:request_uri:x", "https://a.test/r"] {
        assert_eq!(parse_on(Channel::Pushed, &[("request_uri", request_uri)]).unwrap_err().code, ErrorCode::InvalidRequest);
    }
}
