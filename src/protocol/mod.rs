//! The specifications as types: what arrives is parsed into these or refused with the specification's own error.

/// Implements serde for a type that is a text outside: written by `Display`, read by `FromStr`.
macro_rules! serde_as_text {
    ($name:ty) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

pub mod access_token;
pub mod acr;
pub mod authorize;
pub mod authorize_response;
pub mod bearer;
pub mod claims;
pub mod client_auth;
pub mod error;
pub mod id_token;
pub mod introspect;
pub mod json;
pub mod jwt;
pub mod link_assertion;
pub mod locale;
pub mod logout;
pub mod metadata;
pub mod par;
pub mod params;
pub mod pkce;
pub mod redirect_uri;
pub mod resource;
pub mod response_type;
pub mod revoke;
pub mod scope;
pub mod token;
pub mod userinfo;

pub use error::{Error, ErrorCode};
