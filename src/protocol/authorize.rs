//! The authorize request (RFC 6749 4.1.1, OIDC Core 3.1.2.1), read in two stages.
//!
//! First only who asks and where the answer shall go: errors there are shown and never redirected (RFC 6749 4.1.2.1).
//! Then, with a redirect URI that is known to be the client's, all the rest: errors there go back to the client with its state.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::acr::Acr;
use super::authorize_response::ReturnAddress;
use super::claims::ClaimsRequest;
use super::locale::Locale;
use super::par::RequestUri;
use super::params::Params;
use super::pkce::CodeChallenge;
use super::redirect_uri::RedirectUri;
use super::resource::Resource;
use super::response_type::{ResponseMode, ResponseType};
use super::scope::ScopeSet;
use super::{Error, ErrorCode};

/// The longest `state` and `nonce`, in bytes; longer ones are refused, never shortened.
pub const MAX_STATE: usize = 2048;
/// The longest `client_id`, in bytes.
pub const MAX_CLIENT_ID: usize = 255;
/// The longest signed hint or assertion, in bytes.
const MAX_JWT: usize = 8192;
/// The longest list of names and the longest `login_hint`, in bytes.
const MAX_LIST: usize = 1024;

/// The first stage: who asks, and where the rest of the request is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthorizeStart {
    /// The request was pushed before (RFC 9126 section 4); every other parameter is ignored.
    Pushed {
        /// Who asks.
        client_id: String,
        /// The reference that was given out.
        request_uri: RequestUri,
    },
    /// The request is in the parameters.
    Plain {
        /// Who asks.
        client_id: String,
        /// Where the answer shall go; not checked yet.
        redirect_uri: String,
    },
}

impl AuthorizeStart {
    /// Reads the first stage.
    ///
    /// # Errors
    /// `invalid_request` or `invalid_request_uri`, never to be redirected.
    pub fn read(params: &Params) -> Result<Self, Error> {
        let client_id = read_client_id(params)?;
        match params.get("request_uri") {
            Some(text) if RequestUri::is_pushed(text) => Ok(Self::Pushed { client_id, request_uri: text.parse()? }),
            _ => {
                let redirect_uri = read_redirect_uri(params)?;
                Ok(Self::Plain { client_id, redirect_uri })
            }
        }
    }
}

/// The client id of a request: visible ASCII and space (RFC 6749 appendix A.1), at most 255 bytes.
///
/// # Errors
/// `invalid_request`.
pub fn read_client_id(params: &Params) -> Result<String, Error> {
    let client_id = params.required_bounded("client_id", MAX_CLIENT_ID)?;
    if client_id.is_ascii() { Ok(client_id.to_owned()) } else { Err(Error::invalid_request("client_id is malformed")) }
}

/// The redirect URI of a request, not checked yet; required also when a client has only one.
///
/// # Errors
/// `invalid_request`.
pub fn read_redirect_uri(params: &Params) -> Result<String, Error> {
    Ok(params.required_bounded("redirect_uri", MAX_STATE)?.to_owned())
}

/// The state of a request, exactly as it was sent.
pub(super) fn read_state(params: &Params) -> Result<Option<String>, Error> {
    Ok(params.bounded("state", MAX_STATE)?.map(str::to_owned))
}

/// How the request reached us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Through the browser: anybody can have made it.
    Browser,
    /// From the client itself, authenticated (RFC 9126).
    Pushed,
}

/// Whether and what the person must be asked (OIDC Core 3.1.2.1, Initiating User Registration 1.0).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptSet {
    /// No page may be shown.
    pub none: bool,
    /// Sign in again.
    pub login: bool,
    /// Ask for consent again.
    pub consent: bool,
    /// Choose an account.
    pub select_account: bool,
    /// Start with registration.
    pub create: bool,
}

