//! Pages are shown under the issuer's own name only: under another, cookies, links and the forms' origin would not fit, and
//! whoever points a name of theirs at us would show our pages as their own. Nothing is ever derived from the request's host.

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::app::App;
use super::browser::host_of;
use super::errors::Refusal;

/// Refuses a page that was asked for under a foreign name, and says under which it is (421, RFC 9110 section 15.5.20).
pub(super) async fn ours(State(app): State<App>, request: Request, next: Next) -> Response {
    let asked = request.uri().authority().map(Authority::as_str);
    let asked = asked.or_else(|| request.headers().get(header::HOST).and_then(|host| host.to_str().ok()));
    if asked.is_some_and(|asked| is_ours(app.core.issuer(), asked)) {
        return next.run(request).await;
    }
    let detail = "the page was asked for under another host than the issuer's; a proxy in front must pass Host on as it came";
    Refusal::because(StatusCode::MISDIRECTED_REQUEST, "wrong_host", detail).into_response()
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
    use super::is_ours;

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
