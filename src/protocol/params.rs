//! Request parameters: a strict decoder of `application/x-www-form-urlencoded` for form bodies and query strings.
//!
//! Two byte strings never become one text: what is not exactly decodable is refused (security.md section 0, finding 4).

use std::fmt;

use super::Error;

/// The most parameters one request may have.
pub const MAX_PARAMS: usize = 64;
/// The most bytes one query or form body may have (conventions.md 13).
pub const MAX_BYTES: usize = 64 * 1024;

/// Parameters that may be given more than once in OAuth requests (RFC 8707 section 2).
const REPEATABLE: &[&str] = &["resource"];

/// The parameters of one request, decoded; each name once, except those that may repeat.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Params {
    pairs: Vec<(String, String)>,
}

impl fmt::Debug for Params {
    /// Values may be secrets and names may be anything: only the number is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Params({})", self.pairs.len())
    }
}

impl Params {
    /// Decodes a form body or query string of an OAuth endpoint.
    ///
    /// # Errors
    /// `invalid_request` for bad escapes, bytes that are not UTF-8, NUL, a repeated parameter (RFC 6749 3.1 and 3.2;
    /// `resource` may repeat), or more than [`MAX_PARAMS`] or [`MAX_BYTES`].
    pub fn decode(encoded: &[u8]) -> Result<Self, Error> {
        Self::decode_with(encoded, REPEATABLE)
    }

    /// As [`Params::decode`], with other names that may repeat: for the check boxes of our own pages.
    pub fn decode_with(encoded: &[u8], repeatable: &[&str]) -> Result<Self, Error> {
        if encoded.len() > MAX_BYTES {
            return Err(Error::invalid_request("the request is too large"));
        }
        let mut params = Self::default();
        for pair in encoded.split(|b| *b == b'&').filter(|pair| !pair.is_empty()) {
            let split = pair.iter().position(|b| *b == b'=').unwrap_or(pair.len());
            let value = pair.get(split + 1..).unwrap_or_default();
            params.push(decode_component(&pair[..split])?, decode_component(value)?, repeatable)?;
        }
        Ok(params)
    }

    /// Parameters that are already decoded; the same rules about repetition and number.
    pub fn from_pairs<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Result<Self, Error> {
        let mut params = Self::default();
        for (name, value) in pairs {
            params.push(name.into(), value.into(), REPEATABLE)?;
        }
        Ok(params)
    }

    fn push(&mut self, name: String, value: String, repeatable: &[&str]) -> Result<(), Error> {
        if self.pairs.len() >= MAX_PARAMS {
            return Err(Error::invalid_request("the request has too many parameters"));
        }
        if !repeatable.contains(&name.as_str()) && self.pairs.iter().any(|(known, _)| *known == name) {
            return Err(Error::invalid_request(format!("{name:.40} is given more than once")));
        }
        self.pairs.push((name, value));
        Ok(())
    }

    /// The parameters as a query string.
    pub fn encode(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.pairs).finish()
    }

    /// The value of a parameter (of one that may repeat, the first); an empty value counts as omitted (RFC 6749 3.1 and 3.2).
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// Every value of a parameter that may repeat, in order, without the empty ones.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs.iter().filter(move |(known, value)| known == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// The value of a parameter that must be there.
    ///
    /// # Errors
    /// `invalid_request` naming the missing parameter.
    pub fn required(&self, name: &'static str) -> Result<&str, Error> {
        self.get(name).ok_or_else(|| Error::invalid_request(format!("{name} is missing")))
    }

    /// The value of a parameter, if it is at most `max` bytes long and has no control characters.
    ///
    /// # Errors
    /// `invalid_request` when it is longer (never truncated) or has control characters.
    pub fn bounded(&self, name: &'static str, max: usize) -> Result<Option<&str>, Error> {
        match self.get(name) {
            Some(value) if value.len() > max => Err(Error::invalid_request(format!("{name} is too long"))),
            Some(value) if value.chars().any(char::is_control) => {
                Err(Error::invalid_request(format!("{name} has characters that are not allowed")))
            }
            value => Ok(value),
        }
    }

    /// As [`Params::bounded`], for a parameter that must be there.
    pub fn required_bounded(&self, name: &'static str, max: usize) -> Result<&str, Error> {
        self.bounded(name, max)?.ok_or_else(|| Error::invalid_request(format!("{name} is missing")))
    }
}

/// Decodes one name or value: `+` is a space, `%` needs two hexadecimal digits, the result is UTF-8 without NUL.
///
/// RFC 6749 appendix B; also used for the two halves of HTTP Basic credentials (RFC 6749 2.3.1).
///
/// # Errors
/// `invalid_request`.
pub fn decode_component(encoded: &[u8]) -> Result<String, Error> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.iter().copied();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => match (rest.next().and_then(hex), rest.next().and_then(hex)) {
                (Some(high), Some(low)) => high << 4 | low,
                _ => return Err(Error::invalid_request("a percent escape is malformed")),
            },
            other => other,
        });
    }
    // `from_utf8` refuses overlong forms and surrogates as well.
    let text = String::from_utf8(bytes).map_err(|_| Error::invalid_request("the request is not UTF-8"))?;
    if text.contains('\0') {
        return Err(Error::invalid_request("the request has a NUL character"));
    }
    Ok(text)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Checks that a body is declared as exactly one form in UTF-8 (RFC 6749 appendix B).
///
/// `content_types` are the values of all `Content-Type` headers. The media type is compared without case; the only
/// parameter accepted is `charset=utf-8`.
///
/// # Errors
/// `invalid_request` for none, several, or another media type.
pub fn check_content_type(content_types: &[&[u8]]) -> Result<(), Error> {
    let wrong = || Error::invalid_request("the body must be application/x-www-form-urlencoded");
    let [header] = content_types else { return Err(wrong()) };
    let header = std::str::from_utf8(header).map_err(|_| wrong())?;
    let mut parts = header.split(';').map(|part| part.trim_matches([' ', '\t']));
    if !parts.next().is_some_and(|media| media.eq_ignore_ascii_case("application/x-www-form-urlencoded")) {
        return Err(wrong());
    }
    let utf8 = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        name.eq_ignore_ascii_case("charset") && value.trim_matches('"').eq_ignore_ascii_case("utf-8")
    };
    match (parts.next(), parts.next()) {
        (None, _) => Ok(()),
        (Some(part), None) if utf8(part) => Ok(()),
        _ => Err(wrong()),
    }
}

/// Refuses parameters in the URL where only the body may have them (RFC 6749 3.2).
///
/// # Errors
/// `invalid_request` when there is a query.
pub fn refuse_query(query: Option<&str>) -> Result<(), Error> {
    match query {
        None | Some("") => Ok(()),
        Some(_) => Err(Error::invalid_request("parameters belong in the body, not in the URL")),
    }
}
