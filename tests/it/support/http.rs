//! HTTP as strangers speak it: no redirect is followed unasked, every cookie is seen, any host name reaches the test's server.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use reqwest::header::{
    ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST, HeaderMap, HeaderName, HeaderValue, LOCATION, SET_COOKIE,
};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use url::Url;

use super::html::{Form, Page};

/// What went over a wire, both ways: for tests that look for it elsewhere afterwards.
#[derive(Clone)]
pub struct Exchange {
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    pub answer: Answer,
}

/// Everything that went over the wires that share it.
pub type Tap = Arc<Mutex<Vec<Exchange>>>;

/// Where a server listens, whatever its names are, and a pool of connections to it.
#[derive(Clone)]
pub struct Wire {
    /// The origin that people and tokens see.
    pub origin: Url,
    address: SocketAddr,
    client: reqwest::Client,
    tap: Option<Tap>,
}

impl Wire {
    /// The same server under another origin.
    pub fn under(&self, origin: &str) -> Self {
        Self { origin: origin.parse().expect("an origin"), ..self.clone() }
    }

    pub fn new(origin: &str, address: SocketAddr) -> Self {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(std::time::Duration::from_secs(30))
            .build()
            .expect("an HTTP client");
        Self { origin: Url::parse(origin).expect("an origin"), address, client, tap: None }
    }

    /// The same wire, remembering everything from now on.
    pub fn tapped(mut self) -> (Self, Tap) {
        let tap = Tap::default();
        self.tap = Some(Arc::clone(&tap));
        (self, tap)
    }

    /// The same names, another node.
    pub fn at(&self, address: SocketAddr) -> Self {
        Self { address, ..self.clone() }
    }

    /// A path of the origin, or an address of any host, as an address.
    #[track_caller]
    pub fn url(&self, target: &str) -> Url {
        self.origin.join(target).unwrap_or_else(|_| panic!("not an address: {target}"))
    }

    pub fn request(&self, method: Method, target: &str) -> Request {
        Request { wire: self.clone(), method, url: self.url(target), headers: HeaderMap::new(), body: Vec::new() }
    }

    pub fn get(&self, target: &str) -> Request {
        self.request(Method::GET, target)
    }

    pub fn post(&self, target: &str) -> Request {
        self.request(Method::POST, target)
    }
}

/// A request being written.
#[derive(Clone)]
pub struct Request {
    wire: Wire,
    method: Method,
    pub url: Url,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Request {
    #[track_caller]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("a header name");
        self.headers.append(name, HeaderValue::from_bytes(value.as_bytes()).expect("a header value"));
        self
    }

    pub fn bearer(self, token: &str) -> Self {
        self.header(AUTHORIZATION.as_str(), &format!("Bearer {token}"))
    }

    /// RFC 6749 section 2.3.1: id and secret are form-encoded before they are joined.
    pub fn basic(self, id: &str, secret: &str) -> Self {
        use base64::Engine as _;
        let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret)));
        self.header(AUTHORIZATION.as_str(), &format!("Basic {pair}"))
    }

    pub fn query<'a>(mut self, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        self.url.query_pairs_mut().extend_pairs(pairs);
        self
    }

    pub fn form<'a>(self, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        self.body("application/x-www-form-urlencoded", body)
    }

    pub fn json(self, value: &Value) -> Self {
        self.body("application/json", value.to_string())
    }

    /// Any bytes under any type: for hostile input.
    pub fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_bytes(content_type.as_bytes()).expect("a content type"));
        self.body = body.into();
        self
    }

    /// The answer, or why there was none (a node that was killed, a wire that was cut).
    pub async fn try_send(mut self) -> Result<Answer, reqwest::Error> {
        let host = match (self.url.host_str(), self.url.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (host, _) => host.unwrap_or_default().to_owned(),
        };
        self.headers.entry(HOST).or_insert_with(|| HeaderValue::from_str(&host).expect("a host"));
        let mut target = self.url.clone();
        target.set_scheme("http").expect("a scheme");
        target.set_ip_host(self.wire.address.ip()).expect("a host");
        target.set_port(Some(self.wire.address.port())).expect("a port");
        let kept = self.wire.tap.as_ref().map(|tap| (Arc::clone(tap), self.headers.clone(), self.body.clone()));
        let answer = self.wire.client.request(self.method, target).headers(self.headers).body(self.body).send().await?;
        let (url, status, headers) = (self.url, answer.status(), answer.headers().clone());
        let answer = Answer { url, status, headers, body: answer.bytes().await?.to_vec() };
        super::secrets::in_answer(&answer);
        if let Some((tap, headers, body)) = kept {
            tap.lock().expect("the tap").push(Exchange { url: answer.url.clone(), headers, body, answer: answer.clone() });
        }
        Ok(answer)
    }

    pub async fn send(self) -> Answer {
        let what = format!("{} {}", self.method, self.url);
        self.try_send().await.unwrap_or_else(|error| panic!("{what}: {error:?}"))
    }
}

