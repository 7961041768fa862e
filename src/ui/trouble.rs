//! Pages that say why it does not go on here, and what to do.

use super::frame::Frame;
use super::link::kinograd;
use super::page::page;
use crate::protocol::locale::Locale;

/// What went wrong. Each has a stable text id that support and tests can rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The client is unknown or switched off.
    BadClient,
    /// The address to come back to is not registered.
    BadRedirectUri,
    /// The request cannot be understood, and there is nowhere to send the person back to.
    BadRequest,
    /// The flow is older than 30 minutes or never was.
    ExpiredFlow,
    /// The form is too old, or did not come from our page.
    StaleForm,
    /// The sign-out request names a client or an address that does not fit.
    RefusedLogout,
    /// The page was asked for under a name that is not the issuer's.
    WrongHost,
    /// The page was asked for in clear, though the issuer is not, or the other way round: a proxy is set up wrong.
    WrongScheme,
    /// There is no such page.
    NotFound,
    /// The database or another part cannot be reached.
    Unavailable,
    /// Our fault.
    Internal,
}

impl ErrorKind {
    /// The stable text id.
    pub const fn code(self) -> &'static str {
        match self {
            Self::BadClient => "bad_client",
            Self::BadRedirectUri => "bad_redirect_uri",
            Self::BadRequest => "bad_request",
            Self::ExpiredFlow => "expired_flow",
            Self::StaleForm => "stale_form",
            Self::RefusedLogout => "refused_logout",
            Self::WrongHost => "wrong_host",
            Self::WrongScheme => "wrong_scheme",
            Self::NotFound => "not_found",
            Self::Unavailable => "temporarily_unavailable",
            Self::Internal => "internal_error",
        }
    }

    const fn keys(self) -> (&'static str, &'static str) {
        match self {
            Self::BadClient => ("trouble-client-title", "trouble-client"),
            Self::BadRedirectUri => ("trouble-redirect-title", "trouble-redirect"),
            Self::BadRequest => ("trouble-request-title", "trouble-request"),
            Self::ExpiredFlow => ("trouble-flow-title", "trouble-flow"),
            Self::StaleForm => ("trouble-form-title", "trouble-form"),
            Self::RefusedLogout => ("trouble-logout-title", "trouble-logout"),
            Self::WrongHost => ("trouble-host-title", "trouble-host"),
            Self::WrongScheme => ("trouble-scheme-title", "trouble-scheme"),
            Self::NotFound => ("trouble-not-found-title", "trouble-not-found"),
            Self::Unavailable => ("trouble-unavailable-title", "trouble-unavailable"),
            Self::Internal => ("trouble-internal-title", "trouble-internal"),
        }
    }
}

/// The error page.
#[derive(Clone, Debug)]
pub struct ErrorPage {
    /// What went wrong.
    pub kind: ErrorKind,
    /// Where to go on: name and address; only addresses that are registered.
    pub back: Option<(String, String)>,
    /// For developers, in the demo and in sandboxes only: name and value, such as the registered and the received address.
    pub details: Vec<(String, String)>,
}

impl ErrorPage {
    /// A page with nothing but its text.
    pub const fn of(kind: ErrorKind) -> Self {
        Self { kind, back: None, details: Vec::new() }
    }

    pub(super) fn title(&self, f: &Frame) -> String {
        f.t(self.kind.keys().0)
    }

    pub(super) fn explanation(&self, f: &Frame) -> String {
        f.t(self.kind.keys().1)
    }

    pub(super) fn samples(l: Locale) -> Vec<(&'static str, Self)> {
        let back = Some((kinograd(l).name, "http://cinema.localhost:8080/".to_owned()));
        let details = vec![
            ("redirect_uri".to_owned(), "http://cinema.localhost:8080/callback/".to_owned()),
            ("registered".to_owned(), "http://cinema.localhost:8080/callback".to_owned()),
        ];
        vec![
            ("bad-client", Self::of(ErrorKind::BadClient)),
            ("bad-redirect-uri", Self { details, ..Self::of(ErrorKind::BadRedirectUri) }),
            ("bad-request", Self::of(ErrorKind::BadRequest)),
            ("expired-flow", Self { back: back.clone(), ..Self::of(ErrorKind::ExpiredFlow) }),
            ("stale-form", Self::of(ErrorKind::StaleForm)),
            ("refused-logout", Self::of(ErrorKind::RefusedLogout)),
            (
                "wrong-host",
                Self { back: Some(("id.example.com".to_owned(), "https://id.example.com".to_owned())), ..Self::of(ErrorKind::WrongHost) },
            ),
            (
                "wrong-scheme",
                Self { back: Some(("id.example.com".to_owned(), "https://id.example.com".to_owned())), ..Self::of(ErrorKind::WrongScheme) },
            ),
            ("not-found", Self::of(ErrorKind::NotFound)),
            ("unavailable", Self::of(ErrorKind::Unavailable)),
            ("internal", Self::of(ErrorKind::Internal)),
        ]
    }
}
page!(ErrorPage, "trouble/error.html");

/// The flow belongs to another browser.
#[derive(Clone, Debug)]
pub struct ContinueElsewhere;

impl ContinueElsewhere {
    pub(super) fn samples(_: Locale) -> Vec<(&'static str, Self)> {
        vec![("plain", Self)]
    }
}
page!(ContinueElsewhere, "trouble/continue_elsewhere.html");

/// The flow is finished already: a reload, or Back.
#[derive(Clone, Debug)]
pub struct AlreadyFinished {
    /// To the service, or to `/account`.
    pub go_on_url: String,
}

impl AlreadyFinished {
    pub(super) fn samples(_: Locale) -> Vec<(&'static str, Self)> {
        vec![("plain", Self { go_on_url: "http://cinema.localhost:8080/".into() })]
    }
}
page!(AlreadyFinished, "trouble/already_finished.html");

/// The answer as a form (OAuth 2.0 Form Post Response Mode): sent with a visible button, since there is no script.
#[derive(Clone, Debug)]
pub struct FormPost {
    /// The registered `redirect_uri`.
    pub action: String,
    /// The parameters of the response.
    pub fields: Vec<(String, String)>,
}

impl FormPost {
    pub(super) fn samples(_: Locale) -> Vec<(&'static str, Self)> {
        let fields = vec![("code".into(), "SplxlOBeZQQYbYS6WxSbIA".into()), ("state".into(), "a\"b<c&".into())];
        vec![("plain", Self { action: "http://cinema.localhost:8080/callback".into(), fields })]
    }
}
page!(FormPost, "trouble/form_post.html");
