//! Holds a source file against the rules and says what breaks them.

use super::paths::paths;
use super::rules::{COMMON, FENCES, FILE_LINES, FUNCTION_LINES, LAYERS, LONGER};
use super::tokens::{Kind, Token, tokens};

/// What is wrong with the file at `path` (`src/...`), one sentence each.
pub fn check(path: &str, source: &str) -> Vec<String> {
    let tokens = tokens(source);
    let mut wrong = sizes(path, source, &tokens);
    let module = module_of(path);
    let Some(layer) = module.first().copied() else {
        return wrong; // lib.rs: the map
    };
    let Some(rule) = LAYERS.iter().find(|l| l.name == layer) else {
        wrong.push(format!("{path}: `{layer}` is no layer of the import table"));
        return wrong;
    };
    let place: &[&str] = if layer == "main" { &[] } else { &module };
    for found in paths(&tokens, place) {
        let name = found.segments.join("::");
        let (first, rest) = (found.segments[0].as_str(), &found.segments[1..]);
        if first == "crate" {
            let Some(used) = rest.first() else {
                // `use crate::*`, `use crate as c`, `use super::super as up`: behind such a name every layer could be used unseen.
                wrong.push(format!("{path}:{}: the whole crate is brought in: name the layer", found.line));
                continue;
            };
            let inside = used == layer || COMMON.contains(&used.as_str());
            let known = LAYERS.iter().any(|l| l.name == used);
            if known && !inside && !rule.uses.iter().any(|allowed| covers(allowed, rest)) {
                wrong.push(format!("{path}:{}: {layer} must not use `{name}`", found.line));
            } else if !known {
                wrong.push(format!("{path}:{}: `{name}`: nothing stands directly in the crate but layers", found.line));
            }
        }
        for fence in FENCES.iter().filter(|f| f.crates.contains(&first)) {
            let derive = found.attribute && fence.derives.contains(&layer);
            if !fence.layers.contains(&layer) && !derive {
                wrong.push(format!("{path}:{}: `{name}`: the crate `{first}` belongs to {}", found.line, fence.layers.join(" and ")));
            }
        }
    }
    wrong
}

/// `storage::Database` covers itself and what is inside it, not `storage`.
fn covers(allowed: &str, used: &[String]) -> bool {
    let allowed: Vec<&str> = allowed.split("::").collect();
    used.len() >= allowed.len() && allowed.iter().zip(used).all(|(a, u)| a == u)
}

/// `src/http/oidc/mod.rs` is `["http", "oidc"]`; `src/lib.rs` is the root.
fn module_of(path: &str) -> Vec<&str> {
    let inner = path.trim_start_matches("src/").trim_end_matches(".rs");
    inner.split('/').filter(|part| !matches!(*part, "mod" | "lib")).collect()
}

fn sizes(path: &str, source: &str, tokens: &[Token]) -> Vec<String> {
    let mut wrong = Vec::new();
    let lines = source.lines().count();
    if lines >= FILE_LINES && !longer(path) {
        wrong.push(format!("{path}: {lines} lines; {FILE_LINES} are too many: split it by noun, or give a reason in rules.rs"));
    }
    for (name, line, length) in functions(tokens) {
        if length >= FUNCTION_LINES && !longer(&format!("{path}::{name}")) {
            wrong.push(format!("{path}:{line}: `{name}` has {length} lines of code; {FUNCTION_LINES} are too many"));
        }
    }
    wrong
}

fn longer(name: &str) -> bool {
    LONGER.iter().any(|(listed, _)| *listed == name)
}

/// Name, line, and lines of code of the body of each function.
fn functions(tokens: &[Token]) -> Vec<(String, usize, usize)> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let (Kind::Word(word), Some(Token { kind: Kind::Word(name), .. })) = (&token.kind, tokens.get(at + 1)) else { continue };
        if word != "fn" {
            continue;
        }
        let Some(open) = body(tokens, at) else { continue };
        let close = closing(tokens, open);
        let mut code = 0;
        let mut last = tokens[open].line;
        for inner in &tokens[open + 1..close] {
            let from = inner.line.max(last + 1);
            if inner.end >= from {
                code += inner.end + 1 - from;
                last = inner.end;
            }
        }
        found.push((name.clone(), token.line, code));
    }
    found
}

