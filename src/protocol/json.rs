//! Strict JSON for security documents: no member twice (RFC 7519 section 4, RFC 8725), bounded depth and size.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// A document that is not strict JSON; what it says is not repeated, because it may be anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// More bytes than allowed.
    #[error("the JSON document is too large")]
    TooLarge,
    /// Not JSON, a member twice, too deep, or something after the end.
    #[error("the JSON document is malformed")]
    Malformed,
}

/// Reads one JSON value of at most `max_bytes` and `max_depth` nested arrays and objects, no member named twice.
pub fn parse(text: &[u8], max_bytes: usize, max_depth: usize) -> Result<Value, JsonError> {
    if text.len() > max_bytes {
        return Err(JsonError::TooLarge);
    }
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = Strict { depth: max_depth }.deserialize(&mut reader).map_err(|_| JsonError::Malformed)?;
    reader.end().map_err(|_| JsonError::Malformed)?;
    Ok(value)
}

/// As [`parse`], for a document that must be an object.
pub fn parse_object(text: &[u8], max_bytes: usize, max_depth: usize) -> Result<Map<String, Value>, JsonError> {
    match parse(text, max_bytes, max_depth)? {
        Value::Object(members) => Ok(members),
        _ => Err(JsonError::Malformed),
    }
}

/// Reads a value that may hold `depth` more levels.
#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        self.depth.checked_sub(1).map(|depth| Self { depth }).ok_or_else(|| E::custom("too deep"))
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(inner)?;
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a member is named twice"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn jt11_a_member_twice_is_refused_at_any_depth() {
        for text in [r#"{"sub":"a","sub":"b"}"#, r#"{"a":[{"b":1,"b":1}]}"#, r#"{"a":1,"\u0061":1}"#] {
            assert_eq!(parse(text.as_bytes(), 1000, 8), Err(JsonError::Malformed), "{text}");
        }
        assert!(parse(br#"{"a":{"a":{"a":1}}}"#, 1000, 3).is_ok());
    }

    #[test]
    fn depth_size_and_trailing_garbage_are_refused() {
        assert!(parse(br#"{"a":{"a":{"a":1}}}"#, 1000, 2).is_err());
        assert_eq!(parse("[".repeat(10_000).as_bytes(), 100_000, 8), Err(JsonError::Malformed));
        assert_eq!(parse(&vec![b' '; 1_000_000], 8192, 8), Err(JsonError::TooLarge));
        for text in ["{} x", "{}{}", "{,}", "[1,]", "\u{feff}{}", "1e400", r#""\ud800""#, "NaN", "// a\n{}", ""] {
            assert!(parse(text.as_bytes(), 1000, 8).is_err(), "{text}");
        }
        for text in ["[]", "null", "1", r#""a""#] {
            assert!(parse_object(text.as_bytes(), 1000, 8).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_serde_reads(text in r#"[\[\]{}",:0-9a b.e\\-]{0,40}"#) {
            if let Ok(value) = parse(text.as_bytes(), 1000, 64) {
                prop_assert_eq!(serde_json::from_str::<Value>(&text).expect("the same"), value);
            }
        }
    }
}
