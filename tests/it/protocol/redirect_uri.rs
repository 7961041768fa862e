//! The corpus of security.md 3.6 against matching and registration.

use concord::protocol::error::ErrorCode;
use concord::protocol::redirect_uri::{RedirectUri, RedirectUriError, permitted};
use proptest::prelude::*;

pub const REGISTERED: [&str; 4] = ["https://a.test/cb", "https://a.test/cb?x=1", "http://127.0.0.1/cb", "com.example.app:/cb"];

fn registered() -> Vec<RedirectUri> {
    REGISTERED.iter().map(|uri| uri.parse().expect(uri)).collect()
}

/// Every line of the corpus that must be refused against the four registered ones.
pub const FOREIGN: &[&str] = &[
    "",
    "https://a.test/cb/",
    "https://a.test/cb/..",
    "https://a.test/cb/../cb",
    "https://a.test/cb%2f",
    "https://a.test/cb;x",
    "https://a.test/cb..;/",
    "https://a.test/CB",
    "https://a.test/cb%00",
    "https://a.test/cb\0",
    "https://a.test/cb%0d%0aLocation:",
    "https://a.test/cb\r\nLocation:",
    "https://a.test/cb#",
    "https://a.test/cb#x",
    "https://a.test/cb?",
    "https://a.test/cb?x=1&y=2",
    "https://a.test/cb?code=evil",
    "https://A.TEST/cb",
    "https://a.test./cb",
    "https://a.test:443/cb",
    "https://a.test:0443/cb",
    "https://a.test:8443/cb",
    "http://a.test/cb",
    "HTTPS://a.test/cb",
    "https:/a.test/cb",
    "https:a.test/cb",
    "//a.test/cb",
    "/cb",
    "https://a.test@evil.test/cb",
    "https://evil.test@a.test/cb",
    "https://a.test\\@evil.test",
    "https://a.test%2eevil.test",
    "https://a.test.evil.test/cb",
    "https://evil.test/a.test/cb",
    "https://evil.test#a.test/cb",
    "https://evil.test?a.test/cb",
    "https://evil.test\\a.test",
    "https://a。test/cb",
    "https://а.test/cb",
    "https://xn--80a.test/cb",
    "https://a.test\t/cb",
    " https://a.test/cb",
    "https://a.test/cb ",
    "https://[::1]/cb",
    "http://[::1]/cb",
    "http://127.0.0.1:99999/cb",
    "http://localhost/cb",
    "http://127.1/cb",
    "http://2130706433/cb",
    "http://[::ffff:7f00:1]/cb",
    "com.example.app:/cb2",
    "COM.example.app:/cb",
    "com.example.app://cb",
    "javascript:alert(1)//https://a.test/cb",
    "data:text/html,",
    "blob:https://a.test/x",
    "intent://a.test/cb",
    "file:///cb",
    "https://a.test/",
    "https://a.test",
    "https://a.test/c",
    "https://a.test/cb?x=1&",
    "https://a.test/cb?x=2",
    "https://a.test/cb?X=1",
    // the port of a loopback address, and nothing but the port, may vary
    "http://127.0.0.1:/cb",
    "http://127.0.0.1:0/cb",
    "http://127.0.0.1:080/cb",
    "http://127.0.0.1:65536/cb",
    "http://127.0.0.1:-1/cb",
    "http://127.0.0.1:+1/cb",
    "http://127.0.0.1:1@evil.test/cb",
    "http://127.0.0.1:1.evil.test/cb",
    "http://127.0.0.1.evil.test/cb",
    "http://127.0.0.1@evil.test/cb",
    "http://127.0.0.1:1/cb/",
    "http://127.0.0.1:1/cb?x",
    "http://127.0.0.1:1/cb#",
    "http://127.0.0.1:1\\cb",
    "https://127.0.0.1:1/cb",
    "HTTP://127.0.0.1:1/cb",
    "http://127.0.0.2:1/cb",
    "http://127.0.0.1:１/cb",
    "http://127.0.0.1:1",
    "http://127.0.0.1:1:2/cb",
    "com.example.app:1/cb",
    "https://a.test:1/cb",
];

