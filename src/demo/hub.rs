//! The first page of the demo: who is here, what to try, what happened, and the mails that stayed on this machine.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use time::OffsetDateTime;

use super::ecosystem::World;
use super::party::{Party, say};
use super::personas;
use super::reader::{Reader, chosen, see_other};
use super::site::static_file;
use super::tap::{Entry, Went};
use super::words;
use crate::clock::Timestamp;
use crate::crypto::digest::equal;
use crate::http::extract::{PageForm, QueryParams};
use crate::http::headers::FormAction;
use crate::outbound::mail::KeptMail;
use crate::protocol::locale::Locale;
use crate::ui::demo::{Hub, LogEntry, OutboxMail, Persona, Simulated, Tone, TryStep, TryThis};

const REFRESH: HeaderName = HeaderName::from_static("refresh");

/// The hub on a host of its own: its first page is `/`.
pub(super) fn at_root(world: &Arc<World>) -> Router {
    Router::new()
        .route("/", get(show).post(act))
        .route("/simulated", get(simulated))
        .fallback(|uri: Uri| async move { static_file(uri.path()) })
        .with_state(Arc::clone(world))
}

/// The hub beside Concord, on the issuer's host: its first page is `/demo`.
pub(super) fn beside(world: &Arc<World>) -> Router {
    Router::new()
        .route("/demo", get(show).post(act))
        .route("/demo/simulated", get(simulated))
        .route("/demo/become", get(become_somebody))
        .with_state(Arc::clone(world))
}

async fn show(State(world): State<Arc<World>>, headers: HeaderMap, uri: Uri, QueryParams(query): QueryParams) -> Response {
    if let Some(response) = chosen(&uri) {
        return response;
    }
    let live = query.is_ok_and(|query| query.get("live") == Some("on"));
    let reader = Reader::of(&headers, world.lang);
    let path = uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let html = page(&world, reader, uri.path(), live).render(&world.frame(reader, path));
    let mut response = ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response();
    // "Be somebody" ends at Concord.
    response.extensions_mut().insert(FormAction(world.place.origin(Party::Concord)));
    if live {
        response.headers_mut().insert(REFRESH, HeaderValue::from_static("3"));
    }
    response
}

fn page(world: &World, reader: Reader, path: &str, live: bool) -> Hub {
    let locale = reader.locale;
    world.notice_the_end_of_the_link();
    let simulated = if path == "/demo" { "/demo/simulated" } else { "/simulated" };
    let metadata = world.place.url(Party::Concord, "/.well-known/openid-configuration");
    Hub {
        services: world.sites.iter().map(|site| site.brand(locale)).collect(),
        account_url: world.place.url(Party::Concord, "/account"),
        account_host: format!("{}:{}/account", Party::Concord.host(), world.place.port),
        steps: steps(world, locale),
        personas: personas::ALL
            .iter()
            .map(|persona| Persona {
                handle: persona.handle.to_owned(),
                name: say(locale, persona.name).to_owned(),
                about: say(locale, persona.about).to_owned(),
            })
            .collect(),
        outbox: world.outbox.newest_first().into_iter().map(mail).collect(),
        log: world.tap.entries().into_iter().map(|entry| logged(entry, locale)).collect(),
        live,
        more: vec![
            (say(locale, ["Что здесь понарошку", "What is simulated", "哪些是模拟的"]).to_owned(), simulated.to_owned()),
            ("OpenID Connect Discovery".to_owned(), metadata),
        ],
    }
}

