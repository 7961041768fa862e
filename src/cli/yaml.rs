//! YAML 1.2 of what is JSON already: blocks, with every text in JSON's quotes, which YAML reads as they are.

use serde_json::Value;

/// A value as a YAML document, without a line break at the end.
pub(super) fn document(value: &Value) -> String {
    let mut lines = Vec::new();
    write(value, 0, "", &mut lines);
    lines.join("\n")
}

/// `lead` is what stands on the first line already: a key, or the dash of a list.
fn write(value: &Value, depth: usize, lead: &str, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(members) if !members.is_empty() => {
            let mut lead = lead.to_owned();
            for (key, member) in members {
                if is_block(member) {
                    lines.push(format!("{}{}:", before(&lead, &indent), name(key)));
                    write(member, depth + 1, "", lines);
                } else {
                    lines.push(format!("{}{}: {member}", before(&lead, &indent), name(key)));
                }
                lead.clear();
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                if item.is_array() && is_block(item) {
                    lines.push(format!("{indent}-"));
                    write(item, depth + 1, "", lines);
                } else {
                    write(item, depth + 1, &format!("{indent}- "), lines);
                }
            }
        }
        plain => lines.push(format!("{}{plain}", before(lead, &indent))),
    }
}

fn before(lead: &str, indent: &str) -> String {
    if lead.is_empty() { indent.to_owned() } else { lead.to_owned() }
}

fn is_block(value: &Value) -> bool {
    match value {
        Value::Object(members) => !members.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    }
}

/// A key without quotes where nobody could read it as something else.
fn name(key: &str) -> String {
    let word = key.starts_with(|c: char| c.is_ascii_alphabetic()) && key.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    let reserved = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&key.to_ascii_lowercase().as_str());
    if word && !reserved { key.to_owned() } else { Value::from(key).to_string() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::document;

    #[test]
    fn blocks_lists_and_texts_come_out_as_yaml() {
        let value = json!({"id": "a: b", "on": true, "none": null, "empty": [], "list": [{"k": 1, "deep": {"x": []}}, "t", [1, 2]]});
        let said =
            "id: \"a: b\"\n\"on\": true\nnone: null\nempty: []\nlist:\n  - k: 1\n    deep:\n      x: []\n  - \"t\"\n  -\n    - 1\n    - 2";
        assert_eq!(document(&value), said);
        assert_eq!(document(&json!([])), "[]");
        assert_eq!(document(&json!([{"a": "1"}])), "- a: \"1\"");
    }
}
