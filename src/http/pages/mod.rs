//! The pages of a flow: a GET shows what is due or leads there, a POST does one thing and leads on (conventions 4).

mod agreement;
pub(in crate::http) mod answer;
mod authorize;
pub(in crate::http) mod show;
mod submit;
mod words;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next as After};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::app::App;
use super::browser::{Browser, same_site};
use super::errors::{Error, PROBLEMS, Refusal};
use super::extract::{PageFormBytes, QueryParams};
use crate::clock::Timestamp;
use crate::model::account_page::AccountPage;
use crate::model::flow::{LoginStep, Next, RegisterStep};
use crate::protocol::params::Params;
use crate::ui::problems::Problems;
use crate::ui::trouble::{AlreadyFinished, ContinueElsewhere, ErrorKind, ErrorPage};
use crate::usecases::flow::{self, Finished, Flow, Opened};
use answer::{page_with, see_other};

pub(super) use show::{card, person};
pub(super) use submit::MAX_NICKNAME;

/// Where a flow's pages are. The last is where deciding happens and answers are given.
const PAGES: [&str; 12] = [
    "/login",
    "/login/password",
    "/login/code",
    "/select-account",
    "/register",
    "/register/name",
    "/register/password",
    "/reauth",
    "/link",
    "/consent",
    "/continue",
    "/finished",
];

/// The routes of a flow.
pub(super) fn routes(app: &App) -> Router<App> {
    let mut router = Router::new();
    for path in PAGES {
        router = router.route(path, get(show_page).post(submit_page));
    }
    router = router.route("/agreements/{code}", get(agreement::show)).route(PROBLEMS, get(problems));
    // The authorization endpoint is posted to from other sites, by design.
    let authorize = Router::new().route(crate::protocol::metadata::path::AUTHORIZE, get(authorize::get).post(authorize::post));
    authorize.merge(router.layer(middleware::from_fn_with_state(app.clone(), ours_only)))
}

/// `GET /api/docs`: the kinds of problems, where the `type` of each leads.
async fn problems(State(app): State<App>, browser: Browser) -> Response {
    let html = Problems.render(&browser.frame(&app.core, "none"));
    browser.answer(answer::page(html))
}

/// Refuses forms of other sites, and answers the switches of language and theme, on every page.
pub(super) async fn ours_only(State(app): State<App>, request: Request, next: After) -> Response {
    let (mut parts, body) = request.into_parts();
    if let Err(refusal) = same_site(&app.core, &parts) {
        return refusal.into_response();
    }
    if parts.method == Method::GET
        && let Some(response) = switch(&app, &mut parts).await
    {
        return response;
    }
    next.run(Request::from_parts(parts, body)).await
}

/// `?lang=` and `?theme=`: remembered in cookies, and the page is shown again without them.
async fn switch(app: &App, parts: &mut axum::http::request::Parts) -> Option<Response> {
    use axum::extract::FromRequestParts;
    let query = parts.uri.query()?.to_owned();
    if !query.contains("lang=") && !query.contains("theme=") {
        return None;
    }
    let params = Params::decode(query.as_bytes()).ok()?;
    let mut browser = Browser::from_request_parts(parts, app).await.ok()?;
    if !browser.switched(app, params.get("lang"), params.get("theme")) {
        return None;
    }
    let kept: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with("lang=") && !pair.starts_with("theme=")).collect();
    let question = if kept.is_empty() { "" } else { "?" };
    Some(browser.answer(see_other(&format!("{}{question}{}", parts.uri.path(), kept.join("&")))))
}

/// The page that is due.
fn path_of(next: &Next) -> &'static str {
    match next {
        Next::Login(LoginStep::Identify) => "/login",
        Next::Login(LoginStep::Password) => "/login/password",
        Next::Login(LoginStep::SelectAccount) => "/select-account",
        Next::VerifyContact => "/login/code",
        Next::Register(RegisterStep::Email) => "/register",
        Next::Register(RegisterStep::Name) => "/register/name",
        Next::Register(RegisterStep::Password) => "/register/password",
        Next::StepUp(_) => "/reauth",
        Next::Link => "/link",
        Next::Consent(_) => "/consent",
        Next::Respond(_) | Next::Expired => "/continue",
        Next::Finished => "/finished",
    }
}

/// The address of what is due.
fn address_of(flow: &Flow) -> String {
    format!("{}?flow={}", path_of(&flow.next), flow.id)
}

/// Whether a page may be shown though another is due: people may go from one way of signing in to another, and back.
fn allowed(path: &str, next: &Next) -> bool {
    path == path_of(next)
        || (path == "/register" && *next == Next::Login(LoginStep::Identify))
        || (path == "/login" && matches!(next, Next::Register(RegisterStep::Email)))
}

