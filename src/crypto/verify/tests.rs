//! The corpus of security.md 3.4.

mod claims;

use std::sync::LazyLock;

use serde_json::json;

use super::*;
use crate::crypto::digest::{base64url, hmac_sha256};
use crate::crypto::signing::SigningKey;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const ISSUER: &str = "https://shop.test";
const HERE: &str = "https://id.test";

static KEYS: LazyLock<[SigningKey; 4]> = LazyLock::new(|| Algorithm::ALL.map(|algorithm| SigningKey::generate(algorithm).unwrap()));
static OTHERS: LazyLock<[SigningKey; 4]> = LazyLock::new(|| Algorithm::ALL.map(|algorithm| SigningKey::generate(algorithm).unwrap()));
static SET: LazyLock<JwkSet> = LazyLock::new(|| JwkSet::new(KEYS.iter().map(|key| key.public_jwk().clone()).collect()).unwrap());

fn es256() -> &'static SigningKey {
    &KEYS[0]
}

fn claims() -> Value {
    json!({"iss": ISSUER, "sub": "shop", "aud": HERE, "exp": NOW.seconds() + 60, "iat": NOW.seconds(), "jti": "j1"})
}

fn claims_with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn header() -> Value {
    json!({"alg": "ES256", "typ": "link+jwt", "kid": es256().kid()})
}

fn header_with(name: &str, value: Value) -> String {
    let mut header = header();
    header[name] = value;
    header.to_string()
}

/// Signs any two texts with the ES256 key.
fn signed(header: &str, payload: &str) -> String {
    let input = format!("{}.{}", base64url(header.as_bytes()), base64url(payload.as_bytes()));
    let signature = es256().sign(input.as_bytes()).unwrap();
    format!("{input}.{}", base64url(&signature))
}

fn token(claims: &Value) -> String {
    signed(&header().to_string(), &claims.to_string())
}

fn expectation<'a>() -> Expectation<'a> {
    let audience = Audience::OneOf(&[HERE, "https://id.test/token"]);
    Expectation { max_lifetime: Some(Duration::from_mins(2)), ..Expectation::new(TokenType::Named("link+jwt"), ISSUER, audience, NOW) }
}

fn check(token: &str) -> Result<Verified<Value>, VerifyError> {
    verify(token, &SET, &expectation())
}

fn refusal(token: &str) -> VerifyError {
    check(token).expect_err(token)
}

fn claims_refusal(name: &str, value: Value) -> VerifyError {
    refusal(&token(&claims_with(name, value)))
}

#[test]
fn every_accepted_algorithm_verifies() {
    for key in KEYS.iter() {
        let verified = check(&key.sign_jws("link+jwt", key.kid(), &claims()).unwrap()).unwrap();
        assert_eq!((verified.algorithm, verified.kid.as_deref()), (key.algorithm(), Some(key.kid())));
        assert_eq!((verified.subject.as_deref(), verified.id.as_deref()), (Some("shop"), Some("j1")));
        assert_eq!((verified.expires_at, verified.issued_at), (NOW + Duration::from_mins(1), Some(NOW)));
        assert_eq!((verified.audience, verified.claims), (vec![HERE.to_owned()], claims()));
    }
}

#[test]
fn an_independent_library_agrees() {
    use jsonwebtoken::{Algorithm as Theirs, DecodingKey, EncodingKey, Header, crypto, encode};
    let theirs = [(Theirs::ES256, 0), (Theirs::RS256, 1), (Theirs::PS256, 2), (Theirs::EdDSA, 3)];
    for (algorithm, at) in theirs {
        let der = KEYS[at].to_pkcs8().unwrap();
        // Of RSA they want the inner RSAPrivateKey: PKCS#8's fixed 26 bytes before it go.
        let encoding = match algorithm {
            Theirs::ES256 => EncodingKey::from_ec_der(&der),
            Theirs::EdDSA => EncodingKey::from_ed_der(&der),
            _ => EncodingKey::from_rsa_der(&der[26..]),
        };
        let header = Header { typ: Some("link+jwt".into()), kid: Some(KEYS[at].kid().into()), ..Header::new(algorithm) };
        assert!(check(&encode(&header, &claims(), &encoding).unwrap()).is_ok(), "{algorithm:?}");

        let jwk = serde_json::from_value(KEYS[at].public_jwk().to_value()).unwrap();
        let ours = KEYS[at].sign_jws("link+jwt", KEYS[at].kid(), &claims()).unwrap();
        let (message, signature) = ours.rsplit_once('.').unwrap();
        assert!(crypto::verify(signature, message.as_bytes(), &DecodingKey::from_jwk(&jwk).unwrap(), algorithm).unwrap());
    }
}

