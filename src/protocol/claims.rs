//! The `claims` parameter (OIDC Core 5.5): single claims by name, essential or not, with wanted values.

use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value};

use super::acr::Acr;
use super::{Error, json};

/// The largest `claims` parameter, in bytes.
const MAX_BYTES: usize = 8 * 1024;
/// Its deepest nesting: member, claim, `values`, one structured value.
const MAX_DEPTH: usize = 6;
/// The most claims for one place.
const MAX_CLAIMS: usize = 100;
/// The longest claim name, in bytes.
const MAX_NAME: usize = 128;
/// The most `values` for one claim.
const MAX_VALUES: usize = 32;

/// What a client asks for by name, for each of the two places where claims are delivered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClaimsRequest {
    /// For the userinfo response.
    pub userinfo: ClaimSet,
    /// For the ID token.
    pub id_token: ClaimSet,
}

/// Claims by name, in the order asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClaimSet(Vec<(String, ClaimRequest)>);

/// How one claim is asked for (OIDC Core 5.5.1). Never a condition of signing in, `acr` and `sub` excepted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClaimRequest {
    /// The client says it cannot do without.
    pub essential: bool,
    /// The values it would like, the best first; empty when any will do.
    pub values: Vec<Value>,
}

/// The authentication level asked for by the `acr` claim of the ID token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcrRequest {
    /// Signing in must fail when none of the levels is reached (OIDC Core 5.5.1.1).
    pub essential: bool,
    /// The levels of ours among the values, the best first. With `essential` and no value at all any level will do;
    /// see `only_unknown`.
    pub levels: Vec<Acr>,
    /// Values were given and none of them is a level of ours: an essential request cannot be met.
    pub only_unknown: bool,
}

impl ClaimSet {
    /// How `name` is asked for, if it is.
    pub fn get(&self, name: &str) -> Option<&ClaimRequest> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, request)| request)
    }

    /// Every claim asked for.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ClaimRequest)> {
        self.0.iter().map(|(name, request)| (name.as_str(), request))
    }

    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The claims whose names `keep` says yes to.
    #[must_use]
    pub fn filtered(&self, mut keep: impl FnMut(&str) -> bool) -> Self {
        Self(self.0.iter().filter(|(name, _)| keep(name)).cloned().collect())
    }
}

impl ClaimsRequest {
    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.userinfo.is_empty() && self.id_token.is_empty()
    }

    /// The authentication level asked for, if one is.
    pub fn acr(&self) -> Option<AcrRequest> {
        let request = self.id_token.get("acr")?;
        let levels: Vec<Acr> = request.values.iter().filter_map(|v| v.as_str()?.parse().ok()).collect();
        let only_unknown = levels.is_empty() && !request.values.is_empty();
        Some(AcrRequest { essential: request.essential, levels, only_unknown })
    }

    /// The one `sub` the answer must be about (OIDC Core 3.1.2.2): another person must not be signed in silently.
    pub fn sub(&self) -> Option<&str> {
        self.id_token.get("sub").or_else(|| self.userinfo.get("sub")).and_then(|request| request.values.first()?.as_str())
    }
}

fn wrong() -> Error {
    Error::invalid_request("claims is malformed")
}

fn read_set(member: Option<&Value>) -> Result<ClaimSet, Error> {
    let Some(member) = member else { return Ok(ClaimSet::default()) };
    let claims = member.as_object().ok_or_else(wrong)?;
    if claims.len() > MAX_CLAIMS || claims.keys().any(|name| name.is_empty() || name.len() > MAX_NAME) {
        return Err(Error::invalid_request("claims asks for too much"));
    }
    claims.iter().map(|(name, request)| Ok((name.clone(), read_request(request)?))).collect::<Result<_, Error>>().map(ClaimSet)
}

fn read_request(request: &Value) -> Result<ClaimRequest, Error> {
    let members = match request {
        Value::Null => return Ok(ClaimRequest::default()),
        Value::Object(members) => members,
        _ => return Err(wrong()),
    };
    let essential = match members.get("essential") {
        None => false,
        Some(value) => value.as_bool().ok_or_else(wrong)?,
    };
    let values = match (members.get("value"), members.get("values")) {
        (None, None) => Vec::new(),
        (Some(value), None) => vec![value.clone()],
        (None, Some(Value::Array(values))) if values.len() <= MAX_VALUES => values.clone(),
        _ => return Err(wrong()),
    };
    Ok(ClaimRequest { essential, values })
}

