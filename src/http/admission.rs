//! What a request must be before any route sees it: one named check each, in this order.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Version, header};
use hyper::body::Body as _;

/// Runs the checks; the status says why a request is refused.
pub(super) fn admit(request: &Request, form_bytes: usize, json_bytes: usize) -> Result<(), StatusCode> {
    known_method(request.method())?;
    one_host(request)?;
    if request.body().is_end_stream() {
        return Ok(());
    }
    clear_length(request.headers())?;
    not_encoded(request.headers())?;
    small_enough(request, form_bytes, json_bytes)
}

/// SV4: only methods that some route could mean.
fn known_method(method: &Method) -> Result<(), StatusCode> {
    match *method {
        Method::GET | Method::POST | Method::HEAD | Method::OPTIONS | Method::PUT | Method::PATCH | Method::DELETE => Ok(()),
        _ => Err(StatusCode::METHOD_NOT_ALLOWED),
    }
}

/// RFC 9112 section 3.2: HTTP/1.1 has exactly one Host, and it is a host.
fn one_host(request: &Request) -> Result<(), StatusCode> {
    let mut lines = request.headers().get_all(header::HOST).iter();
    let Some(host) = lines.next() else {
        return if request.version() == Version::HTTP_11 { Err(StatusCode::BAD_REQUEST) } else { Ok(()) };
    };
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b".-:[]_".contains(byte);
    let sound = !host.is_empty() && host.len() <= 262 && host.as_bytes().iter().all(plain);
    if lines.next().is_some() || !sound { Err(StatusCode::BAD_REQUEST) } else { Ok(()) }
}

/// SV5: a request with both kinds of length, or two lengths, is read differently by a proxy and by us.
fn clear_length(headers: &HeaderMap) -> Result<(), StatusCode> {
    let lengths = headers.get_all(header::CONTENT_LENGTH).iter().count();
    let codings = headers.get_all(header::TRANSFER_ENCODING).iter().count();
    if lengths + codings > 1 { Err(StatusCode::BAD_REQUEST) } else { Ok(()) }
}

/// Nothing is decompressed: a small body stays small.
fn not_encoded(headers: &HeaderMap) -> Result<(), StatusCode> {
    let mut codings = headers.get_all(header::CONTENT_ENCODING).iter();
    if codings.all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity")) { Ok(()) } else { Err(StatusCode::UNSUPPORTED_MEDIA_TYPE) }
}

/// A length that is told is refused before a byte is read; one that is not told is counted while reading.
fn small_enough(request: &Request, form_bytes: usize, json_bytes: usize) -> Result<(), StatusCode> {
    let most = most_bytes(request.headers(), form_bytes, json_bytes) as u64;
    if request.body().size_hint().lower() > most { Err(StatusCode::PAYLOAD_TOO_LARGE) } else { Ok(()) }
}

/// The limit that holds for this body: JSON may be larger than a form.
pub(super) fn most_bytes(headers: &HeaderMap, form_bytes: usize, json_bytes: usize) -> usize {
    let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let kind = kind.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii().to_ascii_lowercase();
    if kind.starts_with(b"application/") && kind.ends_with(b"json") { json_bytes } else { form_bytes }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::extract::Request;

    use super::admit;

    fn status(method: &str, headers: &[(&str, &str)], body: &'static str) -> u16 {
        let mut request = Request::builder().method(method).uri("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        admit(&request.body(Body::from(body)).unwrap(), 4, 8).map_or_else(|status| status.as_u16(), |()| 200)
    }

    #[test]
    fn sv4_methods_nobody_means_are_refused() {
        for method in ["TRACE", "CONNECT", "FOO", "get", "PROPFIND"] {
            assert_eq!(status(method, &[("host", "a")], ""), 405, "{method}");
        }
        assert_eq!(status("OPTIONS", &[("host", "a")], ""), 200);
    }

    #[test]
    fn sv5_hosts_and_lengths_are_unambiguous() {
        assert_eq!(status("GET", &[], ""), 400);
        assert_eq!(status("GET", &[("host", "a"), ("host", "b")], ""), 400);
        for host in ["", "a,b", "a@b", "a/b", "a b", "a\\b"] {
            assert_eq!(status("GET", &[("host", host)], ""), 400, "{host}");
        }
        for host in ["id.localhost:8080", "[::1]:80", "xn--e1afmkfd.example."] {
            assert_eq!(status("GET", &[("host", host)], ""), 200, "{host}");
        }
        assert_eq!(status("POST", &[("host", "a"), ("content-length", "1"), ("transfer-encoding", "chunked")], "x"), 400);
        assert_eq!(status("POST", &[("host", "a"), ("content-length", "1"), ("content-length", "1")], "x"), 400);
    }

    #[test]
    fn bodies_are_neither_large_nor_packed() {
        assert_eq!(status("POST", &[("host", "a")], "12345"), 413);
        assert_eq!(status("POST", &[("host", "a"), ("content-type", "Application/JSON; charset=utf-8")], "12345"), 200);
        assert_eq!(status("POST", &[("host", "a"), ("content-type", "application/scim+json")], "123456789"), 413);
        assert_eq!(status("POST", &[("host", "a"), ("content-encoding", "gzip")], "x"), 415);
        assert_eq!(status("POST", &[("host", "a"), ("content-encoding", "identity")], "x"), 200);
    }
}