#[test]
fn structure_is_exactly_three_canonical_parts() {
    let good = token(&claims());
    let parts: Vec<_> = good.split('.').collect();
    let (h, p, s) = (parts[0], parts[1], parts[2]);
    let padded = format!("{h}.{p}.{s}==");
    let json_form = json!({"protected": h, "payload": p, "signature": s}).to_string();
    // The last symbol of 64 bytes carries four unused bits.
    let mut stray = good.clone().into_bytes();
    let last = stray.len() - 1;
    stray[last] = if stray[last] == b'A' { b'B' } else { stray[last] + 1 };
    let wrong = [
        String::new(),
        h.into(),
        format!("{h}.{p}"),
        format!("{h}.{p}.{s}.x"),
        format!("{h}.{p}.{s}.x.y"),
        ".".repeat(60_000),
        "..".into(),
        format!(".{p}.{s}"),
        format!("{h}..{s}"),
        format!("{h}.{p}."),
        format!("{good}."),
        format!(" {good}"),
        format!("{good}\n"),
        format!("{h}.{p} .{s}"),
        good.replace(s, &s.replace('A', "+")) + "+",
        padded,
        json_form,
        format!("{h}.{p}.{}", "A".repeat(20_000)),
        String::from_utf8(stray).unwrap(),
    ];
    for token in wrong {
        assert_eq!(refusal(&token), VerifyError::Malformed);
    }
}

