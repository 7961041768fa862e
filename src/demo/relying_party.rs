//! A relying party of Concord, the part that every partner has in common: what is written here is what a partner writes.
//!
//! Discovery, PAR, authorization code with PKCE, state and nonce, ID token verification, refresh, userinfo, introspection.

use std::sync::Arc;

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::Trouble;
use super::id_token::{self, Identity};
use super::keys::Keys;
use super::party::{Party, Place};
use super::tap::Deed;
use super::wire::{Answer, Call, Contents, Credentials, Wire};
use crate::clock::Clock;
use crate::crypto::digest::{base64url, sha256};
use crate::crypto::random::Random;

/// The endpoints of the provider that are used here (OIDC Discovery 3).
#[derive(Clone, Debug, Deserialize)]
pub struct Metadata {
    /// The issuer.
    pub issuer: String,
    /// Where browsers are sent.
    pub authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: String,
    jwks_uri: String,
    pushed_authorization_request_endpoint: String,
    introspection_endpoint: String,
    revocation_endpoint: String,
    end_session_endpoint: String,
}

/// How a client authenticates: one of each kind is shown.
#[derive(Clone)]
pub enum ClientKey {
    /// HTTP Basic with a secret.
    Basic(String),
    /// The secret in the form.
    Post(String),
    /// A signed assertion (RFC 7523), with the service's own key.
    Assertion,
}

/// What is remembered in the service's own browser session until the person comes back.
#[derive(Clone, Debug)]
pub struct Pending {
    /// Ties the answer to this session.
    pub state: String,
    /// Ties the ID token to this request.
    nonce: String,
    /// RFC 7636.
    verifier: String,
    /// Why the person was sent.
    pub purpose: Purpose,
}

/// Why a person is sent to Concord.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To sign in.
    SignIn,
    /// To connect this local account (ceremony C3).
    Connect(String),
    /// To let the service read more.
    Share,
}

/// What the token endpoint gave.
#[derive(Clone, Deserialize)]
pub struct Tokens {
    /// The access token.
    pub access_token: String,
    /// Its life in seconds.
    pub expires_in: i64,
    /// The scope in force.
    #[serde(default)]
    pub scope: String,
    /// The refresh token.
    pub refresh_token: Option<String>,
    /// The ID token.
    pub id_token: Option<String>,
    /// How the ceremony ended.
    pub link_status: Option<String>,
}

/// Why a call to Concord brought nothing.
#[derive(Debug)]
pub enum Refused {
    /// The OAuth error code.
    Error(String),
    /// No answer, or one that makes no sense.
    Trouble(Trouble),
}

impl From<Trouble> for Refused {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Error(code) => f.write_str(code),
            Self::Trouble(trouble) => trouble.fmt(f),
        }
    }
}

/// One partner as a client of Concord.
pub struct RelyingParty {
    me: Party,
    place: Place,
    wire: Wire,
    client_key: ClientKey,
    keys: Arc<Keys>,
    clock: Clock,
    random: Random,
    metadata: OnceCell<Metadata>,
}

impl RelyingParty {
    /// For a partner with its credentials.
    pub fn new(me: Party, place: Place, wire: Wire, client_key: ClientKey, keys: Arc<Keys>, clock: Clock, random: Random) -> Self {
        Self { me, place, wire, client_key, keys, clock, random, metadata: OnceCell::new() }
    }

