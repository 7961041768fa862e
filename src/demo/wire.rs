//! How a partner calls others on this machine: plain HTTP to loopback, each call noted in the protocol log.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use reqwest::{Client, Method, Url, redirect};
use serde_json::Value;

use super::Trouble;
use super::party::{Party, Place};
use super::redact;
use super::tap::{Deed, Entry, Part, Tap, Went};
use crate::clock::Clock;

/// Set on calls from server to server: the listener's own tap leaves them to their caller, who knows more.
pub const MARK: &str = "x-demo-caller";

/// How a call says who makes it.
pub enum Credentials {
    /// Not at all, or in the form.
    None,
    /// HTTP Basic (RFC 6749 2.3.1).
    Basic(String, String),
    /// An access token (RFC 6750).
    Bearer(String),
}

/// What a call carries.
pub enum Contents {
    /// Nothing.
    Nothing,
    /// A form.
    Form(Vec<(String, String)>),
    /// JSON.
    Json(Value),
}

/// A call to be made.
pub struct Call {
    /// What for.
    pub deed: Deed,
    /// `GET`, `POST`, `PUT`.
    pub method: Method,
    /// Whole address.
    pub url: String,
    /// Who calls.
    pub credentials: Credentials,
    /// What is sent.
    pub contents: Contents,
}

/// An answer: JSON, or nothing.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body; `Null` when there was none or it was no JSON.
    pub body: Value,
}

impl Answer {
    /// Whether the status says success.
    pub fn fine(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The `error` of an OAuth answer.
    pub fn error(&self) -> &str {
        self.body["error"].as_str().unwrap_or("no answer")
    }
}

/// Names of this machine that a resolver may not know.
fn resolved(place: Place) -> reqwest::ClientBuilder {
    let here = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), place.port);
    let names = Party::HOSTS.map(Party::host).into_iter().chain(["localhost", "demo.localhost"]);
    names.fold(Client::builder(), |builder, name| builder.resolve(name, here))
}

/// A client that reaches every host of the demo and follows no redirect.
///
/// # Errors
/// The client cannot be made.
pub fn client(place: Place) -> Result<Client, Trouble> {
    let builder = resolved(place).no_proxy().referer(false).redirect(redirect::Policy::none()).timeout(Duration::from_secs(20));
    builder.build().map_err(|error| Trouble::new(format!("no HTTP client: {error}")))
}

/// A partner's way to others.
#[derive(Clone)]
pub struct Wire {
    client: Client,
    tap: Tap,
    clock: Clock,
    me: Party,
}

impl Wire {
    /// For one partner.
    pub fn new(client: Client, tap: Tap, clock: Clock, me: Party) -> Self {
        Self { client, tap, clock, me }
    }

    /// Makes a call and notes it.
    ///
    /// # Errors
    /// No answer came.
    pub async fn call(&self, call: Call) -> Result<Answer, Trouble> {
        let url = Url::parse(&call.url).map_err(|_| Trouble::new(format!("not an address: {}", call.url)))?;
        let mut parts = sent(&call);
        let curl = curl(&call);
        let mut request = self.client.request(call.method.clone(), url.clone()).header(MARK, self.me.code());
        request = match &call.credentials {
            Credentials::None => request,
            Credentials::Basic(id, secret) => request.basic_auth(encoded(id), Some(encoded(secret))),
            Credentials::Bearer(token) => request.bearer_auth(token),
        };
        request = match &call.contents {
            Contents::Nothing => request,
            Contents::Form(pairs) => request.form(pairs),
            Contents::Json(value) => request.json(value),
        };
        let response = request.send().await.map_err(|error| Trouble::new(format!("{}: {error}", url.path())))?;
        let status = response.status().as_u16();
        let body: Value = response.json().await.unwrap_or(Value::Null);
        let answer = Answer { status, body };
        parts.extend(answered(&answer));
        self.tap.note(Entry {
            at: self.clock.now(),
            from: self.me,
            to: url.host_str().and_then(Party::at).unwrap_or(Party::Concord),
            deed: call.deed,
            call: format!("{} {}", call.method, url.path()),
            outcome: outcome(call.deed, &answer),
            went: went(call.deed, &answer),
            parts,
            curl: Some(curl),
        });
        Ok(answer)
    }
}

/// RFC 6749 section 2.3.1: id and secret are form-encoded before they are joined.
fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn sent(call: &Call) -> Vec<(Part, String)> {
    let mut parts = Vec::new();
    match &call.contents {
        Contents::Nothing => {}
        Contents::Form(pairs) => {
            parts.push((Part::Sent, redact::form(pairs)));
            let named = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            parts.extend(redact::tokens(named).into_iter().map(|(name, text)| (Part::Token(name), text)));
        }
        Contents::Json(value) => parts.push((Part::Sent, redact::json(value))),
    }
    parts
}

fn answered(answer: &Answer) -> Vec<(Part, String)> {
    let Value::Object(members) = &answer.body else { return Vec::new() };
    // Keys are long and say nothing to people.
    let shown = if members.contains_key("keys") { "{ \"keys\": [ … ] }".to_owned() } else { redact::json(&answer.body) };
    let named = members.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)));
    let tokens = redact::tokens(named).into_iter().map(|(name, text)| (Part::Token(name), text));
    std::iter::once((Part::Answered, shown)).chain(tokens).collect()
}

fn outcome(deed: Deed, answer: &Answer) -> String {
    match (deed, answer.body["active"].as_bool(), answer.body["error"].as_str()) {
        (Deed::Introspects, Some(true), _) => "active".to_owned(),
        (Deed::Introspects, Some(false), _) => "inactive".to_owned(),
        (_, _, Some(error)) => error.to_owned(),
        _ => answer.status.to_string(),
    }
}

fn went(deed: Deed, answer: &Answer) -> Went {
    match (deed, answer.body["active"].as_bool()) {
        (Deed::Introspects, Some(false)) => Went::Bad,
        _ if answer.fine() => Went::Good,
        _ => Went::Bad,
    }
}

/// The same call for a shell; what is secret is a variable there.
fn curl(call: &Call) -> String {
    let mut words = vec!["curl".to_owned()];
    if call.method != Method::GET && call.method != Method::POST {
        words.push(format!("-X {}", call.method));
    }
    match &call.credentials {
        Credentials::None => {}
        Credentials::Basic(id, _) => words.push(format!("-u {id}:$SECRET")),
        Credentials::Bearer(_) => words.push("-H \"Authorization: Bearer $TOKEN\"".to_owned()),
    }
    match &call.contents {
        Contents::Nothing => {}
        Contents::Form(pairs) => {
            for (name, value) in pairs {
                let shown = redact::form(&[(name.clone(), value.clone())]);
                let secret = shown != format!("{name} = {value}");
                let value = if secret { format!("${}", name.to_uppercase()) } else { value.clone() };
                words.push(format!("--data-urlencode \"{name}={value}\""));
            }
        }
        Contents::Json(value) => words.push(format!("-H 'Content-Type: application/json' -d '{}'", redact::json(value))),
    }
    words.push(format!("'{}'", call.url));
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_for_a_shell_has_no_secret() {
        let call = Call {
            deed: Deed::Redeems,
            method: Method::POST,
            url: "http://id.localhost:8080/oauth2/token".to_owned(),
            credentials: Credentials::Basic("polar-points".to_owned(), "hush".to_owned()),
            contents: Contents::Form(vec![("grant_type".into(), "authorization_code".into()), ("code".into(), "precious-code".into())]),
        };
        let text = curl(&call);
        assert!(!text.contains("hush") && !text.contains("precious") && text.contains("code=$CODE"));
    }
}
