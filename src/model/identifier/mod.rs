//! Identifiers a person signs in with or is reached by: e-mail, phone, login name (domain.md 3.5).
//!
//! Each has one normal form for matching; what looks alike either becomes the same normal form or is refused.
//! None of them ever shows itself in logs: `Debug` prints the mask.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use unicode_normalization::UnicodeNormalization as _;

/// Equality, `Debug` and serde of an identifier: by its normal form, as its mask, as its original text.
macro_rules! identity_by_normal_form {
    ($name:ty, $normal:ident, $original:ident) => {
        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.$normal() == other.$normal()
            }
        }

        impl Eq for $name {}

        impl std::hash::Hash for $name {
            fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
                self.$normal().hash(state);
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.masked())
            }
        }

        /// For what is sealed before it is stored; nothing else may be made of it.
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.$original())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <String as serde::Deserialize>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

mod email;
mod login_name;
mod phone;

pub use email::Email;
pub use login_name::LoginName;
pub use phone::Phone;

/// Longer texts are refused before anything is done with them, in bytes.
const MAX_INPUT: usize = 512;

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
