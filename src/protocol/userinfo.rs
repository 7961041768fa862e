//! Userinfo and the standard claims (OIDC Core 5).

use serde_json::{Map, Value};

/// Names that belong to the protocol: a profile value can never be delivered under one of them.
const RESERVED: &[&str] = &[
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "nbf",
    "jti",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "azp",
    "sid",
    "at_hash",
    "c_hash",
    "s_hash",
    "cnf",
    "act",
    "may_act",
    "client_id",
    "scope",
    "active",
    "events",
    "customer_id",
    "customer_status",
];

/// The claims of a standard scope (OIDC Core 5.4); empty for any other scope.
pub fn standard_claims(scope: &str) -> &'static [&'static str] {
    match scope {
        "profile" => &[
            "name",
            "family_name",
            "given_name",
            "middle_name",
            "nickname",
            "preferred_username",
            "profile",
            "picture",
            "website",
            "gender",
            "birthdate",
            "zoneinfo",
            "locale",
            "updated_at",
        ],
        "email" => &["email", "email_verified"],
        "phone" => &["phone_number", "phone_number_verified"],
        "address" => &["address"],
        _ => &[],
    }
}

/// Whether a profile value may have this name.
pub fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name) || name.starts_with('_')
}

/// Profile values as claims: reserved names left out, and what has no value too (OIDC Core 5.3.2: no nulls, no empty strings).
pub fn shape(values: impl IntoIterator<Item = (String, Value)>) -> Map<String, Value> {
    let mut claims: Map<String, Value> = values.into_iter().filter(|(name, value)| !is_reserved(name) && has_value(value)).collect();
    for (flag, value) in [("email_verified", "email"), ("phone_number_verified", "phone_number")] {
        if !claims.contains_key(value) {
            claims.shift_remove(flag);
        }
    }
    claims
}

fn has_value(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => members.values().any(has_value),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

/// The body of a userinfo response: `sub` is always there (OIDC Core 5.3.2). `customer_id` only for entitled clients.
pub fn response(sub: &str, customer_id: Option<String>, values: impl IntoIterator<Item = (String, Value)>) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("sub".to_owned(), sub.into());
    if let Some(customer_id) = customer_id {
        body.insert("customer_id".to_owned(), customer_id.into());
    }
    body.extend(shape(values));
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn in8_a_value_never_overrides_the_protocol() {
        let values = json!({"sub": "mallory", "customer_id": "x", "iss": "evil", "_claim_sources": {"a": 1}, "email": "a@b.test",
            "email_verified": true, "phone_number_verified": true, "nickname": "", "picture": null, "address": {"country": ""}, "loyalty_points": 0});
        let Value::Object(values) = values else { panic!("an object") };
        let body = Value::Object(response("alice", None, values));
        assert_eq!(body, json!({"sub": "alice", "email": "a@b.test", "email_verified": true, "loyalty_points": 0}));
    }

    #[test]
    fn standard_scopes_have_their_claims() {
        assert_eq!(standard_claims("email"), ["email", "email_verified"]);
        assert_eq!(standard_claims("profile").len(), 14);
        assert!(standard_claims("openid").is_empty());
    }
}
