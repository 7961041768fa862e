//! Identifiers a person signs in with or is reached by: e-mail, phone, login name (domain.md 3.5).
//!
//! Each has one normal form for matching; what looks alike either becomes the same normal form or is refused.
//! None of them ever shows itself in logs: `Debug` prints the mask.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use unicode_normalization::UnicodeNormalization as _;

use super::ids::CustomerId;

/// Longer texts are refused before anything is done with them, in bytes.
const MAX_INPUT: usize = 512;
/// RFC 5321 4.5.3.1.1.
const MAX_LOCAL_PART: usize = 64;
/// RFC 5321 4.5.3.1.3, without the angle brackets.
const MAX_ADDRESS: usize = 254;

/// Names nobody may sign in with, because they could be taken for the house or for a place in it.
const RESERVED: &[&str] = &[
    "abuse",
    "account",
    "accounts",
    "admin",
    "administrator",
    "agent",
    "anonymous",
    "api",
    "concord",
    "everyone",
    "guest",
    "help",
    "helpdesk",
    "hostmaster",
    "info",
    "login",
    "logout",
    "mail",
    "me",
    "moderator",
    "nobody",
    "noreply",
    "no-reply",
    "null",
    "nil",
    "none",
    "oauth",
    "oauth2",
    "operator",
    "owner",
    "postmaster",
    "register",
    "root",
    "security",
    "self",
    "service",
    "staff",
    "superuser",
    "support",
    "sysadmin",
    "system",
    "test",
    "undefined",
    "unknown",
    "user",
    "webmaster",
    "well-known",
];

/// Why a text is no identifier. What it was is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentifierError {
    /// Nothing there, or far too much.
    #[error("empty or too long")]
    Length,
    /// Not an e-mail address that mail can be sent to.
    #[error("not an e-mail address")]
    Email,
    /// Not a telephone number that exists in any numbering plan.
    #[error("not a telephone number")]
    Phone,
    /// A login name has 3 to 32 of `a-z 0-9 . _ -`, starts with a letter and ends with a letter or digit.
    #[error("not a login name")]
    Login,
    /// A login name that could be taken for something else.
    #[error("this login name is reserved")]
    Reserved,
}

/// NFKC without surrounding white space; control characters and invisible ones are left for the parsers to refuse.
fn tidy(text: &str) -> Result<String, IdentifierError> {
    if text.len() > MAX_INPUT {
        return Err(IdentifierError::Length);
    }
    let tidy = text.nfkc().collect::<String>();
    let tidy = tidy.trim_matches(|c: char| c.is_whitespace() && !matches!(c, '\r' | '\n'));
    if tidy.is_empty() { Err(IdentifierError::Length) } else { Ok(tidy.to_owned()) }
}

/// An e-mail address. Equal when the normal forms are: local part lower-cased, domain as A-label.
#[derive(Clone)]
pub struct Email {
    /// As it was written, but NFKC and with the domain in its one form: where mail is sent.
    address: String,
    /// For matching only.
    normal: String,
}

impl Email {
    /// Where mail is sent: the local part keeps its case.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// For matching: local part lower-cased, domain as lower-case A-label.
    pub fn normal_form(&self) -> &str {
        &self.normal
    }

    /// `a•••k@e•••.com`
    pub fn masked(&self) -> String {
        let (local, domain) = self.normal.rsplit_once('@').unwrap_or_default();
        let top = domain.rsplit_once('.').map_or("", |(_, top)| top);
        format!("{}@{}•••.{top}", ends(local), domain.get(..1).unwrap_or_default())
    }
}

impl FromStr for Email {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        let wrong = IdentifierError::Email;
        let text = tidy(text)?;
        let (local, domain) = text.split_once('@').ok_or(wrong)?;
        let local_is_fine = (1..=MAX_LOCAL_PART).contains(&local.len()) && local.split('.').all(is_atom) && !local.starts_with("=?");
        if !local_is_fine {
            return Err(wrong);
        }
        let domain = Uts46::new().to_ascii(domain.as_bytes(), AsciiDenyList::STD3, Hyphens::Check, DnsLength::Verify).map_err(|_| wrong)?;
        let top = domain.rsplit_once('.').ok_or(wrong)?.1;
        if top.bytes().all(|b| b.is_ascii_digit()) || local.len() + 1 + domain.len() > MAX_ADDRESS {
            return Err(wrong);
        }
        Ok(Self { address: format!("{local}@{domain}"), normal: format!("{}@{domain}", local.to_ascii_lowercase()) })
    }
}

/// RFC 5322 3.2.3 `atext`: ASCII only. Quoted and SMTPUTF8 local parts are refused.
fn is_atom(atom: &str) -> bool {
    !atom.is_empty() && atom.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
}

/// A telephone number (E.164).
#[derive(Clone)]
pub struct Phone {
    e164: String,
    /// How many digits the country code has.
    country: usize,
}

impl Phone {
    /// `+79161234567`
    pub fn e164(&self) -> &str {
        &self.e164
    }

    /// `+7 ••• ••12`
    pub fn masked(&self) -> String {
        let end = self.e164.len().saturating_sub(2);
        format!("{} ••• ••{}", self.e164.get(..=self.country).unwrap_or("+"), self.e164.get(end..).unwrap_or_default())
    }
}

impl FromStr for Phone {
    type Err = IdentifierError;

