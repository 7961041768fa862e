//! What every partner's web site has in common: its own sign-in, its own sessions, and Concord beside them.

mod callback;
mod home;
mod logout;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::party::{Party, Place};
use super::people::{LocalCustomer, People};
use super::progress::Progress;
use super::reader::Reader;
use super::relying_party::{Refused, RelyingParty};
use super::sessions::{Granted, Session, Sessions, SignedIn};
use super::tap::Tap;
use crate::clock::Clock;
use crate::http::cookies::Cookies;
use crate::http::headers::FormAction;
use crate::protocol::locale::Locale;
use crate::ui::demo::{Brand, Panel};
use crate::ui::{Logo, assets};

/// What makes one partner differ from the others.
pub trait Partner: Send + Sync + 'static {
    /// Its line of business in a word.
    fn domain(&self, locale: Locale) -> String;
    /// What it says of itself.
    fn tagline(&self, locale: Locale) -> &'static str;
    /// What the hub says about it; the number is that of its own customers.
    fn about(&self, locale: Locale, customers: usize) -> String;
    /// What it knows of an account: names and values.
    fn facts(&self, customer: &LocalCustomer, locale: Locale) -> Vec<(String, String)>;
    /// Panels with data, for somebody signed in.
    fn panels<'a>(&'a self, site: &'a Site, visit: &'a mut Visit) -> BoxFuture<'a, Vec<Panel>>;
    /// Something to do once an account was connected.
    fn connected<'a>(&'a self, _site: &'a Site, _customer: &'a LocalCustomer) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }
    /// Scope and resources that "show it here" asks for.
    fn sharing(&self, _place: Place) -> Option<(&'static str, Vec<String>)> {
        None
    }
    /// Addresses of its own, beside those of every site.
    fn routes(&self) -> Router<Arc<Site>> {
        Router::new()
    }
}

/// Somebody signed in looks at a page.
pub struct Visit {
    /// The session here.
    pub session: String,
    /// The local customer.
    pub customer: LocalCustomer,
    /// What Concord gave.
    pub granted: Option<Granted>,
    /// What Concord says about the person now.
    pub claims: Option<Value>,
    /// The reader's language.
    pub locale: Locale,
}

/// What Concord says about who is signed in.
pub enum Told {
    /// This.
    Claims(Value),
    /// The sign-in is over.
    Ended,
    /// Nothing: no answer.
    Nothing,
}

/// One partner's web site.
pub struct Site {
    /// Which partner.
    pub me: Party,
    /// Where everybody is.
    pub place: Place,
    /// What is special about it.
    pub partner: Box<dyn Partner>,
    /// Its way to Concord.
    pub rp: RelyingParty,
    /// Its own customers.
    pub people: People,
    /// Its own sessions.
    pub sessions: Sessions,
    /// What of "try this" is done.
    pub progress: Progress,
    /// The protocol log.
    pub tap: Tap,
    /// The time.
    pub clock: Clock,
    /// The language of who chose none.
    pub lang: Option<Locale>,
}

/// The scope that signing in asks for.
const SIGN_IN_SCOPE: &str = "openid profile";
/// The cookie of a partner's own session.
pub const COOKIE: &str = "session";

impl Site {
    /// The routes of the site, ready to be put behind its host name.
    pub fn router(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/", get(home::show).post(home::act))
            .route("/oidc/callback", get(callback::callback))
            .route("/oidc/signed-out", get(logout::signed_out))
            .route("/oidc/backchannel-logout", post(logout::told))
            .merge(self.partner.routes())
            .fallback(asset)
            .with_state(Arc::clone(self))
    }

    /// The partner as its pages and the hub show it.
    pub fn brand(&self, locale: Locale) -> Brand {
        let name = self.me.name(locale);
        Brand {
            name: name.to_owned(),
            domain: self.partner.domain(locale),
            tagline: self.partner.tagline(locale).to_owned(),
            about: self.partner.about(locale, self.people.count()),
            host: format!("{}:{}", self.me.host(), self.place.port),
            url: self.place.url(self.me, "/"),
            logo: Logo::of(self.me.code(), name),
        }
    }

