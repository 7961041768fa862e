//! Protocol errors with two voices: what the client reads, and what the log keeps.

use std::borrow::Cow;
use std::fmt;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

/// The longest public description, in bytes.
const MAX_DESCRIPTION: usize = 256;

macro_rules! error_codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal),+ $(,)?) => {
        /// An error code of the OAuth and OpenID Connect registries.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorCode {
            $($(#[$doc])* $name,)+
        }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The code as it is sent.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }
        }
    };
}

error_codes! {
    /// RFC 6749 4.1.2.1 and 5.2: malformed, incomplete or contradictory.
    InvalidRequest = "invalid_request",
    /// RFC 6749 5.2: the client did not authenticate.
    InvalidClient = "invalid_client",
    /// RFC 6749 5.2: the code or refresh token is unknown, used, expired or another client's.
    InvalidGrant = "invalid_grant",
    /// RFC 6749 5.2: this client may not use this grant or response type.
    UnauthorizedClient = "unauthorized_client",
    /// RFC 6749 5.2: no such grant type here.
    UnsupportedGrantType = "unsupported_grant_type",
    /// RFC 6749 4.1.2.1: no such response type here.
    UnsupportedResponseType = "unsupported_response_type",
    /// RFC 6749 3.3: unknown, malformed or wider than allowed.
    InvalidScope = "invalid_scope",
    /// RFC 6749 4.1.2.1: the person or a rule said no.
    AccessDenied = "access_denied",
    /// RFC 6749 4.1.2.1: our fault.
    ServerError = "server_error",
    /// RFC 6749 4.1.2.1: our fault, and it should pass.
    TemporarilyUnavailable = "temporarily_unavailable",
    /// OIDC Core 3.1.2.6: `prompt=none`, but somebody must sign in.
    LoginRequired = "login_required",
    /// OIDC Core 3.1.2.6: `prompt=none`, but a page must be shown.
    InteractionRequired = "interaction_required",
    /// OIDC Core 3.1.2.6: `prompt=none`, but consent is missing.
    ConsentRequired = "consent_required",
    /// OIDC Core 3.1.2.6: `prompt=none`, but an account must be chosen.
    AccountSelectionRequired = "account_selection_required",
    /// OIDC Core 3.1.2.6: request objects by value are not taken.
    RequestNotSupported = "request_not_supported",
    /// OIDC Core 3.1.2.6: request objects by reference are not taken.
    RequestUriNotSupported = "request_uri_not_supported",
    /// OIDC Core 3.1.2.6: the `registration` parameter is not taken.
    RegistrationNotSupported = "registration_not_supported",
    /// RFC 9101 section 7: the reference of a pushed request is unknown, used, expired or another client's.
    InvalidRequestUri = "invalid_request_uri",
    /// RFC 9101 section 7: the request object does not hold.
    InvalidRequestObject = "invalid_request_object",
    /// RFC 8707 section 2: the resource is unknown, malformed or not allowed.
    InvalidTarget = "invalid_target",
    /// RFC 6750 3.1: the access token does not hold.
    InvalidToken = "invalid_token",
    /// RFC 6750 3.1: the access token holds and does not reach far enough.
    InsufficientScope = "insufficient_scope",
    /// RFC 9470 section 3: the authentication behind the token is too weak or too old.
    InsufficientUserAuthentication = "insufficient_user_authentication",
    /// OpenID Connect Core Error Code `unmet_authentication_requirements` 1.0.
    UnmetAuthenticationRequirements = "unmet_authentication_requirements",
    /// RFC 7009 2.2.1: this kind of token cannot be revoked here.
    UnsupportedTokenType = "unsupported_token_type",
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A refusal. Serialises as the OAuth error body of RFC 6749 5.2: `error` and `error_description`, never the detail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What is wrong, in the registry's word.
    pub code: ErrorCode,
    /// What the client's developer reads; only the characters of RFC 6749 5.2 can be in it.
    description: Cow<'static, str>,
    /// What the log keeps; never sent. No tokens, addresses or secrets here either.
    pub detail: Option<Cow<'static, str>>,
    /// Whether the answer may go to the client's redirect URI (RFC 6749 4.1.2.1): only once that URI is known to be the client's.
    pub redirectable: bool,
}

impl Error {
    /// A refusal that is not redirected and says nothing more in the log.
    pub fn new(code: ErrorCode, description: impl Into<Cow<'static, str>>) -> Self {
        Self { code, description: speakable(description.into()), detail: None, redirectable: false }
    }

    /// `invalid_request`, the most common one.
    pub fn invalid_request(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::InvalidRequest, description)
    }

    /// `invalid_client`: every reason sounds the same outside, the detail says which it was.
    pub fn invalid_client(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::InvalidClient, "client authentication failed").with_detail(detail)
    }

    /// `invalid_grant`: every reason sounds the same outside, the detail says which it was.
    pub fn invalid_grant(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::InvalidGrant, "the grant is not valid").with_detail(detail)
    }

    /// Adds what only the log may know.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Marks the refusal as one that goes back to the (already checked) redirect URI.
    #[must_use]
    pub fn to_redirect_uri(mut self) -> Self {
        self.redirectable = true;
        self
    }

    /// What the client's developer reads.
    pub fn description(&self) -> &str {
        &self.description
    }
}

/// RFC 6749 5.2: `error_description` has only %x20-21, %x23-5B and %x5D-7E; whatever else becomes an apostrophe.
fn speakable(text: Cow<'static, str>) -> Cow<'static, str> {
    let allowed = |c: char| matches!(c, '\x20'..='\x21' | '\x23'..='\x5b' | '\x5d'..='\x7e');
    if text.len() <= MAX_DESCRIPTION && text.chars().all(allowed) {
        return text;
    }
    text.chars().take(MAX_DESCRIPTION).map(|c| if allowed(c) { c } else { '\'' }).collect::<String>().into()
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.description)
    }
}

impl std::error::Error for Error {}

impl Serialize for Error {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut body = serializer.serialize_struct("Error", 2)?;
        body.serialize_field("error", self.code.as_str())?;
        body.serialize_field("error_description", self.description())?;
        body.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tk13_a_description_has_only_the_characters_of_rfc_6749() {
        let hostile = "a\"b\\c\r\n<script>\u{0}\u{7f}\u{202e}é".to_owned();
        assert_eq!(Error::invalid_request(hostile).description(), "a'b'c''<script>''''");
        assert_eq!(Error::invalid_request("x".repeat(10_000)).description().len(), MAX_DESCRIPTION);
    }

    #[test]
    fn the_body_has_two_members_and_no_detail() {
        let error = Error::invalid_grant("code was used at 12:01");
        let body = serde_json::to_string(&error).expect("serialisable");
        assert_eq!(body, r#"{"error":"invalid_grant","error_description":"the grant is not valid"}"#);
    }

    #[test]
    fn codes_are_distinct() {
        let mut texts: Vec<_> = ErrorCode::ALL.iter().map(|c| c.as_str()).collect();
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), ErrorCode::ALL.len());
    }

    proptest! {
        #[test]
        fn tk13_holds_for_any_text(text in ".*") {
            let error = Error::invalid_request(text);
            prop_assert!(error.description().bytes().all(|b| (0x20..=0x7e).contains(&b) && b != b'"' && b != b'\\'));
        }
    }
}
