//! Writes every sample page into a folder, for the browser to look at:  cargo run --example pages -- FOLDER
#![allow(missing_docs, clippy::print_stderr)]

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(folder) = std::env::args().nth(1) else {
        eprintln!("usage: pages FOLDER");
        return ExitCode::from(2);
    };
    match concord::ui::write_samples(Path::new(&folder)) {
        Ok(0) | Err(_) => ExitCode::FAILURE,
        Ok(_) => ExitCode::SUCCESS,
    }
}
