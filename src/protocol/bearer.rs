//! Bearer tokens (RFC 6750): taken from the header only, and the challenge that refuses them.

use std::fmt::Write as _;

use secrecy::SecretString;

use super::{Error, ErrorCode};

/// Tokens longer than this are not ours.
const MAX_TOKEN: usize = 8192;

/// The token of a request; `authorization` are the values of all `Authorization` headers. `None` when there is none:
/// the challenge then has no error code (RFC 6750 3.1).
///
/// # Errors
/// `invalid_request` for two headers, `invalid_token` for a text that cannot be a token.
pub fn token(authorization: &[&[u8]]) -> Result<Option<SecretString>, Error> {
    let header = match authorization {
        [] => return Ok(None),
        [header] => *header,
        _ => return Err(Error::invalid_request("more than one Authorization header")),
    };
    let wrong = || Error::new(ErrorCode::InvalidToken, "the access token is not valid");
    let Some(space) = header.iter().position(|b| *b == b' ') else { return Ok(None) };
    if !header[..space].eq_ignore_ascii_case(b"bearer") {
        return Ok(None);
    }
    let token = std::str::from_utf8(&header[space + 1..]).map_err(|_| wrong())?.trim_matches(' ');
    let symbols = token.trim_end_matches('=');
    let valid = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'+' | b'/');
    if symbols.is_empty() || token.len() > MAX_TOKEN || !symbols.bytes().all(valid) {
        return Err(wrong());
    }
    Ok(Some(token.into()))
}

/// The value of `WWW-Authenticate` (RFC 6750 3): without error when there was no token.
pub fn challenge(error: Option<&Error>) -> String {
    let mut text = "Bearer realm=\"concord\"".to_owned();
    if let Some(error) = error {
        // A description never has quotation marks or backslashes; writing to a String cannot fail.
        let _ = write!(text, ", error=\"{}\", error_description=\"{}\"", error.code, error.description());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    #[test]
    fn in7_the_header_and_nothing_else() {
        let read = |headers: &[&str]| {
            let headers: Vec<_> = headers.iter().map(|h| h.as_bytes()).collect();
            token(&headers).map(|t| t.map(|t| t.expose_secret().to_owned())).map_err(|e| e.code)
        };
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&["bEARER a.b-c_~+/=="]), Ok(Some("a.b-c_~+/==".to_owned())));
        assert_eq!(read(&["Basic YTpi"]), Ok(None));
        assert_eq!(read(&["Bearer"]), Ok(None));
        assert_eq!(read(&["Bearer a", "Bearer a"]), Err(ErrorCode::InvalidRequest));
        let long = format!("Bearer {}", "a".repeat(1_000_000));
        for header in ["Bearer ", "Bearer =", "Bearer a b", "Bearer a=b", "Bearer é", "Bearer a,b", long.as_str()] {
            assert_eq!(read(&[header]), Err(ErrorCode::InvalidToken), "{header:.40}");
        }
        assert_eq!(token(&[b"Bearer \xff"]).map_err(|e| e.code).err(), Some(ErrorCode::InvalidToken));
    }

    #[test]
    fn a_challenge_cannot_be_broken_out_of() {
        assert_eq!(challenge(None), "Bearer realm=\"concord\"");
        let error = Error::new(ErrorCode::InvalidToken, "a\", b=\"c\r\n");
        assert_eq!(challenge(Some(&error)), "Bearer realm=\"concord\", error=\"invalid_token\", error_description=\"a', b='c''\"");
    }
}
