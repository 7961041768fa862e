//! Canonical JSON (RFC 8785) for what commitments commit to: objects, arrays, strings, integers, booleans and null.
//!
//! Numbers with a fraction are refused: none of our records has one, and their canonical spelling is ECMAScript's.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;

/// The largest integer that every JSON reader keeps exact (RFC 7493 section 2.2).
const EXACT: u64 = 1 << 53;

/// A value that has no canonical form here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a value of canonical records: {0}")]
pub struct NotCanonical(&'static str);

/// The canonical text of a value.
///
/// # Errors
/// A number that is no integer, or one beyond 2^53.
pub fn canonical(value: &impl Serialize) -> Result<String, NotCanonical> {
    let value = serde_json::to_value(value).map_err(|_| NotCanonical("it has no JSON form"))?;
    let mut text = String::new();
    write_value(&mut text, &value)?;
    Ok(text)
}

fn write_value(text: &mut String, value: &Value) -> Result<(), NotCanonical> {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(yes) => text.push_str(if *yes { "true" } else { "false" }),
        Value::Number(number) => {
            let exact = number.as_i64().filter(|integer| integer.unsigned_abs() <= EXACT);
            let integer = exact.ok_or(NotCanonical("a number that is not an exact integer"))?;
            let _ = write!(text, "{integer}");
        }
        Value::String(string) => write_string(text, string),
        Value::Array(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                write_value(text, item)?;
            }
            text.push(']');
        }
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            // RFC 8785 section 3.2.3: by UTF-16 code units, which differs from the order of bytes beyond the basic plane.
            sorted.sort_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
            text.push('{');
            for (at, (name, member)) in sorted.into_iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                write_string(text, name);
                text.push(':');
                write_value(text, member)?;
            }
            text.push('}');
        }
    }
    Ok(())
}

/// RFC 8785 section 3.2.2.2: only what must be escaped, the short way where there is one.
fn write_string(text: &mut String, string: &str) {
    text.push('"');
    for symbol in string.chars() {
        match symbol {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\u{8}' => text.push_str("\\b"),
            '\t' => text.push_str("\\t"),
            '\n' => text.push_str("\\n"),
            '\u{c}' => text.push_str("\\f"),
            '\r' => text.push_str("\\r"),
            control if control < ' ' => {
                let _ = write!(text, "\\u{:04x}", u32::from(control));
            }
            other => text.push(other),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "the values are made on the spot")]
    fn of(value: Value) -> String {
        canonical(&value).expect("canonical")
    }

    #[test]
    fn members_sort_by_utf_16_as_in_rfc_8785_3_2_3() {
        let value = json!({
            "\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew Letter Dalet With Dagesh", "1": "One",
            "\u{1f600}": "Emoji: Grinning Face", "\u{80}": "Control", "\u{f6}": "Latin Small Letter O With Diaeresis"
        });
        assert_eq!(
            of(value),
            "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\"\u{f6}\":\"Latin Small Letter O With Diaeresis\",\
             \"\u{20ac}\":\"Euro Sign\",\"\u{1f600}\":\"Emoji: Grinning Face\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}"
        );
    }

    #[test]
    fn strings_escape_as_in_rfc_8785_3_2_2() {
        assert_eq!(of(json!("\u{20ac}$\u{f}\nA'B\"\\\"/\u{7f}\u{8}\u{c}\t")), "\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\"/\u{7f}\\b\\f\\t\"");
        assert_eq!(of(json!({ "b": [1, true, null, {}], "a": -5 })), r#"{"a":-5,"b":[1,true,null,{}]}"#);
    }

    #[test]
    fn numbers_are_exact_integers_or_refused() {
        assert_eq!(of(json!([0, -1, 9_007_199_254_740_992_i64])), "[0,-1,9007199254740992]");
        for wrong in [json!(1.5), json!(9_007_199_254_740_993_i64), json!(u64::MAX), json!({ "a": [1e300] })] {
            assert!(canonical(&wrong).is_err(), "{wrong}");
        }
    }
}
