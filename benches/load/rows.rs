//! What is measured at the real server, one line per goal of performance.md.

use super::baseline::{COMMITS, COMMITS_SQLITE};
use super::generator::Generator;
use super::report::{Goal, Report};
use super::stage::Stage;
use crate::support::Backend;

/// Nothing is remembered: every question goes to the database, every signature is verified.
pub const FORGETFUL: [(&str, &str); 3] =
    [("CONCORD_MEMORY__GRANTS", "0"), ("CONCORD_MEMORY__PEOPLE", "0"), ("CONCORD_MEMORY__TOKENS", "0")];

/// Measures, and keeps what came of it.
pub struct Bench<'a> {
    pub generator: Generator,
    pub report: &'a mut Report,
    /// Words that rows to be measured have in their names; none: all rows.
    pub only: Vec<String>,
}

impl Bench<'_> {
    pub fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|word| name.contains(word.as_str()))
    }

    fn wants_any(&self, goals: &[Goal]) -> bool {
        goals.iter().any(|goal| self.wants(goal.operation))
    }

    fn row(&mut self, goal: Goal, load: impl FnOnce() -> super::generator::Load, right: impl Fn(&str) -> bool) {
        if self.wants(goal.operation) {
            let measured = self.generator.measure(goal.operation, &load(), right);
            self.report.row(goal, measured);
        }
    }

    fn story(&mut self, goal: Goal, load: impl FnMut() -> super::generator::Load) {
        if self.wants(goal.operation) {
            let measured = self.generator.measure_each(goal.operation, load);
            self.report.row(goal, measured);
        }
    }
}

const JWKS: Goal = Goal::new("JWKS", "H", 0.65, 0.75);
const DISCOVERY: Goal = Goal::new("discovery", "H", 0.65, 0.75);
const INTROSPECTION: Goal = Goal::new("introspection, opaque, in memory", "H", 0.30, 0.45);
const INTROSPECTION_JWT: Goal = Goal::new("introspection, JWT, remembered", "H", 0.25, 0.40);
const CREDENTIALS_JWT: Goal = Goal::new("client_credentials, ES256 JWT", "H", 0.14, 0.18);
const CREDENTIALS: Goal = Goal::new("client_credentials, opaque", "H", 0.30, 0.42);
const USERINFO: Goal = Goal::new("userinfo, in memory", "H", 0.25, 0.40);
const FROM_MEMORY: [Goal; 7] = [JWKS, DISCOVERY, INTROSPECTION, INTROSPECTION_JWT, CREDENTIALS_JWT, CREDENTIALS, USERINFO];

/// Whether rows are wanted whose limit is a commit.
pub fn write(bench: &Bench<'_>) -> bool {
    bench.wants_any(&[REFRESH_SQLITE, FLOW_SQLITE, REFRESH, FLOW])
}

/// What is answered without the database; the embedded one is behind it.
pub fn from_memory(bench: &mut Bench<'_>) {
    if !bench.wants_any(&FROM_MEMORY) {
        return;
    }
    let mut stage = Stage::new(Backend::Sqlite);
    stage.serve(&[]);
    bench.row(JWKS, || stage.get("/.well-known/jwks.json"), |body| body.starts_with("{\"keys\":["));
    bench.row(DISCOVERY, || stage.get("/.well-known/openid-configuration"), |body| body.contains("introspection_endpoint"));
    bench.row(INTROSPECTION, || stage.introspection("bench-web"), introspected);
    bench.row(INTROSPECTION_JWT, || stage.introspection("bench-jwt"), introspected);
    bench.row(CREDENTIALS_JWT, || stage.client_credentials("bench-jwt"), |body| body.contains("\"access_token\":\"eyJ"));
    bench.row(CREDENTIALS, || stage.client_credentials("bench-web"), |body| body.contains("\"access_token\":\"") && !body.contains("eyJ"));
    bench.row(USERINFO, || stage.userinfo(), is_userinfo);
}

/// The whole answer for the API that a token is for.
fn introspected(body: &str) -> bool {
    let answer: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    answer["active"] == true && answer["sub"].is_string() && answer["links"].is_array() && answer["aud"] == super::stage::API
}

fn is_userinfo(body: &str) -> bool {
    body.contains("\"sub\":\"") && body.contains("\"email\":\"somebody@example.org\"")
}

const MISS_SQLITE: Goal = Goal::new("introspection, from SQLite", "H", 0.12, 0.20);
const JWT_FIRST: Goal = Goal::new("introspection, JWT, first sight", "H", 0.08, 0.095);
const REFRESH_SQLITE: Goal = Goal::new("refresh, SQLite", COMMITS_SQLITE, 0.25, 0.40);
const FLOW_SQLITE: Goal = Goal::new("code flow, SQLite", COMMITS_SQLITE, 0.05, 0.12);
const ON_SQLITE: [Goal; 4] = [MISS_SQLITE, JWT_FIRST, REFRESH_SQLITE, FLOW_SQLITE];

/// What the embedded database has to answer or to write.
pub fn on_sqlite(bench: &mut Bench<'_>) {
    if !bench.wants_any(&ON_SQLITE) {
        return;
    }
    let mut stage = Stage::new(Backend::Sqlite);
    bench.story(REFRESH_SQLITE, || stage.refresh());
    bench.story(FLOW_SQLITE, || stage.code_flow());
    stage.serve(&FORGETFUL);
    bench.row(MISS_SQLITE, || stage.introspection("bench-web"), introspected);
    // Everything but the signatures is remembered: first sight of a token is not first sight of its grant.
    stage.serve(&[("CONCORD_MEMORY__TOKENS", "0")]);
    bench.row(JWT_FIRST, || stage.introspection("bench-jwt"), introspected);
}

const MISS_POSTGRES: Goal = Goal::new("introspection, from PostgreSQL", "H", 0.06, 0.12);
const USERINFO_POSTGRES: Goal = Goal::new("userinfo, from PostgreSQL", "H", 0.06, 0.12);
const REFRESH: Goal = Goal::new("refresh, PostgreSQL", COMMITS, 0.25, 0.40);
const FLOW: Goal = Goal::new("code flow, PostgreSQL", COMMITS, 0.05, 0.12);
const ON_POSTGRES: [Goal; 4] = [MISS_POSTGRES, USERINFO_POSTGRES, REFRESH, FLOW];

/// What PostgreSQL has to answer or to write; it runs on the generator's core.
pub fn on_postgres(bench: &mut Bench<'_>) {
    if !bench.wants_any(&ON_POSTGRES) {
        return;
    }
    let mut stage = Stage::new(Backend::Postgres);
    bench.story(REFRESH, || stage.refresh());
    bench.story(FLOW, || stage.code_flow());
    stage.serve(&FORGETFUL);
    bench.row(MISS_POSTGRES, || stage.introspection("bench-web"), introspected);
    bench.row(USERINFO_POSTGRES, || stage.userinfo(), is_userinfo);
}