/// An answer, read to the end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What was asked for.
    pub url: Url,
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{} {}: not JSON: {}", self.status, self.url, self.text()))
    }

    pub fn page(&self) -> Page {
        Page::parse(&self.text())
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Where a redirect goes, as a whole address.
    pub fn location(&self) -> Option<Url> {
        self.status.is_redirection().then(|| self.url.join(self.header(LOCATION.as_str())?).ok()).flatten()
    }

    /// Asserts the status and shows the body when it is another.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}: {}", self.url, self.text());
        self
    }

    /// RFC 6749 section 5.2: the error code of a JSON answer.
    #[track_caller]
    pub fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_else(|| panic!("no error: {}", self.text())).to_owned()
    }
}

/// A parameter of an address's query (or fragment, where responses of implicit flows are).
pub fn parameter(url: &Url, name: &str) -> Option<String> {
    let find = |text: &str| url::form_urlencoded::parse(text.as_bytes()).find(|(n, _)| n == name).map(|(_, v)| v.into_owned());
    find(url.query().unwrap_or_default()).or_else(|| find(url.fragment().unwrap_or_default()))
}

/// A cookie and what was said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cookie {
    pub value: String,
    pub path: String,
    /// The attributes as they came: `HttpOnly`, `SameSite=Lax` ...
    pub attributes: Vec<String>,
}

/// A person's browser: cookies by host, the page it shows. Clones share nothing: a clone is another profile with the same cookies.
pub struct Browser {
    wire: Wire,
    cookies: Arc<Mutex<BTreeMap<(String, String), Cookie>>>,
    pub language: Option<String>,
    /// The last answer.
    pub shown: Option<Answer>,
}

impl Clone for Browser {
    fn clone(&self) -> Self {
        let cookies = self.cookies.lock().expect("cookies").clone();
        Self { wire: self.wire.clone(), cookies: Arc::new(Mutex::new(cookies)), language: self.language.clone(), shown: self.shown.clone() }
    }
}

impl Browser {
    pub fn new(wire: &Wire) -> Self {
        Self { wire: wire.clone(), cookies: Arc::default(), language: None, shown: None }
    }

    /// The same profile in another tab: cookies are shared, pages are not.
    pub fn tab(&self) -> Self {
        Self { wire: self.wire.clone(), cookies: Arc::clone(&self.cookies), language: self.language.clone(), shown: None }
    }

    /// Talks to another node from now on.
    pub fn move_to(&mut self, address: SocketAddr) {
        self.wire = self.wire.at(address);
    }

    pub fn cookie(&self, host: &str, name: &str) -> Option<Cookie> {
        self.cookies.lock().expect("cookies").get(&(host.to_owned(), name.to_owned())).cloned()
    }

    /// A cookie that was not set by an answer: of a session made elsewhere.
    pub fn carry(&self, host: &str, name: &str, value: &str) {
        self.keep(host, &format!("{name}={value}; Path=/"));
    }

