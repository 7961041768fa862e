//! Partners: what a service may say of itself, how its clients prove who they are, and the keys that sign for everybody.

mod applying;
mod authenticating;
mod commands;
mod keeping;
mod keys;
mod remembering;

use concord::model::actor::Actor;
use concord::usecases::Core;
use concord::usecases::apply_service::{self, Applied, ApplyError};

pub fn operator() -> Actor {
    Actor::Operator("test".to_owned())
}

/// A service in TOML; `more` goes between its head and its clients.
pub fn service(code: &str, more: &str, clients: &str) -> String {
    format!(
        "code = \"{code}\"\nname = {{ ru = \"{code}\", en = \"{code}\", zh = \"{code}\" }}\nsector = \"{code}\"\n\
         homepage = \"https://{code}.test/\"\n{more}\n{clients}"
    )
}

/// A confidential web client in TOML.
pub fn web(id: &str, scope: &str) -> String {
    format!(
        "[[clients]]\nclient_id = \"{id}\"\nredirect_uris = [\"https://{id}.test/cb\"]\n\
         grant_types = [\"authorization_code\", \"refresh_token\"]\nscope = \"{scope}\"\n"
    )
}

pub async fn apply(core: &Core, text: &str) -> Result<Applied, ApplyError> {
    apply_service::apply(core, text, false, &operator()).await
}

/// Applies what must be right.
#[track_caller]
pub fn applied(result: Result<Applied, ApplyError>) -> Applied {
    result.unwrap_or_else(|error| panic!("not applied: {error}"))
}

/// What a document is refused for.
#[track_caller]
pub fn refused(result: Result<Applied, ApplyError>) -> String {
    match result {
        Ok(applied) => panic!("version {} of {} was applied", applied.version, applied.service),
        Err(error) => error.to_string(),
    }
}