impl FromStr for PromptSet {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let mut prompt = Self::default();
        for word in text.split(' ') {
            match word {
                "none" => prompt.none = true,
                "login" => prompt.login = true,
                "consent" => prompt.consent = true,
                "select_account" => prompt.select_account = true,
                "create" => prompt.create = true,
                _ => return Err(Error::invalid_request("prompt has an unknown value")),
            }
        }
        if prompt.none && prompt != (Self { none: true, ..Self::default() }) {
            return Err(Error::invalid_request("prompt none cannot be combined"));
        }
        Ok(prompt)
    }
}

/// How the client would like the pages to be shown; ours fit everywhere, so it changes nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Display {
    /// A full page.
    #[default]
    Page,
    /// A small window.
    Popup,
    /// A touch screen.
    Touch,
    /// A feature phone.
    Wap,
}

/// A whole authorize request. It is stored sealed in its flow, hence serialisable.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct AuthorizeRequest {
    /// Who asks.
    pub client_id: String,
    /// What for.
    pub response_type: ResponseType,
    /// How the answer travels; the default of the response type when the client did not say.
    pub response_mode: ResponseMode,
    /// Where the answer goes: registered for the client.
    pub redirect_uri: RedirectUri,
    /// What access is asked for; never empty.
    pub scope: ScopeSet,
    /// What the client wants back.
    pub state: Option<String>,
    /// What the ID token must repeat.
    pub nonce: Option<String>,
    /// PKCE; whether it may be missing depends on the client.
    pub code_challenge: Option<CodeChallenge>,
    /// Whether and what the person must be asked.
    pub prompt: PromptSet,
    /// The oldest acceptable authentication, in seconds.
    pub max_age: Option<u32>,
    /// Languages of ours, the best first.
    pub ui_locales: Vec<Locale>,
    /// How the pages should look.
    pub display: Display,
    /// An ID token of ours about the person who is expected; not verified yet.
    pub id_token_hint: Option<String>,
    /// What to write into the identifier field; not believed.
    pub login_hint: Option<String>,
    /// Authentication levels of ours, the best first; a wish (OIDC Core 3.1.2.1).
    pub acr_values: Vec<Acr>,
    /// Claims asked for by name.
    pub claims: ClaimsRequest,
    /// The APIs that tokens may be asked for later (RFC 8707).
    pub resource: Vec<Resource>,
    /// The service's proof about its own account (conventions.md 5); not verified yet. Only in pushed requests.
    pub link_assertion: Option<String>,
}

impl fmt::Debug for AuthorizeRequest {
    /// Hints, state and assertion stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizeRequest").field("client_id", &self.client_id).field("scope", &self.scope).finish_non_exhaustive()
    }
}

impl AuthorizeRequest {
    /// The second stage: reads the whole request of `client_id`, whose `redirect_uri` is already checked.
    ///
    /// Parameters that are not ours are ignored.
    ///
    /// # Errors
    /// Always redirectable: send them by [`ReturnAddress::of`] (a pushed request answers as JSON instead).
    pub fn parse(params: &Params, client_id: &str, redirect_uri: RedirectUri, channel: Channel) -> Result<Self, Error> {
        Self::read(params, client_id, redirect_uri, channel).map_err(Error::to_redirect_uri)
    }

    fn read(params: &Params, client_id: &str, redirect_uri: RedirectUri, channel: Channel) -> Result<Self, Error> {
        refuse_unsupported(params, channel)?;
        if params.get("client_id").is_some_and(|named| named != client_id) {
            return Err(Error::invalid_request("client_id is another one"));
        }
        let response_type: ResponseType = params.required("response_type")?.parse()?;
        let request = Self {
            client_id: client_id.to_owned(),
            response_type,
            response_mode: ResponseMode::requested(params, response_type)?,
            redirect_uri,
            scope: read_scope(params)?,
            state: read_state(params)?,
            nonce: params.bounded("nonce", MAX_STATE)?.map(str::to_owned),
            code_challenge: CodeChallenge::requested(params)?,
            prompt: params.get("prompt").map_or(Ok(PromptSet::default()), str::parse)?,
            max_age: params.get("max_age").map(read_max_age).transpose()?,
            ui_locales: params.bounded("ui_locales", MAX_LIST)?.map(Locale::ui_locales).unwrap_or_default(),
            display: read_display(params)?,
            id_token_hint: params.bounded("id_token_hint", MAX_JWT)?.map(str::to_owned),
            login_hint: params.bounded("login_hint", MAX_LIST)?.map(str::to_owned),
            acr_values: params.bounded("acr_values", MAX_LIST)?.map(Acr::list).unwrap_or_default(),
            claims: params.get("claims").map_or(Ok(ClaimsRequest::default()), str::parse)?,
            resource: Resource::list(params)?,
            link_assertion: params.bounded("link_assertion", MAX_JWT)?.map(str::to_owned),
        };
        request.check()?;
        Ok(request)
    }

