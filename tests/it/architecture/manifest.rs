//! What cargo-deny cannot say about Cargo.toml: what must be pinned, and what must stay out of a plain build.

use std::fs;

use super::root;

fn manifest() -> toml::Table {
    fs::read_to_string(root().join("Cargo.toml")).expect("Cargo.toml").parse().expect("TOML")
}

/// Name, requirement and features of a dependency.
fn dependencies(manifest: &toml::Table) -> impl Iterator<Item = (&str, &str, bool)> {
    const TABLES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];
    TABLES.iter().filter_map(|name| manifest.get(*name)?.as_table()).flatten().map(|(name, said)| {
        let requirement = said.as_str().or_else(|| said.get("version")?.as_str()).unwrap_or_default();
        let optional = said.get("optional").and_then(toml::Value::as_bool).unwrap_or(false);
        (name.as_str(), requirement, optional)
    })
}

/// Their majors are a few months old: a new version is looked at before it comes in.
const YOUNG: &[&str] = &["webauthn-rs", "openidconnect", "totp-rs", "argon2", "utoipa", "tower-http", "jsonwebtoken", "askama", "sqlx"];

/// The long C build, and the heavy exporters: only for those who ask for them.
const NOT_BY_DEFAULT: &[&str] = &["rdkafka", "opentelemetry", "cedar-policy"];

#[test]
fn young_majors_are_pinned_and_no_range_reaches_the_next_one() {
    let manifest = manifest();
    let mut seen = 0;
    for (name, requirement, _) in dependencies(&manifest) {
        seen += 1;
        assert!(!YOUNG.contains(&name) || requirement.starts_with('='), "{name} = \"{requirement}\" is not pinned");
        assert!(!requirement.contains(['*', '>']) && !requirement.is_empty(), "{name} = \"{requirement}\" lets any version in");
    }
    assert!(seen > 30, "{seen}");
}

#[test]
fn a_plain_build_has_no_kafka() {
    let manifest = manifest();
    for (name, _, optional) in dependencies(&manifest) {
        assert!(optional || !NOT_BY_DEFAULT.contains(&name), "{name} must be optional");
    }
    let features = manifest["features"].as_table().expect("features");
    let mut open: Vec<&str> = vec!["default"];
    let mut known: Vec<&str> = Vec::new();
    while let Some(feature) = open.pop() {
        if known.contains(&feature) {
            continue;
        }
        known.push(feature);
        open.extend(features.get(feature).and_then(toml::Value::as_array).into_iter().flatten().filter_map(toml::Value::as_str));
    }
    assert!(known.contains(&"dep:openidconnect"), "{known:?}");
    for name in NOT_BY_DEFAULT {
        let reached = known
            .iter()
            .any(|feature| feature.split('/').next().is_some_and(|of| of.trim_start_matches("dep:").trim_end_matches('?') == *name));
        assert!(!reached, "{name} is in the default features");
    }
}
