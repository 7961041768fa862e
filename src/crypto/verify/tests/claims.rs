//! What a payload must say.

use super::*;

#[test]
fn jt5_times_are_whole_seconds_within_ten_of_ours() {
    let at = |seconds: i64| json!(NOW.seconds() + seconds);
    for (name, value) in [("exp", at(-9)), ("exp", at(120)), ("nbf", at(8)), ("nbf", at(10)), ("iat", at(10)), ("iat", at(-60))] {
        assert!(check(&token(&claims_with(name, value.clone()))).is_ok(), "{name} {value}");
    }
    assert_eq!(claims_refusal("exp", at(-10)), VerifyError::Expired);
    assert_eq!(claims_refusal("exp", json!(0)), VerifyError::Expired);
    for (name, value) in [("nbf", at(11)), ("nbf", at(61)), ("iat", at(11)), ("iat", json!(i64::MAX))] {
        assert_eq!(claims_refusal(name, value), VerifyError::NotYetValid, "{name}");
    }
    for name in ["exp", "nbf", "iat"] {
        for wrong in [
            json!("1800000060"),
            json!(1_800_000_060.5),
            json!(1_800_000_060.0),
            json!(-1),
            json!([1_800_000_060]),
            json!(null),
            json!(u64::MAX),
        ] {
            assert_eq!(claims_refusal(name, wrong.clone()), VerifyError::Claim(name), "{name} {wrong}");
        }
    }
    let mut without = claims();
    without.as_object_mut().unwrap().remove("exp");
    assert_eq!(refusal(&token(&without)), VerifyError::Claim("exp"));
    let infinite = claims().to_string().replace("1800000060", "1e400");
    assert_eq!(refusal(&signed(&header().to_string(), &infinite)), VerifyError::Malformed);
}

#[test]
fn lifetimes_are_bounded_with_and_without_iat() {
    let at = |seconds: i64| json!(NOW.seconds() + seconds);
    assert_eq!(claims_refusal("exp", at(121)), VerifyError::Lifetime);
    assert_eq!(claims_refusal("exp", json!(i64::MAX)), VerifyError::Lifetime);
    let mut without = claims_with("exp", at(130));
    without.as_object_mut().unwrap().remove("iat");
    assert!(check(&token(&without)).is_ok());
    without["exp"] = at(131);
    assert_eq!(refusal(&token(&without)), VerifyError::Lifetime);
    let unbounded = Expectation { max_lifetime: None, ..expectation() };
    assert!(verify::<Value>(&token(&claims_with("exp", at(315_360_000))), &SET, &unbounded).is_ok());
    let ended = token(&claims_with("exp", at(-86_400)));
    let hint = Expectation { expired_is_fine: true, ..expectation() };
    assert!(verify::<Value>(&ended, &SET, &hint).is_ok());
}

#[test]
fn jt6_the_issuer_is_one_exact_text() {
    for wrong in ["https://Shop.test", "https://shop.test/", "https://other.test", "shop.test", "https://shop.test\u{0}"] {
        assert_eq!(claims_refusal("iss", json!(wrong)), VerifyError::Issuer, "{wrong}");
    }
    for wrong in [json!([ISSUER]), json!([ISSUER, "x"]), json!(null), json!(1), json!({"iss": ISSUER})] {
        assert_eq!(claims_refusal("iss", wrong), VerifyError::Claim("iss"));
    }
}

#[test]
fn jt6_the_audience_is_a_text_or_a_list_of_texts() {
    for fine in [json!(HERE), json!([HERE]), json!(["https://x.test", "https://id.test/token"])] {
        assert!(check(&token(&claims_with("aud", fine))).is_ok());
    }
    for wrong in [json!("https://id.test/"), json!("https://id.test/tok"), json!("https://id"), json!(["https://x.test"]), json!("")] {
        assert_eq!(claims_refusal("aud", wrong), VerifyError::Audience);
    }
    for wrong in [json!([]), json!([1]), json!([HERE, 1]), json!([[HERE]]), json!({}), json!(null), json!(1)] {
        assert_eq!(claims_refusal("aud", wrong), VerifyError::Claim("aud"));
    }
    let exactly = Expectation { audience: Audience::Exactly(HERE), ..expectation() };
    assert!(verify::<Value>(&token(&claims()), &SET, &exactly).is_ok());
    let listed = token(&claims_with("aud", json!([HERE])));
    assert_eq!(verify::<Value>(&listed, &SET, &exactly).unwrap_err(), VerifyError::Audience);
}

#[test]
fn subjects_and_ids_are_short_texts() {
    for name in ["sub", "jti"] {
        for wrong in [json!(""), json!(1), json!(null), json!(["shop"]), json!("x".repeat(256))] {
            assert_eq!(claims_refusal(name, wrong), VerifyError::Claim(name));
        }
    }
    let of_shop = Expectation { subject: Some("shop"), ..expectation() };
    assert!(verify::<Value>(&token(&claims()), &SET, &of_shop).is_ok());
    for other in ["Shop", "shop ", "sh\u{43e}p", "another"] {
        let token = token(&claims_with("sub", json!(other)));
        assert_eq!(verify::<Value>(&token, &SET, &of_shop).unwrap_err(), VerifyError::Subject);
    }
}

#[test]
fn jt11_payloads_with_duplicates_or_depth_are_refused() {
    let text = claims().to_string();
    let deep = format!("{}1{}", "[".repeat(3000), "]".repeat(3000));
    let wrong = [
        text.replacen('{', r#"{"sub":"admin","#, 1),
        text.replacen('{', r#"{"x":{"y":1,"y":2},"#, 1),
        text.replacen('{', &format!(r#"{{"x":{deep},"#), 1),
        "[]".into(),
        "null".into(),
        format!("{text}{{}}"),
    ];
    for payload in wrong {
        assert_eq!(refusal(&signed(&header().to_string(), &payload)), VerifyError::Malformed);
    }
}

#[test]
fn the_callers_type_has_the_last_word() {
    #[derive(Debug, serde::Deserialize)]
    struct Strict {
        auth_time: i64,
    }
    let read = |value| verify::<Strict>(&token(&claims_with("auth_time", value)), &SET, &expectation());
    assert_eq!(read(json!(5)).unwrap().claims.auth_time, 5);
    assert_eq!(read(json!("5")).unwrap_err(), VerifyError::Claim("of its own"));
}
