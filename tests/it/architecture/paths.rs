//! Which paths a source file names: `use` trees taken apart, `self` and `super` resolved, macros included.

use super::tokens::{Kind, Token};

/// A path as the code means it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// `["crate", "model", "ids"]`, or `["sqlx", "query"]` for somebody else's.
    pub segments: Vec<String>,
    pub line: usize,
    /// Inside `#[...]`.
    pub attribute: bool,
}

/// Every path of two segments or more, and every crate brought in by a bare `use`.
/// `module` is where the file stands, without `crate`.
pub fn paths(tokens: &[Token], module: &[&str]) -> Vec<Path> {
    let mut reader =
        Reader { tokens, at: 0, module: module.iter().map(ToString::to_string).collect(), scopes: Vec::new(), found: Vec::new() };
    reader.read();
    reader.found
}

enum Scope {
    Module,
    Attribute,
    Other,
}

struct Reader<'t> {
    tokens: &'t [Token],
    at: usize,
    module: Vec<String>,
    scopes: Vec<Scope>,
    found: Vec<Path>,
}

impl Reader<'_> {
    fn kind(&self, at: usize) -> Option<&Kind> {
        self.tokens.get(at).map(|t| &t.kind)
    }

    fn word(&self, at: usize) -> Option<&str> {
        if let Some(Kind::Word(word)) = self.kind(at) { Some(word) } else { None }
    }

    fn is(&self, at: usize, mark: char) -> bool {
        self.kind(at) == Some(&Kind::Mark(mark))
    }

    fn separator(&self, at: usize) -> bool {
        self.kind(at) == Some(&Kind::PathSeparator)
    }

    fn read(&mut self) {
        while self.at < self.tokens.len() {
            match self.kind(self.at) {
                Some(Kind::Mark('#')) if self.is(self.at + 1, '[') => self.open(Scope::Attribute, 2),
                Some(Kind::Mark('#')) if self.is(self.at + 1, '!') && self.is(self.at + 2, '[') => self.open(Scope::Attribute, 3),
                Some(Kind::Mark('{' | '[' | '(')) => self.open(Scope::Other, 1),
                Some(Kind::Mark('}' | ']' | ')')) => self.close(),
                Some(Kind::Word(word)) if word == "use" => self.use_item(),
                Some(Kind::Word(word)) if word == "extern" && self.word(self.at + 1) == Some("crate") => self.extern_crate(),
                Some(Kind::Word(word)) if word == "mod" && self.word(self.at + 1).is_some() && self.is(self.at + 2, '{') => {
                    self.module.push(self.word(self.at + 1).unwrap_or_default().to_owned());
                    self.open(Scope::Module, 3);
                }
                Some(Kind::Word(_)) if self.separator(self.at + 1) => self.expression(),
                _ => self.at += 1,
            }
        }
    }

    fn open(&mut self, scope: Scope, tokens: usize) {
        self.scopes.push(scope);
        self.at += tokens;
    }

    fn close(&mut self) {
        if matches!(self.scopes.pop(), Some(Scope::Module)) {
            self.module.pop();
        }
        self.at += 1;
    }

    /// A path in the middle of code: `crate::model::ids::CustomerId`, `Vec::<T>::new`, `sqlx::query!`.
    fn expression(&mut self) {
        let line = self.tokens[self.at].line;
        let mut segments = vec![self.word(self.at).unwrap_or_default().to_owned()];
        self.at += 1;
        while self.separator(self.at) {
            self.at += 1;
            match self.word(self.at) {
                Some(word) => segments.push(word.to_owned()),
                None => break,
            }
            self.at += 1;
        }
        self.push(segments, line);
    }

    /// `extern crate self as c;`
    fn extern_crate(&mut self) {
        self.at += 2;
        let line = self.tokens.get(self.at).map_or(0, |t| t.line);
        let name = self.word(self.at).unwrap_or_default();
        self.push(vec![if name == "self" { "crate".to_owned() } else { name.to_owned() }], line);
    }

    /// `use a::{b, c::d as e, f::*};`
    fn use_item(&mut self) {
        self.at += 1;
        if self.is(self.at, '<') {
            return; // `use<'a>` of a return type
        }
        self.use_tree(&[]);
    }

    fn use_tree(&mut self, prefix: &[String]) {
        let mut segments = prefix.to_vec();
        let line = self.tokens.get(self.at).map_or(0, |t| t.line);
        loop {
            if self.separator(self.at) {
                self.at += 1;
            } else if self.is(self.at, '{') {
                self.at += 1;
                while self.at < self.tokens.len() && !self.is(self.at, '}') {
                    if self.is(self.at, ',') {
                        self.at += 1;
                    } else {
                        self.use_tree(&segments);
                    }
                }
                self.at += 1;
                return;
            } else if self.is(self.at, '*') {
                self.at += 1;
                break;
            } else if self.is(self.at, '$') {
                self.at += 1;
            } else if self.word(self.at) == Some("as") {
                self.at += 2;
            } else if let Some(word) = self.word(self.at) {
                let word = word.to_owned();
                if word != "self" || segments.is_empty() {
                    segments.push(word);
                }
                self.at += 1;
            } else {
                break;
            }
        }
        self.push(segments, line);
    }

    fn push(&mut self, segments: Vec<String>, line: usize) {
        let attribute = self.scopes.iter().any(|s| matches!(s, Scope::Attribute));
        let segments = self.resolve(segments);
        self.found.push(Path { segments, line, attribute });
    }

    /// `super::x` and `self::x` become `crate::...::x`; a path to this package by its name too.
    fn resolve(&self, segments: Vec<String>) -> Vec<String> {
        let mut base = self.module.clone();
        let mut rest = segments.as_slice();
        let mut relative = false;
        while let Some((first, others)) = rest.split_first() {
            match first.as_str() {
                "self" => {}
                "super" => {
                    base.pop();
                }
                _ => break,
            }
            relative = true;
            rest = others;
        }
        if relative {
            return std::iter::once("crate".to_owned()).chain(base).chain(rest.iter().cloned()).collect();
        }
        if segments.first().is_some_and(|s| s == "concord") {
            return std::iter::once("crate".to_owned()).chain(segments.into_iter().skip(1)).collect();
        }
        segments
    }
}

