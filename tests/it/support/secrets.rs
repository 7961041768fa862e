//! Writes down what must not be found anywhere when the run is over; tests/run/left.sh looks for it.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::sync::{Mutex, OnceLock};

use serde_json::Value;

use super::http::Answer;

/// Members of answers that are as good as a person's or a client's word.
const TOKENS: [&str; 4] = ["access_token", "refresh_token", "id_token", "client_secret"];

/// Short values are numbers and names.
const SHORTEST: usize = 20;

/// One secret that was used.
pub fn used(secret: &str) {
    static LIST: OnceLock<Option<Mutex<File>>> = OnceLock::new();
    let list = LIST.get_or_init(|| {
        let folder = std::env::var_os("TEST_SECRETS")?;
        let path = std::path::Path::new(&folder).join(format!("it-{}", std::process::id()));
        Some(Mutex::new(OpenOptions::new().create(true).append(true).open(path).expect("a list of secrets")))
    });
    if let Some(list) = list
        && secret.len() >= SHORTEST
        && !secret.contains('\n')
    {
        writeln!(list.lock().expect("the list"), "{secret}").expect("the list grows");
    }
}

/// Everything secret in an answer: tokens, cookies, codes.
pub fn in_answer(answer: &Answer) {
    if std::env::var_os("TEST_SECRETS").is_none() {
        return;
    }
    for line in answer.headers.get_all("set-cookie") {
        let pair = line.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
        used(pair.split_once('=').map_or("", |(_, value)| value));
    }
    if let Some(code) = answer.location().and_then(|to| super::http::parameter(&to, "code")) {
        used(&code);
    }
    let json = answer.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
    let Some(value) = json.then(|| serde_json::from_slice::<Value>(&answer.body).ok()).flatten() else { return };
    for token in TOKENS.iter().filter_map(|name| value[name].as_str()) {
        used(token);
    }
}
