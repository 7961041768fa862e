//! Client authentication with the hostile cases of security.md 2d and 3.10.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use concord::clock::Timestamp;
use concord::protocol::client_auth::{ASSERTION_TYPE, AssertionRules, AuthMethod, ClientAssertionClaims, ClientAuth};
use concord::protocol::error::ErrorCode;
use concord::protocol::jwt::{Audience, NumericDate};
use concord::protocol::params::Params;
use proptest::prelude::*;
use secrecy::ExposeSecret as _;

fn basic(pair: &str) -> String {
    format!("Basic {}", STANDARD.encode(pair))
}

fn assertion(claims: &str) -> String {
    format!("{}.{}.c2ln", URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256"}"#), URL_SAFE_NO_PAD.encode(claims))
}

fn read(headers: &[&str], pairs: &[(&str, &str)]) -> Result<ClientAuth, ErrorCode> {
    let headers: Vec<_> = headers.iter().map(|h| h.as_bytes()).collect();
    ClientAuth::read(&headers, &Params::from_pairs(pairs.iter().copied()).unwrap()).map_err(|e| e.code)
}

fn shown(auth: &ClientAuth) -> (&str, AuthMethod, &str) {
    let secret = match auth {
        ClientAuth::SecretBasic { secret, .. } | ClientAuth::SecretPost { secret, .. } => secret.expose_secret(),
        ClientAuth::PrivateKeyJwt { assertion, .. } => assertion.expose_secret(),
        ClientAuth::None { .. } => "",
    };
    (auth.client_id(), auth.method(), secret)
}

#[test]
fn each_method_is_read() {
    let auth = read(&[&basic("shop:s3cret")], &[]).unwrap();
    assert_eq!(shown(&auth), ("shop", AuthMethod::ClientSecretBasic, "s3cret"));
    assert!(!format!("{auth:?}").contains("s3cret"));
    let auth = read(&[&basic("a%3Ab+c:p%25%3Aq:r+%2B").replace("Basic", "bAsIc")], &[("client_id", "a:b c")]).unwrap();
    assert_eq!(shown(&auth), ("a:b c", AuthMethod::ClientSecretBasic, "p%:q:r +"));
    let auth = read(&[], &[("client_id", "shop"), ("client_secret", "s")]).unwrap();
    assert_eq!(shown(&auth), ("shop", AuthMethod::ClientSecretPost, "s"));
    let auth = read(&[], &[("client_id", "shop")]).unwrap();
    assert_eq!(shown(&auth), ("shop", AuthMethod::None, ""));
    let jwt = assertion(r#"{"sub":"shop","iss":"shop"}"#);
    for named in [&[][..], &[("client_id", "shop")]] {
        let pairs = [named, &[("client_assertion_type", ASSERTION_TYPE), ("client_assertion", &jwt)]].concat();
        assert_eq!(shown(&read(&[], &pairs).unwrap()), ("shop", AuthMethod::PrivateKeyJwt, jwt.as_str()));
    }
}

#[test]
fn tk2_exactly_one_method() {
    let header = basic("shop:s");
    let jwt = assertion(r#"{"sub":"shop"}"#);
    let both = [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", jwt.as_str())];
    assert_eq!(read(&[&header], &[("client_secret", "s")]).unwrap_err(), ErrorCode::InvalidRequest);
    assert_eq!(read(&[&header], &both).unwrap_err(), ErrorCode::InvalidRequest);
    assert_eq!(read(&[], &[both[0], both[1], ("client_secret", "s"), ("client_id", "shop")]).unwrap_err(), ErrorCode::InvalidRequest);
    assert_eq!(read(&[&header, &header], &[]).unwrap_err(), ErrorCode::InvalidRequest);
    assert_eq!(read(&[&header], &[("client_id", "other")]).unwrap_err(), ErrorCode::InvalidRequest);
    assert_eq!(read(&[], &[both[0], both[1], ("client_id", "other")]).unwrap_err(), ErrorCode::InvalidRequest);
}

#[test]
fn what_is_malformed_is_an_invalid_client() {
    let long = basic(&format!("shop:{}", "s".repeat(100_000)));
    for header in [
        "",
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic c2hvcDpz=",
        "Basic c2hvcA==",
        "Bearer c2hvcDpz",
        "Negotiate x",
        "Basic c2hvcDpz, Basic c2hvcDpz",
        &basic("shop:"),
        &basic(":s"),
        &basic("shop"),
        &basic("%FF:s"),
        &basic("shop:%"),
        &basic("shop:%00"),
        &basic("магазин:s"),
        &basic("a\nb:s"),
        &long,
    ] {
        assert_eq!(read(&[header], &[]).unwrap_err(), ErrorCode::InvalidClient, "{header:.60}");
    }
    let not_utf8 = Params::default();
    assert_eq!(ClientAuth::read(&[b"Basic \xff"], &not_utf8).unwrap_err().code, ErrorCode::InvalidClient);
    for pairs in [
        &[][..],
        &[("client_secret", "s")],
        &[("client_id", "a\nb")],
        &[("client_id", "")],
        &[("client_id", "shop"), ("client_assertion", "a.b.c")],
    ] {
        assert_eq!(read(&[], pairs).unwrap_err(), ErrorCode::InvalidClient, "{pairs:?}");
    }
    let large = assertion(&format!(r#"{{"sub":"shop","x":"{}"}}"#, "y".repeat(1 << 20)));
    for jwt in [
        "",
        "x",
        "a.b",
        "a.b.c",
        "a.b.c.d",
        "a.b.c.d.e",
        "....",
        &assertion("[]"),
        &assertion("null"),
        &assertion("{}"),
        &assertion(r#"{"sub":1}"#),
        &assertion(r#"{"sub":""}"#),
        &assertion(r#"{"sub":"a","sub":"b"}"#),
        &assertion(r#"{"sub":"a"}"#).replacen('.', "=.", 2),
        &large,
    ] {
        let pairs = [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", jwt)];
        assert_eq!(read(&[], &pairs).unwrap_err(), ErrorCode::InvalidClient, "{jwt:.60}");
    }
    let wrong_type = [("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"), ("client_assertion", "a.b.c")];
    assert_eq!(read(&[], &wrong_type).unwrap_err(), ErrorCode::InvalidClient);
}

const ISSUER: &str = "https://id.test";

fn holds(fapi: bool, change: impl FnOnce(&mut ClientAssertionClaims)) -> bool {
    let mut claims = ClientAssertionClaims {
        iss: "shop".to_owned(),
        sub: "shop".to_owned(),
        aud: Audience::One(ISSUER.to_owned()),
        exp: NumericDate(1200),
        iat: Some(NumericDate(1000)),
        nbf: None,
        jti: "j".to_owned(),
    };
    change(&mut claims);
    let rules = AssertionRules { issuer: ISSUER, endpoints: &["https://id.test/oauth2/token", "https://id.test/oauth2/par"], fapi };
    claims.check("shop", &rules, Timestamp::from_seconds(1000)).is_ok()
}

#[test]
fn tk3_an_assertion_is_for_us() {
    let many = |list: &[&str]| Audience::Many(list.iter().map(|s| (*s).to_owned()).collect());
    for (aud, plain, fapi) in [
        (Audience::One(ISSUER.to_owned()), true, true),
        (Audience::One("https://id.test/oauth2/token".to_owned()), true, false),
        (Audience::One("https://id.test/oauth2/par".to_owned()), true, false),
        (many(&[ISSUER]), true, false),
        (many(&["https://other.test", ISSUER]), true, false),
        (Audience::One("https://id.test/".to_owned()), false, false),
        (Audience::One("https://id.test/oauth2/introspect".to_owned()), false, false),
        (Audience::One("https://id".to_owned()), false, false),
        (many(&[]), false, false),
    ] {
        assert_eq!(holds(false, |c| c.aud = aud.clone()), plain, "{aud:?}");
        assert_eq!(holds(true, |c| c.aud = aud.clone()), fapi, "{aud:?}");
    }
}

#[test]
fn tk4_an_assertion_is_short_lived_and_names_its_client_twice() {
    assert!(!holds(false, |c| c.iss = "other".to_owned()) && !holds(false, |c| c.sub = "other".to_owned()));
    assert!(!holds(false, |c| c.jti = String::new()) && !holds(false, |c| c.jti = "x".repeat(256)));
    for (exp, plain, fapi) in [
        (991, true, true),
        (990, false, false),
        (1310, true, true),
        (1311, true, false),
        (4610, true, false),
        (4611, false, false),
        (i64::MAX, false, false),
        (i64::MIN, false, false),
    ] {
        assert_eq!(holds(false, |c| c.exp = NumericDate(exp)), plain, "{exp}");
        assert_eq!(holds(true, |c| c.exp = NumericDate(exp)), fapi, "{exp}");
    }
    assert!(holds(true, |c| c.nbf = Some(NumericDate(1008))) && !holds(true, |c| c.nbf = Some(NumericDate(1061))));
    assert!(holds(true, |c| c.iat = None) && !holds(true, |c| c.iat = Some(NumericDate(1061))));
}

#[test]
fn methods_have_their_registered_names() {
    for method in AuthMethod::ALL {
        assert_eq!(method.to_string().parse(), Ok(method));
    }
    assert!("client_secret_jwt".parse::<AuthMethod>().is_err());
}

proptest! {
    #[test]
    fn reading_never_panics(header in proptest::collection::vec(any::<u8>(), 0..60), jwt in ".{0,60}") {
        let params = Params::from_pairs([("client_assertion_type", ASSERTION_TYPE), ("client_assertion", jwt.as_str())]).unwrap();
        let _ = (ClientAuth::read(&[&header], &Params::default()), ClientAuth::read(&[], &params));
    }

    #[test]
    fn any_id_and_secret_survive_basic(id in "[ -~]{1,30}", secret in "[^\\x00]{1,30}") {
        let escape = |text: &str| text.bytes().map(|b| format!("%{b:02x}")).collect::<String>();
        let auth = read(&[&basic(&format!("{}:{}", escape(&id), escape(&secret)))], &[]).unwrap();
        prop_assert_eq!(shown(&auth), (id.as_str(), AuthMethod::ClientSecretBasic, secret.as_str()));
    }
}