fn steps(world: &World, locale: Locale) -> Vec<TryStep> {
    let step = |step, service: Party, url: String, account: Option<(&str, &str)>| TryStep {
        step,
        service: service.name(locale).to_owned(),
        local_account: account.map(|(login, password)| (login.to_owned(), password.to_owned())),
        url,
        done: world.progress.is_done(step),
    };
    let (place, home) = (world.place, |service| world.place.url(service, "/"));
    vec![
        step(TryThis::Register, Party::Cinema, home(Party::Cinema), None),
        step(TryThis::ConnectLoyalty, Party::Points, home(Party::Points), Some(("anna", "polar"))),
        step(TryThis::ConnectBank, Party::Bank, home(Party::Bank), Some(("anna", "aurora"))),
        step(TryThis::Share, Party::Bank, home(Party::Bank), None),
        step(TryThis::Withdraw, Party::Bank, place.url(Party::Concord, "/account/privacy"), None),
        step(TryThis::EndLink, Party::Bank, place.url(Party::Concord, "/account/links"), None),
    ]
}

fn mail(kept: KeptMail) -> OutboxMail {
    OutboxMail { code: personas::code_in(&kept.mail), to: kept.mail.to, subject: kept.mail.subject, body: kept.mail.body, at: kept.at }
}

fn logged(entry: Entry, locale: Locale) -> LogEntry {
    LogEntry {
        time: time_of_day(entry.at),
        about: words::about(entry.deed, entry.from, entry.to, locale),
        call: entry.call,
        outcome: entry.outcome,
        tone: match entry.went {
            Went::Good => Tone::Good,
            Went::Bad => Tone::Bad,
            Went::Neutral => Tone::Info,
        },
        parts: entry.parts.into_iter().map(|(part, text)| (words::title(&part, locale), text)).collect(),
        curl: entry.curl,
        specification: entry.deed.specification().map(|(name, url)| (name.to_owned(), url.to_owned())),
    }
}

/// `14:03:11.412`, UTC.
fn time_of_day(at: Timestamp) -> String {
    let time = OffsetDateTime::from_unix_timestamp(at.seconds()).unwrap_or(OffsetDateTime::UNIX_EPOCH).time();
    format!("{:02}:{:02}:{:02}.{:03}", time.hour(), time.minute(), time.second(), at.millis().rem_euclid(1000))
}

async fn act(State(world): State<Arc<World>>, uri: Uri, PageForm(form): PageForm) -> Response {
    let back = see_other(uri.path());
    if !equal(form.get("csrf").unwrap_or_default().as_bytes(), world.csrf.as_bytes()) {
        return back;
    }
    match form.get("action") {
        Some("clear") => {
            world.outbox.clear();
            back
        }
        Some("persona") => match personas::find(form.get("persona").unwrap_or_default()) {
            Some(persona) => match world.personas.admit(&world, persona).await {
                Ok(ticket) => see_other(&world.place.url(Party::Concord, &format!("/demo/become?ticket={ticket}"))),
                Err(trouble) => {
                    tracing::warn!(event = "demo.persona", persona = persona.handle, %trouble, "could not sign in");
                    (StatusCode::SERVICE_UNAVAILABLE, trouble.to_string()).into_response()
                }
            },
            None => back,
        },
        _ => back,
    }
}

/// Hands a persona's session at Concord to the browser that asked for it: once.
async fn become_somebody(State(world): State<Arc<World>>, QueryParams(query): QueryParams) -> Response {
    let mut response = see_other("/account");
    let cookies = query.ok().and_then(|query| Some(world.personas.take(query.get("ticket")?)));
    for (name, value) in cookies.unwrap_or_default() {
        if let Ok(cookie) = HeaderValue::try_from(format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax")) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    response
}

async fn simulated(State(world): State<Arc<World>>, headers: HeaderMap, uri: Uri) -> Response {
    if let Some(response) = chosen(&uri) {
        return response;
    }
    let reader = Reader::of(&headers, world.lang);
    let hub_url = if uri.path().starts_with("/demo") { "/demo" } else { "/" }.to_owned();
    let html = Simulated { paragraphs: words::simulated(reader.locale), hub_url }.render(&world.frame(reader, uri.path().to_owned()));
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_tells_the_time_to_the_millisecond() {
        assert_eq!(time_of_day(Timestamp::from_millis(1_795_356_191_412)), "14:03:11.412");
    }
}
