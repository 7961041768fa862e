//! What the protocol log may show: everything but what could be used.

use serde_json::{Map, Value};

use crate::crypto::digest::from_base64url;

/// Members and parameters that are worth something to whoever has them.
const SECRETS: [&str; 11] = [
    "access_token",
    "refresh_token",
    "token",
    "code",
    "code_verifier",
    "client_secret",
    "password",
    "new-password",
    "state",
    "nonce",
    "csrf",
];
/// JWTs: shown decoded, without their signature.
const TOKENS: [&str; 5] = ["id_token", "id_token_hint", "link_assertion", "client_assertion", "logout_token"];

/// The beginning of a secret: enough to tell two of them apart.
pub fn stub(secret: &str) -> String {
    let shown: String = secret.chars().take(6).collect();
    format!("{shown}…")
}

/// Whether a parameter's value is never shown whole.
fn is_secret(name: &str) -> bool {
    SECRETS.contains(&name) || TOKENS.contains(&name)
}

/// Parameters as lines, secrets cut short.
pub fn form(pairs: &[(String, String)]) -> String {
    let line = |(name, value): &(String, String)| {
        let shown = if is_secret(name) { stub(value) } else { value.clone() };
        format!("{name} = {shown}")
    };
    pairs.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// JSON for people, secrets cut short at every depth.
pub fn json(value: &Value) -> String {
    serde_json::to_string_pretty(&cut(value)).unwrap_or_default()
}

fn cut(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let shown = members.iter().map(|(name, value)| match value {
                Value::String(text) if is_secret(name) => (name.clone(), Value::String(stub(text))),
                _ => (name.clone(), cut(value)),
            });
            Value::Object(shown.collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.iter().map(cut).collect()),
        other => other.clone(),
    }
}

/// The tokens among parameters or members, decoded: name and text.
pub fn tokens<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (name, value) in pairs {
        let decodable = TOKENS.contains(&name) || (matches!(name, "access_token" | "token") && value.matches('.').count() == 2);
        if decodable && let Some(text) = decoded(value) {
            found.push((name.to_owned(), text));
        }
    }
    found
}

/// Header and claims of a JWT, without its signature; `None` for what is no JWT.
pub fn decoded(token: &str) -> Option<String> {
    let mut parts = token.split('.');
    let mut read = || serde_json::from_slice::<Value>(&from_base64url(parts.next()?)?).ok();
    let (header, claims) = (read()?, read()?);
    Some(format!("{}\n{}", serde_json::to_string(&header).ok()?, serde_json::to_string_pretty(&cut(&claims)).ok()?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_cut_short_wherever_they_stand() {
        let secret = "a-secret-that-nobody-sees";
        let shown = form(&[("client_secret".into(), secret.into()), ("scope".into(), "openid".into())]);
        assert!(!shown.contains(secret) && shown.contains("a-secr…") && shown.contains("scope = openid"));
        let shown = super::json(&json!({ "scope": "openid", "inner": [{ "refresh_token": secret }] }));
        assert!(!shown.contains(secret) && shown.contains("openid"));
    }

    #[test]
    fn tokens_are_decoded_without_their_signature() {
        let token = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4Iiwibm9uY2UiOiJhYmNkZWZnaGlqIn0.c2lnbmF0dXJl";
        let found = tokens([("id_token", token), ("scope", "openid")]);
        assert_eq!(found.len(), 1);
        assert!(found[0].1.contains("ES256") && found[0].1.contains("\"sub\": \"x\"") && !found[0].1.contains("abcdefghij"));
        assert!(!found[0].1.contains("c2lnbmF0dXJl"));
        assert_eq!(decoded("not a token"), None);
    }
}
