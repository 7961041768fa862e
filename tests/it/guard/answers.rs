//! What each vector of the corpus is answered with: the whole table stands in answers.txt and is compared.
//!
//! `WRITE_ANSWERS=1 tests/run/with-services cargo test --test it -- every_parameter_of_every_endpoint_on_sqlite` writes it anew;
//! whoever commits that has read the difference.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::support::http::parameter;

const WRITTEN: &str = include_str!("answers.txt");

/// An answer in a few words: `flow` (taken: the flow begins), `back invalid_scope` (sent to the client), `page 400 invalid_request`,
/// `400 invalid_grant` (JSON), `201` (pushed).
pub fn outcome(status: u16, to: Option<&str>, body: &str) -> String {
    if let Some(to) = to {
        let error = url::Url::parse(to).ok().and_then(|url| parameter(&url, "error"));
        return match error {
            Some(code) => format!("back {code}"),
            None if to.starts_with("/continue?flow=") => "flow".to_owned(),
            None => format!("to {}", to.split('?').next().unwrap_or_default()),
        };
    }
    if let Some(code) = body.split("id=\"error-code\">").nth(1).and_then(|rest| rest.split('<').next()) {
        return format!("page {status} {code}");
    }
    let said: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    match said["error"].as_str() {
        Some(code) => format!("{status} {code}"),
        None => status.to_string(),
    }
}

/// By endpoint and parameter: the answer to each vector.
#[derive(Default)]
pub struct Answers(BTreeMap<(String, String), BTreeMap<String, String>>);

impl Answers {
    pub fn add(&mut self, endpoint: &str, parameter: &str, vector: &str, outcome: String) {
        let row = self.0.entry((endpoint.to_owned(), parameter.to_owned())).or_default();
        row.insert(vector.to_owned(), outcome);
    }

    /// A paragraph per endpoint and parameter, a line per answer.
    fn write(&self) -> String {
        let mut text = String::new();
        for ((endpoint, parameter), row) in &self.0 {
            let _ = writeln!(text, "{endpoint}: {parameter}");
            let mut by_outcome: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
            for (vector, outcome) in row {
                by_outcome.entry(outcome).or_default().push(vector);
            }
            for (outcome, vectors) in by_outcome {
                let _ = writeln!(text, "  {outcome}: {}", vectors.join("; "));
            }
        }
        text
    }

    fn read(text: &str) -> Self {
        let mut read = Self::default();
        let mut place = (String::new(), String::new());
        for line in text.lines() {
            if let Some((outcome, vectors)) = line.strip_prefix("  ").and_then(|line| line.split_once(": ")) {
                for vector in vectors.split("; ") {
                    read.add(&place.0, &place.1, vector, outcome.to_owned());
                }
            } else if let Some((endpoint, parameter)) = line.split_once(": ") {
                place = (endpoint.to_owned(), parameter.to_owned());
            }
        }
        read
    }

    /// Each answer must be the one that is written down; and, where everything was asked, nothing more may be written there.
    pub fn compare(&self, everything: bool) {
        if everything && std::env::var_os("WRITE_ANSWERS").is_some() {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/guard/answers.txt");
            std::fs::write(path, self.write()).expect("answers.txt");
            return;
        }
        let written = Self::read(WRITTEN);
        let mut wrong = Vec::new();
        for (place, row) in &self.0 {
            for (vector, outcome) in row {
                let expected = written.0.get(place).and_then(|row| row.get(vector));
                if expected != Some(outcome) {
                    wrong.push(format!("{} {}, {vector}: {outcome}, and {expected:?} is written", place.0, place.1));
                }
            }
        }
        assert!(wrong.is_empty(), "{} surprises:\n{}", wrong.len(), wrong.join("\n"));
        if everything {
            assert_eq!(self.write(), WRITTEN, "answers.txt holds what nobody asks any more");
        }
    }
}
