//! docs/openapi.json says what there is: every public endpoint, every method, and nothing else.

use std::collections::BTreeSet;

use concord::http::partner::PROFILE;
use concord::protocol::metadata::path;
use serde_json::Value;

use crate::account::stage::House;
use crate::support::{Backend, World};

/// Every address of the interface for programs.
const PUBLIC: [&str; 12] = [
    path::OPENID_CONFIGURATION,
    path::OAUTH_METADATA,
    path::JWKS,
    path::JWKS_ALIAS,
    path::AUTHORIZE,
    path::PAR,
    path::TOKEN,
    path::USERINFO,
    path::INTROSPECT,
    path::REVOKE,
    path::LOGOUT,
    PROFILE,
];

fn document() -> Value {
    serde_json::from_str(include_str!("../../../docs/openapi.json")).expect("JSON")
}

/// Methods of a path, in capitals.
fn methods(item: &Value) -> BTreeSet<String> {
    let all = ["get", "post", "put", "patch", "delete"];
    all.into_iter().filter(|method| item.get(method).is_some()).map(str::to_uppercase).collect()
}

#[test]
fn every_public_endpoint_is_described_and_nothing_else() {
    let document = document();
    let described: BTreeSet<&str> = document["paths"].as_object().expect("paths").keys().map(String::as_str).collect();
    assert_eq!(described, BTreeSet::from(PUBLIC));
}

#[test]
fn every_reference_leads_somewhere_and_every_operation_has_a_name_of_its_own() {
    let document = document();
    let mut names = BTreeSet::new();
    look(&document, &mut |key, value| {
        if let ("$ref", Some(target)) = (key, value.as_str()) {
            assert!(document.pointer(target.trim_start_matches('#')).is_some(), "{target}");
        }
        if key == "operationId" {
            assert!(names.insert(value.to_string()), "{value} is there twice");
        }
    });
    assert!(names.len() >= PUBLIC.len());
}

fn look(value: &Value, seen: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Object(members) => members.iter().for_each(|(key, inner)| {
            seen(key, inner);
            look(inner, seen);
        }),
        Value::Array(items) => items.iter().for_each(|inner| look(inner, seen)),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn described_methods_are_answered_and_others_are_not_allowed() {
    let world = World::new(Backend::Sqlite).await;
    let house = House::open(&world).await;
    for (path, item) in document()["paths"].as_object().expect("paths") {
        let described = methods(item);
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let target = path.replace("{domain}", "loyalty");
            let answer = house.wire.request(method.parse().expect("a method"), &target).send().await;
            assert_ne!(answer.status, 404, "{method} {path}");
            assert_eq!(answer.status != 405, described.contains(method), "{method} {path}: {}", answer.status);
            assert!(answer.status.as_u16() < 500, "{method} {path}: {}", answer.text());
        }
    }
}
