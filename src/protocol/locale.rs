//! Languages: which of ours a client (`ui_locales`, OIDC Core 3.1.2.1) or a browser (RFC 9110 12.5.4) asks for.

use std::fmt;
use std::str::FromStr;

/// Lists longer than this are not read.
const MAX_LIST: usize = 1024;

/// A language the pages and messages are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Locale {
    /// Russian.
    Ru,
    /// English.
    En,
    /// Chinese, simplified.
    Zh,
}

/// Not a language of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown language")]
pub struct UnknownLocale;

impl Locale {
    /// Every language.
    pub const ALL: [Self; 3] = [Self::Ru, Self::En, Self::Zh];

    /// The language tag: `ru`, `en`, `zh`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ru => "ru",
            Self::En => "en",
            Self::Zh => "zh",
        }
    }

    /// The language of a BCP 47 tag, by its first subtag: `zh-Hans-CN` is Chinese.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next()?;
        Self::ALL.into_iter().find(|locale| locale.as_str().eq_ignore_ascii_case(primary))
    }

    /// The languages of ours in `ui_locales`, in order of preference; others are left out.
    pub fn ui_locales(list: &str) -> Vec<Self> {
        let mut locales = Vec::new();
        for locale in list.split(' ').filter_map(Self::from_tag) {
            if !locales.contains(&locale) {
                locales.push(locale);
            }
        }
        locales
    }

    /// The language of ours that an `Accept-Language` header likes best; `None` when it names none.
    pub fn accept_language(header: &str) -> Option<Self> {
        if header.len() > MAX_LIST {
            return None;
        }
        let mut best: Option<(u32, Self)> = None;
        for item in header.split(',') {
            let mut parts = item.split(';').map(str::trim);
            let locale = parts.next().and_then(Self::from_tag);
            let quality = parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1000), thousandths);
            if let (Some(locale), Some(quality)) = (locale, quality)
                && quality > best.map_or(0, |(known, _)| known)
            {
                best = Some((quality, locale));
            }
        }
        best.map(|(_, locale)| locale)
    }
}

/// A quality value of RFC 9110 12.4.2 in thousandths.
fn thousandths(text: &str) -> Option<u32> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let fraction = format!("{fraction:0<3}").parse::<u32>().ok()?;
    match whole {
        "0" => Some(fraction),
        "1" if fraction == 0 => Some(1000),
        _ => None,
    }
}

impl FromStr for Locale {
    type Err = UnknownLocale;

    fn from_str(text: &str) -> Result<Self, UnknownLocale> {
        Self::from_tag(text).ok_or(UnknownLocale)
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

serde_as_text!(Locale);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lists_are_read_by_preference() {
        assert_eq!(Locale::ui_locales("fr-CA zh-Hans-CN EN-us en"), [Locale::Zh, Locale::En]);
        for (header, expected) in [
            ("ru-RU,ru;q=0.9,en;q=0.8", Some(Locale::Ru)),
            ("fr, en;q=0.2, zh-CN;q=0.7", Some(Locale::Zh)),
            ("en;q=0, zh;q=0.001", Some(Locale::Zh)),
            ("de,*;q=0.5", None),
            ("en;q=2, ru;q=0.1", Some(Locale::Ru)),
            ("", None),
        ] {
            assert_eq!(Locale::accept_language(header), expected, "{header}");
        }
        assert_eq!(Locale::accept_language(&"en,".repeat(20_000)), None);
    }

    proptest! {
        #[test]
        fn reading_never_panics(text in ".*") {
            let _ = (Locale::accept_language(&text), Locale::ui_locales(&text));
        }
    }
}
