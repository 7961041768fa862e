//! The command as a process: what scripts see of it.

use std::process::{Command, Output};

fn concord(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_concord")).args(arguments).env_clear().envs(environment.iter().copied()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn exit_codes_are_those_of_the_manual() {
    assert_eq!(concord(&["config", "check"], &[]).status.code(), Some(0));
    assert_eq!(concord(&["config", "check"], &[("CONCORD_ISSUER", "http://id.example")]).status.code(), Some(78));
    assert_eq!(concord(&["config", "show"], &[("CONCORD_TOKENS__COD", "1s")]).status.code(), Some(78));
    assert_eq!(concord(&["serv"], &[]).status.code(), Some(2));
    assert_eq!(concord(&["--help"], &[]).status.code(), Some(0));
    assert_eq!(concord(&["healthcheck"], &[("CONCORD_SERVER__MANAGEMENT_LISTEN", "127.0.0.1:1")]).status.code(), Some(69));
    assert_eq!(concord(&["serve"], &[("CONCORD_ISSUER", "http://id.example")]).status.code(), Some(78));
}

#[test]
fn values_explain_themselves_and_secrets_stay_hidden() {
    let environment = [("DATABASE_URL", "postgres://u:hush@db/c")];
    let shown = concord(&["config", "show", "--changed", "--output", "json"], &environment);
    let rows: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(rows[0]["key"], "database.url");
    assert_eq!((rows[0]["value"].as_str(), rows[0]["source"].as_str()), (Some("postgres://***@db/c"), Some("environment DATABASE_URL")));
    assert_eq!(rows.as_array().unwrap().len(), 1);
    assert!(!text(&concord(&["config", "explain", "database.url"], &environment).stdout).contains("hush"));
    assert!(text(&concord(&["config", "show", "--redact=false"], &environment).stdout).contains("hush"));
    let wrong = concord(&["config", "explain", "server.listn"], &[]);
    assert!(text(&wrong.stderr).contains("did you mean \"server.listen\"?"));
    let document: serde_json::Value = serde_json::from_slice(&concord(&["openapi"], &[]).stdout).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
}

#[test]
fn a_new_file_is_private_and_not_overwritten() {
    use std::os::unix::fs::PermissionsExt;
    let folder = crate::support::database::Folder::new();
    let file = folder.path().join("config.toml");
    let init = |more: &[&str]| {
        let mut arguments = vec!["config", "init", file.to_str().unwrap(), "--issuer", "https://id.example"];
        arguments.extend(more);
        concord(&arguments, &[])
    };
    assert!(init(&["--dry-run"]).status.success() && !file.exists());
    assert!(init(&["--database", "postgres://u:p@db/c"]).status.success());
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(init(&[]).status.code(), Some(1));
    let explained = concord(&["--config", file.to_str().unwrap(), "config", "explain", "issuer", "--output", "json"], &[]);
    let explained: serde_json::Value = serde_json::from_slice(&explained.stdout).unwrap();
    assert!(explained["source"].as_str().unwrap().ends_with("config.toml:3"), "{explained}");
    assert_eq!(init(&["--yes", "--issuer", "http://id.example"]).status.code(), Some(2));
}
