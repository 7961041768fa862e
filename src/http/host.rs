//! Pages are shown under the issuer's own name only: under another, cookies, links and the forms' origin would not fit, and
//! whoever points a name of theirs at us would show our pages as their own. Nothing is ever derived from the request's host. The same goes for
//! the scheme, where a trusted proxy says that it is another: in clear the browser would not keep a cookie, and nobody could say why.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::app::App;
use super::browser::host_of;
use super::errors::Refusal;
use super::server::Peer;
use crate::config::Cidr;

/// Refuses a page that was asked for under a foreign name, and says under which it is (421, RFC 9110 section 15.5.20).
pub(super) async fn ours(State(app): State<App>, request: Request, next: Next) -> Response {
    let asked = request.uri().authority().map(Authority::as_str);
    let asked = asked.or_else(|| request.headers().get(header::HOST).and_then(|host| host.to_str().ok()));
    if !asked.is_some_and(|asked| is_ours(app.core.issuer(), asked)) {
        return misdirected(
            "wrong_host",
            "the page was asked for under another host than the issuer's; a proxy in front must pass Host on as it came",
        );
    }
    match scheme(&request, &app.core.config.server.trusted_proxies) {
        Said::Scheme(said) if !is_scheme_of(app.core.issuer(), said) => misdirected(
            "wrong_scheme",
            "the proxy in front says by X-Forwarded-Proto that the page was asked for by another scheme than the issuer's; \
             it must lead http to https, and pass on the scheme that the browser used",
        ),
        Said::Nothing => {
            tell_once();
            next.run(request).await
        }
        Said::Scheme(_) | Said::Unheard => next.run(request).await,
    }
}

/// Refuses, and tells the operator why: for people alone there is nothing to mend.
fn misdirected(code: &'static str, detail: &'static str) -> Response {
    tracing::warn!(event = "http.misdirected", code, detail);
    Refusal::because(StatusCode::MISDIRECTED_REQUEST, code, detail).into_response()
}

/// What a trusted proxy says about the scheme between the browser and itself. It decides nothing but whether a page is refused.
enum Said<'a> {
    /// This.
    Scheme(&'a str),
    /// Nothing: a page in clear would not be noticed.
    Nothing,
    /// Nobody whom we believe was asked.
    Unheard,
}

fn scheme<'a>(request: &'a Request, trusted: &[Cidr]) -> Said<'a> {
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip().to_canonical());
    if !peer.is_some_and(|peer: IpAddr| trusted.iter().any(|network| network.contains(peer))) {
        return Said::Unheard;
    }
    // The first of several is what the outermost proxy saw: the browser's own.
    let line = request.headers().get("x-forwarded-proto").map(|line| line.to_str().unwrap_or("?"));
    line.map_or(Said::Nothing, |line| Said::Scheme(line.split(',').next().unwrap_or_default().trim()))
}

fn is_scheme_of(issuer: &str, said: &str) -> bool {
    issuer.split_once("://").is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case(said))
}

/// One line for the operator; the page is shown, since everything else may be right.
fn tell_once() {
    static TOLD: AtomicBool = AtomicBool::new(false);
    if !TOLD.swap(true, Ordering::Relaxed) {
        let detail =
            "a trusted proxy passes no X-Forwarded-Proto: a page asked for in clear is not noticed, and its cookies would not come back";
        tracing::warn!(event = "http.scheme_unknown", detail);
    }
}

/// Whether a host is the issuer's: names have no case, and the scheme's own port may be named.
fn is_ours(issuer: &str, asked: &str) -> bool {
    let own = host_of(issuer);
    if own.eq_ignore_ascii_case(asked) {
        return true;
    }
    let port = if issuer.starts_with("https:") { ":443" } else { ":80" };
    let bare = own.parse::<Uri>().is_ok_and(|uri| uri.port().is_none());
    bare && asked.strip_suffix(port).is_some_and(|name| own.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::{is_ours, is_scheme_of};

    #[test]
    fn the_issuers_own_scheme_is_the_only_one() {
        assert!(is_scheme_of("https://id.example", "https") && is_scheme_of("https://id.example", "HTTPS"));
        for said in ["http", "", "wss", "https:", "?"] {
            assert!(!is_scheme_of("https://id.example", said), "{said}");
        }
    }

    #[test]
    fn only_the_issuers_name_and_port_are_ours() {
        for asked in ["id.example", "ID.Example", "id.example:443"] {
            assert!(is_ours("https://id.example", asked), "{asked}");
        }
        for asked in
            ["", "evil.example", "id.example.evil", "xid.example", "id.example:80", "id.example:4443", "id.example.", "id.example:443:443"]
        {
            assert!(!is_ours("https://id.example", asked), "{asked}");
        }
        assert!(is_ours("http://id.localhost:8080", "id.localhost:8080"));
        for asked in ["id.localhost", "id.localhost:80", "id.localhost:8080:80"] {
            assert!(!is_ours("http://id.localhost:8080", asked), "{asked}");
        }
        assert!(is_ours("http://[::1]", "[::1]:80") && is_ours("http://[::1]:8080", "[::1]:8080"));
    }
}
