//! The arrows between the layers, the fences around crates, and how long a thing may be.

mod checker;
mod manifest;
mod paths;
mod rules;
mod settings;
mod tokens;

use std::fs;
use std::path::{Path, PathBuf};

use checker::check;

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file under `folder` whose name ends so, in order.
pub fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry").path()) {
        if entry.is_dir() {
            found.extend(files(&entry, ending));
        } else if entry.to_string_lossy().ends_with(ending) {
            found.push(entry);
        }
    }
    found.sort();
    found
}

#[test]
fn every_source_file_keeps_the_rules() {
    let mut wrong = Vec::new();
    let sources = files(&root().join("src"), ".rs");
    for file in &sources {
        let path = file.strip_prefix(root()).expect("inside").to_string_lossy().replace('\\', "/");
        wrong.extend(check(&path, &fs::read_to_string(file).expect("text")));
    }
    assert!(sources.len() > 10, "the sources were not found");
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn every_exception_is_still_needed_and_has_a_reason() {
    for (name, reason) in rules::LONGER {
        let file = name.split("::").next().expect("a file");
        assert!(root().join(file).exists(), "{name} is gone: take it off the list");
        assert!(reason.len() > 10, "{name} has no reason");
    }
}

#[test]
fn the_document_shows_the_same_tables() {
    let document = fs::read_to_string(root().join("docs/ARCHITECTURE.md")).expect("docs/ARCHITECTURE.md");
    for table in rules::document().split("\n\n") {
        assert!(document.contains(table.trim_end()), "docs/ARCHITECTURE.md should contain:\n\n{table}");
    }
}

#[test]
fn every_layer_is_on_the_map() {
    let map = fs::read_to_string(root().join("src/lib.rs")).expect("src/lib.rs");
    let document = fs::read_to_string(root().join("docs/ARCHITECTURE.md")).expect("docs/ARCHITECTURE.md");
    for layer in rules::LAYERS.iter().filter(|l| l.name != "main") {
        assert!(map.contains(&format!("pub mod {};", layer.name)), "{} is not in src/lib.rs", layer.name);
        assert!(document.contains(&format!("`{}`", layer.name)), "{} is not on the map of docs/ARCHITECTURE.md", layer.name);
    }
}
