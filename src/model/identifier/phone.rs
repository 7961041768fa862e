//! Telephone numbers (E.164), with Russia as the country of numbers that do not say theirs.

use std::str::FromStr;

use super::{IdentifierError, tidy};

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

identity_by_normal_form!(Phone, e164, e164);
