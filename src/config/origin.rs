//! Origins: the issuer and the staff origin.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Deserializer, de};
use url::{Host, Url};

/// Scheme, host and port with nothing behind: `https://id.example`. Kept in its one serialised form.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    text: String,
    https: bool,
    authority: String,
    host: String,
    loopback: bool,
}

impl Origin {
    /// Reads an origin.
    ///
    /// # Errors
    /// What is wrong with the text, as a sentence for the operator.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| format!("{text:?} is not a URL: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("{text:?} must start with https:// (or http:// on loopback)"));
        }
        let canonical = url.origin().ascii_serialization();
        if text != canonical {
            return Err(format!("{text:?} must be scheme, host and port only, written {canonical:?}"));
        }
        let loopback = match url.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
            Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
            None => return Err(format!("{text:?} has no host")),
        };
        let host = url.host_str().unwrap_or_default().to_owned();
        let authority = url.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
        Ok(Self { https: url.scheme() == "https", authority, host, loopback, text: canonical })
    }

    /// The origin's text, as `iss` carries it and as it is put before a path.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// True for `https`: cookies are `Secure` and named `__Host-...`, HSTS is sent.
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// True for loopback addresses, `localhost` and `*.localhost`.
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// The host without port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The host, and the port unless it is the scheme's own: what a browser sends as `Host`.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The origin followed by `path`, which begins with a slash.
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.text)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Origin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Origin;

    #[test]
    fn takes_the_one_form_of_an_origin() {
        let plain = Origin::parse("http://id.localhost:8080").unwrap();
        assert!(plain.is_loopback() && !plain.is_https());
        assert_eq!((plain.host(), plain.authority()), ("id.localhost", "id.localhost:8080"));
        assert_eq!(Origin::parse("https://id.example").unwrap().join("/login"), "https://id.example/login");
        for wrong in
            ["https://id.example/", "https://id.example:443", "https://ID.example", "ftp://x", "id.example", "https://id.example/x", ""]
        {
            assert!(Origin::parse(wrong).is_err(), "{wrong}");
        }
    }
}
