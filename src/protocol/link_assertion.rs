//! The link assertion: a service's proof that somebody is signed in to its own account (conventions.md 5, ceremony C3).

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

use super::Error;
use super::jwt::{Audience, NumericDate};

/// The longest life of an assertion, in seconds.
pub const MAX_LIFETIME: i64 = 120;
/// The oldest sign-in at the service, in seconds.
pub const MAX_AUTH_AGE: i64 = 300;
/// How far clocks may differ, in seconds.
pub const LEEWAY: i64 = 10;
/// The longest local account id and `jti`, in bytes.
const MAX_NAME: usize = 255;

/// The claims of a JWT with `typ: link+jwt`, signed by the service.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkAssertionClaims {
    /// The service.
    pub iss: String,
    /// Our issuer.
    pub aud: Audience,
    /// The local account.
    pub sub: String,
    /// When the person signed in at the service.
    pub auth_time: NumericDate,
    /// How they did, in the service's or our words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// Makes it usable once.
    pub jti: String,
    /// When it was made.
    pub iat: NumericDate,
    /// When it stops being valid.
    pub exp: NumericDate,
}

impl std::fmt::Debug for LinkAssertionClaims {
    /// The local account stays out of logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LinkAssertionClaims").field("iss", &self.iss).finish_non_exhaustive()
    }
}

impl LinkAssertionClaims {
    /// What must hold beside the signature and `typ`; that `jti` is new is for the database to say.
    ///
    /// `service` is the code of the service whose client pushed the request.
    ///
    /// # Errors
    /// `invalid_request`.
    pub fn check(&self, service: &str, issuer: &str, now: Timestamp) -> Result<(), Error> {
        let wrong = |detail: &'static str| Err(Error::invalid_request("link_assertion is not valid").with_detail(detail));
        let now = now.seconds();
        let name = |text: &str| !text.is_empty() && text.len() <= MAX_NAME && !text.chars().any(char::is_control);
        if self.iss != service {
            return wrong("iss is another service");
        }
        if !self.aud.is_exactly(issuer) {
            return wrong("aud is not this issuer alone");
        }
        if !name(&self.sub) || !name(&self.jti) {
            return wrong("sub or jti is empty, too long or has control characters");
        }
        if self.iat.0 > now + LEEWAY || self.auth_time.0 > now + LEEWAY {
            return wrong("iat or auth_time lies in the future");
        }
        if self.exp.0 <= now - LEEWAY {
            return wrong("expired");
        }
        if self.exp.0 <= self.iat.0 || self.exp.0.saturating_sub(self.iat.0) > MAX_LIFETIME {
            return wrong("it may live 120 seconds at most");
        }
        if now.saturating_sub(self.auth_time.0) > MAX_AUTH_AGE + LEEWAY {
            return Err(Error::invalid_request("link_assertion: auth_time is older than five minutes, sign in again"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://id.test";

    fn claims() -> LinkAssertionClaims {
        LinkAssertionClaims {
            iss: "aurora-bank".to_owned(),
            aud: Audience::One(ISSUER.to_owned()),
            sub: "client-42".to_owned(),
            auth_time: NumericDate(900),
            acr: None,
            jti: "j".to_owned(),
            iat: NumericDate(1000),
            exp: NumericDate(1120),
        }
    }

    fn fine(change: impl FnOnce(&mut LinkAssertionClaims)) -> bool {
        let mut changed = claims();
        change(&mut changed);
        changed.check("aurora-bank", ISSUER, Timestamp::from_seconds(1010)).is_ok()
    }

    #[test]
    fn only_a_fresh_assertion_of_the_same_service_for_us_holds() {
        assert!(fine(|_| ()));
        assert!(!fine(|c| c.iss = "other".to_owned()));
        assert!(!fine(|c| c.aud = Audience::One("https://id.test/".to_owned())));
        assert!(!fine(|c| c.aud = Audience::Many(vec![ISSUER.to_owned()])));
        assert!(!fine(|c| c.sub = String::new()));
        assert!(!fine(|c| c.sub = "a\nb".to_owned()));
        assert!(!fine(|c| c.jti = "x".repeat(256)));
        assert!(!fine(|c| c.exp = NumericDate(1121)));
        assert!(!fine(|c| c.exp = NumericDate(1000)));
        assert!(!fine(|c| (c.iat, c.exp) = (NumericDate(880), NumericDate(1000))));
        assert!(!fine(|c| (c.iat, c.exp) = (NumericDate(1021), NumericDate(1100))));
        assert!(fine(|c| c.auth_time = NumericDate(700)));
        assert!(!fine(|c| c.auth_time = NumericDate(699)));
        assert!(!fine(|c| c.auth_time = NumericDate(1021)));
        assert!(!fine(|c| (c.iat, c.exp) = (NumericDate(i64::MIN), NumericDate(i64::MAX))));
    }
}
