use super::check;
use crate::usecases::apply_service::document;
use crate::usecases::catalog::built_in;

/// Every kind of entry once, all of it right.
const RIGHT: &str = r#"
code = "aurora-bank"
name = { ru = "Банк Аврора", en = "Aurora Bank", zh = "极光银行" }
sector = "aurora"
homepage = "https://bank.test/"
ecosystem_member = true
owns = ["banking"]

[api]
audience = "https://bank.test/api"
[api.scopes]
"bank.pay" = { ru = "Платить", en = "Pay", zh = "付款" }

[links]
min_evidence = "L3"
max_evidence = "L3"

[[clients]]
client_id = "bank-web"
redirect_uris = ["https://bank.test/cb"]
post_logout_redirect_uris = ["https://bank.test/"]
backchannel_logout_uri = "https://bank.test/logout"
grant_types = ["authorization_code", "refresh_token"]
scope = "openid offline_access customer_id loyalty banking"
required_scope = "openid"
resources = ["https://bank.test/api"]
id_token_signed_response_alg = "ES256"

[[clients]]
client_id = "bank-app"
authentication = "none"
redirect_uris = ["com.bank.app:/cb", "http://127.0.0.1/cb"]
scope = "openid"
origins = ["https://app.bank.test"]

[[clients]]
client_id = "bank-api"
grant_types = ["client_credentials"]
introspection = true
"#;

