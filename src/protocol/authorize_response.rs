//! The answer of the authorization endpoint: always with `iss` (RFC 9207) and the state byte for byte (RFC 6749 4.1.2).

use std::fmt;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::Error;
use super::authorize::read_state;
use super::params::Params;
use super::redirect_uri::RedirectUri;
use super::response_type::{ResponseMode, ResponseType};

/// Where and how an answer goes: known as soon as the redirect URI is known to be the client's.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnAddress {
    /// The client's checked redirect URI.
    pub redirect_uri: RedirectUri,
    /// How the answer travels.
    pub response_mode: ResponseMode,
    /// What the client wants back.
    pub state: Option<String>,
}

impl fmt::Debug for ReturnAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReturnAddress").field("redirect_uri", &self.redirect_uri).finish_non_exhaustive()
    }
}

/// An answer, ready for http: a redirect or a form that the browser posts.
#[derive(Clone, PartialEq, Eq)]
pub enum Answer {
    /// See Other to this URL.
    Redirect(String),
    /// A page with a form (OAuth 2.0 Form Post Response Mode).
    FormPost {
        /// Where it is posted to.
        action: String,
        /// The fields, unescaped.
        fields: Vec<(&'static str, String)>,
    },
}

impl fmt::Debug for Answer {
    /// Answers carry codes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Redirect(_) => "Redirect",
            Self::FormPost { .. } => "FormPost",
        })
    }
}

impl ReturnAddress {
    /// The address of a request that may be wrong in every other respect: a state or mode that cannot be used is left out.
    pub fn of(params: &Params, redirect_uri: RedirectUri) -> Self {
        let response_type = params.get("response_type").and_then(|text| text.parse().ok()).unwrap_or(ResponseType::CODE);
        let response_mode = ResponseMode::requested(params, response_type).unwrap_or(response_type.default_mode());
        let state = read_state(params).ok().flatten();
        Self { redirect_uri, response_mode, state }
    }

    /// The answer to a request that was granted; `values` are `code` and the like.
    pub fn success(&self, issuer: &str, values: impl IntoIterator<Item = (&'static str, String)>) -> Answer {
        self.answer(issuer, values.into_iter().collect())
    }

    /// The answer to a request that was refused (RFC 6749 4.1.2.1).
    pub fn error(&self, issuer: &str, error: &Error) -> Answer {
        self.answer(issuer, vec![("error", error.code.to_string()), ("error_description", error.description().to_owned())])
    }

    fn answer(&self, issuer: &str, mut fields: Vec<(&'static str, String)>) -> Answer {
        fields.push(("iss", issuer.to_owned()));
        if let Some(state) = &self.state {
            fields.push(("state", state.clone()));
        }
        let uri = self.redirect_uri.as_str();
        match self.response_mode {
            ResponseMode::FormPost => Answer::FormPost { action: uri.to_owned(), fields },
            ResponseMode::Fragment => Answer::Redirect(format!("{uri}#{}", encode(&fields))),
            ResponseMode::Query => Answer::Redirect(append_query(uri, &fields)),
        }
    }
}

/// Adds parameters to the query of a URI without fragment, keeping what is there (RFC 6749 3.1.2).
pub fn append_query(uri: &str, fields: &[(&'static str, String)]) -> String {
    let joint = match uri.split_once('?') {
        None => "?",
        Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    format!("{uri}{joint}{}", encode(fields))
}

/// Percent-encodes everything but unreserved characters: a space is `%20`, which form and URI decoders both read.
fn encode(fields: &[(&'static str, String)]) -> String {
    let mut text = String::new();
    for (name, value) in fields {
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                text.push(char::from(byte));
            } else {
                // Writing to a String cannot fail.
                let _ = write!(text, "%{byte:02X}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ISSUER: &str = "https://id.test";

    fn address(uri: &str, mode: ResponseMode, state: Option<&str>) -> ReturnAddress {
        ReturnAddress { redirect_uri: uri.parse().expect("uri"), response_mode: mode, state: state.map(str::to_owned) }
    }

    fn location(answer: Answer) -> String {
        match answer {
            Answer::Redirect(location) => location,
            Answer::FormPost { .. } => panic!("not a redirect"),
        }
    }

    #[test]
    fn az6_every_answer_has_iss_and_state() {
        let code = || [("code", "c".to_owned())];
        let plain = address("https://a.test/cb", ResponseMode::Query, Some("a b&c=d\"é+%"));
        assert_eq!(
            location(plain.success(ISSUER, code())),
            "https://a.test/cb?code=c&iss=https%3A%2F%2Fid.test&state=a%20b%26c%3Dd%22%C3%A9%2B%25"
        );
        let query = address("https://a.test/cb?x=1", ResponseMode::Query, None);
        assert_eq!(location(query.success(ISSUER, code())), "https://a.test/cb?x=1&code=c&iss=https%3A%2F%2Fid.test");
        let fragment = address("com.example.app:/cb", ResponseMode::Fragment, None);
        let refusal = location(fragment.error(ISSUER, &Error::invalid_request("no\r\nLocation: x")));
        assert_eq!(
            refusal,
            "com.example.app:/cb#error=invalid_request&error_description=no%27%27Location%3A%20x&iss=https%3A%2F%2Fid.test"
        );
        let form = address("https://a.test/cb", ResponseMode::FormPost, Some("s")).success(ISSUER, code());
        let Answer::FormPost { action, fields } = form else { panic!("a form") };
        assert_eq!(action, "https://a.test/cb");
        assert_eq!(fields, [("code", "c".to_owned()), ("iss", ISSUER.to_owned()), ("state", "s".to_owned())]);
    }

    #[test]
    fn an_empty_query_is_not_joined_twice() {
        let fields = [("a", "1".to_owned())];
        assert_eq!(append_query("https://a.test/?", &fields), "https://a.test/?a=1");
        assert_eq!(append_query("https://a.test/?b=2&", &fields), "https://a.test/?b=2&a=1");
    }

    #[test]
    fn an_address_is_found_even_when_the_rest_is_wrong() {
        let read = |pairs: &[(&str, &str)]| {
            let params = Params::from_pairs(pairs.iter().copied()).expect("params");
            ReturnAddress::of(&params, "https://a.test/cb".parse().expect("uri"))
        };
        assert_eq!(read(&[("response_type", "nonsense"), ("state", "s")]).state.as_deref(), Some("s"));
        assert_eq!(read(&[("response_type", "code id_token")]).response_mode, ResponseMode::Fragment);
        assert_eq!(read(&[("response_type", "id_token"), ("response_mode", "query")]).response_mode, ResponseMode::Fragment);
        assert_eq!(read(&[("response_mode", "form_post")]).response_mode, ResponseMode::FormPost);
        assert_eq!(read(&[("response_mode", "x"), ("state", &"x".repeat(10_000))]).state, None);
    }

    proptest! {
        #[test]
        fn az15_the_state_comes_back_byte_for_byte(state in "[^\\x00-\\x1f\\x7f-\\x9f]{1,100}") {
            let sent = location(address("https://a.test/cb?x=1", ResponseMode::Query, Some(&state)).success(ISSUER, []));
            let query = sent.split_once('?').expect("a query").1;
            let params = Params::decode(query.as_bytes()).expect("decodable");
            prop_assert_eq!(params.get("state"), Some(state.as_str()));
            prop_assert_eq!(params.get("iss"), Some(ISSUER));
        }
    }
}
