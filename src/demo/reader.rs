//! Who reads a page of the demo: language and theme, chosen on the page or by the browser.

use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use crate::clock::Timestamp;
use crate::http::cookies::Cookies;
use crate::protocol::locale::Locale;
use crate::ui::{Frame, Theme};

/// What the reader chose.
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    /// Language.
    pub locale: Locale,
    /// Light or dark.
    pub theme: Theme,
}

impl Reader {
    /// By cookie, else by the demo's own setting, else by the browser.
    pub fn of(headers: &HeaderMap, preset: Option<Locale>) -> Self {
        let cookies = Cookies::of(headers);
        let chosen = cookies.get("lang").ok().flatten().and_then(Locale::from_tag);
        let browser = || headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok().and_then(Locale::accept_language);
        let theme = cookies.get("theme").ok().flatten().and_then(Theme::parse);
        Self { locale: chosen.or(preset).or_else(browser).unwrap_or(Locale::En), theme: theme.unwrap_or_default() }
    }

    /// What surrounds a page of this reader.
    pub fn frame(self, issuer_host: String, path: String, csrf: String, now: Timestamp) -> Frame {
        Frame {
            locale: self.locale,
            theme: self.theme,
            issuer_host,
            path,
            csrf,
            signed_in_as: None,
            client: None,
            request_id: String::new(),
            now,
            utc_offset_minutes: 0,
        }
    }
}

/// A choice made by a link on the page: kept in a cookie, and back to the page without it.
pub fn chosen(uri: &Uri) -> Option<Response> {
    let pairs: Vec<(String, String)> =
        url::form_urlencoded::parse(uri.query()?.as_bytes()).map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    let (name, value) = pairs.iter().find_map(|(name, value)| match name.as_str() {
        "lang" => Some(("lang", Locale::from_tag(value)?.as_str())),
        "theme" => Some(("theme", Theme::parse(value)?.as_str())),
        _ => None,
    })?;
    let rest: String = pairs
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "lang" | "theme"))
        .fold(url::form_urlencoded::Serializer::new(String::new()), |mut query, (name, value)| {
            query.append_pair(name, value);
            query
        })
        .finish();
    let back = if rest.is_empty() { uri.path().to_owned() } else { format!("{}?{rest}", uri.path()) };
    let mut response = see_other(&back);
    let cookie = format!("{name}={value}; Path=/; Max-Age=31536000; SameSite=Lax");
    response.headers_mut().insert(header::SET_COOKIE, HeaderValue::try_from(cookie).ok()?);
    Some(response)
}

/// 303, also after a form.
pub fn see_other(url: &str) -> Response {
    match HeaderValue::try_from(url) {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