impl FromStr for ClaimsRequest {
    type Err = Error;

    /// Reads the JSON of the parameter; unknown members are ignored, a member named twice is refused.
    fn from_str(text: &str) -> Result<Self, Error> {
        let members = json::parse_object(text.as_bytes(), MAX_BYTES, MAX_DEPTH).map_err(|_| wrong())?;
        Ok(Self { userinfo: read_set(members.get("userinfo"))?, id_token: read_set(members.get("id_token"))? })
    }
}

impl fmt::Display for ClaimsRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut members = Map::new();
        for (name, set) in [("userinfo", &self.userinfo), ("id_token", &self.id_token)] {
            if !set.is_empty() {
                members.insert(name.to_owned(), write_set(set));
            }
        }
        write!(f, "{}", Value::Object(members))
    }
}

fn write_set(set: &ClaimSet) -> Value {
    let write = |request: &ClaimRequest| {
        let mut members = Map::new();
        if request.essential {
            members.insert("essential".to_owned(), Value::Bool(true));
        }
        if !request.values.is_empty() {
            members.insert("values".to_owned(), Value::Array(request.values.clone()));
        }
        if members.is_empty() { Value::Null } else { Value::Object(members) }
    };
    set.iter().map(|(name, request)| (name.to_owned(), write(request))).collect::<Map<_, _>>().into()
}

serde_as_text!(ClaimsRequest);

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> ClaimsRequest {
        text.parse().expect("claims")
    }

    #[test]
    fn the_example_of_domain_5_3_is_read() {
        let claims = read(
            r#"{"userinfo":{"loyalty_tier":{"essential":true},"email":null},"id_token":{"acr":{"values":["aal2"],"essential":true}},"x":7}"#,
        );
        assert!(claims.userinfo.get("loyalty_tier").is_some_and(|c| c.essential));
        assert_eq!(claims.userinfo.get("email"), Some(&ClaimRequest::default()));
        assert_eq!(claims.acr(), Some(AcrRequest { essential: true, levels: vec![Acr::Aal2], only_unknown: false }));
        assert_eq!(claims.sub(), None);
        assert_eq!(read(&claims.to_string()), claims);
    }

    #[test]
    fn one_value_and_unknown_levels() {
        let claims = read(r#"{"id_token":{"sub":{"value":"248289761001"},"acr":{"essential":true,"value":"urn:gold","note":[1]}}}"#);
        assert_eq!(claims.sub(), Some("248289761001"));
        assert!(claims.acr().is_some_and(|acr| acr.only_unknown && acr.essential));
        assert!(read("{}").is_empty());
    }

    #[test]
    fn malformed_requests_are_refused() {
        let many = format!(r#"{{"userinfo":{{{}}}}}"#, (0..101).map(|n| format!(r#""c{n}":null"#)).collect::<Vec<_>>().join(","));
        let large = format!(r#"{{"x":"{}"}}"#, "y".repeat(1_000_000));
        let deep = format!("{}1{}", r#"{"userinfo":"#.repeat(10_000), "}".repeat(10_000));
        for text in [
            "",
            "null",
            "1",
            "[]",
            "\"a\"",
            "{",
            "{} {}",
            r#"{"userinfo":[]}"#,
            r#"{"userinfo":null}"#,
            r#"{"userinfo":{"a":1}}"#,
            r#"{"userinfo":{"a":{"essential":"true"}}}"#,
            r#"{"userinfo":{"a":{"value":1,"values":[1]}}}"#,
            r#"{"userinfo":{"a":{"values":1}}}"#,
            r#"{"userinfo":{},"userinfo":{}}"#,
            r#"{"userinfo":{"a":null,"a":null}}"#,
            r#"{"userinfo":{"":null}}"#,
            many.as_str(),
            large.as_str(),
            deep.as_str(),
        ] {
            assert!(text.parse::<ClaimsRequest>().is_err(), "{text:.80}");
        }
    }
}
