//! The ID token (OIDC Core 2).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::acr::{Acr, Amr};
use super::jwt::NumericDate;

/// The claims of an ID token. Its audience is always one client, so `aud` is a string and `azp` is not needed.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct IdTokenClaims {
    /// Us.
    pub iss: String,
    /// The customer, as the client's sector knows them.
    pub sub: String,
    /// The client.
    pub aud: String,
    /// When it stops being valid.
    pub exp: NumericDate,
    /// When it was made.
    pub iat: NumericDate,
    /// When the person proved who they are.
    pub auth_time: NumericDate,
    /// The request's `nonce`, byte for byte.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// The level reached.
    pub acr: Acr,
    /// The methods used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<Amr>,
    /// The browser session, as this client may know it (OIDC Back-Channel Logout 2.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// OIDC Core 3.1.3.6: binds the access token, see [`super::jwt::half_hash`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_hash: Option<String>,
    /// OIDC Core 3.3.2.11: binds the code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub c_hash: Option<String>,
    /// The global customer id, for entitled clients only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
    /// Further claims; shape them with [`super::userinfo::shape`] so that none of the above is overridden.
    #[serde(flatten)]
    pub further: Map<String, Value>,
}

impl std::fmt::Debug for IdTokenClaims {
    /// The claims are about a person.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IdTokenClaims").field("aud", &self.aud).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_is_not_written() {
        let claims = IdTokenClaims {
            iss: "https://id.test".to_owned(),
            sub: "s".to_owned(),
            aud: "shop".to_owned(),
            exp: NumericDate(300),
            iat: NumericDate(0),
            auth_time: NumericDate(-5),
            nonce: None,
            acr: Acr::Aal1,
            amr: vec![Amr::Pwd],
            sid: None,
            at_hash: None,
            c_hash: None,
            customer_id: None,
            further: Map::new(),
        };
        let text = serde_json::to_string(&claims).expect("json");
        assert_eq!(text, r#"{"iss":"https://id.test","sub":"s","aud":"shop","exp":300,"iat":0,"auth_time":-5,"acr":"aal1","amr":["pwd"]}"#);
        assert_eq!(serde_json::from_str::<IdTokenClaims>(&text).expect("claims"), claims);
    }
}