#[cfg(test)]
mod tests {
    use super::super::tokens::tokens;
    use super::*;

    fn found(source: &str) -> Vec<String> {
        paths(&tokens(source), &["http", "oidc"]).into_iter().map(|p| p.segments.join("::")).collect()
    }

    #[test]
    fn a_use_tree_is_taken_apart() {
        assert_eq!(
            found("pub(crate) use crate::{model::{ids::CustomerId as Id, self}, storage::*}; use ::sqlx; use redis as r;"),
            ["crate::model::ids::CustomerId", "crate::model", "crate::storage", "sqlx", "redis"]
        );
    }

    #[test]
    fn relative_paths_are_resolved() {
        assert_eq!(
            found("use super::pages; fn f() { super::super::storage::open(); self::x::y() }"),
            ["crate::http::pages", "crate::storage::open", "crate::http::oidc::x::y"]
        );
        assert_eq!(
            found("mod tests { use super::a; use super::super::b; } use super::c;"),
            ["crate::http::oidc::a", "crate::http::b", "crate::http::c"]
        );
    }

    #[test]
    fn macros_and_attributes_are_read() {
        assert_eq!(found("macro_rules! m { () => { $crate::storage::x() } }"), ["crate::storage::x"]);
        let derive = paths(&tokens("#[derive(sqlx::Type)] struct A; fn f() { sqlx::query(1) }"), &[]);
        assert_eq!(derive.iter().map(|p| p.attribute).collect::<Vec<_>>(), [true, false]);
        assert_eq!(found("fn f() -> impl Fn() + use<> { concord::cli::run() }"), ["crate::cli::run"]);
    }
}
