//! A scanner for Rust sources that knows just enough: comments and literals are no code, paths are.

/// A piece of code and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub kind: Kind,
    /// Line of its first character, from 1.
    pub line: usize,
    /// Line of its last character.
    pub end: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An identifier or keyword, a raw one without its `r#`.
    Word(String),
    /// `::`
    PathSeparator,
    /// Any other single character.
    Mark(char),
    /// A string, character or number; what is in it does not matter.
    Literal,
}

/// The tokens of a source text, without comments and white space.
pub fn tokens(source: &str) -> Vec<Token> {
    let mut scanner = Scanner { text: source.chars().collect(), at: 0, line: 1, found: Vec::new() };
    while scanner.at < scanner.text.len() {
        scanner.step();
    }
    scanner.found
}

struct Scanner {
    text: Vec<char>,
    at: usize,
    line: usize,
    found: Vec<Token>,
}

impl Scanner {
    fn peek(&self, ahead: usize) -> char {
        self.text.get(self.at + ahead).copied().unwrap_or('\0')
    }

    fn advance(&mut self) {
        if self.peek(0) == '\n' {
            self.line += 1;
        }
        self.at += 1;
    }

    fn push(&mut self, kind: Kind, line: usize) {
        self.found.push(Token { kind, line, end: self.line });
    }

    fn step(&mut self) {
        let line = self.line;
        match self.peek(0) {
            c if c.is_whitespace() => self.advance(),
            '/' if self.peek(1) == '/' => {
                while self.at < self.text.len() && self.peek(0) != '\n' {
                    self.advance();
                }
            }
            '/' if self.peek(1) == '*' => self.block_comment(),
            '"' => self.string(line),
            '\'' => self.quote(line),
            ':' if self.peek(1) == ':' => {
                self.at += 2;
                self.push(Kind::PathSeparator, line);
            }
            c if c.is_ascii_digit() => {
                while self.peek(0).is_alphanumeric() || self.peek(0) == '_' || (self.peek(0) == '.' && self.peek(1).is_ascii_digit()) {
                    self.advance();
                }
                self.push(Kind::Literal, line);
            }
            c if c.is_alphabetic() || c == '_' => self.word(line),
            c => {
                self.advance();
                self.push(Kind::Mark(c), line);
            }
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        loop {
            match (self.peek(0), self.peek(1)) {
                ('/', '*') => {
                    depth += 1;
                    self.advance();
                }
                ('*', '/') => {
                    depth -= 1;
                    self.advance();
                }
                _ => {}
            }
            self.advance();
            if depth == 0 || self.at >= self.text.len() {
                return;
            }
        }
    }

    fn string(&mut self, line: usize) {
        self.advance();
        while self.at < self.text.len() && self.peek(0) != '"' {
            if self.peek(0) == '\\' {
                self.advance();
            }
            self.advance();
        }
        self.advance();
        self.push(Kind::Literal, line);
    }

    fn raw_string(&mut self, line: usize) {
        let mut hashes = 0;
        while self.peek(0) == '#' {
            hashes += 1;
            self.advance();
        }
        self.advance();
        while self.at < self.text.len() && !(self.peek(0) == '"' && (1..=hashes).all(|n| self.peek(n) == '#')) {
            self.advance();
        }
        for _ in 0..=hashes {
            self.advance();
        }
        self.push(Kind::Literal, line);
    }

    /// A character, or a lifetime, which is nothing to us.
    fn quote(&mut self, line: usize) {
        let character = self.peek(1) == '\\' || self.peek(2) == '\'';
        self.advance();
        if !character {
            while self.peek(0).is_alphanumeric() || self.peek(0) == '_' {
                self.advance();
            }
            return;
        }
        while self.at < self.text.len() && self.peek(0) != '\'' {
            if self.peek(0) == '\\' {
                self.advance();
            }
            self.advance();
        }
        self.advance();
        self.push(Kind::Literal, line);
    }

    fn word(&mut self, line: usize) {
        let start = self.at;
        while self.peek(0).is_alphanumeric() || self.peek(0) == '_' {
            self.advance();
        }
        let word: String = self.text[start..self.at].iter().collect();
        let raw_follows = self.peek(0) == '"' || (self.peek(0) == '#' && matches!(self.peek(1), '"' | '#'));
        match word.as_str() {
            "r" | "br" | "cr" if raw_follows => self.raw_string(line),
            "b" | "c" if self.peek(0) == '"' => self.string(line),
            "b" if self.peek(0) == '\'' => self.quote(line),
            "r" if self.peek(0) == '#' => self.advance(),
            _ => self.push(Kind::Word(word), line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(source: &str) -> Vec<String> {
        tokens(source).into_iter().filter_map(|t| if let Kind::Word(w) = t.kind { Some(w) } else { None }).collect()
    }

    #[test]
    fn comments_and_literals_are_no_code() {
        let source = r##"
            // use crate::a; /* not opened
            /* outer /* use crate::b */ still */ one "use crate::c \" x" two
            r#"use "crate::d"# three b"x" 'x' '\'' '\u{41}' four::<'a> b'q' five 1.5e3 0..seven r#type
        "##;
        assert_eq!(words(source), ["one", "two", "three", "four", "five", "seven", "type"]);
    }

    #[test]
    fn lines_are_counted_through_strings_and_comments() {
        let found = tokens("a\n\"x\ny\" b /*\n\n*/ c");
        let lines: Vec<_> = found.iter().map(|t| (t.line, t.end)).collect();
        assert_eq!(lines, [(1, 1), (2, 3), (3, 3), (5, 5)]);
    }
}