    pub fn forget_cookies(&self) {
        self.cookies.lock().expect("cookies").clear();
    }

    /// One request with this browser's cookies; a redirect is left alone.
    pub async fn once(&mut self, mut request: Request) -> Answer {
        let host = request.url.host_str().unwrap_or_default().to_owned();
        let sent = self.cookie_header(&host, request.url.path());
        if !sent.is_empty() {
            request = request.header(COOKIE.as_str(), &sent);
        }
        if let Some(language) = &self.language {
            request = request.header(ACCEPT_LANGUAGE.as_str(), language);
        }
        let answer = request.send().await;
        for header in answer.headers.get_all(SET_COOKIE) {
            self.keep(&host, header.to_str().expect("a cookie in ASCII"));
        }
        self.shown = Some(answer.clone());
        answer
    }

    fn cookie_header(&self, host: &str, path: &str) -> String {
        let cookies = self.cookies.lock().expect("cookies");
        let fitting = cookies.iter().filter(|((h, _), cookie)| h == host && path.starts_with(&cookie.path));
        fitting.map(|((_, name), cookie)| format!("{name}={}", cookie.value)).collect::<Vec<_>>().join("; ")
    }

    fn keep(&self, host: &str, header: &str) {
        let mut parts = header.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { return };
        let attributes: Vec<String> = parts.map(str::to_owned).collect();
        let attribute = |wanted: &str| {
            attributes.iter().filter_map(|a| a.split_once('=')).find(|(n, _)| n.eq_ignore_ascii_case(wanted)).map(|(_, v)| v.to_owned())
        };
        let gone = attribute("max-age").is_some_and(|age| age.trim_start_matches('-') == "0" || age.starts_with('-'));
        let key = (host.to_owned(), name.to_owned());
        let mut cookies = self.cookies.lock().expect("cookies");
        if gone || value.is_empty() {
            cookies.remove(&key);
        } else {
            let path = attribute("path").unwrap_or_else(|| "/".into());
            cookies.insert(key, Cookie { value: value.to_owned(), path, attributes });
        }
    }

    /// Follows redirects as long as they stay with `stays`; the first that leaves is returned unfollowed.
    async fn follow(&mut self, mut request: Request, stays: impl Fn(&Url) -> bool) -> Answer {
        for _ in 0..20 {
            let answer = self.once(request).await;
            match answer.location() {
                Some(next) if stays(&next) => request = self.wire.get(next.as_str()),
                _ => return answer,
            }
        }
        panic!("redirected twenty times, last to {:?}", self.shown.as_ref().map(|a| &a.url));
    }

    /// Opens a path or address and follows redirects within the server's own origin.
    pub async fn open(&mut self, target: &str) -> Answer {
        let origin = self.wire.origin.origin();
        self.follow(self.wire.get(target), move |next| next.origin() == origin).await
    }

    #[track_caller]
    fn request_of(&self, form: &Form) -> Request {
        let from = &self.shown.as_ref().expect("a page was opened").url;
        let target = if form.action.is_empty() { from.clone() } else { from.join(&form.action).expect("an action") };
        let pairs = form.fields.iter().map(|(n, v)| (n.as_str(), v.as_str()));
        if form.post {
            let origin = from.origin().ascii_serialization();
            let site = if target.origin() == from.origin() { "same-origin" } else { "cross-site" };
            self.wire.post(target.as_str()).header("origin", &origin).header("sec-fetch-site", site).form(pairs)
        } else {
            self.wire.get(target.as_str()).query(pairs)
        }
    }

    /// Sends a form and follows redirects within the server's own origin.
    pub async fn submit(&mut self, form: Form) -> Answer {
        let origin = self.wire.origin.origin();
        self.follow(self.request_of(&form), move |next| next.origin() == origin).await
    }

    /// Sends a form; a redirect is left alone.
    pub async fn submit_once(&mut self, form: Form) -> Answer {
        self.once(self.request_of(&form)).await
    }
}
