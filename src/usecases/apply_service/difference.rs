//! What differs between two documents, as people and programs read it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::model::service::ServiceDocument;

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The key: `clients.shop-web.redirect_uris`.
    pub key: String,
    /// What goes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<String>,
    /// What comes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<String>,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.key)?;
        for text in &self.removed {
            write!(f, " -{text}")?;
        }
        for text in &self.added {
            write!(f, " +{text}")?;
        }
        Ok(())
    }
}

/// The values under each key; a list has several.
type Leaves = BTreeMap<String, BTreeSet<String>>;

/// What `after` changes of `before`; without `before` everything is added.
pub(super) fn between(before: Option<&ServiceDocument>, after: &ServiceDocument) -> Vec<Change> {
    let (before, after) = (before.map(leaves).unwrap_or_default(), leaves(after));
    let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let none = BTreeSet::new();
    let change = |key: &String| {
        let (old, new) = (before.get(key).unwrap_or(&none), after.get(key).unwrap_or(&none));
        Change { key: key.clone(), removed: old.difference(new).cloned().collect(), added: new.difference(old).cloned().collect() }
    };
    keys.into_iter().map(change).filter(|change| !(change.removed.is_empty() && change.added.is_empty())).collect()
}

fn leaves(document: &ServiceDocument) -> Leaves {
    let mut leaves = Leaves::new();
    gather(&serde_json::to_value(document).unwrap_or_default(), "", &mut leaves);
    leaves
}

fn gather(value: &Value, key: &str, leaves: &mut Leaves) {
    let under = |name: &str| if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
    match value {
        Value::Null => {}
        Value::Object(members) => members.iter().for_each(|(name, value)| gather(value, &under(name), leaves)),
        Value::Array(list) => {
            for (index, entry) in list.iter().enumerate() {
                match name_of(entry, index) {
                    Some(name) => gather(entry, &under(&name), leaves),
                    None => gather(entry, key, leaves),
                }
            }
        }
        // A scope is one text and a set.
        Value::String(text) if key.ends_with("scope") => {
            let tokens = text.split(' ').filter(|token| !token.is_empty()).map(str::to_owned);
            leaves.entry(key.to_owned()).or_default().extend(tokens);
        }
        Value::String(text) => drop(leaves.entry(key.to_owned()).or_default().insert(text.clone())),
        other => drop(leaves.entry(key.to_owned()).or_default().insert(other.to_string())),
    }
}

/// Objects in lists go by the name that identifies them.
fn name_of(entry: &Value, index: usize) -> Option<String> {
    let members = entry.as_object()?;
    let named = ["client_id", "kid"].into_iter().find_map(|name| members.get(name)?.as_str());
    Some(named.map_or_else(|| index.to_string(), str::to_owned))
}
