//! Every setting is obeyed: a key that nothing reads would promise what nobody keeps.

use std::fs;

use super::{files, root};

/// A source file as it is compiled, nearly: without the lines that are comments.
fn code(path: &std::path::Path) -> String {
    let text = fs::read_to_string(path).expect("text");
    text.lines().filter(|line| !line.trim_start().starts_with("//")).fold(String::new(), |all, line| all + line + "\n")
}

/// Whether the words stand there, not as a part of longer ones.
fn says(text: &str, words: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    let starts = words.starts_with(part);
    text.match_indices(words).any(|(at, _)| {
        let before = starts && text[..at].chars().next_back().is_some_and(part);
        !before && !text[at + words.len()..].chars().next().is_some_and(part)
    })
}

/// The type of a section is `MailConfig` for `[mail]`.
fn type_of(section: &str) -> String {
    format!("{}{}Config", section[..1].to_uppercase(), &section[1..])
}

#[test]
fn every_key_of_the_configuration_is_read_by_somebody() {
    let config = root().join("src/config");
    let sources: Vec<String> =
        files(&root().join("src"), ".rs").iter().filter(|file| !file.starts_with(&config)).map(|file| code(file)).collect();
    let defaults: toml::Table = fs::read_to_string(config.join("defaults.toml")).expect("text").parse().expect("TOML");
    let (mut keys, mut dead) = (0, Vec::new());
    for (section, value) in &defaults {
        let Some(table) = value.as_table() else {
            keys += 1;
            if !sources.iter().any(|text| says(text, &format!("config.{section}"))) {
                dead.push(section.clone());
            }
            continue;
        };
        // Who reads a key has the section in hand.
        let holders: Vec<&String> =
            sources.iter().filter(|text| says(text, &type_of(section)) || says(text, &format!("config.{section}"))).collect();
        for key in table.keys() {
            keys += 1;
            if !holders.iter().any(|text| says(text, &format!(".{key}"))) {
                dead.push(format!("{section}.{key}"));
            }
        }
    }
    assert!(keys > 60, "the keys were not found");
    assert!(dead.is_empty(), "nobody reads {}", dead.join(", "));
}
