//! A browser without a screen: cookies by host, redirects followed wherever they lead, plain forms.

use std::collections::BTreeMap;

use reqwest::header::{ACCEPT_LANGUAGE, COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::{Client, Method, Url};

use super::super::Trouble;
use super::page::{Form, Page};
use crate::protocol::locale::Locale;

/// The most redirects in a row.
const MOST_REDIRECTS: usize = 20;

/// What the browser shows.
pub struct Shown {
    /// Where it is.
    pub url: Url,
    /// The status of the answer.
    pub status: u16,
    /// The page.
    pub page: Page,
}

/// A browser.
pub struct Browser {
    client: Client,
    language: Locale,
    cookies: BTreeMap<(String, String), String>,
    shown: Option<Shown>,
}

impl Browser {
    /// Without any cookie yet.
    pub fn new(client: Client, language: Locale) -> Self {
        Self { client, language, cookies: BTreeMap::new(), shown: None }
    }

    /// What it shows.
    ///
    /// # Errors
    /// Nothing was opened yet.
    pub fn shown(&self) -> Result<&Shown, Trouble> {
        self.shown.as_ref().ok_or_else(|| Trouble::new("no page was opened"))
    }

    /// The page it shows.
    ///
    /// # Errors
    /// Nothing was opened yet.
    pub fn page(&self) -> Result<&Page, Trouble> {
        Ok(&self.shown()?.page)
    }

    /// The host it is at.
    pub fn host(&self) -> &str {
        self.shown.as_ref().and_then(|shown| shown.url.host_str()).unwrap_or_default()
    }

    /// A cookie of a host.
    pub fn cookie(&self, host: &str, name: &str) -> Option<&str> {
        self.cookies.get(&(host.to_owned(), name.to_owned())).map(String::as_str)
    }

    /// All cookies of a host: name and value.
    pub fn cookies_of(&self, host: &str) -> Vec<(String, String)> {
        self.cookies.iter().filter(|((at, _), _)| at == host).map(|((_, name), value)| (name.clone(), value.clone())).collect()
    }

    /// Opens an address.
    ///
    /// # Errors
    /// No answer, a redirect without end, or a fault of the server.
    pub async fn open(&mut self, url: &str) -> Result<(), Trouble> {
        let url = Url::parse(url).map_err(|_| Trouble::new(format!("not an address: {url}")))?;
        self.go(Method::GET, url, None).await
    }

    /// Sends a form of the page with one of its buttons.
    ///
    /// # Errors
    /// As [`Browser::open`].
    pub async fn send(&mut self, form: &Form, button: &str) -> Result<(), Trouble> {
        let pressed = form.button(button).ok_or_else(|| Trouble::new(format!("no button {button}")))?;
        let mut pairs = form.fields.clone();
        if !pressed.sends.0.is_empty() {
            pairs.push(pressed.sends.clone());
        }
        let url = self.shown()?.url.clone();
        self.go(Method::POST, url, Some(pairs)).await
    }

    async fn go(&mut self, method: Method, url: Url, form: Option<Vec<(String, String)>>) -> Result<(), Trouble> {
        let (mut method, mut url, mut form) = (method, url, form);
        for _ in 0..MOST_REDIRECTS {
            let host = url.host_str().unwrap_or_default().to_owned();
            let mut request = self.client.request(method.clone(), url.clone()).header(ACCEPT_LANGUAGE, self.language.as_str());
            let cookies = self.cookies_of(&host).iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
            if !cookies.is_empty() {
                request = request.header(COOKIE, cookies);
            }
            if let Some(pairs) = &form {
                request = request.header(ORIGIN, url.origin().ascii_serialization()).form(pairs);
            }
            let answer = request.send().await.map_err(|error| Trouble::new(format!("{url}: {error}")))?;
            for line in answer.headers().get_all(SET_COOKIE) {
                self.keep(&host, line.to_str().unwrap_or_default());
            }
            let status = answer.status();
            let location = answer.headers().get(LOCATION).and_then(|location| location.to_str().ok()).map(str::to_owned);
            if status.is_redirection()
                && let Some(location) = location
            {
                url = url.join(&location).map_err(|_| Trouble::new(format!("{url} leads to {location}")))?;
                (method, form) = (Method::GET, None);
                continue;
            }
            let html = answer.text().await.map_err(|error| Trouble::new(format!("{url}: {error}")))?;
            let page = Page::read(&html);
            if status.is_server_error() {
                return Err(Trouble::new(format!("{url} answered {status}: {}", page.text())));
            }
            self.shown = Some(Shown { url, status: status.as_u16(), page });
            return Ok(());
        }
        Err(Trouble::new(format!("redirected {MOST_REDIRECTS} times, last to {url}")))
    }

    fn keep(&mut self, host: &str, line: &str) {
        let mut parts = line.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { return };
        let gone = parts.any(|part| part.eq_ignore_ascii_case("max-age=0"));
        let key = (host.to_owned(), name.to_owned());
        if gone || value.is_empty() {
            self.cookies.remove(&key);
        } else {
            self.cookies.insert(key, value.to_owned());
        }
    }
}
