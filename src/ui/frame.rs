//! What surrounds a page: language, theme, who asks, who is signed in.

use std::cmp::Ordering;

use super::assets;
use super::text::{self, Arg, Html};
use crate::clock::Timestamp;
use crate::protocol::locale::Locale;

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system is set.
    #[default]
    Auto,
    /// Light always.
    Light,
    /// Dark always.
    Dark,
}

impl Theme {
    /// Every theme, in the order the switch shows them.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Light, Self::Dark];

    /// The word in cookie and query.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Reads the word; anything else is `None`.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.as_str() == word)
    }

    /// The message that names it.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Auto => "theme-auto",
            Self::Light => "theme-light",
            Self::Dark => "theme-dark",
        }
    }
}

/// A language's own name: the same on every page.
const fn own_name(locale: Locale) -> &'static str {
    match locale {
        Locale::Ru => "Русский",
        Locale::En => "English",
        Locale::Zh => "中文",
    }
}

/// A service's mark: one letter on one of twelve colours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    /// What stands in the square.
    pub letter: String,
    /// Colour 0 to 11 of the palette in look.css.
    pub colour: u8,
}

impl Logo {
    /// As HTML.
    pub(super) fn mark(&self) -> Html {
        text::mark(&self.letter, self.colour, "")
    }

    /// As HTML, small.
    pub(super) fn small(&self) -> Html {
        text::mark(&self.letter, self.colour, " small-logo")
    }

    /// The mark of the service with this code and shown name: the colour follows from the code alone.
    pub fn of(code: &str, name: &str) -> Self {
        let letter = name.chars().find(|c| c.is_alphanumeric()).map_or_else(|| "?".to_owned(), |c| c.to_uppercase().collect());
        let colour = u8::try_from((assets::fnv(code.as_bytes()) >> 18) % 12).unwrap_or(0);
        Self { letter, colour }
    }
}

/// Who asks: a client's service as people know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCard {
    /// The service's name in the reader's language.
    pub name: String,
    /// The host of the service's pages: what tells a partner from somebody with the same name.
    pub host: String,
    /// Its identity was checked when it was admitted.
    pub verified: bool,
    /// Its mark.
    pub logo: Logo,
}

impl ClientCard {
    /// A card with the mark that follows from the service's code.
    pub fn new(code: &str, name: &str, host: &str, verified: bool) -> Self {
        Self { name: name.to_owned(), host: host.to_owned(), verified, logo: Logo::of(code, name) }
    }
}

/// What every page needs to know besides its own contents.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The reader's language.
    pub locale: Locale,
    /// Light, dark or as the system.
    pub theme: Theme,
    /// Concord's own host, shown at the foot of each page.
    pub issuer_host: String,
    /// Path and query of this page: the switches of language and theme come back here.
    pub path: String,
    /// Goes into each form as the field `csrf`.
    pub csrf: String,
    /// The masked name or address of the person signed in.
    pub signed_in_as: Option<String>,
    /// The service that began the flow.
    pub client: Option<ClientCard>,
    /// Shown on error pages.
    pub request_id: String,
    /// The time of the request: what "12 minutes ago" counts from.
    pub now: Timestamp,
    /// The zone in which times are shown, minutes east of UTC.
    pub utc_offset_minutes: i32,
}

impl Frame {
    /// The message `key`.
    pub fn t(&self, key: &str) -> String {
        text::message(self.locale, key, &[])
    }

    /// The message with one argument.
    pub fn t1(&self, key: &str, name: &'static str, value: impl Arg) -> String {
        text::message(self.locale, key, &[(name, &value)])
    }

    /// The message with two arguments.
    pub fn t2(&self, key: &str, a: &'static str, x: impl Arg, b: &'static str, y: impl Arg) -> String {
        text::message(self.locale, key, &[(a, &x), (b, &y)])
    }

    /// The message with its argument in `<strong>`.
    pub fn r1(&self, key: &str, name: &'static str, value: impl Arg) -> Html {
        text::rich(self.locale, key, &[(name, &value)])
    }