#[test]
fn the_header_is_a_strict_object() {
    let kid = es256().kid();
    let long = "x".repeat(3000);
    let wrong = [
        "[]".to_owned(),
        "null".into(),
        "\"ES256\"".into(),
        format!("\u{feff}{}", header()),
        format!(r#"{{"alg":"ES256","alg":"ES256","typ":"link+jwt","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"none","alg":"ES256","typ":"link+jwt","kid":"{kid}"}}"#),
        format!("{}x", header()),
        header_with("extra", json!(long)),
        header_with("kid", json!(7)),
        header_with("kid", json!("")),
        header_with("kid", json!("k".repeat(300))),
    ];
    for header in wrong {
        assert_eq!(refusal(&signed(&header, &claims().to_string())), VerifyError::Header, "{header}");
    }
    assert!(check(&signed(&header_with("x5t#S256", json!("harmless")), &claims().to_string())).is_ok());
}

#[test]
fn jt2_jt4_keys_in_the_header_and_extensions_are_refused() {
    let jwk = OTHERS[0].public_jwk().to_value();
    let members = [
        ("jwk", jwk),
        ("jku", json!("https://evil.test/jwks")),
        ("x5u", json!("file:///etc/passwd")),
        ("x5c", json!(["MIIB"])),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("crit", json!("alg")),
        ("crit", json!(["alg"])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("enc", json!("A256GCM")),
        ("cty", json!("JWT")),
    ];
    for (name, value) in members {
        assert_eq!(refusal(&signed(&header_with(name, value), &claims().to_string())), VerifyError::Header, "{name}");
    }
}

#[test]
fn jt1_the_algorithm_is_never_the_tokens_choice() {
    let names =
        ["none", "None", "nOnE", "NONE", "HS256", "HS512", "ES256K", "ES384", "RS384", "es256", "Ed25519", "dir", "RSA1_5", "", "ES256 "];
    let mut wrong: Vec<_> = names.iter().map(|name| json!(name)).collect();
    wrong.extend([json!(null), json!(256), json!(["ES256"]), json!({"alg": "ES256"}), json!("x".repeat(1000))]);
    for alg in wrong {
        let header = header_with("alg", alg);
        assert_eq!(refusal(&signed(&header, &claims().to_string())), VerifyError::Algorithm, "{header}");
    }
    let without = json!({"typ": "link+jwt", "kid": es256().kid()}).to_string();
    assert_eq!(refusal(&signed(&without, &claims().to_string())), VerifyError::Algorithm);

    // A key of one algorithm named beside another: the key's record decides.
    for alg in ["RS256", "PS256", "EdDSA"] {
        assert_eq!(refusal(&signed(&header_with("alg", json!(alg)), &claims().to_string())), VerifyError::UnknownKey, "{alg}");
    }
    // An accepted algorithm that this door does not accept.
    let only_rsa = Expectation { algorithms: &[Algorithm::RS256], ..expectation() };
    assert_eq!(verify::<Value>(&token(&claims()), &SET, &only_rsa).unwrap_err(), VerifyError::Algorithm);
}

#[test]
fn jt1_hs256_with_a_public_key_is_refused() {
    for key in KEYS.iter() {
        let header = json!({"alg": "HS256", "typ": "link+jwt", "kid": key.kid()}).to_string();
        let input = format!("{}.{}", base64url(header.as_bytes()), base64url(claims().to_string().as_bytes()));
        let jwk = key.public_jwk().to_value();
        let bytes = jwk.get("n").or(jwk.get("x")).and_then(Value::as_str).and_then(from_base64url).unwrap();
        for secret in [jwk.to_string().into_bytes(), bytes] {
            let forged = format!("{input}.{}", base64url(&hmac_sha256(&secret, &[input.as_bytes()])));
            assert_eq!(refusal(&forged), VerifyError::Algorithm);
        }
    }
}

#[test]
fn keys_are_found_by_exact_name_only() {
    for kid in ["../../dev/null", "' OR 1=1--", "|id", "unknown", OTHERS[0].kid()] {
        assert_eq!(refusal(&signed(&header_with("kid", json!(kid)), &claims().to_string())), VerifyError::UnknownKey, "{kid}");
    }
    // Without a name the only key of the algorithm is meant.
    let nameless = json!({"alg": "ES256", "typ": "link+jwt"}).to_string();
    assert!(check(&signed(&nameless, &claims().to_string())).is_ok());
}

#[test]
fn signatures_that_are_not_the_keys_are_refused() {
    for (key, other) in KEYS.iter().zip(OTHERS.iter()) {
        let good = key.sign_jws("link+jwt", key.kid(), &claims()).unwrap();
        let (input, signature) = good.rsplit_once('.').unwrap();
        let signature = from_base64url(signature).unwrap();
        let mut flipped = signature.clone();
        flipped[10] ^= 1;
        let foreign = key.sign(b"another message").unwrap();
        let of_other = other.sign(input.as_bytes()).unwrap();
        let long = [signature.as_slice(), &[0]].concat();
        let zeros = vec![0; signature.len()];
        let ones = vec![0xff; signature.len()];
        for wrong in
            [&flipped, &foreign, &of_other, &long, &zeros, &ones, &signature[1..].to_vec(), &vec![0], &vec![0x30, 6, 2, 1, 0, 2, 1, 0]]
        {
            assert_eq!(refusal(&format!("{input}.{}", base64url(wrong))), VerifyError::Signature, "{}", key.algorithm());
        }
        let (header, _) = input.split_once('.').unwrap();
        let changed = base64url(claims_with("sub", json!("admin")).to_string().as_bytes());
        assert_eq!(refusal(&format!("{header}.{changed}.{}", base64url(&signature))), VerifyError::Signature);
    }
    // r = the order of P-256, s = 1; r = 0, s = 1.
    let order = from_base64url("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE").unwrap();
    let good = token(&claims());
    let (input, _) = good.rsplit_once('.').unwrap();
    let one = [[0; 31].as_slice(), &[1]].concat();
    for r in [order, vec![0; 32]] {
        let forged = [r.as_slice(), &one].concat();
        assert_eq!(refusal(&format!("{input}.{}", base64url(&forged))), VerifyError::Signature);
    }
}

#[test]
fn jt3_types_are_exact_but_for_case_and_prefix() {
    let with_typ = |typ: Value| signed(&header_with("typ", typ), &claims().to_string());
    for fine in ["link+jwt", "application/link+jwt", "LINK+JWT", "Application/Link+JWT"] {
        assert!(check(&with_typ(json!(fine))).is_ok(), "{fine}");
    }
    let wrong = ["JWT", "at+jwt", "logout+jwt", "", "link+jwt ", "text/link+jwt", "application/application/link+jwt"];
    for typ in wrong.iter().map(|typ| json!(typ)).chain([json!(null), json!(1), json!(["link+jwt"])]) {
        assert_eq!(refusal(&with_typ(typ.clone())), VerifyError::Type, "{typ}");
    }
    let untyped = signed(&json!({"alg": "ES256", "kid": es256().kid()}).to_string(), &claims().to_string());
    assert_eq!(refusal(&untyped), VerifyError::Type);

    let fits = |typ, token: &str| verify::<Value>(token, &SET, &Expectation { typ, ..expectation() }).is_ok();
    let own = TokenType::PlainOr("client-authentication+jwt");
    assert!(fits(TokenType::Plain, &untyped) && fits(TokenType::Plain, &with_typ(json!("JWT"))) && fits(own, &untyped));
    assert!(fits(own, &with_typ(json!("client-authentication+jwt"))));
    assert!(!fits(own, &with_typ(json!("at+jwt"))) && !fits(TokenType::Plain, &with_typ(json!("at+jwt"))));
}

#[test]
fn claimed_values_are_read_without_belief_and_without_trouble() {
    let token = token(&claims());
    let unsigned = format!("{}x", token.rsplit_once('.').unwrap().0.to_owned() + ".");
    assert_eq!(claimed_issuer(&token).as_deref(), Some(ISSUER));
    assert_eq!(claimed_subject(&token).as_deref(), Some("shop"));
    assert_eq!(claimed_issuer(&unsigned), None);
    assert_eq!(claimed_issuer("a.b.c"), None);
}
