//! Every metric by name (operations.md 3.3); called by whoever counts, shown on `/metrics` of the management listener.

use std::fmt::Write;
use std::sync::OnceLock;
use std::time::Duration;

use metrics::{Counter, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Duration of a request, by method, route and status.
pub const HTTP_REQUEST_DURATION: &str = "http_server_request_duration_seconds";
/// Duration of a statement or transaction, by operation.
pub const DB_OPERATION_DURATION: &str = "db_client_operation_duration_seconds";
/// Sign-ins, by method and result.
pub const LOGINS: &str = "concord_logins_total";
/// Tokens issued, by grant type and format.
pub const TOKENS_ISSUED: &str = "concord_tokens_issued_total";
/// Introspections, by answer and by whether the cache had it.
pub const INTROSPECTIONS: &str = "concord_introspections_total";
/// Consents, by action and product domain.
pub const CONSENTS: &str = "concord_consents_total";
/// Links, by action and service.
pub const LINKS: &str = "concord_links_total";
/// Time of one password hash on its thread.
pub const PASSWORD_HASH: &str = "concord_password_hash_seconds";
/// Age of the oldest message that has not left.
pub const OUTBOX_LAG: &str = "concord_outbox_lag_seconds";
/// Age of the active signing key, by algorithm.
pub const SIGNING_KEY_AGE: &str = "concord_signing_key_age_seconds";
/// Back-channel logout deliveries, by result.
pub const LOGOUT_DELIVERIES: &str = "concord_logout_deliveries_total";
/// Things that a job could not do and left for its next run, by job.
pub const JOB_FAILURES: &str = "concord_job_failures_total";
/// Age of what this node knows about invalidations.
pub const INVALIDATION_AGE: &str = "concord_invalidation_age_seconds";
/// Requests refused because too many were in progress.
pub const SHED: &str = "concord_requests_shed_total";
/// Open connections of the public listener.
pub const CONNECTIONS: &str = "http_server_open_connections";

const REQUEST_BUCKETS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
const FINE_BUCKETS: [f64; 12] = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.0];

static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Installs the process's recorder. Before this call (and in tests without it) counting costs and does nothing.
/// Whoever installs it spawns [`upkeep`].
pub fn install() {
    RECORDER.get_or_init(|| {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Full(HTTP_REQUEST_DURATION.to_owned()), &REQUEST_BUCKETS)
            .and_then(|builder| builder.set_buckets_for_metric(Matcher::Full(DB_OPERATION_DURATION.to_owned()), &FINE_BUCKETS))
            .and_then(|builder| builder.set_buckets(&REQUEST_BUCKETS));
        let handle = builder.and_then(PrometheusBuilder::install_recorder).ok();
        describe();
        handle
    });
}

/// Everything counted, in Prometheus' text format; empty before [`install`].
pub fn render() -> String {
    let mut text = RECORDER.get().and_then(Option::as_ref).map(PrometheusHandle::render).unwrap_or_default();
    text.push_str(&process());
    text
}

/// Moves what was observed into its buckets every second, so that memory does not grow between two scrapes. Never ends.
pub async fn upkeep() {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if let Some(handle) = RECORDER.get().and_then(Option::as_ref) {
            handle.run_upkeep();
        }
    }
}

fn describe() {
    describe_histogram!(HTTP_REQUEST_DURATION, Unit::Seconds, "Duration of HTTP requests");
    describe_histogram!(DB_OPERATION_DURATION, Unit::Seconds, "Duration of database operations");
    describe_histogram!(PASSWORD_HASH, Unit::Seconds, "Time of one password hash");
    describe_counter!(LOGINS, "Sign-ins by method and result");
    describe_counter!(TOKENS_ISSUED, "Tokens issued by grant type and format");
    describe_counter!(INTROSPECTIONS, "Introspections by answer and cache");
    describe_counter!(CONSENTS, "Consents by action and product domain");
    describe_counter!(LINKS, "Links by action and service");
    describe_counter!(LOGOUT_DELIVERIES, "Back-channel logout deliveries by result");
    describe_counter!(JOB_FAILURES, "Things that a job left for its next run, by job");
    describe_counter!(SHED, "Requests refused because too many were in progress");
    describe_gauge!(OUTBOX_LAG, Unit::Seconds, "Age of the oldest message that has not left");
    describe_gauge!(SIGNING_KEY_AGE, Unit::Seconds, "Age of the active signing key");
    describe_gauge!(INVALIDATION_AGE, Unit::Seconds, "Age of what this node knows about invalidations");
    describe_gauge!(CONNECTIONS, "Open connections of the public listener");
}

