//! Security headers (security.md 5.10, conventions.md 12): one set for pages, a shorter one for everything else.

use axum::http::header::{self, HeaderName, HeaderValue};
use axum::response::Response;

/// What a page's forms may lead to besides ourselves: browsers apply `form-action` to the redirects after a form, too.
///
/// A response extension, set by the page whose form ends at a client: the validated origin (or custom scheme with its
/// colon) of that client's redirect URI. Ignored when it could break out of the directive.
#[derive(Clone, Debug)]
pub struct FormAction(pub String);

const CACHE: HeaderValue = HeaderValue::from_static("no-store");
const API_POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
const HSTS: HeaderValue = HeaderValue::from_static("max-age=63072000; includeSubDomains; preload");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");
const DENY: HeaderValue = HeaderValue::from_static("DENY");
const PERMISSIONS: HeaderValue = HeaderValue::from_static(
    "publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), microphone=(), geolocation=()",
);
const AGENT_CLUSTER: HeaderValue = HeaderValue::from_static("?1");
const ORIGIN_AGENT_CLUSTER: HeaderName = HeaderName::from_static("origin-agent-cluster");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; \
     base-uri 'none'; frame-ancestors 'none'; form-action 'self'; require-trusted-types-for 'script'; trusted-types default",
);

/// Puts the headers on; what a handler has set itself stays.
pub(super) fn secure(response: &mut Response, https: bool) {
    let page = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let form_action = if page { response.extensions_mut().remove::<FormAction>() } else { None };
    let headers = response.headers_mut();
    // Once for all that follow: a map that grows is hashed again.
    headers.reserve(12);
    if page {
        let policy = form_action.and_then(|origin| page_policy(&origin.0)).unwrap_or(PAGE_POLICY);
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(policy);
        headers.insert(header::X_FRAME_OPTIONS, DENY);
        headers.insert(OPENER_POLICY, SAME_ORIGIN);
        headers.insert(PERMISSIONS_POLICY, PERMISSIONS);
        headers.insert(ORIGIN_AGENT_CLUSTER, AGENT_CLUSTER);
    } else {
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(API_POLICY);
    }
    headers.entry(header::CACHE_CONTROL).or_insert(CACHE);
    headers.entry(RESOURCE_POLICY).or_insert(SAME_ORIGIN);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    headers.insert(header::REFERRER_POLICY, NO_REFERRER);
    if https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
}

/// The page's policy with one more `form-action` source; `None` when the source is not one plain word.
fn page_policy(origin: &str) -> Option<HeaderValue> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b":/.-+[]_".contains(&byte);
    if origin.is_empty() || origin.len() > 512 || !origin.bytes().all(plain) || !origin.contains(':') {
        return None;
    }
    let policy = PAGE_POLICY.to_str().ok()?.replacen("form-action 'self'", &format!("form-action 'self' {origin}"), 1);
    HeaderValue::try_from(policy).ok()
}

#[cfg(test)]
mod tests {
    use axum::response::{Html, IntoResponse, Response};

    use super::{FormAction, secure};

    fn policy(form_action: Option<&str>) -> String {
        let mut response: Response = Html("x").into_response();
        if let Some(origin) = form_action {
            response.extensions_mut().insert(FormAction(origin.to_owned()));
        }
        secure(&mut response, true);
        response.headers()["content-security-policy"].to_str().unwrap().to_owned()
    }

    #[test]
    fn we1_pages_may_load_and_submit_only_to_us() {
        assert!(policy(None).starts_with("default-src 'none'; script-src 'self'"));
        assert!(policy(None).contains("form-action 'self';") && policy(None).contains("require-trusted-types-for 'script'"));
        assert!(policy(Some("https://shop.example:8443")).contains("form-action 'self' https://shop.example:8443;"));
        assert!(policy(Some("com.example.app:")).contains("form-action 'self' com.example.app:;"));
        for hostile in ["*", "https://a; script-src *", "https://a 'unsafe-inline'", "", "https://a,b", "https://a\r\nx: y"] {
            assert_eq!(policy(Some(hostile)), policy(None), "{hostile}");
        }
    }

    #[test]
    fn we2_transport_headers_and_no_store_by_default() {
        let mut page: Response = Html("x").into_response();
        secure(&mut page, true);
        for name in
            ["strict-transport-security", "x-content-type-options", "referrer-policy", "cross-origin-opener-policy", "permissions-policy"]
        {
            assert!(page.headers().contains_key(name), "{name}");
        }
        assert_eq!(page.headers()["cache-control"], "no-store");
        let mut keys: Response = ([("cache-control", "public, max-age=900")], "{}").into_response();
        secure(&mut keys, false);
        assert_eq!(keys.headers()["cache-control"], "public, max-age=900");
        assert!(!keys.headers().contains_key("strict-transport-security"));
        assert_eq!(keys.headers()["content-security-policy"], "default-src 'none'; frame-ancestors 'none'");
    }
}
