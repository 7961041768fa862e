//! Reading a service's document: TOML in, a typed document or the place of the mistake out.

use std::fmt;

use serde::Serialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config::closest;
use crate::model::service::ServiceDocument;
use crate::protocol::json;

/// The longest JWK set written as a text, in bytes.
const LONGEST_JWKS: usize = 64 * 1024;

/// One mistake in a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The line, from 1, where it can be told.
    pub line: Option<usize>,
    /// The key: `clients.0.redirect_uris.1`; empty for the document as a whole.
    pub key: String,
    /// What is wrong and, where known, what was meant.
    pub problem: String,
}

impl Problem {
    /// A mistake at a key; the line is found later.
    pub(super) fn new(key: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { line: None, key: key.into(), problem: problem.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.problem)
    }
}

/// Reads a document. A JWK set may also stand in it as JSON text, as partners have it at hand.
///
/// # Errors
/// The first mistake.
pub(super) fn read(text: &str) -> Result<ServiceDocument, Problem> {
    let mut document: ServiceDocument = toml::from_str(text).map_err(|error| misread(text, &error))?;
    let place = |mut problem: Problem| {
        problem.line = line_of(text, &problem.key);
        problem
    };
    unpack(&mut document.jwks, "jwks").map_err(place)?;
    for (index, client) in document.clients.iter_mut().enumerate() {
        unpack(&mut client.jwks, &format!("clients.{index}.jwks")).map_err(place)?;
    }
    Ok(document)
}

fn unpack(jwks: &mut serde_json::Value, key: &str) -> Result<(), Problem> {
    if let serde_json::Value::String(text) = jwks {
        *jwks = json::parse(text.as_bytes(), LONGEST_JWKS, 8).map_err(|_| Problem::new(key, "is not a JWK set in JSON"))?;
    }
    Ok(())
}

fn misread(text: &str, error: &toml::de::Error) -> Problem {
    let line = error.span().map(|span| line_at(text, span.start));
    let message = error.message();
    Problem { line, key: String::new(), problem: suggestion(message).unwrap_or_else(|| message.to_owned()) }
}

/// "unknown field `x`, expected one of `a`, `b`" becomes a question about the nearest of them.
fn suggestion(message: &str) -> Option<String> {
    let named = message.strip_prefix("unknown field ").or(message.strip_prefix("unknown variant "))?;
    let mut names = named.split('`').skip(1).step_by(2);
    let wrong = names.next()?;
    let known: Vec<&str> = names.collect();
    Some(match closest(wrong, known.iter().copied()) {
        Some(near) => format!("`{wrong}` is unknown here; did you mean `{near}`?"),
        None => format!("`{wrong}` is unknown here; known are {}", known.join(", ")),
    })
}

fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// The line of a key; of the nearest key above it when the key itself is not written down.
pub(super) fn line_of(text: &str, key: &str) -> Option<usize> {
    let table = DeTable::parse(text).ok()?;
    let mut found: Option<usize> = None;
    let mut value: Option<&Spanned<DeValue<'_>>> = None;
    for part in key.split('.') {
        let next = match value.map(Spanned::get_ref) {
            None => table.get_ref().get(part),
            Some(DeValue::Table(inner)) => inner.get(part),
            Some(DeValue::Array(list)) => part.parse().ok().and_then(|index: usize| list.get(index)),
            Some(_) => None,
        };
        let Some(next) = next else { break };
        found = Some(line_at(text, next.span().start));
        value = Some(next);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r#"code = "shop"
name = { ru = "Магазин", en = "Shop", zh = "商店" }
sector = "shop"
homepage = "https://shop.test"
jwks = '{"keys": []}'

[[clients]]
client_id = "shop-web"
redirect_uris = [
    "https://shop.test/cb",
]
"#;

    #[test]
    fn a_document_is_read_and_keys_have_lines() {
        let document = read(DOCUMENT).expect("readable");
        assert_eq!(document.jwks, serde_json::json!({ "keys": [] }));
        assert_eq!(line_of(DOCUMENT, "homepage"), Some(4));
        assert_eq!(line_of(DOCUMENT, "clients.0.redirect_uris.0"), Some(10));
        assert_eq!(line_of(DOCUMENT, "clients.0.scope"), Some(7));
        assert_eq!(line_of(DOCUMENT, "owns"), None);
    }

    #[test]
    fn mistakes_say_where_and_what_was_meant() {
        for (from, to, said) in [
            ("redirect_uris =", "redirect_uri =", "line 9: `redirect_uri` is unknown here; did you mean `redirect_uris`?"),
            ("https://shop.test/cb", "https://shop.test/#cb", "line 9: the redirect URI must not have a fragment"),
            ("client_id = \"shop-web\"", "client_id = 5", "line 8: invalid type"),
            ("sector = \"shop\"\n", "", "missing field `sector`"),
            ("'{\"keys\": []}'", "'{\"keys\": [], \"keys\": []}'", "line 5: jwks: is not a JWK set"),
            ("code =", "code ==", "line 1: "),
        ] {
            let problem = read(&DOCUMENT.replace(from, to)).expect_err("refused").to_string();
            assert!(problem.contains(said), "{to}: {problem}");
        }
    }
}