/// A sign-in: `method` like `password` or `code`, `result` `accepted` or `refused`.
pub fn login(method: &'static str, result: &'static str) {
    counter!(LOGINS, "method" => method, "result" => result).increment(1);
}

/// A token was issued.
pub fn token_issued(grant: &'static str, format: &'static str) {
    counter!(TOKENS_ISSUED, "grant" => grant, "format" => format).increment(1);
}

/// An introspection was answered. On the hottest path: the four counters are looked up once.
pub fn introspection(active: bool, from_cache: bool) {
    static COUNTERS: [OnceLock<Counter>; 4] = [const { OnceLock::new() }; 4];
    let yes_no = |yes: bool| if yes { "true" } else { "false" };
    let hit = |yes: bool| if yes { "hit" } else { "miss" };
    let found = COUNTERS[usize::from(active) * 2 + usize::from(from_cache)]
        .get_or_init(|| counter!(INTROSPECTIONS, "active" => yes_no(active), "cache" => hit(from_cache)));
    found.increment(1);
}

/// A consent was given, withdrawn or declined.
pub fn consent(action: &'static str, domain: &str) {
    counter!(CONSENTS, "action" => action, "domain" => domain.to_owned()).increment(1);
}

/// A link changed its state.
pub fn link(action: &'static str, service: &str) {
    counter!(LINKS, "action" => action, "service" => service.to_owned()).increment(1);
}

/// A back-channel logout was delivered or given up.
pub fn logout_delivery(result: &'static str) {
    counter!(LOGOUT_DELIVERIES, "result" => result).increment(1);
}

/// A job could not do one of its things.
pub fn job_failure(job: &'static str) {
    counter!(JOB_FAILURES, "job" => job).increment(1);
}

/// A request was refused because too many were in progress.
pub fn shed() {
    counter!(SHED).increment(1);
}

/// One password hash took so long on its thread.
pub fn password_hash(took: Duration) {
    histogram!(PASSWORD_HASH).record(took.as_secs_f64());
}

/// One database operation took so long.
pub fn db_operation(operation: &'static str, took: Duration) {
    histogram!(DB_OPERATION_DURATION, "db_operation_name" => operation).record(took.as_secs_f64());
}

/// The oldest message that has not left is so old.
pub fn outbox_lag(age: Duration) {
    gauge!(OUTBOX_LAG).set(age.as_secs_f64());
}

/// The active signing key of `algorithm` is so old.
pub fn signing_key_age(algorithm: &'static str, age: Duration) {
    gauge!(SIGNING_KEY_AGE, "algorithm" => algorithm).set(age.as_secs_f64());
}

/// What this node knows about invalidations is so old.
pub fn invalidation_age(age: Duration) {
    gauge!(INVALIDATION_AGE).set(age.as_secs_f64());
}

/// So many connections are open.
pub fn connections(open: usize) {
    gauge!(CONNECTIONS).set(u32::try_from(open).unwrap_or(u32::MAX));
}

/// Memory and open files of this process as Linux tells them; nothing elsewhere.
fn process() -> String {
    let page = 4096;
    let resident = std::fs::read_to_string("/proc/self/statm").ok().and_then(|text| text.split(' ').nth(1)?.parse::<u64>().ok());
    let files = std::fs::read_dir("/proc/self/fd").map(Iterator::count).ok();
    let mut text = String::new();
    if let Some(pages) = resident {
        let _ = writeln!(text, "# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes {}", pages * page);
    }
    if let Some(files) = files {
        let _ = writeln!(text, "# TYPE process_open_fds gauge\nprocess_open_fds {files}");
    }
    text
}