#[test]
fn az1_only_the_registered_text_is_permitted() {
    let registered = registered();
    for uri in FOREIGN {
        let error = permitted(&registered, uri).expect_err(uri);
        assert_eq!(error.code, ErrorCode::InvalidRequest);
        assert!(!error.redirectable, "az2: {uri}");
        assert!(!error.description().contains("evil"), "the URI is not repeated");
    }
    let long = format!("https://a.test/cb{}", "x".repeat(10_000));
    assert!(permitted(&registered, &long).is_err());
    assert!(permitted(&[], "https://a.test/cb").is_err());
    for uri in REGISTERED {
        assert_eq!(permitted(&registered, uri).map(|found| found.to_string()), Ok(uri.to_owned()));
    }
}

#[test]
fn az1_only_the_port_varies_for_loopback_addresses() {
    let registered = registered();
    for uri in ["http://127.0.0.1:1/cb", "http://127.0.0.1:8080/cb", "http://127.0.0.1:65535/cb"] {
        assert_eq!(permitted(&registered, uri).map(|found| found.to_string()), Ok(uri.to_owned()));
    }
    let v6: Vec<RedirectUri> = vec!["http://[::1]:7000/cb?x=1".parse().unwrap()];
    assert!(permitted(&v6, "http://[::1]:1/cb?x=1").is_ok() && permitted(&v6, "http://[::1]/cb?x=1").is_ok());
    assert!(permitted(&v6, "http://127.0.0.1:7000/cb?x=1").is_err());
    let name: Vec<RedirectUri> = vec!["http://localhost:7000/cb".parse().unwrap(), "http://bank.localhost:7000/cb".parse().unwrap()];
    assert!(permitted(&name, "http://localhost:7000/cb").is_ok() && permitted(&name, "http://bank.localhost:7000/cb").is_ok());
    assert!(permitted(&name, "http://localhost:7001/cb").is_err() && permitted(&name, "http://localhost/cb").is_err());
}

#[test]
fn registration_takes_only_what_browsers_write_the_same_way() {
    for uri in [
        "https://a.test/cb",
        "https://a.test/cb?x=1",
        "https://a.test",
        "https://a.test/",
        "https://localhost.emobix.co.uk:8443/test/a/x/callback",
        "http://127.0.0.1/cb",
        "http://127.0.0.1:8080/cb",
        "http://[::1]/cb",
        "http://localhost/cb",
        "http://bank.localhost:8080/cb",
        "com.example.app:/cb",
        "com.example.app://cb",
        "https://xn--bcher-kva.de/cb",
        "https://a.test/%D1%8F",
        "https://192.0.2.1/cb",
        "https://a.test/cb/?a=b%20c",
    ] {
        assert_eq!(uri.parse::<RedirectUri>().map(|u| u.to_string()), Ok(uri.to_owned()));
    }
    let long = format!("https://a.test/{}", "x".repeat(2000));
    for (uri, why) in [
        ("https://a.test/cb#", RedirectUriError::Fragment),
        ("https://a.test/cb#x", RedirectUriError::Fragment),
        ("https://evil.test#a.test/cb", RedirectUriError::Fragment),
        ("https://u@a.test/cb", RedirectUriError::UserInfo),
        ("https://u:p@a.test/cb", RedirectUriError::UserInfo),
        ("http://a.test/cb", RedirectUriError::Scheme),
        ("http://10.0.0.1/cb", RedirectUriError::Scheme),
        ("http://localhost.evil.test/cb", RedirectUriError::Scheme),
        ("http://evillocalhost/cb", RedirectUriError::Scheme),
        ("http://127.0.0.2/cb", RedirectUriError::Scheme),
        ("http://[::ffff:7f00:1]/cb", RedirectUriError::Scheme),
        ("javascript:alert(1)//https://a.test/cb", RedirectUriError::Scheme),
        ("JavaScript:alert(1)", RedirectUriError::Scheme),
        ("data:text/html,", RedirectUriError::Scheme),
        ("vbscript:x", RedirectUriError::Scheme),
        ("blob:https://a.test/x", RedirectUriError::Scheme),
        ("file:///cb", RedirectUriError::Scheme),
        ("intent://a", RedirectUriError::Scheme),
        ("about:blank", RedirectUriError::Scheme),
        ("ftp://a.test/", RedirectUriError::Scheme),
        ("ws://a.test/", RedirectUriError::Scheme),
        ("myapp:/cb", RedirectUriError::Scheme),
        ("https://A.TEST/cb", RedirectUriError::NotNormal),
        ("HTTPS://a.test/cb", RedirectUriError::NotNormal),
        ("https://a.test:443/cb", RedirectUriError::NotNormal),
        ("https://a.test:0443/cb", RedirectUriError::NotNormal),
        ("https://a.test./cb", RedirectUriError::NotNormal),
        ("https://a.test/cb/../cb", RedirectUriError::NotNormal),
        ("https://a.test/cb/..", RedirectUriError::NotNormal),
        ("https://a.test/cb/%2e%2e/x", RedirectUriError::NotNormal),
        ("https:/a.test/cb", RedirectUriError::NotNormal),
        ("https:a.test/cb", RedirectUriError::NotNormal),
        ("https://a.test%2eevil.test", RedirectUriError::NotNormal),
        ("http://127.1/cb", RedirectUriError::NotNormal),
        ("http://2130706433/cb", RedirectUriError::NotNormal),
        ("COM.example.app:/cb", RedirectUriError::NotNormal),
        ("https://a.test?x=1", RedirectUriError::NotNormal),
        ("https://a.test/cb?code=evil", RedirectUriError::Query),
        ("https://a.test/cb?x=1&state=1", RedirectUriError::Query),
        ("https://a.test/cb?%69ss=x", RedirectUriError::Query),
        ("", RedirectUriError::Malformed),
        ("/cb", RedirectUriError::Malformed),
        ("//a.test/cb", RedirectUriError::Malformed),
        ("https://", RedirectUriError::Malformed),
        ("https://a.test/cb ", RedirectUriError::Malformed),
        (" https://a.test/cb", RedirectUriError::Malformed),
        ("https://a.test\t/cb", RedirectUriError::Malformed),
        ("https://a.test\\@evil.test", RedirectUriError::Malformed),
        ("https://a。test/cb", RedirectUriError::Malformed),
        ("https://а.test/cb", RedirectUriError::Malformed),
        ("https://a.test/cb%00", RedirectUriError::Malformed),
        ("https://a.test/cb%0d%0aLocation:", RedirectUriError::Malformed),
        ("https://a.test/cb%5c", RedirectUriError::Malformed),
        ("https://a.test/cb%", RedirectUriError::Malformed),
        ("https://a.test/cb%G0", RedirectUriError::Malformed),
        ("https://a.test/\"x", RedirectUriError::Malformed),
        ("https://a.test:99999/cb", RedirectUriError::Malformed),
        (long.as_str(), RedirectUriError::TooLong),
    ] {
        assert_eq!(uri.parse::<RedirectUri>(), Err(why), "{uri}");
    }
}