    /// The message with two arguments in `<strong>`.
    pub fn r2(&self, key: &str, a: &'static str, x: impl Arg, b: &'static str, y: impl Arg) -> Html {
        text::rich(self.locale, key, &[(a, &x), (b, &y)])
    }

    /// A phrase as it stands inside a sentence: its first letter small, unless it is an abbreviation or a name of one letter.
    pub(super) fn inner(&self, phrase: &str) -> String {
        let mut letters = phrase.chars();
        match (letters.next(), letters.clone().next()) {
            (Some(first), Some(second)) if second.is_lowercase() => first.to_lowercase().chain(letters).collect(),
            _ => phrase.to_owned(),
        }
    }

    /// A date.
    pub fn date(&self, at: &Timestamp) -> String {
        text::date(self.locale, *at, self.utc_offset_minutes)
    }

    /// Date and time.
    pub fn moment(&self, at: &Timestamp) -> String {
        text::moment(self.locale, *at, self.utc_offset_minutes)
    }

    /// Time of day with the zone.
    pub fn time(&self, at: &Timestamp) -> String {
        text::time_of_day(*at, self.utc_offset_minutes)
    }

    /// How long ago.
    pub fn ago(&self, at: &Timestamp) -> String {
        text::ago(self.locale, *at, self.now, self.utc_offset_minutes)
    }

    /// How long until.
    pub fn wait(&self, until: &Timestamp) -> String {
        text::wait(self.locale, *until, self.now)
    }

    /// The address of a file of this layer.
    pub(super) fn asset(&self, name: &str) -> String {
        assets::url(name)
    }

    /// This page with `name=value` in its query, in place of any other value; the cookie is set by the http layer, which comes back without
    /// it.
    pub(super) fn with_query(&self, name: &str, value: &str) -> String {
        let (path, query) = self.path.split_once('?').unwrap_or((&self.path, ""));
        let others = query.split('&').filter(|pair| !pair.is_empty() && pair.split('=').next() != Some(name));
        let query: Vec<&str> = others.collect();
        let divider = if query.is_empty() { "" } else { "&" };
        format!("{path}?{}{divider}{name}={value}", query.join("&"))
    }

    /// What the language switch offers: tag, own name, address, whether it is the present one.
    pub(super) fn languages(&self) -> Vec<(&'static str, &'static str, String, bool)> {
        Locale::ALL.into_iter().map(|l| (l.as_str(), own_name(l), self.with_query("lang", l.as_str()), l == self.locale)).collect()
    }

    /// The tag of the page's language, script included where it matters.
    pub(super) fn lang_tag(&self) -> &'static str {
        match self.locale {
            Locale::Ru => "ru",
            Locale::En => "en",
            Locale::Zh => "zh-Hans",
        }
    }

    /// The theme chosen by hand.
    pub(super) fn forced_theme(&self) -> Option<&'static str> {
        (self.theme != Theme::Auto).then(|| self.theme.as_str())
    }

    /// The account's pages: message key and address.
    pub(super) fn account_nav(&self) -> [(&'static str, &'static str); 5] {
        [
            ("nav-home", "/account"),
            ("nav-links", "/account/links"),
            ("nav-privacy", "/account/privacy"),
            ("nav-sessions", "/account/sessions"),
            ("nav-security", "/account/security"),
        ]
    }

    /// The steps of registration: message key, and `done`, `now` or nothing.
    pub(super) fn register_steps(&self, now: &usize) -> Vec<(&'static str, &'static str)> {
        ["step-address", "step-code", "step-name", "step-password"]
            .into_iter()
            .enumerate()
            .map(|(i, key)| match (i + 1).cmp(now) {
                Ordering::Less => (key, "done"),
                Ordering::Equal => (key, "now"),
                Ordering::Greater => (key, ""),
            })
            .collect()
    }

    /// What the theme switch offers: message key, address, whether it is the present one.
    pub(super) fn themes(&self) -> Vec<(&'static str, String, bool)> {
        Theme::ALL.into_iter().map(|t| (t.key(), self.with_query("theme", t.as_str()), t == self.theme)).collect()
    }
}