    /// Its `client_id`.
    pub fn client_id(&self) -> &'static str {
        self.me.code()
    }

    /// The provider's metadata, read once.
    ///
    /// # Errors
    /// It cannot be read, or names another issuer than the one configured here (OIDC Discovery 4.3).
    pub async fn metadata(&self) -> Result<&Metadata, Trouble> {
        let issuer = self.place.origin(Party::Concord);
        let read = || async {
            let answer = self.get(Deed::Discovers, format!("{issuer}/.well-known/openid-configuration"), Credentials::None).await?;
            let metadata: Metadata =
                serde_json::from_value(answer.body).map_err(|error| Trouble::new(format!("the provider's metadata: {error}")))?;
            if metadata.issuer == issuer { Ok(metadata) } else { Err(Trouble::new("the metadata are another issuer's")) }
        };
        self.metadata.get_or_try_init(read).await
    }

    /// Pushes an authorization request and says where to send the browser. `more` are further parameters.
    ///
    /// # Errors
    /// Concord refused the request.
    pub async fn begin(
        &self,
        purpose: Purpose,
        scope: &str,
        resources: &[String],
        more: Vec<(String, String)>,
    ) -> Result<(Pending, String), Refused> {
        let metadata = self.metadata().await?;
        let (state, nonce, verifier) = (self.random.token(), self.random.token(), self.random.token());
        let mut form = pairs([
            ("response_type", "code"),
            ("redirect_uri", &self.redirect_uri()),
            ("scope", scope),
            ("state", &state),
            ("nonce", &nonce),
            ("code_challenge", &base64url(&sha256(verifier.as_bytes()))),
            ("code_challenge_method", "S256"),
        ]);
        form.extend(resources.iter().map(|resource| ("resource".to_owned(), resource.clone())));
        form.extend(more);
        let deed = if matches!(purpose, Purpose::Connect(_)) { Deed::PushesLink } else { Deed::Pushes };
        let answer = self.post(deed, &metadata.pushed_authorization_request_endpoint, form).await?;
        let uri = answer.body["request_uri"].as_str().ok_or_else(|| Refused::Error(answer.error().to_owned()))?;
        let mut url = url::form_urlencoded::Serializer::new(String::new());
        url.append_pair("client_id", self.client_id()).append_pair("request_uri", uri);
        let url = format!("{}?{}", metadata.authorization_endpoint, url.finish());
        Ok((Pending { state, nonce, verifier, purpose }, url))
    }

    /// Redeems a code, with the verifier of the very session that began; the ID token holds or nothing does.
    ///
    /// # Errors
    /// Concord refused the code, or the ID token does not hold.
    pub async fn redeem(&self, pending: &Pending, code: &str) -> Result<(Tokens, Identity), Refused> {
        let metadata = self.metadata().await?;
        let form = pairs([
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.redirect_uri()),
            ("code_verifier", &pending.verifier),
        ]);
        let tokens = self.tokens(Deed::Redeems, &metadata.token_endpoint, form).await?;
        let keys = self.get(Deed::Keys, metadata.jwks_uri.clone(), Credentials::None).await?.body;
        let id_token = tokens.id_token.as_deref().ok_or_else(|| Trouble::new("no ID token"))?;
        let identity = id_token::verify(id_token, &tokens.access_token, &keys, &metadata.issuer, self.client_id(), &pending.nonce)?;
        Ok((tokens, identity))
    }

    /// Refreshes, for the API of a service when `resource` names one.
    ///
    /// # Errors
    /// Concord refused.
    pub async fn refresh(&self, refresh_token: &str, resource: Option<&str>) -> Result<Tokens, Refused> {
        let mut form = pairs([("grant_type", "refresh_token"), ("refresh_token", refresh_token)]);
        form.extend(resource.map(|resource| ("resource".to_owned(), resource.to_owned())));
        let endpoint = self.metadata().await?.token_endpoint.clone();
        self.tokens(Deed::Refreshes, &endpoint, form).await
    }

    /// A token of the client's own.
    ///
    /// # Errors
    /// Concord refused.
    pub async fn own_token(&self, scope: &str) -> Result<String, Refused> {
        let endpoint = self.metadata().await?.token_endpoint.clone();
        let form = pairs([("grant_type", "client_credentials"), ("scope", scope)]);
        Ok(self.tokens(Deed::OwnToken, &endpoint, form).await?.access_token)
    }

    /// What Concord says about the person behind an access token.
    ///
    /// # Errors
    /// The token does not hold.
    pub async fn userinfo(&self, access_token: &str) -> Result<Value, Refused> {
        let endpoint = self.metadata().await?.userinfo_endpoint.clone();
        let answer = self.get(Deed::Userinfo, endpoint, Credentials::Bearer(access_token.to_owned())).await?;
        if answer.fine() { Ok(answer.body) } else { Err(Refused::Error(answer.error().to_owned())) }
    }

    /// What Concord says about a token (RFC 7662).
    ///
    /// # Errors
    /// The question was refused; whatever is wrong with the token is an answer.
    pub async fn introspect(&self, token: &str) -> Result<Value, Refused> {
        let endpoint = self.metadata().await?.introspection_endpoint.clone();
        let answer = self.post(Deed::Introspects, &endpoint, pairs([("token", token)])).await?;
        if answer.fine() { Ok(answer.body) } else { Err(Refused::Error(answer.error().to_owned())) }
    }

    /// Gives a refresh token back, and with it the grant (RFC 7009).
    pub async fn revoke(&self, refresh_token: &str) {
        let Ok(metadata) = self.metadata().await else { return };
        let endpoint = metadata.revocation_endpoint.clone();
        let form = pairs([("token", refresh_token), ("token_type_hint", "refresh_token")]);
        if let Err(refused) = self.post(Deed::Revokes, &endpoint, form).await {
            tracing::debug!(event = "demo.revoke", %refused, "a token was not given back");
        }
    }

    /// Calls the API of another service with a token meant for it.
    ///
    /// # Errors
    /// No answer.
    pub async fn call_api(&self, url: String, access_token: &str) -> Result<Answer, Trouble> {
        self.get(Deed::Calls, url, Credentials::Bearer(access_token.to_owned())).await
    }

    /// Writes what this service knows about its own customer (its own product domain only).
    ///
    /// # Errors
    /// Concord refused.
    pub async fn write_profile(&self, domain: &str, local_account: &str, values: Value) -> Result<(), Refused> {
        let token = self.own_token("profile.write").await?;
        let call = Call {
            deed: Deed::Writes,
            method: Method::PUT,
            url: self.place.url(Party::Concord, &format!("/api/partner/v1/profile/{domain}")),
            credentials: Credentials::Bearer(token),
            contents: Contents::Json(json!({
                "local_account": local_account,
                "values": values,
                "observed_at": self.clock.now().rfc3339(),
            })),
        };
        let answer = self.wire.call(call).await?;
        if answer.fine() { Ok(()) } else { Err(Refused::Error(answer.body["code"].as_str().unwrap_or("refused").to_owned())) }
    }

    /// What this service has written about its own customer.
    ///
    /// # Errors
    /// Concord refused.
    pub async fn read_profile(&self, domain: &str, local_account: &str) -> Result<Value, Refused> {
        let token = self.own_token("profile.write").await?;
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("local_account", local_account).finish();
        let url = self.place.url(Party::Concord, &format!("/api/partner/v1/profile/{domain}?{query}"));
        let answer = self.get(Deed::Writes, url, Credentials::Bearer(token)).await?;
        if answer.fine() { Ok(answer.body) } else { Err(Refused::Error(answer.body["code"].as_str().unwrap_or("refused").to_owned())) }
    }

    /// The assertion that connects a local account (ceremony C3, conventions 5).
    ///
    /// # Errors
    /// It cannot be signed.
    pub fn link_assertion(&self, local_account: &str, auth_time: i64) -> Result<String, Trouble> {
        let now = self.clock.now().seconds();
        self.keys.sign(
            "link+jwt",
            &json!({
                "iss": self.me.code(),
                "aud": self.place.origin(Party::Concord),
                "sub": local_account,
                "auth_time": auth_time,
                "acr": "aal1",
                "jti": self.random.token(),
                "iat": now,
                "exp": now + 60,
            }),
        )
    }

    /// Where a browser signs out of Concord too (RP-Initiated Logout).
    ///
    /// # Errors
    /// The metadata cannot be read.
    pub async fn sign_out_url(&self, id_token: &str) -> Result<String, Trouble> {
        let endpoint = &self.metadata().await?.end_session_endpoint;
        let mut url = url::form_urlencoded::Serializer::new(String::new());
        url.append_pair("id_token_hint", id_token)
            .append_pair("client_id", self.client_id())
            .append_pair("post_logout_redirect_uri", &self.place.url(self.me, "/oidc/signed-out"));
        Ok(format!("{endpoint}?{}", url.finish()))
    }

    /// `sub` and `sid` of a logout token that holds (Back-Channel Logout 2.6).
    ///
    /// # Errors
    /// It does not hold.
    pub async fn logout_token(&self, token: &str) -> Result<(Option<String>, Option<String>), Trouble> {
        let metadata = self.metadata().await?;
        let keys = self.get(Deed::Keys, metadata.jwks_uri.clone(), Credentials::None).await?.body;
        id_token::verify_logout(token, &keys, &metadata.issuer, self.client_id(), self.clock.now())
    }

    fn redirect_uri(&self) -> String {
        self.place.url(self.me, "/oidc/callback")
    }

    async fn get(&self, deed: Deed, url: String, credentials: Credentials) -> Result<Answer, Trouble> {
        self.wire.call(Call { deed, method: Method::GET, url, credentials, contents: Contents::Nothing }).await
    }

    /// A form of the client, which proves who it is in the way it registered.
    async fn post(&self, deed: Deed, url: &str, mut form: Vec<(String, String)>) -> Result<Answer, Trouble> {
        let credentials = match &self.client_key {
            ClientKey::Basic(secret) => Credentials::Basic(self.client_id().to_owned(), secret.clone()),
            ClientKey::Post(secret) => {
                form.extend(pairs([("client_id", self.client_id()), ("client_secret", secret)]));
                Credentials::None
            }
            ClientKey::Assertion => {
                form.extend(pairs([
                    ("client_id", self.client_id()),
                    ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                    ("client_assertion", &self.client_assertion()?),
                ]));
                Credentials::None
            }
        };
        self.wire.call(Call { deed, method: Method::POST, url: url.to_owned(), credentials, contents: Contents::Form(form) }).await
    }

    /// RFC 7523 section 3, with the issuer as the one audience.
    fn client_assertion(&self) -> Result<String, Trouble> {
        let now = self.clock.now().seconds();
        self.keys.sign(
            "JWT",
            &json!({
                "iss": self.client_id(),
                "sub": self.client_id(),
                "aud": self.place.origin(Party::Concord),
                "jti": self.random.token(),
                "iat": now,
                "exp": now + 60,
            }),
        )
    }

    async fn tokens(&self, deed: Deed, endpoint: &str, form: Vec<(String, String)>) -> Result<Tokens, Refused> {
        let answer = self.post(deed, endpoint, form).await?;
        if !answer.fine() {
            return Err(Refused::Error(answer.error().to_owned()));
        }
        serde_json::from_value(answer.body).map_err(|error| Trouble::new(format!("the token answer: {error}")).into())
    }
}

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
