//! `concord config`: where a value comes from, and whether all fit together.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{ArgAction, Args, Subcommand};
use serde::Serialize;

use super::{Column, Common, Exit, Failure, Invocation, Output};
use crate::config::{Config, Explanation, Origin, Severity, Source};

/// The verbs of `config`.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Write a file that holds only what differs from the defaults
    Init(Init),
    /// Name unsafe combinations; exit code 78 when the server would refuse to start
    Check,
    /// Show every value and where it comes from
    Show(Show),
    /// Explain one key: what it means, its value, its default, and what set it; or all keys of a section
    Explain {
        /// The key with its section, like `server.listen`, or a section, like `tokens`
        key: String,
    },
}

/// `config init`
#[derive(Debug, Args)]
pub(super) struct Init {
    /// The file to write
    #[arg(default_value = "config.toml")]
    file: PathBuf,
    /// The issuer, like https://id.example
    #[arg(long)]
    issuer: String,
    /// The database, like postgres://concord@db/concord
    #[arg(long)]
    database: Option<String>,
    /// Redis, when there is more than one node
    #[arg(long)]
    redis: Option<String>,
    /// Origin of the staff pages
    #[arg(long)]
    staff_origin: Option<String>,
}

/// `config show`
#[derive(Debug, Args)]
pub(super) struct Show {
    /// Hide secrets
    #[arg(long, default_value_t = true, action = ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    redact: bool,
    /// Only what differs from the defaults
    #[arg(long)]
    changed: bool,
}

#[derive(Serialize)]
struct Row {
    key: String,
    value: Written,
    default: Written,
    source: String,
    variable: String,
    meaning: String,
}

/// A value as it stands in a file, which programs read as the value itself.
struct Written(String);

impl Serialize for Written {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let read = toml::from_str::<toml::Table>(&format!("value = {}", self.0));
        match read.ok().and_then(|mut table| table.remove("value")) {
            Some(value) => value.serialize(serializer),
            None => serializer.serialize_str(&self.0),
        }
    }
}

impl From<Explanation> for Row {
    fn from(explanation: Explanation) -> Self {
        let Explanation { key, value, default, source, meaning, variable } = explanation;
        let (value, default) = (Written(value), Written(default));
        Self { key, value, default, source: source.to_string(), variable, meaning }
    }
}

const ROW: [Column<Row>; 3] = [("KEY", |row| row.key.clone()), ("VALUE", |row| row.value.0.clone()), ("SOURCE", |row| row.source.clone())];
const SECTION: [Column<Row>; 3] =
    [("KEY", |row| row.key.clone()), ("VALUE", |row| row.value.0.clone()), ("MEANING", |row| row.meaning.clone())];
const RECORD: [Column<Row>; 6] = [
    ("key", |row| row.key.clone()),
    ("value", |row| row.value.0.clone()),
    ("source", |row| row.source.clone()),
    ("default", |row| row.default.0.clone()),
    ("variable", |row| row.variable.clone()),
    ("meaning", |row| row.meaning.clone()),
];

#[derive(Serialize)]
struct FindingRow {
    severity: &'static str,
    key: &'static str,
    message: String,
}

const FINDING: [Column<FindingRow>; 3] =
    [("SEVERITY", |row| row.severity.to_owned()), ("KEY", |row| row.key.to_owned()), ("WHAT", |row| row.message.clone())];

/// Carries out a verb that needs the configuration.
pub(super) fn run(verb: &Verb, invocation: &Invocation) -> Result<(), Failure> {
    match verb {
        Verb::Init(_) => Err(Failure::new(Exit::Internal, "init needs no configuration")),
        Verb::Check => check(invocation),
        Verb::Show(show) => {
            let keys = invocation.provenance.keys().filter_map(|key| invocation.provenance.explain(key, show.redact));
            let kept = keys.filter(|row| !show.changed || row.source != Source::Default);
            invocation.output.list(&kept.map(Row::from).collect::<Vec<_>>(), &ROW);
            Ok(())
        }
        Verb::Explain { key } => explain(key, invocation),
    }
}

