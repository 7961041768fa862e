use serde_json::json;

use super::*;
use crate::crypto::digest::hex;
use crate::crypto::signing::SigningKey;

/// RFC 7638 section 3.1 (public key).
const RFC_7638_N: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
/// RFC 7517 appendix A.1 (public key).
const X: &str = "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4";
const Y: &str = "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM";
/// RFC 8037 appendix A.2 (public key).
const ED: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

fn rsa() -> Value {
    json!({"kty": "RSA", "n": RFC_7638_N, "e": "AQAB", "kid": "r", "alg": "RS256", "use": "sig"})
}

fn ec() -> Value {
    json!({"kty": "EC", "crv": "P-256", "x": X, "y": Y, "kid": "e"})
}

fn okp() -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "x": ED, "kid": "o"})
}

fn with(mut key: Value, name: &str, value: impl Into<Value>) -> Value {
    key[name] = value.into();
    key
}

fn refused(key: &Value) -> JwkError {
    PublicJwk::from_value(key).expect_err(&key.to_string())
}

#[test]
fn thumbprints_match_rfc_7638_and_rfc_8037() {
    let thumbprint = |key: &Value| PublicJwk::from_value(key).unwrap().thumbprint();
    assert_eq!(thumbprint(&rsa()), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    assert_eq!(thumbprint(&okp()), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    assert_eq!(thumbprint(&with(ec(), "kid", "another")), thumbprint(&ec()));
}

#[test]
fn a_key_verifies_what_its_type_and_alg_allow() {
    let algorithms = |key: &Value| PublicJwk::from_value(key).unwrap().algorithms().collect::<Vec<_>>();
    assert_eq!(algorithms(&rsa()), [Algorithm::RS256]);
    assert_eq!(algorithms(&json!({"kty": "RSA", "n": RFC_7638_N, "e": "AQAB"})), [Algorithm::RS256, Algorithm::PS256]);
    assert_eq!(algorithms(&with(ec(), "key_ops", json!(["verify"]))), [Algorithm::ES256]);
    assert_eq!(algorithms(&okp()), [Algorithm::EdDSA]);
}

#[test]
fn rfc_8037_signature_verifies() {
    // Appendix A.4: payload "Example of Ed25519 signing".
    let signed = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let signature = from_base64url("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg").unwrap();
    let key = PublicJwk::from_value(&okp()).unwrap();
    assert!(key.verifies(Algorithm::EdDSA, signed, &signature));
    assert!(!key.verifies(Algorithm::EdDSA, signed, &signature[..63]));
    assert!(!key.verifies(Algorithm::RS256, signed, &signature));
}

#[test]
fn jt12_private_and_shared_keys_are_refused() {
    for name in PRIVATE {
        for key in [rsa(), ec(), okp()] {
            assert_eq!(refused(&with(key, name, "AQAB")), JwkError::Private);
        }
    }
    assert_eq!(refused(&json!({"kty": "oct", "k": "c2VjcmV0"})), JwkError::Private);
    assert_eq!(refused(&json!({"kty": "oct"})), JwkError::Private);
    // Also inside a set and behind `use: enc`.
    let set = json!({"keys": [with(with(ec(), "use", "enc"), "d", "AQAB")]});
    assert_eq!(JwkSet::from_value(&set), Err(JwkError::Private));
}

#[test]
fn jt12_weak_rsa_keys_are_refused() {
    let n = from_base64url(RFC_7638_N).unwrap();
    let with_n = |bytes: &[u8]| with(rsa(), "n", base64url(bytes));
    let mut even = n.clone();
    even[255] &= 0xfe;
    let mut of_2047 = n.clone();
    of_2047[0] &= 0x7f;
    let mut leading = vec![0];
    leading.extend(&n);
    let long = vec![0xff; 2048];
    for bytes in [&n[..64], &n[..128], &even, &of_2047, &leading, &long, &[]] {
        assert_eq!(refused(&with_n(bytes)), JwkError::Unsound, "{} bytes", bytes.len());
    }
    for e in ["AQ", "Ag", "Aw", "AQAC", "AAEAAQ", "", "AQAB=", "!"] {
        assert_eq!(refused(&with(rsa(), "e", e)), JwkError::Unsound, "{e}");
    }
}

#[test]
fn jt12_points_off_the_curve_and_other_curves_are_refused() {
    assert_eq!(refused(&with(ec(), "y", X)), JwkError::Unsound);
    let zeros = base64url(&[0; 32]);
    assert_eq!(refused(&with(with(ec(), "x", zeros.clone()), "y", zeros)), JwkError::Unsound);
    for length in [0, 31, 33, 64] {
        assert_eq!(refused(&with(ec(), "x", base64url(&vec![1; length]))), JwkError::Unsound);
    }
    for (kty, crv) in
        [("EC", "P-192"), ("EC", "P-384"), ("EC", "secp256k1"), ("ec", "P-256"), ("OKP", "X25519"), ("OKP", "P-256"), ("AKP", "")]
    {
        assert_eq!(refused(&with(with(ec(), "kty", kty), "crv", crv)), JwkError::Type, "{kty} {crv}");
    }
    assert_eq!(refused(&json!({"crv": "P-256", "x": X, "y": Y})), JwkError::Type);
    assert_eq!(refused(&json!([])), JwkError::Malformed);
}

#[test]
fn jt12_ed25519_points_of_small_order_and_second_spellings_are_refused() {
    for small in SMALL_ORDER {
        for sign in [0, 0x80] {
            let mut encoded = small;
            encoded[31] |= sign;
            assert_eq!(refused(&with(okp(), "x", base64url(&encoded))), JwkError::Unsound, "{}", hex(&encoded));
        }
    }
    let second_spelling = base64url(&point(0xf4, 0xff, 0x7f));
    assert_eq!(refused(&with(okp(), "x", second_spelling)), JwkError::Unsound);
    assert_eq!(refused(&with(okp(), "x", base64url(&[5; 31]))), JwkError::Unsound);
}

#[test]
fn use_key_ops_and_alg_must_agree() {
    let wrong = [
        with(rsa(), "use", "enc"),
        with(rsa(), "use", 1),
        with(rsa(), "key_ops", json!(["sign", "verify"])),
        with(rsa(), "key_ops", json!(["encrypt"])),
        with(rsa(), "key_ops", json!([])),
        with(rsa(), "key_ops", "verify"),
        with(rsa(), "alg", "ES256"),
        with(rsa(), "alg", "RS384"),
        with(rsa(), "alg", "HS256"),
        with(rsa(), "alg", "none"),
        with(rsa(), "alg", Value::Null),
        with(ec(), "alg", "RS256"),
        with(okp(), "alg", "Ed25519"),
    ];
    for key in wrong {
        assert_eq!(refused(&key), JwkError::Usage, "{key}");
    }
    for kid in [json!(""), json!(1), json!(null), json!("k".repeat(256))] {
        assert_eq!(refused(&with(ec(), "kid", kid)), JwkError::KeyId);
    }
}

#[test]
fn sets_are_bounded_and_kids_unique() {
    let set = |keys: &[Value]| JwkSet::from_value(&json!({ "keys": keys }));
    let nameless = json!({"kty": "EC", "crv": "P-256", "x": X, "y": Y});
    assert_eq!(set(&[rsa(), ec(), okp()]).unwrap().keys().len(), 3);
    assert_eq!(set(&[]).unwrap().find(None, Algorithm::ES256), None);
    assert_eq!(set(&[ec(), with(rsa(), "use", "enc")]).unwrap().keys().len(), 1);
    assert_eq!(set(&[ec(), with(okp(), "kid", "e")]), Err(JwkError::KeyId));
    assert_eq!(set(&[nameless.clone(), okp()]), Err(JwkError::KeyId));
    assert_eq!(set(&vec![ec(); 17]), Err(JwkError::Count));
    assert!(set(std::slice::from_ref(&nameless)).unwrap().find(Some("any"), Algorithm::ES256).is_some());
    let long = format!(r#"{{"keys":[],"x":"{}"}}"#, "x".repeat(70_000));
    for wrong in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[1]}"#, r#"{"keys":[],"keys":[]}"#, "<html>", &long] {
        assert_eq!(JwkSet::parse(wrong.as_bytes()), Err(JwkError::Malformed));
    }
}

#[test]
fn a_key_is_found_by_name_and_algorithm_or_when_it_is_the_only_one() {
    let set = JwkSet::from_value(&json!({"keys": [rsa(), ec(), with(okp(), "kid", "o1"), with(ec(), "kid", "e2")]})).unwrap();
    let found = |kid, algorithm| set.find(kid, algorithm).and_then(PublicJwk::kid);
    assert_eq!(found(Some("e"), Algorithm::ES256), Some("e"));
    assert_eq!(found(Some("e"), Algorithm::RS256), None);
    assert_eq!(found(Some("' OR 1=1--"), Algorithm::ES256), None);
    assert_eq!(found(None, Algorithm::EdDSA), Some("o1"));
    assert_eq!(found(None, Algorithm::ES256), None);
}

#[test]
fn what_is_published_is_what_the_policy_accepts() {
    for algorithm in Algorithm::ALL {
        let key = SigningKey::generate(algorithm).unwrap();
        let published = key.public_jwk().to_value();
        assert_eq!(&PublicJwk::from_value(&published).unwrap(), key.public_jwk());
        assert!(PRIVATE.iter().all(|name| published.get(name).is_none()));
    }
    let set = JwkSet::new(vec![PublicJwk::from_value(&ec()).unwrap()]).unwrap();
    assert_eq!(JwkSet::from_value(&set.to_value()), Ok(set));
}
