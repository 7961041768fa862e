//! Pushed authorization requests (RFC 9126): the reference, and the answer that gives it out.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::{Error, ErrorCode};

/// RFC 9126 2.2: what every reference starts with.
const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";
/// The length of what follows: 256 bits in base64url.
const REFERENCE_LENGTH: usize = 43;

/// The reference of a pushed request. It alone is no credential: it is bound to its client.
#[derive(Clone, PartialEq, Eq)]
pub struct RequestUri(String);

impl RequestUri {
    /// The reference with this random part: 43 characters of base64url.
    ///
    /// # Errors
    /// `invalid_request_uri` for anything else.
    pub fn new(reference: &str) -> Result<Self, Error> {
        let base64url = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if reference.len() == REFERENCE_LENGTH && reference.bytes().all(base64url) {
            return Ok(Self(reference.to_owned()));
        }
        Err(Error::new(ErrorCode::InvalidRequestUri, "request_uri is not valid"))
    }

    /// Whether a `request_uri` parameter claims to be one of ours, as opposed to a request object by reference.
    pub fn is_pushed(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// The random part, which the request is stored under (as a digest).
    pub fn reference(&self) -> &str {
        &self.0
    }
}

impl FromStr for RequestUri {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::new(text.strip_prefix(PREFIX).unwrap_or_default())
    }
}

impl fmt::Display for RequestUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.0)
    }
}

impl fmt::Debug for RequestUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestUri")
    }
}

serde_as_text!(RequestUri);

/// RFC 9126 2.2: the answer, sent with status 201.
#[derive(Clone, Debug, Serialize)]
pub struct PushedAuthorizationResponse {
    /// What the browser brings to the authorization endpoint.
    pub request_uri: RequestUri,
    /// Its lifetime in seconds.
    pub expires_in: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_have_one_form() {
        let reference = "a".repeat(43);
        let uri: RequestUri = format!("{PREFIX}{reference}").parse().expect("uri");
        assert_eq!(uri.reference(), reference);
        assert_eq!(uri.to_string(), format!("{PREFIX}{reference}"));
        for text in [PREFIX, "urn:ietf:params:oauth:request_uri:a", "https://a.test/r", "", &format!("{PREFIX}{}", "/".repeat(43))] {
            assert_eq!(text.parse::<RequestUri>().map_err(|e| e.code), Err(ErrorCode::InvalidRequestUri), "{text}");
        }
        let answer = PushedAuthorizationResponse { request_uri: uri, expires_in: 90 };
        assert!(serde_json::to_string(&answer).expect("json").ends_with(r#"","expires_in":90}"#));
    }
}
