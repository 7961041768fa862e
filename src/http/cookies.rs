//! Cookies, read strictly and written in one way.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};

use super::errors::Refusal;

/// The cookies of a request, looked at by name.
#[derive(Clone, Default)]
pub struct Cookies(Vec<HeaderValue>);

impl Cookies {
    /// From a request's headers; HTTP/2 may spread them over several lines (RFC 9113 section 8.2.3).
    pub fn of(headers: &HeaderMap) -> Self {
        Self(headers.get_all(header::COOKIE).iter().cloned().collect())
    }

    /// The value of one of our cookies; empty counts as absent.
    ///
    /// # Errors
    /// Refused when the name stands there twice: a neighbouring host may have planted the other one, and which of
    /// the two is ours cannot be told.
    pub fn get(&self, name: &str) -> Result<Option<&str>, Refusal> {
        let pairs = self.0.iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(';'));
        let mut values = pairs.filter_map(|pair| pair.trim().split_once('=')).filter(|(known, _)| *known == name).map(|(_, value)| value);
        let value = values.next();
        if values.next().is_some() {
            return Err(Refusal::because(StatusCode::BAD_REQUEST, "duplicate_cookie", format!("the cookie {name} was sent twice")));
        }
        Ok(value.filter(|value| !value.is_empty() && value.bytes().all(octet)))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Cookies {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

/// RFC 6265 section 4.1.1, cookie-octet.
fn octet(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x2b | 0x2d..=0x3a | 0x3c..=0x5b | 0x5d..=0x7e)
}

/// How this deployment names and marks its cookies: `__Host-` and `Secure` on https, plain on http loopback,
/// where browsers differ in what they take for secure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CookieStyle {
    /// The issuer is https.
    pub secure: bool,
}

impl CookieStyle {
    /// The full name of a cookie: `session` is `__Host-concord_session`, or `concord_session` on http.
    pub fn name(self, base: &str) -> String {
        format!("{}concord_{base}", if self.secure { "__Host-" } else { "" })
    }

    /// A `Set-Cookie` line: host only, whole site, not for scripts, `SameSite=Lax`. `life`: `None` until the browser is
    /// closed. `None` when `value` holds what a cookie cannot.
    pub fn set(self, base: &str, value: &str, life: Option<Duration>) -> Option<HeaderValue> {
        if !value.bytes().all(octet) {
            return None;
        }
        let secure = if self.secure { "; Secure" } else { "" };
        let age = life.map(|life| format!("; Max-Age={}", life.as_secs())).unwrap_or_default();
        HeaderValue::try_from(format!("{}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}", self.name(base))).ok()
    }

    /// A `Set-Cookie` line that takes the cookie away.
    pub fn clear(self, base: &str) -> Option<HeaderValue> {
        self.set(base, "", Some(Duration::ZERO))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};
    use std::time::Duration;

    use super::{CookieStyle, Cookies};

    fn cookies(lines: &[&str]) -> Cookies {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("cookie", HeaderValue::from_str(line).unwrap());
        }
        Cookies::of(&headers)
    }

    #[test]
    fn finds_one_and_refuses_two() {
        let jar = cookies(&["a=1; __Host-sid=x.y-z", "b=2;c=3"]);
        assert_eq!(jar.get("__Host-sid").unwrap(), Some("x.y-z"));
        assert_eq!(jar.get("c").unwrap(), Some("3"));
        assert_eq!(jar.get("d").unwrap(), None);
        assert_eq!(jar.get("sid").unwrap(), None);
        assert!(cookies(&["s=1; s=2"]).get("s").is_err());
        assert!(cookies(&["s=1", "s=1"]).get("s").is_err());
        assert!(cookies(&["t=1; t=2; s=1"]).get("s").is_ok());
        assert_eq!(cookies(&["s=\"1\"; t="]).get("s").unwrap(), None);
        assert_eq!(cookies(&["s=1; t="]).get("t").unwrap(), None);
    }

    #[test]
    fn writes_host_cookies_on_https() {
        let line = CookieStyle { secure: true }.set("session", "abc", Some(Duration::from_mins(1))).unwrap();
        assert_eq!(line, "__Host-concord_session=abc; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=60");
        assert_eq!(CookieStyle { secure: false }.clear("session").unwrap(), "concord_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
        assert_eq!(CookieStyle { secure: true }.set("session", "a;b", None), None);
    }
}
