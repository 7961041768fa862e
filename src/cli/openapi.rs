//! `concord openapi`: the description of the HTTP interface, as it was built in.

use super::{Failure, Output};

/// The description; a test keeps it equal to the routes.
const DOCUMENT: &str = include_str!("../../docs/openapi.json");

/// Prints it.
#[allow(clippy::unnecessary_wraps, reason = "every verb has this signature")]
pub(super) fn run(output: &Output) -> Result<(), Failure> {
    output.line(DOCUMENT.trim_end());
    Ok(())
}