/// Where the body's brace opens; `None` for a declaration without one.
fn body(tokens: &[Token], from: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(from) {
        match token.kind {
            Kind::Mark('(' | '[') => depth += 1,
            Kind::Mark(')' | ']') => depth = depth.saturating_sub(1),
            Kind::Mark('{') if depth == 0 => return Some(at),
            Kind::Mark(';') if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

fn closing(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.kind {
            Kind::Mark('{') => depth += 1,
            Kind::Mark('}') => {
                depth -= 1;
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    tokens.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaks(path: &str, source: &str) -> usize {
        check(path, source).len()
    }

    #[test]
    fn an_arrow_against_the_table_is_found() {
        assert_eq!(breaks("src/storage/grants.rs", "use crate::usecases::introspect;"), 1);
        assert_eq!(breaks("src/usecases/introspect.rs", "use crate::storage::grants;"), 0);
        assert_eq!(breaks("src/model/link.rs", "fn f() { super::super::storage::open() }"), 1);
        assert_eq!(breaks("src/usecases/a.rs", "use crate::{http::App, model::link};"), 1);
        assert_eq!(breaks("src/usecases/a.rs", "pub fn f() { $crate::cli::run() }"), 1);
        assert_eq!(breaks("src/model/a.rs", "use crate::clock::Clock; use crate::telemetry;"), 0);
        assert_eq!(breaks("src/jobs/a.rs", "use crate::cli;"), 1);
    }

    #[test]
    fn the_whole_crate_under_another_name_is_found() {
        for hidden in [
            "use crate::*;",
            "use crate as c;",
            "use crate::{self as c};",
            "use crate::{self, *};",
            "pub(super) use {crate::*};",
            "use concord as c;",
            "use concord::*;",
            "use ::concord::*;",
            "extern crate self as c;",
            "extern crate concord as c;",
            "use super::*;",
            "use super as up;",
            "use self::super::*;",
            "mod tests { use super::super::*; }",
            "mod a { mod b { use super::super::super::{self as c}; } }",
            "fn f() { use super::*; http() }",
            "macro_rules! m { () => { use $crate::*; } }",
        ] {
            assert!(breaks("src/usecases/mod.rs", hidden) > 0, "{hidden}");
        }
        // Layers away from one's own, however they are named.
        assert_eq!(breaks("src/model/deep/a.rs", "use super::super::super::storage::{self as s};"), 1);
        assert_eq!(breaks("src/model/deep/a.rs", "use super::super::super::*;"), 1);
        assert_eq!(breaks("src/model/deep/mod.rs", "mod tests { use super::super::super::http as h; }"), 1);
        assert_eq!(breaks("src/usecases/a.rs", "extern crate sqlx as s;"), 1);
        // One's own layer may be brought in whole, and visibility is no path.
        assert_eq!(breaks("src/model/deep/a.rs", "use super::*; use super::super::*; mod tests { use super::*; }"), 0);
        assert_eq!(breaks("src/model/a.rs", "use crate::model::*; use crate::model as m; pub(crate) fn f() {}"), 0);
    }

    #[test]
    fn a_partly_open_layer_stays_partly_open() {
        assert_eq!(breaks("src/http/mod.rs", "use crate::storage::Database;"), 0);
        assert_eq!(breaks("src/http/mod.rs", "use crate::storage::{Database, grants};"), 1);
        assert_eq!(breaks("src/http/mod.rs", "use crate::storage;"), 1);
        assert_eq!(breaks("src/storage/mod.rs", "use crate::crypto::{digest::sha256, password};"), 1);
    }

    #[test]
    fn a_crate_outside_its_fence_is_found() {
        assert_eq!(breaks("src/usecases/a.rs", "use axum::Json;"), 1);
        assert_eq!(breaks("src/http/a.rs", "use axum::Json;"), 0);
        assert_eq!(breaks("src/http/a.rs", "fn f() { sqlx::query(\"SELECT 1\"); }"), 1);
        assert_eq!(breaks("src/model/ids.rs", "#[derive(Clone, sqlx::Type)] #[sqlx(transparent)] pub struct A(i64);"), 0);
        assert_eq!(breaks("src/model/ids.rs", "fn f() { sqlx::query(\"SELECT 1\"); }"), 1);
        assert_eq!(breaks("src/usecases/a.rs", "use redis;"), 1);
        assert_eq!(breaks("src/usecases/a.rs", "// use redis;\n const A: &str = \"use redis;\";"), 0);
    }

    #[test]
    fn the_root_holds_layers_and_nothing_else() {
        assert_eq!(breaks("src/helpers.rs", ""), 1);
        assert_eq!(breaks("src/http/a.rs", "use crate::Helper;"), 1);
        assert_eq!(breaks("src/main.rs", "fn main() { concord::cli::run() }"), 0);
        assert_eq!(breaks("src/main.rs", "fn main() { concord::storage::open() }"), 1);
    }

    #[test]
    fn sizes_are_counted_without_blank_lines_and_comments() {
        let long = format!("fn f() {{\n{}}}", "    g();\n".repeat(FUNCTION_LINES));
        assert_eq!(breaks("src/ui/a.rs", &long), 1);
        let airy = format!("fn f() {{\n{}}}", "    g();\n\n // why\n".repeat(FUNCTION_LINES - 1));
        assert_eq!(breaks("src/ui/a.rs", &airy), 0);
        assert_eq!(breaks("src/ui/a.rs", &"\n".repeat(FILE_LINES)), 1);
        assert_eq!(breaks("src/ui/a.rs", &"\n".repeat(FILE_LINES - 1)), 0);
        assert_eq!(functions(&tokens("trait T { fn a(&self) -> [u8; 2]; fn b() { if x { y } } }")).len(), 1);
    }
}
