//! A client of a service: what it asks of Concord, over HTTP, with its own credentials.

use concord::clock::Clock;
use serde_json::{Value, json};
use url::Url;

use super::http::{Answer, Browser, Request, Wire, parameter};
use super::keys::{Key, challenge, random};

/// How a client proves who it is (RFC 6749 section 2.3, RFC 7523).
pub enum Credentials {
    Basic(String),
    Post(String),
    /// `private_key_jwt`
    Key(Key),
    /// A public client.
    None,
}

pub struct Client {
    pub wire: Wire,
    pub id: String,
    pub credentials: Credentials,
    pub redirect_uri: String,
    pub scope: String,
}

/// An authorization under way: what the client remembers until the browser comes back.
#[derive(Clone, Debug)]
pub struct Pending {
    pub url: Url,
    pub verifier: String,
    pub state: String,
    pub nonce: String,
}

impl Client {
    /// Adds this client's credentials to a form.
    fn authenticated(&self, request: Request, parameters: &[(&str, &str)]) -> Request {
        // A pushed request names its client already.
        let mut form: Vec<(&str, &str)> = parameters.iter().copied().filter(|(name, _)| *name != "client_id").collect();
        let assertion;
        match &self.credentials {
            Credentials::Basic(secret) => return request.basic(&self.id, secret).form(parameters.iter().copied()),
            Credentials::Post(secret) => form.extend([("client_id", self.id.as_str()), ("client_secret", secret.as_str())]),
            Credentials::None => form.push(("client_id", &self.id)),
            Credentials::Key(key) => {
                assertion = key.sign("JWT", &self.assertion());
                form.push(("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"));
                form.push(("client_assertion", &assertion));
                form.extend(parameters.iter().copied().filter(|(name, _)| *name == "client_id"));
            }
        }
        request.form(form)
    }

    /// RFC 7523 section 3.
    pub fn assertion(&self) -> Value {
        let now = Clock::System.now().seconds();
        let issuer = self.wire.origin.origin().ascii_serialization();
        json!({"iss": self.id, "sub": self.id, "aud": issuer, "iat": now, "exp": now + 60, "jti": random()})
    }

    /// POST to an endpoint that wants this client's credentials.
    pub async fn post(&self, endpoint: &str, parameters: &[(&str, &str)]) -> Answer {
        self.authenticated(self.wire.post(endpoint), parameters).send().await
    }

    /// As `post`, where the server may be killed meanwhile.
    pub async fn try_post(&self, endpoint: &str, parameters: &[(&str, &str)]) -> Result<Answer, reqwest::Error> {
        self.authenticated(self.wire.post(endpoint), parameters).try_send().await
    }

    pub async fn token(&self, parameters: &[(&str, &str)]) -> Answer {
        self.post("/oauth2/token", parameters).await
    }

    pub async fn client_credentials(&self, scope: &str) -> Answer {
        self.token(&[("grant_type", "client_credentials"), ("scope", scope)]).await
    }

    pub async fn refresh(&self, refresh_token: &str) -> Answer {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", refresh_token)]).await
    }

    pub async fn redeem(&self, code: &str, verifier: &str) -> Answer {
        let uri = self.redirect_uri.as_str();
        self.token(&[("grant_type", "authorization_code"), ("code", code), ("redirect_uri", uri), ("code_verifier", verifier)]).await
    }

    /// RFC 7662: the whole answer.
    pub async fn introspect(&self, token: &str) -> Value {
        self.post("/oauth2/introspect", &[("token", token)]).await.expect(200).json()
    }

    pub async fn sees_active(&self, token: &str) -> bool {
        self.introspect(token).await["active"].as_bool().expect("active is always there")
    }

    /// RFC 7009.
    pub async fn revoke(&self, token: &str) -> Answer {
        self.post("/oauth2/revoke", &[("token", token)]).await
    }

    pub async fn userinfo(&self, access_token: &str) -> Answer {
        self.wire.get("/oauth2/userinfo").bearer(access_token).send().await
    }

    /// The parameters of an authorize request for this client's scope, with a fresh verifier, state and nonce.
    fn request(&self, extra: &[(&str, &str)]) -> (Vec<(String, String)>, Pending) {
        let pending = Pending { url: self.wire.url("/oauth2/authorize"), verifier: random(), state: random(), nonce: random() };
        let mut parameters: Vec<(String, String)> = [
            ("response_type", "code"),
            ("client_id", &self.id),
            ("redirect_uri", &self.redirect_uri),
            ("scope", &self.scope),
            ("state", &pending.state),
            ("nonce", &pending.nonce),
            ("code_challenge", &challenge(&pending.verifier)),
            ("code_challenge_method", "S256"),
        ]
        .map(|(n, v)| (n.to_owned(), v.to_owned()))
        .to_vec();
        for (name, value) in extra {
            parameters.retain(|(n, _)| n != name);
            parameters.push(((*name).to_owned(), (*value).to_owned()));
        }
        (parameters, pending)
    }

    /// An authorize request in the address; `extra` replaces or adds.
    pub fn authorize(&self, extra: &[(&str, &str)]) -> Pending {
        let (parameters, mut pending) = self.request(extra);
        pending.url.query_pairs_mut().extend_pairs(parameters);
        pending
    }

    /// RFC 9126: the request goes ahead, the address carries only its name.
    pub async fn push(&self, extra: &[(&str, &str)]) -> Pending {
        let (parameters, mut pending) = self.request(extra);
        let parameters: Vec<_> = parameters.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let answer = self.post("/oauth2/par", &parameters).await.expect(201).json();
        let request_uri = answer["request_uri"].as_str().expect("a request_uri").to_owned();
        pending.url.query_pairs_mut().extend_pairs([("client_id", self.id.as_str()), ("request_uri", &request_uri)]);
        pending
    }

    /// What came back to the redirect URI, with state and issuer checked (RFC 9207).
    #[track_caller]
    pub fn returned(&self, pending: &Pending, answer: &Answer) -> Url {
        let back = answer.location().unwrap_or_else(|| panic!("{} {}: no redirect: {}", answer.status, answer.url, answer.page().text()));
        assert!(back.as_str().starts_with(&self.redirect_uri), "sent to {back}");
        assert_eq!(parameter(&back, "state").as_ref(), Some(&pending.state), "{back}");
        assert_eq!(parameter(&back, "iss"), Some(self.wire.origin.origin().ascii_serialization()), "{back}");
        back
    }

    /// A person who is signed in and has agreed before: no page is shown, the tokens are here.
    pub async fn silently(&self, browser: &mut Browser, extra: &[(&str, &str)]) -> Value {
        let pending = self.authorize(extra);
        let answer = browser.open(pending.url.as_str()).await;
        let back = self.returned(&pending, &answer);
        let code = parameter(&back, "code").unwrap_or_else(|| panic!("no code: {back}"));
        self.redeem(&code, &pending.verifier).await.expect(200).json()
    }
}
