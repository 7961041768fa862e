//! Resource indicators (RFC 8707): which API a token is for.

use std::fmt;
use std::str::FromStr;

use url::Url;

use super::params::Params;
use super::{Error, ErrorCode};

/// The longest indicator, in bytes.
const MAX_LENGTH: usize = 512;
/// The most indicators in one request.
const MAX_RESOURCES: usize = 16;

/// An absolute URI without fragment that names an API (RFC 8707 section 2); compared as text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Resource(String);

impl Resource {
    /// The URI.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The `resource` parameters of a request, each once.
    ///
    /// # Errors
    /// `invalid_target` when one is malformed or there are too many.
    pub fn list(params: &Params) -> Result<Vec<Self>, Error> {
        let mut resources = Vec::new();
        for text in params.all("resource") {
            let resource = text.parse()?;
            if !resources.contains(&resource) {
                resources.push(resource);
            }
        }
        if resources.len() > MAX_RESOURCES {
            return Err(Error::new(ErrorCode::InvalidTarget, "too many resources"));
        }
        Ok(resources)
    }
}

impl FromStr for Resource {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || Error::new(ErrorCode::InvalidTarget, "resource must be an absolute URI without fragment");
        let visible = text.bytes().all(|b| matches!(b, 0x21..=0x7e) && !matches!(b, b'#' | b'\\' | b'"' | b'<' | b'>'));
        if text.len() > MAX_LENGTH || !visible {
            return Err(wrong());
        }
        let url = Url::parse(text).map_err(|_| wrong())?;
        let web = matches!(url.scheme(), "https" | "http");
        if web && !text.strip_prefix(url.scheme()).is_some_and(|rest| rest.starts_with("://")) {
            return Err(wrong());
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

serde_as_text!(Resource);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tk11_only_absolute_uris_without_fragment() {
        for text in ["https://api.bank.test", "https://api.bank.test/v1?x=1", "urn:concord:loyalty", "http://bank.localhost:8080/api"] {
            assert_eq!(text.parse::<Resource>().map(|r| r.to_string()), Ok(text.to_owned()));
        }
        let long = format!("https://a.test/{}", "x".repeat(512));
        for text in [
            "",
            "api",
            "/api",
            "//a.test",
            "https://a.test/#x",
            "https:a.test",
            "https:/a.test",
            "https://a.test/ä",
            "https://a b",
            long.as_str(),
        ] {
            assert_eq!(text.parse::<Resource>().map_err(|e| e.code), Err(ErrorCode::InvalidTarget), "{text}");
        }
    }

    #[test]
    fn a_request_may_name_several() {
        let params = Params::decode(b"resource=urn:a&resource=urn:b&resource=urn:a&resource=").expect("params");
        assert_eq!(Resource::list(&params).expect("list").len(), 2);
    }
}