    /// Without `+` the number is a Russian one: ten digits, with the trunk prefix 8 or with 7.
    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        let wrong = IdentifierError::Phone;
        let text = tidy(text)?;
        let (international, rest) = text.strip_prefix('+').map_or((false, text.as_str()), |rest| (true, rest));
        // The library picks numbers out of any text; only what people put between digits is let through to it.
        let punctuation = |c: char| matches!(c, ' ' | '-' | '(' | ')' | '.' | '/' | '\u{2010}'..='\u{2015}');
        let digits: String = rest.chars().filter(|c| !punctuation(*c)).collect();
        if !digits.bytes().all(|b| b.is_ascii_digit()) || !(7..=15).contains(&digits.len()) {
            return Err(wrong);
        }
        let full = match digits.as_str() {
            _ if international => format!("+{digits}"),
            national if national.len() == 10 => format!("+7{national}"),
            trunk if trunk.len() == 11 && trunk.starts_with(['7', '8']) => format!("+7{}", &trunk[1..]),
            _ => return Err(wrong),
        };
        let number = phonenumber::parse(None, &full).map_err(|_| wrong)?;
        let e164 = number.format().mode(phonenumber::Mode::E164).to_string();
        // What the library would have to mend (a trunk zero after the country code) is another spelling of the same number.
        if !number.is_valid() || !e164.starts_with('+') || !e164[1..].bytes().all(|b| b.is_ascii_digit()) {
            return Err(wrong);
        }
        Ok(Self { country: number.code().value().to_string().len(), e164 })
    }
}

/// A login name: lower-case ASCII, so that no two look alike.
#[derive(Clone)]
pub struct LoginName(String);

impl LoginName {
    /// The name, which is its own normal form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `a•••e`
    pub fn masked(&self) -> String {
        ends(&self.0)
    }
}

impl FromStr for LoginName {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        let name = tidy(text)?.to_lowercase();
        let symbols = name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'));
        let doubled = name.as_bytes().windows(2).any(|pair| pair.iter().all(|b| !b.is_ascii_alphanumeric()));
        let ends = name.starts_with(|c: char| c.is_ascii_lowercase()) && name.ends_with(|c: char| c.is_ascii_alphanumeric());
        if !symbols || doubled || !ends || !(3..=32).contains(&name.len()) {
            return Err(if RESERVED.contains(&name.trim_start_matches('.')) { IdentifierError::Reserved } else { IdentifierError::Login });
        }
        // A name must not be somebody's customer id either.
        if RESERVED.contains(&name.as_str()) || name.parse::<CustomerId>().is_ok() {
            return Err(IdentifierError::Reserved);
        }
        Ok(Self(name))
    }
}

/// First and last character with a gap of constant width, so that the length is not told.
fn ends(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(String::from).unwrap_or_default();
    let last = chars.next_back().filter(|_| text.len() > 3).map(String::from).unwrap_or_default();
    format!("{first}•••{last}")
}

/// The kind of an identifier: `email`, `phone` or `login` in the database and in blind indexes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IdentifierKind {
    /// E-mail address.
    Email,
    /// Telephone number.
    Phone,
    /// Login name.
    Login,
}

impl IdentifierKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Email, Self::Phone, Self::Login];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Login => "login",
        }
    }

    /// The kind with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// What a person types into the one field of the sign-in page.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Identifier {
    /// E-mail address.
    Email(Email),
    /// Telephone number.
    Phone(Phone),
    /// Login name.
    Login(LoginName),
}

impl Identifier {
    /// Decides what a text is, by its look alone, and reads it as that.
    ///
    /// # Errors
    /// Says what it would have been.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let tidy = tidy(text)?;
        if tidy.contains('@') {
            return text.parse().map(Self::Email);
        }
        if tidy.starts_with(|c: char| matches!(c, '+' | '(') || c.is_numeric()) {
            return text.parse().map(Self::Phone);
        }
        text.parse().map(Self::Login)
    }

    /// Reads a text as this kind: what [`Identifier::original`] gave.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(kind: IdentifierKind, text: &str) -> Result<Self, IdentifierError> {
        match kind {
            IdentifierKind::Email => text.parse().map(Self::Email),
            IdentifierKind::Phone => text.parse().map(Self::Phone),
            IdentifierKind::Login => text.parse().map(Self::Login),
        }
    }

    /// Which of the three it is.
    pub const fn kind(&self) -> IdentifierKind {
        match self {
            Self::Email(_) => IdentifierKind::Email,
            Self::Phone(_) => IdentifierKind::Phone,
            Self::Login(_) => IdentifierKind::Login,
        }
    }

    /// For matching and blind indexes.
    pub fn normal_form(&self) -> &str {
        match self {
            Self::Email(email) => email.normal_form(),
            Self::Phone(phone) => phone.e164(),
            Self::Login(login) => login.as_str(),
        }
    }

    /// For sending to and for storing (encrypted): an e-mail address keeps the case of its local part.
    pub fn original(&self) -> &str {
        match self {
            Self::Email(email) => email.address(),
            Self::Phone(phone) => phone.e164(),
            Self::Login(login) => login.as_str(),
        }
    }

    /// For showing to whoever may know that it exists.
    pub fn masked(&self) -> String {
        match self {
            Self::Email(email) => email.masked(),
            Self::Phone(phone) => phone.masked(),
            Self::Login(login) => login.masked(),
        }
    }
}

macro_rules! identity_by_normal_form {
    ($name:ty, $normal:ident, $original:ident) => {
        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.$normal() == other.$normal()
            }
        }

        impl Eq for $name {}

        impl Hash for $name {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.$normal().hash(state);
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.masked())
            }
        }

        /// For what is sealed before it is stored; nothing else may be made of it.
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.$original())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

identity_by_normal_form!(Email, normal_form, address);
identity_by_normal_form!(Phone, e164, e164);
identity_by_normal_form!(LoginName, as_str, as_str);

impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind().as_str(), self.masked())
    }
}

impl Serialize for Identifier {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.kind(), self.original()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Identifier {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (kind, text) = <(IdentifierKind, String)>::deserialize(deserializer)?;
        Self::read(kind, &text).map_err(serde::de::Error::custom)
    }
}
