//! Response types (OAuth 2.0 Multiple Response Type Encoding Practices) and response modes (also Form Post Response Mode).

use std::fmt;
use std::str::FromStr;

use super::params::Params;
use super::{Error, ErrorCode};

/// What the authorization endpoint shall answer with; all three off is `none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ResponseType {
    /// An authorization code.
    pub code: bool,
    /// An ID token.
    pub id_token: bool,
    /// An access token.
    pub token: bool,
}

impl ResponseType {
    /// The authorization code flow, the only one that is on by default.
    pub const CODE: Self = Self { code: true, id_token: false, token: false };
    /// Nothing but the state.
    pub const NONE: Self = Self { code: false, id_token: false, token: false };

    /// Whether something is delivered that must not be in a query (section 3.0 of the encoding practices).
    pub const fn has_front_channel_token(self) -> bool {
        self.id_token || self.token
    }

    /// Where the answer goes when the client does not say.
    pub const fn default_mode(self) -> ResponseMode {
        if self.has_front_channel_token() { ResponseMode::Fragment } else { ResponseMode::Query }
    }
}

impl FromStr for ResponseType {
    type Err = Error;

    /// The order of the words does not matter.
    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || Error::new(ErrorCode::UnsupportedResponseType, "the response_type is not supported");
        if text == "none" {
            return Ok(Self::NONE);
        }
        let mut wanted = Self::NONE;
        for word in text.split(' ') {
            let flag = match word {
                "code" => &mut wanted.code,
                "id_token" => &mut wanted.id_token,
                "token" => &mut wanted.token,
                _ => return Err(wrong()),
            };
            if std::mem::replace(flag, true) {
                return Err(wrong());
            }
        }
        Ok(wanted)
    }
}

impl fmt::Display for ResponseType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = [(self.code, "code"), (self.id_token, "id_token"), (self.token, "token")]
            .into_iter()
            .filter_map(|(on, word)| on.then_some(word))
            .collect();
        f.write_str(if words.is_empty() { "none".to_owned() } else { words.join(" ") }.as_str())
    }
}

serde_as_text!(ResponseType);

/// How the answer travels to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResponseMode {
    /// In the query of the redirect.
    Query,
    /// In its fragment.
    Fragment,
    /// In a form that the browser posts.
    FormPost,
}

impl ResponseMode {
    /// The value of the parameter.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Fragment => "fragment",
            Self::FormPost => "form_post",
        }
    }

    /// The mode asked for, or the default of the response type.
    ///
    /// # Errors
    /// `invalid_request` for an unknown one, and for `query` where tokens are delivered.
    pub fn requested(params: &Params, response_type: ResponseType) -> Result<Self, Error> {
        match params.get("response_mode").map(str::parse) {
            None => Ok(response_type.default_mode()),
            Some(Ok(Self::Query)) if response_type.has_front_channel_token() => {
                Err(Error::invalid_request("response_mode query cannot carry tokens"))
            }
            Some(mode) => mode,
        }
    }
}

impl FromStr for ResponseMode {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        [Self::Query, Self::Fragment, Self::FormPost]
            .into_iter()
            .find(|mode| mode.as_str() == text)
            .ok_or_else(|| Error::invalid_request("the response_mode is not supported"))
    }
}

impl fmt::Display for ResponseMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

serde_as_text!(ResponseMode);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn az12_the_seven_types_and_none() {
        for (text, canonical) in [
            ("code", "code"),
            ("id_token", "id_token"),
            ("token", "token"),
            ("token id_token", "id_token token"),
            ("id_token code", "code id_token"),
            ("token code", "code token"),
            ("token id_token code", "code id_token token"),
            ("none", "none"),
        ] {
            assert_eq!(text.parse::<ResponseType>().map(|t| t.to_string()), Ok(canonical.to_owned()));
        }
        for text in ["", "Code", "code code", "code none", "code  token", " code", "saml", "code\ttoken"] {
            assert_eq!(text.parse::<ResponseType>().map_err(|e| e.code), Err(ErrorCode::UnsupportedResponseType), "{text}");
        }
    }

    #[test]
    fn az13_tokens_never_travel_in_a_query() {
        let params = |mode: &str| Params::from_pairs([("response_mode", mode)]).expect("params");
        let hybrid: ResponseType = "code id_token".parse().expect("type");
        assert_eq!(ResponseMode::requested(&params(""), hybrid), Ok(ResponseMode::Fragment));
        assert_eq!(ResponseMode::requested(&params(""), ResponseType::CODE), Ok(ResponseMode::Query));
        assert_eq!(ResponseMode::requested(&params("form_post"), hybrid), Ok(ResponseMode::FormPost));
        assert!(ResponseMode::requested(&params("query"), hybrid).is_err());
        assert!(ResponseMode::requested(&params("web_message"), ResponseType::CODE).is_err());
    }
}
