//! The corpus of security.md 3.2 against the decoder of parameters.

use concord::protocol::authorize::{AuthorizeRequest, Channel};
use concord::protocol::claims::ClaimsRequest;
use concord::protocol::error::ErrorCode;
use concord::protocol::params::{MAX_PARAMS, Params, check_content_type, decode_component, refuse_query};
use proptest::prelude::*;

/// The value of `a`; `None` when the whole request is refused.
fn a(encoded: &str) -> Option<Option<String>> {
    match Params::decode(encoded.as_bytes()) {
        Ok(params) => Some(params.get("a").map(str::to_owned)),
        Err(error) => {
            assert_eq!(error.code, ErrorCode::InvalidRequest, "{encoded}");
            assert!(!error.redirectable);
            None
        }
    }
}

#[test]
fn what_cannot_be_decoded_exactly_is_refused() {
    for encoded in [
        // repeated, with the same and with another value, also when one of them is empty or escaped
        "a=1&a=1",
        "a=1&a=2",
        "a=&a=1",
        "a&a",
        "a=1&%61=1",
        "b=1&a=1&b=1",
        "=1&=2",
        // escapes
        "a=%",
        "a=%F",
        "a=%GG",
        "a=%0",
        "a=%%",
        "a=%+1",
        "%=1",
        "a=%u0041",
        "a=x%2",
        "a=% 41",
        // UTF-8: never begun, overlong, surrogate, cut off, beyond U+10FFFF
        "a=%FF",
        "a=%C0%80",
        "a=%ED%A0%80",
        "a=%ED%BF%BF",
        "a=%E0%80%AF",
        "a=%C3",
        "a=%F4%90%80%80",
        "%FF=1",
        "a=%80",
        // NUL first, in the middle, last, and in a name
        "a=%00x",
        "a=x%00x",
        "a=x%00",
        "a=\0",
        "%00=1",
    ] {
        assert_eq!(a(encoded), None, "{encoded:?}");
    }
    assert!(Params::decode(b"a=\xff").is_err());
    assert!(Params::decode(b"a=\xc0\x80").is_err());
}

#[test]
fn what_is_decoded_is_exactly_what_was_sent() {
    for (encoded, value) in [
        // a plus is a space, and an escaped plus is a plus
        ("a=x+y", "x y"),
        ("a=x%20y", "x y"),
        ("a=x%2By", "x+y"),
        ("a=+", " "),
        // a semicolon separates nothing
        ("a=1;b=2", "1;b=2"),
        ("a=1;a=2", "1;a=2"),
        // further equals signs belong to the value
        ("a==b", "=b"),
        ("a=b=c", "b=c"),
        ("&&a=1&&", "1"),
        // control characters survive decoding; whoever reads the parameter refuses them
        ("a=%0D%0A%09", "\r\n\t"),
        // text that looks like something else stays what it is
        ("a=%EF%BB%BFx", "\u{feff}x"),
        ("a=%E2%80%AE", "\u{202e}"),
        ("a=%E2%80%8D", "\u{200d}"),
        ("a=%EF%BF%BD", "\u{fffd}"),
        ("a=%F0%9F%98%80", "😀"),
        ("a=%C3%A9", "é"),
        ("a=e%CC%81", "e\u{301}"),
        ("a=é", "é"),
        ("a=%c3%a9", "é"),
        ("a=%C3%a9", "é"),
        ("a=1e3", "1e3"),
        ("a=%2B1", "+1"),
        ("a=01", "01"),
        ("a=-0", "-0"),
        ("a=9223372036854775808", "9223372036854775808"),
        ("a=NaN", "NaN"),
        ("a=True", "True"),
        ("a=%7B%7D", "{}"),
        ("a=%2525", "%25"),
    ] {
        assert_eq!(a(encoded), Some(Some(value.to_owned())), "{encoded}");
    }
}

#[test]
fn az8_what_is_not_ours_is_ignored_and_empty_is_omitted() {
    for encoded in [
        "",
        "&",
        "&&",
        "=",
        "=b",
        "a",
        "a=",
        "&a=&",
        "A=1",
        "a[]=1",
        "a[0]=1&a[1]=2",
        "a+=1",
        "+a=1",
        "%20a=1",
        "b=1",
        "\u{feff}a=1",
        "a%5B%5D=1",
    ] {
        assert_eq!(a(encoded), Some(None), "{encoded:?}");
    }
}

#[test]
fn numbers_and_sizes_are_bounded() {
    let many = |n: usize| (0..n).map(|i| format!("p{i}=1")).collect::<Vec<_>>().join("&");
    assert!(Params::decode(many(MAX_PARAMS).as_bytes()).is_ok());
    assert!(Params::decode(many(MAX_PARAMS + 1).as_bytes()).is_err());
    assert!(Params::decode(many(10_000).as_bytes()).is_err());
    assert!(Params::decode(&[b"a=".as_slice(), &vec![b'x'; 1 << 20]].concat()).is_err());
    let resources = "resource=urn:a&".repeat(MAX_PARAMS + 1);
    assert!(Params::decode(resources.as_bytes()).is_err());
    let params = Params::decode(b"a=123456&c=%0A").unwrap();
    assert_eq!(params.bounded("a", 6).unwrap(), Some("123456"));
    assert_eq!(params.bounded("a", 5).unwrap_err().code, ErrorCode::InvalidRequest);
    assert_eq!(params.bounded("c", 5).unwrap_err().code, ErrorCode::InvalidRequest);
    assert_eq!(params.required("b").unwrap_err().description(), "b is missing");
}

