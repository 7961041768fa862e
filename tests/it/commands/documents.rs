//! What the documents tell people to type exists: every command parses, every key is in defaults.toml.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser;
use clap::error::ErrorKind;
use concord::cli::Arguments;

use crate::architecture::{files, root};

/// Every document that people read, with its text.
fn documents() -> Vec<(String, String)> {
    let mut paths = files(&root().join("docs"), ".md");
    paths.extend(["README.md", "CHANGELOG.md", "keys/README.md"].map(|name| root().join(name)));
    paths.into_iter().map(read).collect()
}

/// The same and the sources, whose messages name commands too.
fn everything() -> Vec<(String, String)> {
    let sources = files(&root().join("src"), ".rs").into_iter().chain(files(&root().join("src"), ".toml"));
    documents().into_iter().chain(sources.map(read)).collect()
}

fn read(path: PathBuf) -> (String, String) {
    let name = path.strip_prefix(root()).expect("inside").display().to_string();
    (name, fs::read_to_string(path).expect("text"))
}

/// The fenced blocks of a language.
fn blocks<'t>(text: &'t str, language: &str) -> Vec<&'t str> {
    let parts: Vec<_> = text.split("```").collect();
    parts
        .iter()
        .skip(1)
        .step_by(2)
        .filter_map(|block| block.split_once('\n'))
        .filter(|(word, _)| *word == language)
        .map(|(_, body)| body)
        .collect()
}

/// What stands between single backticks, on one line.
fn spans(text: &str) -> Vec<&str> {
    let prose = text.split("```").step_by(2).flat_map(str::lines);
    prose.flat_map(|line| line.split('`').skip(1).step_by(2)).collect()
}

/// The commands of a script that begin with `concord`, each as words; good enough for what documents hold.
fn commands(script: &str) -> Vec<Vec<String>> {
    let joined = script.replace("\\\n", " ");
    let parts = joined.lines().flat_map(|line| line.split(" # ").next().unwrap_or_default().split(['|', ';', '&', '(', ')']));
    // Before the command: `until`, NAME=value.
    let before = |word: &String| word.contains('=') || ["until", "if", "exec", "$"].contains(&word.as_str());
    let commands = parts.map(|part| words(part).into_iter().skip_while(before).collect::<Vec<_>>());
    commands.filter(|words| words.first().is_some_and(|word| word == "concord")).map(plain).collect()
}

/// The words of a command; what is between double quotes is one.
fn words(command: &str) -> Vec<String> {
    let pieces = command.split('"').enumerate();
    let words = pieces.flat_map(|(number, piece)| {
        let quoted = number % 2 == 1;
        if quoted { vec![piece.to_owned()] } else { piece.split_whitespace().map(str::to_owned).collect() }
    });
    words.collect()
}

/// Without redirections.
fn plain(words: Vec<String>) -> Vec<String> {
    words.into_iter().take_while(|word| !word.starts_with(['>', '<']) && !word.starts_with("2>")).collect()
}

#[test]
fn every_command_in_a_block_is_complete_and_right() {
    let mut seen = 0;
    for (name, text) in documents() {
        for script in blocks(&text, "sh") {
            for words in commands(script) {
                let parsed = Arguments::try_parse_from(&words);
                let fine =
                    parsed.as_ref().err().is_none_or(|error| matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion));
                assert!(fine, "{name}: {}\n{}", words.join(" "), parsed.err().map(|error| error.to_string()).unwrap_or_default());
                seen += 1;
            }
        }
    }
    assert!(seen > 30, "only {seen} commands were found");
}