    fn session(&self, headers: &HeaderMap) -> Session {
        self.sessions.open(Cookies::of(headers).get(COOKIE).ok().flatten())
    }

    fn reader(&self, headers: &HeaderMap) -> Reader {
        Reader::of(headers, self.lang)
    }

    /// What Concord says about the person now; an access token that ran out is renewed first.
    pub async fn told(&self, session: &str, granted: &mut Granted) -> Told {
        match self.rp.userinfo(&granted.access_token).await {
            Ok(claims) => return Told::Claims(claims),
            Err(Refused::Trouble(_)) => return Told::Nothing,
            Err(Refused::Error(_)) => {}
        }
        match self.renew(session, granted, None).await {
            Ok(token) => match self.rp.userinfo(&token).await {
                Ok(claims) => Told::Claims(claims),
                Err(Refused::Error(_)) => Told::Ended,
                Err(Refused::Trouble(_)) => Told::Nothing,
            },
            Err(Refused::Error(_)) => Told::Ended,
            Err(Refused::Trouble(_)) => Told::Nothing,
        }
    }

    /// A token for the API of a service: the one at hand, or a new one by refreshing.
    ///
    /// # Errors
    /// Concord refused.
    pub async fn api_token(&self, session: &str, granted: &mut Granted, resource: &str) -> Result<String, Refused> {
        if let Some(token) = granted.api_token(resource, self.clock.now()) {
            return Ok(token.to_owned());
        }
        self.renew(session, granted, Some(resource)).await
    }

    /// Refreshes; session and copy both know afterwards.
    ///
    /// # Errors
    /// Concord refused.
    pub async fn renew(&self, session: &str, granted: &mut Granted, resource: Option<&str>) -> Result<String, Refused> {
        let refresh_token = granted.refresh_token.clone().ok_or_else(|| Refused::Error("no refresh token".to_owned()))?;
        let tokens = self.rp.refresh(&refresh_token, resource).await?;
        let now = self.clock.now();
        granted.renew(&tokens, resource, now);
        self.sessions.change(session, |session| {
            if let Some(SignedIn { concord: Some(known), .. }) = &mut session.signed_in {
                known.renew(&tokens, resource, now);
            }
        });
        Ok(tokens.access_token)
    }

    /// This service's own account of the person, when it is linked: its own API asks about a token made for it.
    async fn own_account(&self, granted: &mut Granted) -> Result<Option<String>, Refused> {
        let token = self.api_token("", granted, &self.place.audience(self.me)).await?;
        let answer = self.rp.introspect(&token).await?;
        Ok(linked_account(&answer))
    }
}

/// The active link in an introspection answer: this service's own account.
pub fn linked_account(answer: &Value) -> Option<String> {
    let active = answer["links"].as_array()?.iter().find(|link| link["state"] == "active")?;
    active["local_account"].as_str().map(str::to_owned)
}

/// A page of a partner; its forms may lead to Concord.
fn page(site: &Site, session: &Session, html: String) -> Response {
    let mut response = ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response();
    response.extensions_mut().insert(FormAction(site.place.origin(Party::Concord)));
    with_cookie(response, session)
}

fn with_cookie(mut response: Response, session: &Session) -> Response {
    let cookie = format!("{COOKIE}={}; Path=/; HttpOnly; SameSite=Lax", session.id);
    if let Ok(value) = HeaderValue::try_from(cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

async fn asset(State(_site): State<Arc<Site>>, request: Request) -> Response {
    static_file(request.uri().path())
}

/// A style sheet or picture, or 404.
pub fn static_file(path: &str) -> Response {
    let Some(asset) = assets::find(path) else { return StatusCode::NOT_FOUND.into_response() };
    let cache = if asset.immutable { "public, max-age=31536000, immutable" } else { "public, max-age=3600" };
    ([(header::CONTENT_TYPE, asset.content_type), (header::CACHE_CONTROL, cache)], asset.bytes).into_response()
}
