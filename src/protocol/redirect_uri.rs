//! Redirect URIs: what may be registered, and when a requested one is a registered one (RFC 6749 3.1.2, RFC 8252, RFC 9700 2.1).

use std::fmt;
use std::str::FromStr;

use url::{Host, Url};

use super::Error;

/// The longest redirect URI, in bytes.
const MAX_LENGTH: usize = 2000;

/// Names the answer itself uses; a registered query must not have them.
const ANSWER_PARAMETERS: &[&str] =
    &["code", "state", "iss", "error", "error_description", "error_uri", "id_token", "access_token", "token_type", "expires_in", "scope"];

/// A redirect URI that passed the rules of registration, exactly as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RedirectUri(String);

/// Why a redirect URI cannot be registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedirectUriError {
    /// Longer than 2000 bytes.
    #[error("the redirect URI is too long")]
    TooLong,
    /// Not an absolute URI of printable ASCII.
    #[error("the redirect URI is malformed")]
    Malformed,
    /// Written in another way than browsers write it: upper-case host, default port, dot segments.
    #[error("the redirect URI is not in its normal form")]
    NotNormal,
    /// RFC 6749 3.1.2: no fragment.
    #[error("the redirect URI must not have a fragment")]
    Fragment,
    /// No user name or password.
    #[error("the redirect URI must not have a user name or password")]
    UserInfo,
    /// `https`; `http` on loopback only; or an app's own scheme with a dot in it (RFC 8252 7.1).
    #[error("the redirect URI must use https, http on loopback, or an own scheme with a dot in it")]
    Scheme,
    /// Its query has a parameter that the answer will have.
    #[error("the redirect URI's query uses a parameter of the answer")]
    Query,
}

impl RedirectUri {
    /// The URI as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `requested` is this registered URI: the same text, but for the port of a loopback address (RFC 8252 7.3).
    ///
    /// No parser is involved, so nothing can be read in two ways.
    pub fn matches(&self, requested: &str) -> bool {
        self.0 == requested || matches!((loopback(&self.0), loopback(requested)), (Some(known), Some(asked)) if known == asked)
    }

    /// The origin (`https://a.test`) for `form-action` in the Content-Security-Policy; an app's own scheme gives `scheme:`.
    pub fn form_action_source(&self) -> String {
        match Url::parse(&self.0) {
            Ok(url) if url.origin().is_tuple() => url.origin().ascii_serialization(),
            Ok(url) => format!("{}:", url.scheme()),
            Err(_) => String::new(),
        }
    }
}

/// Splits `http://127.0.0.1` or `http://[::1]` with any valid port into the host and what follows the port.
fn loopback(uri: &str) -> Option<(&'static str, &str)> {
    let host = ["http://127.0.0.1", "http://[::1]"].into_iter().find(|host| uri.starts_with(host))?;
    let rest = uri.strip_prefix(host)?;
    let rest = match rest.strip_prefix(':') {
        None => rest,
        Some(port) => {
            let digits = port.bytes().take_while(u8::is_ascii_digit).count();
            let (port, rest) = port.split_at(digits);
            let valid = !port.starts_with('0') && port.parse::<u16>().is_ok();
            valid.then_some(rest)?
        }
    };
    (rest.is_empty() || rest.starts_with(['/', '?'])).then_some((host, rest))
}

/// The registered URI that the request names, as it was requested.
///
/// # Errors
/// `invalid_request`, which must not be redirected (RFC 6749 4.1.2.1).
pub fn permitted(registered: &[RedirectUri], requested: &str) -> Result<RedirectUri, Error> {
    if registered.iter().any(|uri| uri.matches(requested)) {
        return Ok(RedirectUri(requested.to_owned()));
    }
    Err(Error::invalid_request("redirect_uri is not registered for this client"))
}

impl FromStr for RedirectUri {
    type Err = RedirectUriError;

    /// The rules of registration.
    fn from_str(text: &str) -> Result<Self, RedirectUriError> {
        if text.len() > MAX_LENGTH {
            return Err(RedirectUriError::TooLong);
        }
        if text.contains('#') {
            return Err(RedirectUriError::Fragment);
        }
        if !text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'\\' | b'"' | b'<' | b'>' | b'^' | b'`' | b'{' | b'|' | b'}')) {
            return Err(RedirectUriError::Malformed);
        }
        if !escapes_are_harmless(text) {
            return Err(RedirectUriError::Malformed);
        }
        let url = Url::parse(text).map_err(|_| RedirectUriError::Malformed)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(RedirectUriError::UserInfo);
        }
        check_scheme(&url)?;
        let without_path = url.path() == "/" && url.as_str().strip_suffix('/') == Some(text);
        if url.as_str() != text && !without_path {
            return Err(RedirectUriError::NotNormal);
        }
        if url.query_pairs().any(|(name, _)| ANSWER_PARAMETERS.contains(&&*name)) {
            return Err(RedirectUriError::Query);
        }
        Ok(Self(text.to_owned()))
    }
}

fn check_scheme(url: &Url) -> Result<(), RedirectUriError> {
    let loopback = |host: Option<Host<&str>>| match host {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip == std::net::Ipv4Addr::LOCALHOST,
        Some(Host::Ipv6(ip)) => ip == std::net::Ipv6Addr::LOCALHOST,
        None => false,
    };
    match url.scheme() {
        "https" if url.domain().is_some_and(|name| name.ends_with('.')) => Err(RedirectUriError::NotNormal),
        "https" => Ok(()),
        "http" if loopback(url.host()) => Ok(()),
        own if own.contains('.') && !own.ends_with('.') => Ok(()),
        _ => Err(RedirectUriError::Scheme),
    }
}

/// Whether each `%` has two hexadecimal digits and none of them hides a control character or a backslash.
fn escapes_are_harmless(text: &str) -> bool {
    text.split('%').skip(1).all(|rest| {
        let value = rest.get(..2).filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
        value.and_then(|hex| u8::from_str_radix(hex, 16).ok()).is_some_and(|byte| !byte.is_ascii_control() && byte != b'\\')
    })
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

serde_as_text!(RedirectUri);
