//! The provider's metadata (OIDC Discovery 1.0 section 3, RFC 8414 section 2): it says what holds, and nothing else.

use serde::Serialize;

use super::acr::Acr;
use super::client_auth::AuthMethod;
use super::locale::Locale;
use super::response_type::{ResponseMode, ResponseType};
use super::token::GrantType;

/// The paths of the endpoints under the issuer (operations.md 3.1).
pub mod path {
    /// OIDC Discovery 4.
    pub const OPENID_CONFIGURATION: &str = "/.well-known/openid-configuration";
    /// RFC 8414 3.
    pub const OAUTH_METADATA: &str = "/.well-known/oauth-authorization-server";
    /// RFC 7517 5.
    pub const JWKS: &str = "/.well-known/jwks.json";
    /// The same keys where some clients look for them.
    pub const JWKS_ALIAS: &str = "/oauth2/jwks";
    /// RFC 6749 3.1.
    pub const AUTHORIZE: &str = "/oauth2/authorize";
    /// RFC 9126 2.
    pub const PAR: &str = "/oauth2/par";
    /// RFC 6749 3.2.
    pub const TOKEN: &str = "/oauth2/token";
    /// OIDC Core 5.3.
    pub const USERINFO: &str = "/oauth2/userinfo";
    /// RFC 7662 2.
    pub const INTROSPECT: &str = "/oauth2/introspect";
    /// RFC 7009 2.
    pub const REVOKE: &str = "/oauth2/revoke";
    /// RP-Initiated Logout 2.
    pub const LOGOUT: &str = "/oauth2/logout";
}

/// What is switched on; the metadata follows from it.
#[derive(Clone, Debug)]
pub struct Features {
    /// The issuer: an origin without trailing slash.
    pub issuer: String,
    /// Scopes anybody may ask for, from the catalog.
    pub scopes: Vec<String>,
    /// Claims that can be delivered, from the catalog.
    pub claims: Vec<String>,
    /// Response types that some client may use.
    pub response_types: Vec<ResponseType>,
    /// Grant types that some client may use.
    pub grant_types: Vec<GrantType>,
    /// How clients may authenticate at the token endpoint.
    pub auth_methods: Vec<AuthMethod>,
    /// Algorithms of ID tokens and logout tokens.
    pub id_token_algorithms: Vec<&'static str>,
    /// Algorithms of client assertions.
    pub assertion_algorithms: Vec<&'static str>,
    /// Authentication levels that can be reached.
    pub acr_values: Vec<Acr>,
    /// Whether clients exist with `public` beside `pairwise` subjects.
    pub public_subjects: bool,
    /// Whether `prompt=create` starts with registration.
    pub registration_prompt: bool,
    /// Whether the `claims` parameter is heard.
    pub claims_parameter: bool,
    /// Whether back-channel logout is sent.
    pub backchannel_logout: bool,
}

