//! What a request asks for by the names of claims (OIDC Core 5.5): each is carried by the scope that has it, and when that scope
//! was not asked for itself, no other claim of it is delivered.

use crate::model::catalog::Catalog;
use crate::protocol::authorize::AuthorizeRequest;
use crate::protocol::claims::ClaimsRequest;
use crate::protocol::scope::ScopeSet;

/// The scopes of a request: those it names, and those that carry the claims it names.
pub fn scopes(catalog: &Catalog, request: &AuthorizeRequest) -> ScopeSet {
    let carriers = request.claims.userinfo.iter().filter_map(|(claim, _)| catalog.scope_of_claim(claim)).map(|(scope, _)| scope);
    request.scope.union(&carriers.collect())
}

/// What a grant keeps of the `claims` parameter: the claims asked for by name alone, without their scope.
pub fn by_name_alone(catalog: &Catalog, request: &AuthorizeRequest) -> ClaimsRequest {
    let alone = |claim: &str| catalog.scope_of_claim(claim).is_some_and(|(scope, _)| !request.scope.contains(scope));
    ClaimsRequest { userinfo: request.claims.userinfo.filtered(alone), ..ClaimsRequest::default() }
}

/// Whether a claim of a scope was asked for: all of them, unless some of its claims were asked for by name alone.
pub fn wants(catalog: &Catalog, kept: Option<&ClaimsRequest>, scope: &str, claim: &str) -> bool {
    let Some(kept) = kept else { return true };
    let of_scope = |name: &str| catalog.scopes.get(scope).is_some_and(|known| known.claims.contains_key(name));
    let mut alone = kept.userinfo.iter().filter(|(name, _)| of_scope(name)).peekable();
    alone.peek().is_none() || alone.any(|(name, _)| name == claim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::authorize::Channel;
    use crate::protocol::params::Params;

    fn request(scope: &str, claims: &str) -> AuthorizeRequest {
        let pairs = [("response_type", "code"), ("scope", scope), ("claims", claims)];
        let params = Params::from_pairs(pairs).unwrap();
        AuthorizeRequest::parse(&params, "shop", "https://a.test/".parse().unwrap(), Channel::Browser).unwrap()
    }

    #[test]
    fn a_claim_brings_its_scope_and_nothing_else_of_it() {
        let catalog = crate::usecases::catalog::built_in().unwrap();
        let asked =
            request("openid email", r#"{"userinfo":{"nickname":{"essential":true},"email":null,"loyalty_tier":null,"unknown":null}}"#);
        assert_eq!(scopes(&catalog, &asked), "openid email profile loyalty".parse().unwrap());
        let kept = by_name_alone(&catalog, &asked);
        assert_eq!(kept.userinfo.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["nickname", "loyalty_tier"]);
        let wants = |scope, claim| wants(&catalog, Some(&kept), scope, claim);
        assert!(wants("profile", "nickname") && !wants("profile", "birthdate"));
        assert!(wants("email", "email") && wants("email", "email_verified"), "its scope was asked for itself");
        assert!(super::wants(&catalog, None, "profile", "birthdate"));
    }
}