    /// What must hold between parameters.
    fn check(&self) -> Result<(), Error> {
        let openid = self.scope.contains("openid");
        if self.response_type.id_token && !openid {
            return Err(Error::new(ErrorCode::InvalidScope, "an ID token needs the scope openid"));
        }
        if self.response_type.id_token && self.nonce.is_none() {
            return Err(Error::invalid_request("nonce is missing"));
        }
        if self.link_assertion.is_some() && self.prompt.none {
            return Err(Error::invalid_request("linking an account cannot be silent"));
        }
        if self.link_assertion.is_some() && !(self.response_type.code && self.code_challenge.is_some()) {
            return Err(Error::invalid_request("linking an account needs a code with PKCE"));
        }
        Ok(())
    }

    /// Where answers to this request go.
    pub fn return_address(&self) -> ReturnAddress {
        ReturnAddress { redirect_uri: self.redirect_uri.clone(), response_mode: self.response_mode, state: self.state.clone() }
    }

    /// Whether this is an OpenID Connect request: an ID token will be issued.
    pub fn is_openid(&self) -> bool {
        self.scope.contains("openid")
    }
}

/// Parameters that are refused by name rather than ignored, because ignoring them would change what was asked.
fn refuse_unsupported(params: &Params, channel: Channel) -> Result<(), Error> {
    let refuse = |name, code, description| if params.get(name).is_some() { Err(Error::new(code, description)) } else { Ok(()) };
    refuse("request", ErrorCode::RequestNotSupported, "request objects are not supported")?;
    match channel {
        // RFC 9126 2.1: never inside a pushed request.
        Channel::Pushed => refuse("request_uri", ErrorCode::InvalidRequest, "request_uri cannot be pushed")?,
        Channel::Browser => {
            refuse("request_uri", ErrorCode::RequestUriNotSupported, "only a request_uri of the PAR endpoint is supported")?;
            refuse("link_assertion", ErrorCode::InvalidRequest, "link_assertion must be pushed")?;
        }
    }
    refuse("registration", ErrorCode::RegistrationNotSupported, "registration is not supported")
}

/// RFC 6749 3.3: there is no default scope, so a request without one is refused.
fn read_scope(params: &Params) -> Result<ScopeSet, Error> {
    params.get("scope").ok_or_else(|| Error::new(ErrorCode::InvalidScope, "scope is missing"))?.parse()
}

/// Seconds: decimal digits without sign or leading zeros, at most 2^31-1.
fn read_max_age(text: &str) -> Result<u32, Error> {
    let digits = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    let seconds = text.parse::<u32>().ok().filter(|seconds| digits && *seconds <= 0x7fff_ffff);
    seconds.ok_or_else(|| Error::invalid_request("max_age is malformed"))
}

fn read_display(params: &Params) -> Result<Display, Error> {
    match params.get("display") {
        None | Some("page") => Ok(Display::Page),
        Some("popup") => Ok(Display::Popup),
        Some("touch") => Ok(Display::Touch),
        Some("wap") => Ok(Display::Wap),
        Some(_) => Err(Error::invalid_request("display has an unknown value")),
    }
}
