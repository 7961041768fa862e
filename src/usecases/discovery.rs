//! What this provider can do, said by itself (OIDC Discovery 1.0, RFC 8414): only what holds.

use std::collections::BTreeSet;

use super::Core;
use crate::crypto::signing::Algorithm;
use crate::protocol::acr::Acr;
use crate::protocol::client_auth::AuthMethod;
use crate::protocol::metadata::{Features, ProviderMetadata};
use crate::protocol::response_type::ResponseType;
use crate::protocol::token::GrantType;

/// Claims of every ID token.
const TOKEN_CLAIMS: [&str; 11] = ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "azp", "sid"];
/// Levels that can be reached so far.
const LEVELS: [Acr; 1] = [Acr::Aal1];

/// The metadata of this provider, from its catalogue.
pub fn metadata(core: &Core) -> ProviderMetadata {
    let catalog = core.catalog.load();
    // What no level of authentication reaches is not offered.
    let reachable = |acr: Acr| LEVELS.contains(&acr);
    let offered: Vec<_> = catalog.scopes.iter().filter(|(_, scope)| reachable(scope.class.least_acr())).collect();
    let scopes = ["openid", "offline_access"].into_iter().chain(offered.iter().map(|(token, _)| token.as_str()));
    let mut claims: BTreeSet<&str> = TOKEN_CLAIMS.into_iter().collect();
    for (_, scope) in &offered {
        claims.extend(scope.claims.keys().map(String::as_str));
    }
    let own = |algorithms: &[Algorithm]| algorithms.iter().map(|algorithm| algorithm.as_str()).collect();
    let features = Features {
        issuer: core.config.issuer.as_str().to_owned(),
        scopes: scopes.map(str::to_owned).collect(),
        claims: claims.into_iter().map(str::to_owned).collect(),
        response_types: vec![ResponseType::CODE],
        grant_types: GrantType::ALL.to_vec(),
        auth_methods: AuthMethod::ALL.to_vec(),
        id_token_algorithms: own(&[Algorithm::RS256, Algorithm::ES256]),
        assertion_algorithms: own(&Algorithm::ALL),
        acr_values: LEVELS.to_vec(),
        public_subjects: false,
        registration_prompt: true,
        claims_parameter: true,
        backchannel_logout: true,
    };
    features.metadata()
}
