//! How somebody was authenticated: `acr` (OIDC Core 2, levels of conventions.md 2) and `amr` (RFC 8176).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The authentication level reached; a higher one satisfies a lower one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Acr {
    /// Identified only.
    #[default]
    Aal0,
    /// One factor.
    Aal1,
    /// Two factors, or a passkey with user verification.
    Aal2,
    /// Phishing-resistant, within the last five minutes.
    Aal3,
}

impl Acr {
    /// Every level, the lowest first.
    pub const ALL: [Self; 4] = [Self::Aal0, Self::Aal1, Self::Aal2, Self::Aal3];

    /// The value of the claim.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aal0 => "aal0",
            Self::Aal1 => "aal1",
            Self::Aal2 => "aal2",
            Self::Aal3 => "aal3",
        }
    }

    /// The levels named in a space separated list (`acr_values`), in order of preference; unknown names are left out.
    pub fn list(text: &str) -> Vec<Self> {
        let mut levels = Vec::new();
        for level in text.split(' ').filter_map(|name| name.parse().ok()) {
            if !levels.contains(&level) {
                levels.push(level);
            }
        }
        levels
    }
}

/// Not a level of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown authentication level")]
pub struct UnknownAcr;

impl FromStr for Acr {
    type Err = UnknownAcr;

    fn from_str(text: &str) -> Result<Self, UnknownAcr> {
        Self::ALL.into_iter().find(|level| level.as_str() == text).ok_or(UnknownAcr)
    }
}

impl fmt::Display for Acr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

serde_as_text!(Acr);

/// An authentication method reference (RFC 8176 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Amr {
    /// Password.
    Pwd,
    /// One-time code, typed.
    Otp,
    /// One-time code by SMS.
    Sms,
    /// Key held by hardware.
    Hwk,
    /// Key held by software.
    Swk,
    /// Presence of the person tested.
    User,
    /// More than one factor.
    Mfa,
    /// Voice.
    Vbm,
}

impl Amr {
    /// The value in the claim.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pwd => "pwd",
            Self::Otp => "otp",
            Self::Sms => "sms",
            Self::Hwk => "hwk",
            Self::Swk => "swk",
            Self::User => "user",
            Self::Mfa => "mfa",
            Self::Vbm => "vbm",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_ordered_and_read_exactly() {
        assert!(Acr::Aal0 < Acr::Aal1 && Acr::Aal1 < Acr::Aal2 && Acr::Aal2 < Acr::Aal3);
        assert_eq!(Acr::list("aal2 urn:x  AAL1 aal1 aal2"), [Acr::Aal2, Acr::Aal1]);
        assert!("AAL1".parse::<Acr>().is_err());
        for level in Acr::ALL {
            assert_eq!(level.to_string().parse(), Ok(level));
        }
    }

    #[test]
    fn amr_is_written_as_rfc_8176_does() {
        assert_eq!(serde_json::to_string(&[Amr::Pwd, Amr::Otp]).expect("list"), r#"["pwd","otp"]"#);
        assert_eq!(Amr::Hwk.as_str(), "hwk");
    }
}
