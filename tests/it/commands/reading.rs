//! Output that people and programs can read, and refusals that say what to do.

use std::path::Path;
use std::process::{Command, Output};

use concord::storage::server_lock::ServerLock;
use serde_json::Value;

use crate::support::database::Folder;

/// A command in an empty folder with nothing but these settings.
fn concord(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_concord"));
    command.args(arguments).env_clear().env("CONCORD_SERVER__MANAGEMENT_LISTEN", "127.0.0.1:1").current_dir(folder);
    let Output { status, stdout, stderr } = command.output().expect("the program runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (status.code().expect("a code"), text(stdout), text(stderr))
}

#[test]
fn looking_in_the_wrong_folder_makes_nothing_and_says_so() {
    let folder = Folder::new();
    for looking in [
        &["service", "list"][..],
        &["client", "show", "shop"],
        &["customer", "show", "28T5-CY4T-QKFF-A"],
        &["link", "list"],
        &["consent", "list", "--customer", "28T5-CY4T-QKFF-A"],
        &["keys", "list"],
        &["backup", "restored", "--yes"],
        &["migrate", "status"],
    ] {
        let (code, out, error) = concord(folder.path(), looking);
        assert_eq!((code, out.as_str()), (69, ""), "{looking:?}");
        assert!(error.contains("data/concord.sqlite") && error.contains("concord serve") && error.contains("--config"), "{error}");
    }
    let (code, out, _) = concord(folder.path(), &["doctor"]);
    assert!(code == 1 && out.contains("there is no database at"), "{out}");
    for made in ["keys", "data/concord.sqlite"] {
        assert!(!folder.path().join(made).exists(), "{made} was made");
    }
}

#[test]
fn one_result_in_three_forms() {
    let folder = Folder::new();
    let show = |more: &[&str]| concord(folder.path(), &[&["config", "explain", "limits.code_tries"], more].concat()).1;
    assert!(show(&[]).contains("value     5\n"));
    let json: Value = serde_json::from_str(&show(&["--output", "json"])).expect("JSON");
    assert_eq!((&json["value"], &json["source"]), (&5.into(), &"default".into()));
    assert!(show(&["--output", "yaml"]).starts_with("key: \"limits.code_tries\"\nvalue: 5\n"));
    let section = concord(folder.path(), &["config", "explain", "tokens"]).1;
    assert!(section.starts_with("KEY ") && section.contains("tokens.access ") && !section.contains("server."), "{section}");
    let checked = |form: &str| concord(folder.path(), &["config", "check", "--output", form]);
    assert_eq!(checked("json"), (0, "[]\n".to_owned(), String::new()));
    assert_eq!(checked("table"), (0, "nothing unsafe\n".to_owned(), String::new()));
}

#[test]
fn refusals_say_what_to_do_in_every_form() {
    let folder = Folder::new();
    let (code, _, error) = concord(folder.path(), &["healthcheck"]);
    assert!(code == 69 && error.contains("concord serve") && error.contains("server.management_listen"), "{error}");
    let (code, out, error) = concord(folder.path(), &["healthcheck", "--output", "json"]);
    let said: Value = serde_json::from_str(&error).expect("JSON");
    assert!(code == 69 && out.is_empty() && said["exit"] == 69 && said["error"].is_string());
    let (code, _, error) = concord(folder.path(), &["service", "apply", "nothing.toml"]);
    assert!(code == 1 && error.contains("cannot read nothing.toml"), "{error}");
}

#[test]
fn a_database_that_is_not_there_is_named_with_the_reason() {
    let folder = Folder::new();
    let look = |url: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_concord"));
        command.args(["service", "list"]).env_clear().env("DATABASE_URL", url).env("CONCORD_DATABASE__ACQUIRE_TIMEOUT", "200ms");
        let output = command.env("CONCORD_DATABASE__CONNECT_TIMEOUT", "200ms").current_dir(folder.path()).output().expect("runs");
        (output.status.code(), String::from_utf8(output.stderr).expect("text"))
    };
    let (code, error) = look("postgres://concord:hush@127.0.0.1:1/concord");
    assert!(code == Some(69) && error.contains("127.0.0.1:1") && error.contains("refused") && !error.contains("hush"), "{error}");
    let (code, error) = look("mysql://concord@127.0.0.1/concord");
    assert!(code == Some(69) && error.contains("postgres://user@host/name"), "{error}");
}

#[test]
fn shells_learn_every_command() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish"] {
        let (code, out, _) = concord(folder.path(), &["completions", shell]);
        assert!(code == 0 && out.contains("rotate-secret"), "{shell}");
    }
    assert_eq!(concord(folder.path(), &["completions", "cmd"]).0, 2);
}

#[cfg(feature = "demo")]
#[test]
fn a_second_demo_on_the_same_data_is_told_so_and_harms_nothing() {
    let folder = Folder::new();
    let data = folder.path().join("demo");
    std::fs::create_dir_all(&data).expect("a folder");
    for file in ["concord-demo.txt", "concord.sqlite"] {
        std::fs::write(data.join(file), "").expect("a file");
    }
    let held = ServerLock::take(&format!("sqlite:{}", data.join("concord.sqlite").display())).expect("a lock");
    assert!(held.is_some());
    let (code, _, error) = concord(folder.path(), &["demo", "--data", "demo", "--reset", "--port", "0"]);
    assert!(code == 1 && error.contains("another demo is running") && error.contains("--data"), "{error}");
    assert!(data.join("concord.sqlite").exists(), "nothing was removed");
}