/// The document, for both well-known places.
#[derive(Clone, Debug, Serialize)]
pub struct ProviderMetadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: String,
    jwks_uri: String,
    pushed_authorization_request_endpoint: String,
    require_pushed_authorization_requests: bool,
    introspection_endpoint: String,
    revocation_endpoint: String,
    end_session_endpoint: String,
    scopes_supported: Vec<String>,
    claims_supported: Vec<String>,
    claim_types_supported: [&'static str; 1],
    response_types_supported: Vec<ResponseType>,
    response_modes_supported: [ResponseMode; 3],
    grant_types_supported: Vec<GrantType>,
    subject_types_supported: Vec<&'static str>,
    id_token_signing_alg_values_supported: Vec<&'static str>,
    token_endpoint_auth_methods_supported: Vec<AuthMethod>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    token_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    introspection_endpoint_auth_methods_supported: Vec<AuthMethod>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    introspection_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    revocation_endpoint_auth_methods_supported: Vec<AuthMethod>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    revocation_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    code_challenge_methods_supported: [&'static str; 1],
    authorization_response_iss_parameter_supported: bool,
    acr_values_supported: Vec<Acr>,
    prompt_values_supported: Vec<&'static str>,
    display_values_supported: [&'static str; 4],
    ui_locales_supported: [Locale; 3],
    claims_parameter_supported: bool,
    request_parameter_supported: bool,
    request_uri_parameter_supported: bool,
    backchannel_logout_supported: bool,
    backchannel_logout_session_supported: bool,
}

impl Features {
    /// The document that follows from what is switched on.
    pub fn metadata(&self) -> ProviderMetadata {
        let url = |path: &str| format!("{}{path}", self.issuer);
        let confidential: Vec<_> = self.auth_methods.iter().copied().filter(|method| *method != AuthMethod::None).collect();
        let assertions = self.auth_methods.contains(&AuthMethod::PrivateKeyJwt);
        let algorithms = if assertions { self.assertion_algorithms.clone() } else { Vec::new() };
        let mut prompts = vec!["none", "login", "consent", "select_account"];
        prompts.extend(self.registration_prompt.then_some("create"));
        let mut subjects = vec!["pairwise"];
        subjects.extend(self.public_subjects.then_some("public"));
        ProviderMetadata {
            issuer: self.issuer.clone(),
            authorization_endpoint: url(path::AUTHORIZE),
            token_endpoint: url(path::TOKEN),
            userinfo_endpoint: url(path::USERINFO),
            jwks_uri: url(path::JWKS),
            pushed_authorization_request_endpoint: url(path::PAR),
            require_pushed_authorization_requests: false,
            introspection_endpoint: url(path::INTROSPECT),
            revocation_endpoint: url(path::REVOKE),
            end_session_endpoint: url(path::LOGOUT),
            scopes_supported: self.scopes.clone(),
            claims_supported: self.claims.clone(),
            claim_types_supported: ["normal"],
            response_types_supported: self.response_types.clone(),
            response_modes_supported: [ResponseMode::Query, ResponseMode::Fragment, ResponseMode::FormPost],
            grant_types_supported: self.grant_types.clone(),
            subject_types_supported: subjects,
            id_token_signing_alg_values_supported: self.id_token_algorithms.clone(),
            token_endpoint_auth_methods_supported: self.auth_methods.clone(),
            token_endpoint_auth_signing_alg_values_supported: algorithms.clone(),
            introspection_endpoint_auth_methods_supported: confidential,
            introspection_endpoint_auth_signing_alg_values_supported: algorithms.clone(),
            revocation_endpoint_auth_methods_supported: self.auth_methods.clone(),
            revocation_endpoint_auth_signing_alg_values_supported: algorithms,
            code_challenge_methods_supported: ["S256"],
            authorization_response_iss_parameter_supported: true,
            acr_values_supported: self.acr_values.clone(),
            prompt_values_supported: prompts,
            display_values_supported: ["page", "popup", "touch", "wap"],
            ui_locales_supported: Locale::ALL,
            claims_parameter_supported: self.claims_parameter,
            // The default of `request_uri_parameter_supported` is true, so both are said.
            request_parameter_supported: false,
            request_uri_parameter_supported: false,
            backchannel_logout_supported: self.backchannel_logout,
            backchannel_logout_session_supported: self.backchannel_logout,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn md2_what_is_off_is_not_said() {
        let features = Features {
            issuer: "https://id.test".to_owned(),
            scopes: vec!["openid".to_owned()],
            claims: vec!["sub".to_owned()],
            response_types: vec![ResponseType::CODE],
            grant_types: GrantType::ALL.to_vec(),
            auth_methods: vec![AuthMethod::ClientSecretBasic, AuthMethod::None],
            id_token_algorithms: vec!["RS256"],
            assertion_algorithms: vec!["ES256"],
            acr_values: vec![Acr::Aal1],
            public_subjects: false,
            registration_prompt: false,
            claims_parameter: true,
            backchannel_logout: false,
        };
        let document = serde_json::to_value(features.metadata()).expect("json");
        assert_eq!(document["token_endpoint"], "https://id.test/oauth2/token");
        assert_eq!(document["response_types_supported"], json!(["code"]));
        assert_eq!(document["introspection_endpoint_auth_methods_supported"], json!(["client_secret_basic"]));
        assert_eq!(document["request_uri_parameter_supported"], Value::Bool(false));
        assert_eq!(document.get("token_endpoint_auth_signing_alg_values_supported"), None);
        assert!(!document["prompt_values_supported"].to_string().contains("create"));
    }
}