fn explain(key: &str, invocation: &Invocation) -> Result<(), Failure> {
    // A section's name: all of its keys.
    let within = |name: &&str| name.strip_prefix(key).is_some_and(|rest| rest.starts_with('.'));
    let section: Vec<Row> =
        invocation.provenance.keys().filter(within).filter_map(|key| invocation.provenance.explain(key, true)).map(Row::from).collect();
    if !section.is_empty() {
        invocation.output.list(&section, &SECTION);
        return Ok(());
    }
    let Some(explanation) = invocation.provenance.explain(key, true) else {
        let near = invocation.provenance.closest(key).map(|near| format!("; did you mean {near:?}?")).unwrap_or_default();
        return Err(Failure::new(Exit::Usage, format!("there is no key {key:?}{near}")));
    };
    invocation.output.record(&Row::from(explanation), &RECORD);
    Ok(())
}

fn check(invocation: &Invocation) -> Result<(), Failure> {
    let findings = invocation.config.check();
    let refused = findings.iter().filter(|finding| finding.severity == Severity::Refused).count();
    let word = |severity| if severity == Severity::Refused { "refused" } else { "warning" };
    let rows: Vec<FindingRow> = findings
        .into_iter()
        .map(|finding| FindingRow { severity: word(finding.severity), key: finding.key, message: finding.message })
        .collect();
    if rows.is_empty() && !invocation.output.is_for_programs() {
        invocation.output.line("nothing unsafe");
        return Ok(());
    }
    invocation.output.list(&rows, &FINDING);
    if refused > 0 { Err(Failure::new(Exit::Config, format!("{refused} of these keep the server from starting"))) } else { Ok(()) }
}

/// Writes a new file; what it would hold is checked first.
pub(super) fn init(init: &Init, common: &Common, output: &Output) -> Result<(), Failure> {
    let wrong = |reason: String| Failure::new(Exit::Usage, reason);
    Origin::parse(&init.issuer).map_err(wrong)?;
    let text = file_text(init);
    let config = Config::from_toml(&text)?;
    if let Some(finding) = config.check().iter().find(|finding| finding.severity == Severity::Refused) {
        return Err(wrong(format!("{}: {}", finding.key, finding.message)));
    }
    if common.dry_run {
        output.line(&text);
        return Ok(());
    }
    write_new(&init.file, &text, common.yes)?;
    output.done(&format!("{} written; next: `concord --config {0} config check`", init.file.display()), &init.file);
    Ok(())
}

fn file_text(init: &Init) -> String {
    let mut text = String::from(
        "# Only what differs from the defaults; `concord config show` lists every key, `concord config explain KEY` explains one.\n\n",
    );
    let quoted = |value: &str| toml::Value::String(value.to_owned()).to_string();
    let mut add = |line: String| {
        text.push_str(&line);
        text.push('\n');
    };
    add(format!("issuer = {}", quoted(&init.issuer)));
    if let Some(origin) = &init.staff_origin {
        add(format!("\n[server]\nstaff_origin = {}", quoted(origin)));
    }
    if let Some(url) = &init.database {
        add(format!("\n[database]\nurl = {}", quoted(url)));
    }
    if let Some(url) = &init.redis {
        add(format!("\n[ephemeral]\nurl = {}", quoted(url)));
    }
    text
}

/// A database URL may hold a password: only the owner may read the file.
fn write_new(path: &Path, text: &str, overwrite: bool) -> Result<(), Failure> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).mode(0o600);
    if overwrite {
        options.create(true).truncate(true)
    } else {
        options.create_new(true)
    };
    let mut file = options.open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => Failure::failed(format!("{} exists; --yes replaces it", path.display())),
        _ => Failure::from(error),
    })?;
    file.write_all(text.as_bytes())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Init, file_text};
    use crate::config::Config;

    #[test]
    fn the_file_holds_what_was_asked_for_and_can_be_read() {
        let init = Init {
            file: "x".into(),
            issuer: "https://id.example".into(),
            database: Some("postgres://c:\"q\"@db/c".into()),
            redis: None,
            staff_origin: Some("https://staff.example".into()),
        };
        let config = Config::from_toml(&file_text(&init)).unwrap();
        assert_eq!(config.database.url.expose(), "postgres://c:\"q\"@db/c");
        assert_eq!(config.server.staff_origin.unwrap().as_str(), "https://staff.example");
    }
}
