//! E-mail addresses (RFC 5321, RFC 5322, UTS 46).

use std::str::FromStr;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

use super::{IdentifierError, ends, tidy};

/// RFC 5321 4.5.3.1.1.
const MAX_LOCAL_PART: usize = 64;
/// RFC 5321 4.5.3.1.3, without the angle brackets.
const MAX_ADDRESS: usize = 254;

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

identity_by_normal_form!(Email, normal_form, address);