/// The problems of a document, one a line.
fn problems(text: &str) -> String {
    let document = match document::read(text) {
        Ok(document) => document,
        Err(problem) => return problem.to_string(),
    };
    let found = check(&document, &built_in().expect("valid"), "https://id.test");
    found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_right_document_has_no_problems() {
    assert_eq!(problems(RIGHT), "");
}

#[test]
fn what_is_wrong_with_a_service_is_said() {
    for (from, to, said) in [
        ("code = \"aurora-bank\"", "code = \"Aurora\"", "code: must be 2 to 40"),
        ("sector = \"aurora\"", "sector = \"a\"", "sector: must be"),
        ("en = \"Aurora Bank\"", "en = \" \"", "name.en: must be 1 to 60 visible characters"),
        ("en = \"Aurora Bank\"", "en = \"knaB\\u202e aroruA\"", "name.en: must be"),
        ("https://bank.test/\"\neco", "http://bank.test/\"\neco", "homepage: must be an https address"),
        ("https://bank.test/\"\neco", "https://me@bank.test/\"\neco", "homepage: must be an https address"),
        ("[\"banking\"]", "[\"bankin\"]", "owns.0: there is no product domain bankin; did you mean banking?"),
        ("[\"banking\"]", "[\"banking\", \"banking\"]", "owns.1: banking is listed twice"),
        ("[\"banking\"]", "[\"concord\"]", "owns.0: concord is owned by Concord itself"),
        ("audience = \"https://bank.test/api\"", "audience = \"https://bank.test/api#x\"", "api.audience: must be an absolute URI"),
        ("audience = \"https://bank.test/api\"", "audience = \"/api\"", "api.audience"),
        ("audience = \"https://bank.test/api\"", "audience = \"https://id.test\"", "other than the issuer"),
        ("\"bank.pay\"", "loyalty", "api.scopes.loyalty: cannot be the name"),
        ("\"bank.pay\"", "\"bank pay\"", "api.scopes.bank pay: cannot be"),
        ("min_evidence = \"L3\"", "min_evidence = \"L2\"", "links.min_evidence: must be at least L3"),
        ("max_evidence = \"L3\"", "max_evidence = \"L1\"", "links.max_evidence: is lower than min_evidence"),
        ("[api]", "jwks = { keys = [{ kty = \"EC\" }] }\n[api]", "jwks: the key type is not accepted"),
        ("[api]", "jwks = { keys = [{ kty = \"oct\", k = \"AA\" }] }\n[api]", "jwks: this is a private or shared key"),
    ] {
        let answer = problems(&RIGHT.replacen(from, to, 1));
        assert!(answer.contains(said), "{to}: {answer}");
    }
}

#[test]
fn what_is_wrong_with_a_client_is_said() {
    for (from, to, said) in [
        ("\"bank-web\"", "\"bank web\"", "clients.0.client_id: must be 2 to 40"),
        ("\"bank-app\"", "\"bank-web\"", "clients.1.client_id: another client of this document"),
        ("\"https://bank.test/cb\"", "\"http://bank.test/cb\"", "the redirect URI must use https"),
        ("\"https://bank.test/cb\"", "\"com.bank.app:/cb\"", "clients.0.redirect_uris.0: an own scheme is for public clients"),
        (
            "\"https://bank.test/cb\"",
            "\"https://bank.test/cb\", \"https://bank.test/cb\"",
            "clients.0.redirect_uris: lists an address twice",
        ),
        ("[\"https://bank.test/cb\"]", "[]", "clients.0.redirect_uris: authorization_code needs at least one"),
        ("bank.test/logout\"", "bank.test/logout#x\"", "clients.0.backchannel_logout_uri: must be an https address"),
        ("[\"authorization_code\", \"refresh_token\"]", "[\"refresh_token\"]", "refresh_token needs authorization_code"),
        ("[\"authorization_code\", \"refresh_token\"]", "[\"authorization_code\"]", "offline_access needs the grant refresh_token"),
        ("[\"authorization_code\", \"refresh_token\"]", "[\"password\"]", "`password` is unknown here"),
        ("scope = \"openid offline_access", "scope = \"offline_access", "must contain openid"),
        ("customer_id loyalty", "links", "links: only for Concord's own apps"),
        ("ecosystem_member = true", "", "customer_id: only for ecosystem members"),
        ("[\"banking\"]", "[]\n", ""),
        ("required_scope = \"openid\"", "required_scope = \"openid email\"", "clients.0.required_scope: must be a part of scope"),
        ("required_scope = \"openid\"", "access_token_format = \"jwt\"", "banking: data of this class are not for clients with JWT"),
        ("required_scope = \"openid\"", "access_token_minutes = 16", "clients.0.access_token_minutes: must be 1 to 15"),
        ("required_scope = \"openid\"", "access_token_minutes = 0", "clients.0.access_token_minutes: must be 1 to 15"),
        ("required_scope = \"openid\"", "origins = [\"https://bank.test\"]", "clients.0.origins: only a public client"),
        ("required_scope = \"openid\"", "authentication = \"private_key_jwt\"", "clients.0.jwks: private_key_jwt needs at least one"),
        ("resources = [\"https://bank.test/api\"]", "resources = [\"bank\"]", "clients.0.resources.0: must be an absolute URI"),
        ("\"ES256\"", "\"HS256\"", "clients.0.id_token_signed_response_alg: must be RS256 or ES256"),
        (
            "scope = \"openid\"\norigins",
            "introspection = true\nscope = \"openid\"\norigins",
            "clients.1.introspection: only a confidential",
        ),
        ("scope = \"openid\"\norigins", "require_pkce = false\nscope = \"openid\"\norigins", "clients.1.require_pkce: only a confidential"),
        ("[\"https://app.bank.test\"]", "[\"https://app.bank.test/\"]", "clients.1.origins.0: must be an origin"),
        (
            "scope = \"openid\"\norigins",
            "grant_types = [\"client_credentials\"]\nscope = \"openid\"\norigins",
            "client_credentials is for confidential",
        ),
        ("[\"client_credentials\"]\nintrospection = true", "[]", "clients.2.grant_types: the client could do nothing"),
    ] {
        let answer = problems(&RIGHT.replacen(from, to, 1));
        assert!(answer.contains(said), "{to}: {answer}");
    }
}

#[test]
fn strangers_get_no_confidential_data_until_it_can_be_encrypted_for_them() {
    let stranger = RIGHT.replace("ecosystem_member = true", "").replace("customer_id loyalty banking", "loyalty payments banking");
    let answer = problems(&stranger);
    assert!(answer.contains("payments: data of this class go to members of the ecosystem only"), "{answer}");
    assert!(!answer.contains("banking:"), "its own domain it may read: {answer}");
}
