//! The browser in front of us: its cookies, language and theme, read once per request and written back where they changed.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;

use super::app::App;
use super::cookies::{CookieStyle, Cookies};
use super::errors::{Error, Refusal};
use super::layers::RequestInfo;
use crate::clock::Timestamp;
use crate::crypto::digest::{base64url, equal, hmac_sha256};
use crate::protocol::locale::Locale;
use crate::telemetry::request_id;
use crate::ui::frame::{Frame, Theme};
use crate::usecases::Core;
use crate::usecases::flow::Visitor;

/// Binds flows to a browser.
pub(super) const BROWSER: &str = "browser";
/// The signed-in session.
pub(super) const SESSION: &str = "session";
const LANG: &str = "lang";
const THEME: &str = "theme";

/// A browser and what it asked for.
pub(super) struct Browser {
    pub(super) visitor: Visitor,
    /// The browser brought its cookie: it was here before.
    pub(super) known: bool,
    pub(super) theme: Theme,
    pub(super) now: Timestamp,
    path: String,
    cookies: Vec<HeaderValue>,
}

impl FromRequestParts<App> for Browser {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let cookies = Cookies::of(&parts.headers);
        let style = app.cookies;
        let value = |base: &str| cookies.get(&style.name(base)).map(|value| value.map(str::to_owned));
        let browser = value(BROWSER)?;
        let core = &app.core;
        let text = |name| parts.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let (locale, theme) = taste(style, &parts.headers);
        let mut this = Self {
            known: browser.is_some(),
            visitor: Visitor {
                browser: browser.unwrap_or_else(|| core.random.token()),
                session: value(SESSION)?,
                network: network(parts),
                device: device(text(header::USER_AGENT).unwrap_or_default()),
                locale,
            },
            theme,
            now: core.clock.now(),
            path: parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
            cookies: Vec::new(),
        };
        if !this.known {
            this.set(app, BROWSER, &this.visitor.browser.clone());
        }
        Ok(this)
    }
}

impl Browser {
    /// Sets a cookie that lasts as long as a session may.
    pub(super) fn set(&mut self, app: &App, base: &str, value: &str) {
        let life = app.core.config.sessions.lifetime.get();
        self.cookies.extend(app.cookies.set(base, value, Some(life)));
    }

    /// Takes a cookie away.
    pub(super) fn clear(&mut self, app: &App, base: &str) {
        self.cookies.extend(app.cookies.clear(base));
    }

    /// Remembers language and theme chosen by `?lang=` and `?theme=`; `None` when neither was.
    pub(super) fn switched(&mut self, app: &App, lang: Option<&str>, theme: Option<&str>) -> bool {
        let locale = lang.and_then(Locale::from_tag);
        let theme = theme.and_then(Theme::parse);
        if let Some(locale) = locale {
            self.set(app, LANG, locale.as_str());
        }
        if let Some(theme) = theme {
            self.set(app, THEME, theme.as_str());
        }
        locale.is_some() || theme.is_some()
    }

    /// The path of the page asked for, without its query.
    pub(super) fn page(&self) -> &str {
        self.path.split('?').next().unwrap_or_default()
    }

    /// A token that only a page shown to this browser, for this purpose, can carry.
    pub(super) fn csrf(&self, purpose: &str) -> String {
        base64url(&hmac_sha256(self.visitor.browser.as_bytes(), &[b"concord/csrf/v1|", purpose.as_bytes()]))
    }

    /// Whether a form came from a page of ours (WE3).
    pub(super) fn check_csrf(&self, purpose: &str, shown: Option<&str>) -> Result<(), Refusal> {
        let right = self.known && shown.is_some_and(|shown| equal(shown.as_bytes(), self.csrf(purpose).as_bytes()));
        if right { Ok(()) } else { Err(Refusal::because(StatusCode::FORBIDDEN, "stale_form", "the form is too old or from elsewhere")) }
    }

    /// What surrounds a page.
    pub(super) fn frame(&self, core: &Core, purpose: &str) -> Frame {
        Frame {
            locale: self.visitor.locale,
            theme: self.theme,
            issuer_host: host_of(core.issuer()).to_owned(),
            path: self.path.clone(),
            csrf: self.csrf(purpose),
            signed_in_as: None,
            client: None,
            request_id: request_id().as_ref().map(ToString::to_string).unwrap_or_default(),
            now: self.now,
            utc_offset_minutes: 0,
        }
    }

    /// Puts the changed cookies on an answer.
    pub(super) fn answer(self, mut response: Response) -> Response {
        for cookie in self.cookies {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }
}

/// The language and theme of a reader: chosen before, or as their browser says.
pub(super) fn taste(style: CookieStyle, headers: &HeaderMap) -> (Locale, Theme) {
    let cookies = Cookies::of(headers);
    let chosen = |base: &str| cookies.get(&style.name(base)).ok().flatten().map(str::to_owned);
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).and_then(Locale::accept_language);
    let locale = chosen(LANG).and_then(|tag| Locale::from_tag(&tag)).or(accepted).unwrap_or(Locale::En);
    (locale, chosen(THEME).and_then(|word| Theme::parse(&word)).unwrap_or_default())
}

/// The same, where the address itself names another: on an error page, which nothing leads away from.
pub(super) fn wished((locale, theme): (Locale, Theme), address: &str) -> (Locale, Theme) {
    let query = address.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let last = |name: &str| query.split('&').rev().find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    (last("lang").and_then(Locale::from_tag).unwrap_or(locale), last("theme").and_then(Theme::parse).unwrap_or(theme))
}

/// Host and port of a URL.
pub(super) fn host_of(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest.split('/').next().unwrap_or(rest))
}

/// The caller's network, /24 or /64: what limits count by.
fn network(parts: &Parts) -> String {
    let address = parts.extensions.get::<RequestInfo>().map(|info| info.client_address);
    match address {
        Some(std::net::IpAddr::V4(v4)) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        Some(std::net::IpAddr::V6(v6)) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        None => "unknown".to_owned(),
    }
}

/// Browser and system family, for the person's own list of sessions: nothing that identifies.
fn device(agent: &str) -> String {
    let first = |names: &[(&str, &str)]| names.iter().find(|(mark, _)| agent.contains(mark)).map_or("", |(_, name)| *name).to_owned();
    let browser = first(&[
        ("Firefox/", "Firefox"),
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("YaBrowser/", "Yandex"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser.is_empty(), system.is_empty()) {
        (false, false) => format!("{browser}, {system}"),
        (false, true) => browser,
        (true, _) => system,
    }
}

/// Refuses forms posted by other sites, by what browsers say themselves (WE3).
pub(super) fn same_site(core: &Arc<Core>, parts: &Parts) -> Result<(), Refusal> {
    if parts.method != Method::POST {
        return Ok(());
    }
    let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let refuse = || Err(Refusal::because(StatusCode::FORBIDDEN, "cross_site", "this form was posted by another site"));
    if text("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return refuse();
    }
    // "null" is what browsers say for our own pages, too: they carry Referrer-Policy no-referrer.
    if text("origin").is_some_and(|origin| origin != core.issuer() && origin != "null") {
        return refuse();
    }
    Ok(())
}
