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

/// RFC 9457 3.1.1: whoever follows a `type` finds what it means.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_type_of_every_problem_leads_to_its_description() {
    let world = World::new(Backend::Sqlite).await;
    let house = House::open(&world).await;
    let mut types: BTreeSet<String> =
        concord::ui::problems::ProblemKind::ALL.iter().map(|kind| format!("/api/docs#{}", kind.word())).collect();
    look(&document(), &mut |key, value| {
        if let ("type", Some(kind)) = (key, value.as_str().filter(|text| text.contains('#'))) {
            types.insert(kind.to_owned());
        }
    });
    let path = PROFILE.replace("{domain}", "loyalty");
    for request in [house.wire.get(&path), house.wire.get(&path).bearer("nonsense"), house.wire.post(&path), house.wire.get("/api/nothing")]
    {
        let answer = request.send().await;
        if answer.header("content-type") == Some("application/problem+json") {
            types.insert(answer.json()["type"].as_str().expect("a type").to_owned());
        }
    }
    assert!(types.len() >= 12);
    for kind in types {
        let (page, anchor) = kind.split_once('#').expect("an anchor");
        let page = house.wire.get(page).send().await.expect(200).page();
        assert!(page.by_id(anchor).is_some_and(|text| text.len() > anchor.len() + 10), "{kind}: {:?}", page.by_id(anchor));
    }
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

/// Whether a value has what a schema asks for: types, required members, words of a list. Enough for examples.
fn fits(document: &Value, value: &Value, schema: &Value, at: &str) {
    if let Some(target) = schema["$ref"].as_str() {
        return fits(document, value, document.pointer(target.trim_start_matches('#')).expect("a schema"), at);
    }
    match schema["type"].as_str() {
        Some("object") => {
            let members = value.as_object().unwrap_or_else(|| panic!("{at}: no object"));
            for required in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                assert!(members.contains_key(required), "{at}: {required} is missing");
            }
            for (name, member) in members {
                fits(document, member, &schema["properties"][name], &format!("{at}.{name}"));
            }
        }
        Some("array") => value.as_array().expect(at).iter().for_each(|item| fits(document, item, &schema["items"], at)),
        Some("string") => assert!(value.is_string(), "{at}: no text"),
        Some("integer" | "number") => assert!(value.is_number(), "{at}: no number"),
        Some("boolean") => assert!(value.is_boolean(), "{at}: neither true nor false"),
        _ => {}
    }
    if let Some(words) = schema["enum"].as_array() {
        assert!(words.contains(value), "{at}: {value} is none of {words:?}");
    }
}

/// Every request and answer but pages shows what it looks like, errors too, and the examples fit their schemas.
#[test]
fn everything_that_is_sent_or_answered_has_an_example() {
    let document = document();
    let mut seen = 0;
    look(&document, &mut |key, value| {
        let Some(forms) = value.as_object().filter(|_| key == "content") else { return };
        for (kind, form) in forms.iter().filter(|(kind, _)| *kind != "text/html") {
            assert!(form["schema"].is_object(), "{kind}: {form}");
            let several = form["examples"].as_object().into_iter().flatten().map(|(_, example)| &example["value"]);
            let shown: Vec<_> = form.get("example").into_iter().chain(several).collect();
            assert!(!shown.is_empty(), "no example: {form}");
            for example in shown {
                fits(&document, example, &form["schema"], kind);
                seen += 1;
            }
        }
    });
    assert!(seen > 40, "only {seen} examples");
}

/// A client can read in the description how each refusal looks: what it did wrong, who it is not, and what is our fault.
#[test]
fn every_operation_of_programs_describes_its_refusals() {
    let document = document();
    for path in [path::PAR, path::TOKEN, path::USERINFO, path::INTROSPECT, path::REVOKE, PROFILE] {
        for method in methods(&document["paths"][path]) {
            let answers = &document["paths"][path][method.to_lowercase()]["responses"];
            for status in ["400", "401", "500", "503"] {
                assert!(answers.get(status).is_some(), "{method} {path} does not describe {status}");
            }
        }
    }
}