async fn open(app: &App, browser: &Browser, params: &Params) -> Result<Result<Box<Flow>, Response>, Error> {
    let Some(id) = params.get("flow").and_then(|text| text.parse().ok()) else {
        return Err(Refusal::because(StatusCode::NOT_FOUND, "not_found", "no such flow").into());
    };
    let opened = flow::open(&app.core, &browser.visitor, id, browser.now).await?;
    match opened {
        Opened::Here(flow) => Ok(Ok(flow)),
        Opened::Elsewhere => {
            let html = ContinueElsewhere.render(&browser.frame(&app.core, "none"));
            Ok(Err(page_with(StatusCode::CONFLICT, html)))
        }
        Opened::Unknown => Err(Refusal::because(StatusCode::NOT_FOUND, "expired_flow", "no such flow").into()),
    }
}

async fn show_page(
    State(app): State<App>,
    method: Method,
    request_path: axum::extract::MatchedPath,
    QueryParams(params): QueryParams,
    browser: Browser,
) -> Result<Response, Error> {
    if method == Method::HEAD {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let params = params.map_err(|error| Refusal::from(&error))?;
    let path = request_path.as_str();
    // People who come by themselves begin a flow that ends at their account.
    if params.get("flow").is_none() && matches!(path, "/login" | "/register") {
        let id = flow::start_for_account(&app.core, &browser.visitor, AccountPage::default(), false, browser.now).await?;
        return Ok(browser.answer(see_other(&format!("{path}?flow={id}"))));
    }
    let flow = match open(&app, &browser, &params).await? {
        Ok(flow) => flow,
        Err(response) => return Ok(browser.answer(response)),
    };
    if !allowed(path, &flow.next) {
        return Ok(browser.answer(see_other(&address_of(&flow))));
    }
    let response = match &flow.next {
        Next::Respond(_) => finish(&app, &browser, &flow).await?,
        Next::Finished => already_finished(&app, &browser, &flow),
        Next::Expired => over(&app, &browser, &flow, browser.now),
        Next::VerifyContact if params.get("sent") == Some("again") => {
            show::page(&app, &browser, &flow, path, &show::Trouble::SentAgain).await?
        }
        _ => show::page(&app, &browser, &flow, path, &show::Trouble::None).await?,
    };
    Ok(browser.answer(response))
}

async fn finish(app: &App, browser: &Browser, flow: &Flow) -> Result<Response, Error> {
    Ok(match flow::finish(&app.core, flow, browser.now).await? {
        Finished::Answer(reply) => answer::deliver(&app.core, browser, reply),
        Finished::Account(page) => see_other(page.as_str()),
        Finished::Stale => see_other(&format!("/continue?flow={}", flow.id)),
    })
}

fn already_finished(app: &App, browser: &Browser, flow: &Flow) -> Response {
    let go_on_url =
        flow.asker.as_ref().map_or_else(|| flow.purposed.page.as_str().to_owned(), |asker| asker.service.document.homepage.clone());
    answer::page(AlreadyFinished { go_on_url }.render(&show::frame(app, browser, flow)))
}

fn over(app: &App, browser: &Browser, flow: &Flow, _now: Timestamp) -> Response {
    let back = flow.asker.as_ref().map(|asker| {
        let document = &asker.service.document;
        (document.name.get(browser.visitor.locale).to_owned(), document.homepage.clone())
    });
    let html = ErrorPage { kind: ErrorKind::ExpiredFlow, back, details: Vec::new() }.render(&show::frame(app, browser, flow));
    page_with(StatusCode::GONE, html)
}

async fn submit_page(
    State(app): State<App>,
    request_path: axum::extract::MatchedPath,
    QueryParams(params): QueryParams,
    mut browser: Browser,
    PageFormBytes(body): PageFormBytes,
) -> Result<Response, Error> {
    let params = params.map_err(|error| Refusal::from(&error))?;
    let form = Params::decode_with(&body, &["item"]).map_err(|error| Refusal::from(&error))?;
    let flow = match open(&app, &browser, &params).await? {
        Ok(flow) => flow,
        Err(response) => return Ok(browser.answer(response)),
    };
    browser.check_csrf(&flow.id.to_string(), form.get("csrf"))?;
    let path = request_path.as_str();
    // A stale form changes nothing and leads to what is due.
    if !allowed(path, &flow.next) {
        return Ok(browser.answer(see_other(&address_of(&flow))));
    }
    let response = match submit::submit(&app, &mut browser, &flow, path, &form).await? {
        submit::Outcome::GoOn => see_other(&format!("/continue?flow={}", flow.id)),
        submit::Outcome::To(address) => see_other(&address),
        submit::Outcome::Again(trouble) => show::page(&app, &browser, &flow, path, &trouble).await?,
    };
    Ok(browser.answer(response))
}