#[test]
fn every_command_named_in_a_sentence_or_a_message_exists() {
    let mut seen = 0;
    for (name, text) in everything() {
        for span in spans(&text).into_iter().filter(|span| span.starts_with("concord ") && !span.contains(['{', '|', '…', ','])) {
            let words = plain(span.split_whitespace().filter(|word| !word.starts_with('[')).map(str::to_owned).collect());
            let Err(error) = Arguments::try_parse_from(&words) else {
                seen += 1;
                continue;
            };
            // A sentence may leave out what a command needs, not name what there is not.
            let partly =
                [ErrorKind::MissingRequiredArgument, ErrorKind::DisplayHelp, ErrorKind::DisplayVersion, ErrorKind::MissingSubcommand];
            let partly = partly.contains(&error.kind()) || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
            assert!(partly, "{name}: `{span}`\n{error}");
            seen += 1;
        }
    }
    assert!(seen > 30, "only {seen} commands were found");
}

/// Every key, with its section.
fn keys() -> BTreeSet<String> {
    let defaults: toml::Table = include_str!("../../../src/config/defaults.toml").parse().expect("TOML");
    let all = defaults.iter().flat_map(|(name, value)| match value.as_table() {
        Some(section) => section.keys().map(|key| format!("{name}.{key}")).collect(),
        None => vec![name.clone()],
    });
    all.collect()
}

#[test]
fn every_key_named_in_a_document_exists() {
    let keys = keys();
    let sections: BTreeSet<_> = keys.iter().filter_map(|key| key.split_once('.')).map(|(section, _)| section.to_owned()).collect();
    let mut seen = 0;
    for (name, text) in everything() {
        for span in spans(&text) {
            let Some((section, key)) = span.split_once('.') else { continue };
            let ending = ["rs", "toml", "md", "json", "token", "sqlite"].contains(&key);
            if sections.contains(section)
                && !ending
                && !key.is_empty()
                && key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b.is_ascii_digit())
            {
                assert!(keys.contains(span), "{name}: `{span}` is no key of defaults.toml");
                seen += 1;
            }
        }
        if Path::new(&name).extension().is_some_and(|kind| kind == "md") {
            seen += variables(&name, &text, &keys);
        }
    }
    assert!(seen > 30, "only {seen} keys were found");
}

/// `CONCORD_SECTION__KEY`, with `_FILE` or without.
fn variables(name: &str, text: &str, keys: &BTreeSet<String>) -> usize {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| word.starts_with("CONCORD_"));
    let own = ["CONCORD_SECTION__KEY", "CONCORD_SECTION__KEY_FILE", "CONCORD_BIN"];
    let named: Vec<_> = words.filter(|word| !own.contains(word)).collect();
    for word in &named {
        let key = word.trim_start_matches("CONCORD_").trim_end_matches("_FILE").to_lowercase().replace("__", ".");
        assert!(keys.contains(&key), "{name}: {word} sets no key of defaults.toml");
    }
    named.len()
}

#[test]
fn every_configuration_in_a_document_can_be_read() {
    let manual = fs::read_to_string(root().join("docs/OPERATIONS.md")).expect("text");
    let written = blocks(&manual, "toml");
    assert!(!written.is_empty());
    for text in written {
        let config = concord::config::Config::from_toml(text);
        config.unwrap_or_else(|error| panic!("{error}\n{text}"));
    }
}

/// Names of metrics in a text: what the process itself counts has one of these beginnings and an ending that says what it is.
fn metrics(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let begins = |word: &&str| ["concord_", "http_server_", "db_client_", "process_"].iter().any(|start| word.starts_with(start));
    let ends = |word: &&str| ["_total", "_seconds", "_bytes", "_fds", "_connections"].iter().any(|end| word.ends_with(end));
    words.filter(begins).filter(ends).collect()
}

#[test]
fn the_metrics_of_the_manual_are_those_of_the_program() {
    let manual = fs::read_to_string(root().join("docs/OPERATIONS.md")).expect("text");
    let program = fs::read_to_string(root().join("src/telemetry/metrics.rs")).expect("text");
    assert_eq!(metrics(&manual), metrics(&program));
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    for (name, text) in documents() {
        let folder = root().join(&name).parent().expect("a folder").to_owned();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = target.split('#').next().unwrap_or_default();
            if !path.is_empty() && !path.contains("://") {
                assert!(folder.join(path).exists(), "{name}: {target}");
            }
        }
    }
}
