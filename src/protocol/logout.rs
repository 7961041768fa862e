//! Logout: RP-initiated (OIDC RP-Initiated Logout 1.0) and back-channel (OIDC Back-Channel Logout 1.0).

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use super::Error;
use super::authorize::{MAX_STATE, read_state};
use super::authorize_response::append_query;
use super::jwt::NumericDate;
use super::locale::Locale;
use super::params::Params;
use super::redirect_uri::RedirectUri;

/// The event of a logout token (Back-Channel Logout 2.4).
pub const BACKCHANNEL_LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// RP-Initiated Logout section 2. Anybody can make such a request: without a valid hint the person is asked.
#[derive(Clone, PartialEq, Eq)]
pub struct LogoutRequest {
    /// An ID token of ours about the person who signs out; may be expired; not verified yet.
    pub id_token_hint: Option<String>,
    /// The client, when there is no hint to tell it.
    pub client_id: Option<String>,
    /// Where to go afterwards: must be registered for the client, compared exactly.
    pub post_logout_redirect_uri: Option<String>,
    /// What the client wants back.
    pub state: Option<String>,
    /// Languages of ours, the best first.
    pub ui_locales: Vec<Locale>,
}

impl std::fmt::Debug for LogoutRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogoutRequest").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

impl LogoutRequest {
    /// Reads the request.
    ///
    /// # Errors
    /// `invalid_request`, shown on a page.
    pub fn parse(params: &Params) -> Result<Self, Error> {
        let text = |name, max| Ok::<_, Error>(params.bounded(name, max)?.map(str::to_owned));
        Ok(Self {
            id_token_hint: text("id_token_hint", 8192)?,
            client_id: text("client_id", super::authorize::MAX_CLIENT_ID)?,
            post_logout_redirect_uri: text("post_logout_redirect_uri", MAX_STATE)?,
            state: read_state(params)?,
            ui_locales: params.bounded("ui_locales", 1024)?.map(Locale::ui_locales).unwrap_or_default(),
        })
    }

    /// Where to go after signing out, if that is registered: with the state, and nothing else.
    ///
    /// # Errors
    /// `invalid_request` when a URI is asked for that is not registered; never redirected.
    pub fn destination(&self, registered: &[RedirectUri]) -> Result<Option<String>, Error> {
        let Some(requested) = &self.post_logout_redirect_uri else { return Ok(None) };
        if !registered.iter().any(|uri| uri.matches(requested)) {
            return Err(Error::invalid_request("post_logout_redirect_uri is not registered for this client"));
        }
        Ok(Some(match &self.state {
            Some(state) => append_query(requested, &[("state", state.clone())]),
            None => requested.clone(),
        }))
    }
}

/// The claims of a logout token (Back-Channel Logout 2.4): never with a `nonce`, so that it cannot pass for an ID token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogoutTokenClaims {
    /// Us.
    pub iss: String,
    /// The client.
    pub aud: String,
    /// When it was made.
    pub iat: NumericDate,
    /// Two minutes later at most.
    pub exp: NumericDate,
    /// Its own id.
    pub jti: String,
    /// The one event.
    pub events: LogoutEvents,
    /// The customer, as the client's sector knows them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// The session that ended; without it all sessions of `sub` at this client are meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
}

impl std::fmt::Debug for LogoutTokenClaims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogoutTokenClaims").field("aud", &self.aud).field("jti", &self.jti).finish_non_exhaustive()
    }
}

/// The `events` claim: exactly the back-channel logout event with an empty object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogoutEvents;

impl Serialize for LogoutEvents {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut events = serializer.serialize_map(Some(1))?;
        events.serialize_entry(BACKCHANNEL_LOGOUT_EVENT, &serde_json::Map::new())?;
        events.end()
    }
}

impl<'de> Deserialize<'de> for LogoutEvents {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let events = serde_json::Map::deserialize(deserializer)?;
        if events.get(BACKCHANNEL_LOGOUT_EVENT).is_some_and(serde_json::Value::is_object) {
            return Ok(Self);
        }
        Err(serde::de::Error::custom("not a logout token"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn se10_only_registered_destinations_are_left_for() {
        let registered = ["https://a.test/bye?x=1".parse().expect("uri")];
        let request = |uri: &str, state: &str| {
            let params = Params::from_pairs([("post_logout_redirect_uri", uri), ("state", state)]).expect("params");
            LogoutRequest::parse(&params).expect("request").destination(&registered)
        };
        assert_eq!(request("", "s"), Ok(None));
        assert_eq!(request("https://a.test/bye?x=1", ""), Ok(Some("https://a.test/bye?x=1".to_owned())));
        assert_eq!(request("https://a.test/bye?x=1", "a b"), Ok(Some("https://a.test/bye?x=1&state=a%20b".to_owned())));
        for foreign in ["https://a.test/bye", "https://a.test/bye?x=1&y=2", "//evil.test", "javascript:alert(1)"] {
            assert!(request(foreign, "s").is_err(), "{foreign}");
        }
    }

    #[test]
    fn se11_a_logout_token_has_its_event_and_no_nonce() {
        let claims = LogoutTokenClaims {
            iss: "https://id.test".to_owned(),
            aud: "shop".to_owned(),
            iat: NumericDate(0),
            exp: NumericDate(120),
            jti: "j".to_owned(),
            events: LogoutEvents,
            sub: Some("s".to_owned()),
            sid: None,
        };
        let text = serde_json::to_string(&claims).expect("json");
        assert!(text.contains(r#""events":{"http://schemas.openid.net/event/backchannel-logout":{}}"#) && !text.contains("nonce"));
        assert_eq!(serde_json::from_str::<LogoutTokenClaims>(&text).expect("claims"), claims);
        assert!(serde_json::from_str::<LogoutEvents>(r#"{"other":{}}"#).is_err());
    }
}