#[test]
fn only_resource_repeats() {
    let params = Params::decode(b"resource=urn:a&resource=urn:b&a=1").unwrap();
    assert_eq!(params.all("resource").collect::<Vec<_>>(), ["urn:a", "urn:b"]);
    assert!(Params::decode_with(b"resource=a&resource=b", &[]).is_err());
    assert_eq!(Params::decode_with(b"box=a&box=b", &["box"]).unwrap().all("box").count(), 2);
}

#[test]
fn az7_a_repeated_parameter_is_an_invalid_request() {
    for name in [
        "client_id",
        "response_type",
        "response_mode",
        "redirect_uri",
        "scope",
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
        "request",
        "request_uri",
        "registration",
        "link_assertion",
        "grant_type",
        "code",
        "code_verifier",
        "refresh_token",
        "client_secret",
        "client_assertion",
        "client_assertion_type",
        "token",
        "token_type_hint",
        "foo",
    ] {
        for second in ["x", "y", ""] {
            let error = Params::decode(format!("{name}=x&{name}={second}").as_bytes()).unwrap_err();
            assert_eq!(error.code, ErrorCode::InvalidRequest);
            assert_eq!(error.description(), format!("{name} is given more than once"));
        }
    }
}

#[test]
fn json_in_a_parameter_is_bounded_and_strict() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let large = format!("{{\"x\":\"{}\"}}", "y".repeat(1 << 20));
    for claims in ["{\"userinfo\":{},\"userinfo\":{}}", "{}x", "[]", "null", "1", "\"x\"", &deep, &large] {
        assert_eq!(claims.parse::<ClaimsRequest>().unwrap_err().code, ErrorCode::InvalidRequest, "{claims:.40}");
    }
}

#[test]
fn numbers_are_read_in_one_spelling() {
    let max_age = |text: &str| {
        let params = Params::from_pairs([("response_type", "code"), ("scope", "openid"), ("max_age", text)]).unwrap();
        AuthorizeRequest::parse(&params, "shop", "https://a.test/cb".parse().unwrap(), Channel::Browser)
            .map(|r| r.max_age)
            .map_err(|e| e.code)
    };
    assert_eq!(max_age(""), Ok(None));
    assert_eq!(max_age("0"), Ok(Some(0)));
    assert_eq!(max_age("1000000000"), Ok(Some(1_000_000_000)));
    for text in [
        "-1",
        "-0",
        "+1",
        "01",
        "1e3",
        "1e9",
        "1.0",
        "9223372036854775808",
        "4294967295",
        "NaN",
        "True",
        "yes",
        "0x10",
        " 1",
        "1 ",
        "１",
        "٣",
    ] {
        assert_eq!(max_age(text), Err(ErrorCode::InvalidRequest), "{text}");
    }
}

#[test]
fn tk1_the_content_type_is_one_form() {
    for header in [
        "application/x-www-form-urlencoded",
        "Application/X-WWW-Form-Urlencoded",
        "application/x-www-form-urlencoded;charset=utf-8",
        "application/x-www-form-urlencoded; charset=UTF-8",
        "application/x-www-form-urlencoded ; Charset=\"utf-8\"",
    ] {
        assert!(check_content_type(&[header.as_bytes()]).is_ok(), "{header}");
    }
    for header in [
        "",
        "application/x-www-form-urlencodedX",
        "application/x-www-form-urlencoded;charset=utf-16",
        "application/x-www-form-urlencoded;charset=utf-8;charset=utf-8",
        "application/x-www-form-urlencoded;",
        "application/x-www-form-urlencoded;x=y",
        "multipart/form-data; boundary=x",
        "text/plain",
        "application/json",
        "application/x-www-form-urlencoded, application/json",
        "application/ x-www-form-urlencoded",
    ] {
        assert!(check_content_type(&[header.as_bytes()]).is_err(), "{header}");
    }
    let form = b"application/x-www-form-urlencoded".as_slice();
    assert!(check_content_type(&[]).is_err());
    assert!(check_content_type(&[form, form]).is_err());
    assert!(check_content_type(&[b"application/x-www-form-urlencoded;charset=\xff"]).is_err());
}

#[test]
fn tk1_parameters_in_the_url_are_refused() {
    assert!(refuse_query(None).is_ok() && refuse_query(Some("")).is_ok());
    assert!(refuse_query(Some("grant_type=client_credentials")).is_err());
}

#[test]
fn debug_says_nothing() {
    let params = Params::decode(b"client_secret=hunter2&x=y").unwrap();
    assert_eq!(format!("{params:?}"), "Params(2)");
}

fn escape(text: &str) -> String {
    text.bytes().map(|b| format!("%{b:02X}")).collect()
}

proptest! {
    #[test]
    fn the_decoder_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Params::decode(&bytes);
        let _ = decode_component(&bytes);
    }

    #[test]
    fn two_spellings_become_one_text_only_when_they_mean_it(text in "[^\\x00]{1,40}") {
        prop_assert_eq!(decode_component(escape(&text).as_bytes()), Ok(text.clone()));
        let encoded = format!("a={}", escape(&text));
        let params = Params::decode(encoded.as_bytes()).unwrap();
        prop_assert_eq!(params.get("a"), Some(text.as_str()));
    }

    #[test]
    fn an_escape_is_never_repaired(text in "[a-z%+0-9]{0,20}") {
        let valid = text.split('%').skip(1).all(|rest| rest.len() >= 2 && rest.bytes().take(2).all(|b| b.is_ascii_hexdigit()));
        if !valid {
            prop_assert!(decode_component(text.as_bytes()).is_err());
        }
    }
}