#[test]
fn the_form_action_source_is_the_origin_or_the_scheme() {
    let source = |uri: &str| uri.parse::<RedirectUri>().unwrap().form_action_source();
    assert_eq!(source("https://a.test:8443/cb?x=1"), "https://a.test:8443");
    assert_eq!(source("http://[::1]:7000/cb"), "http://[::1]:7000");
    assert_eq!(source("com.example.app:/cb"), "com.example.app:");
}

proptest! {
    /// The oracle is another one: the URL standard's parser must see the same origin, path and query, the port aside.
    #[test]
    fn whatever_is_permitted_goes_where_a_registered_one_goes(text in "(https?://|http://127\\.0\\.0\\.1)[a-z0-9.:@/?#%\\\\-]{0,30}") {
        if let Ok(found) = permitted(&registered(), &text) {
            let seen = url::Url::parse(found.as_str()).unwrap();
            let same = REGISTERED.iter().map(|uri| url::Url::parse(uri).unwrap()).any(|known| {
                (known.scheme(), known.host_str(), known.path(), known.query()) == (seen.scheme(), seen.host_str(), seen.path(), seen.query())
            });
            prop_assert!(same, "{}", text);
        }
    }

    #[test]
    fn registration_never_panics(text in ".{0,60}") {
        let _ = text.parse::<RedirectUri>();
    }

    #[test]
    fn a_registered_uri_is_permitted_as_it_is(path in "[a-z0-9/._~-]{0,20}", port in 1_u16..) {
        for uri in [format!("https://a.test:{port}/{path}"), format!("http://127.0.0.1:{port}/{path}")] {
            if let Ok(registered) = uri.parse::<RedirectUri>() {
                prop_assert!(registered.matches(&uri));
            }
        }
    }
}
