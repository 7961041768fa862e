//! Words, numbers and dates in the reader's language.

use std::collections::HashMap;
use std::fmt;

use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, langid, static_loader};
use time::{OffsetDateTime, UtcOffset};

use crate::clock::Timestamp;
use crate::protocol::locale::Locale;

static_loader! {
    static MESSAGES = {
        locales: "src/ui/locales",
        fallback_language: "en",
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

const RU: LanguageIdentifier = langid!("ru");
const EN: LanguageIdentifier = langid!("en");
const ZH: LanguageIdentifier = langid!("zh");

/// Marks around an argument that is to stand out; private-use characters, so that they never come from a message.
const STRONG_FROM: char = '\u{e000}';
const STRONG_TO: char = '\u{e001}';

/// What a message can be filled with.
pub trait Arg {
    /// The value as Fluent reads it: numbers choose plural forms.
    fn value(&self) -> FluentValue<'static>;
}

impl Arg for str {
    fn value(&self) -> FluentValue<'static> {
        FluentValue::from(self.to_owned())
    }
}

impl Arg for String {
    fn value(&self) -> FluentValue<'static> {
        FluentValue::from(self.clone())
    }
}

impl Arg for usize {
    fn value(&self) -> FluentValue<'static> {
        FluentValue::from(*self)
    }
}

impl Arg for u32 {
    fn value(&self) -> FluentValue<'static> {
        FluentValue::from(*self)
    }
}

impl Arg for i64 {
    fn value(&self) -> FluentValue<'static> {
        FluentValue::from(*self)
    }
}

impl<T: Arg + ?Sized> Arg for &T {
    fn value(&self) -> FluentValue<'static> {
        (**self).value()
    }
}

/// Text that is HTML already: escaped, with nothing in it but what this layer put there.
#[derive(Clone, Debug)]
pub struct Html(String);

impl fmt::Display for Html {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for Html {}

impl askama::FastWritable for Html {
    fn write_into(&self, dest: &mut dyn fmt::Write, _: &dyn askama::Values) -> askama::Result<()> {
        Ok(dest.write_str(&self.0)?)
    }
}

/// The message `key` in `locale`, filled with `args`. An unknown key, or a message that lacks an argument, comes out
/// in English, then as the key between `⟦⟧`: visible, and caught by the tests that render every page.
pub fn message(locale: Locale, key: &str, args: &[(&'static str, &dyn Arg)]) -> String {
    let filled: HashMap<&'static str, FluentValue<'static>> = args.iter().map(|(name, arg)| (*name, arg.value())).collect();
    let wanted = match locale {
        Locale::Ru => &RU,
        Locale::En => &EN,
        Locale::Zh => &ZH,
    };
    let text = [wanted, &EN]
        .into_iter()
        .find_map(|language| MESSAGES.lookup_single_language(language, key, Some(&filled)).ok())
        .unwrap_or_else(|| format!("\u{27e6}{key}\u{27e7}"));
    if locale == Locale::Ru { inner_quotes(text) } else { text }
}

/// Russian quotes inside quotes: a name that brings its own, in a message that quotes names, reads «Банк „Аврора“».
fn inner_quotes(text: String) -> String {
    if text.matches('«').count() < 2 {
        return text;
    }
    let mut depth = 0_usize;
    let level = |letter| {
        depth = match letter {
            '«' => depth + 1,
            '»' => depth.saturating_sub(1),
            _ => depth,
        };
        match letter {
            '«' if depth > 1 => '„',
            '»' if depth > 0 => '“',
            same => same,
        }
    };
    text.chars().map(level).collect()
}

/// The same with every text argument in `<strong>`.
pub fn rich(locale: Locale, key: &str, args: &[(&'static str, &dyn Arg)]) -> Html {
    struct Marked(FluentValue<'static>);
    impl Arg for Marked {
        fn value(&self) -> FluentValue<'static> {
            match &self.0 {
                FluentValue::String(text) => {
                    let clean: String = text.chars().filter(|c| !matches!(*c, STRONG_FROM | STRONG_TO)).collect();
                    FluentValue::from(format!("{STRONG_FROM}{clean}{STRONG_TO}"))
                }
                other => other.clone(),
            }
        }
    }
    let marked: Vec<(&'static str, Marked)> = args.iter().map(|(name, arg)| (*name, Marked(arg.value()))).collect();
    let borrowed: Vec<(&'static str, &dyn Arg)> = marked.iter().map(|(name, arg)| (*name, arg as &dyn Arg)).collect();
    let text = message(locale, key, &borrowed);
    let mut html = String::with_capacity(text.len() + 32);
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            STRONG_FROM => html.push_str("<strong>"),
            STRONG_TO => html.push_str("</strong>"),
            other => html.push(other),
        }
    }
    Html(html)
}

/// A service's mark; its name stands beside it, so that it is hidden from screen readers.
pub(super) fn mark(letter: &str, colour: u8, size: &str) -> Html {
    let letter: String = letter.chars().filter(|c| c.is_alphanumeric()).take(1).collect();
    Html(format!("<span class=\"logo c{}{size}\" aria-hidden=\"true\">{letter}</span>", colour % 12))
}

/// The zone in which people read times: minutes east of UTC.
fn local(at: Timestamp, offset_minutes: i32) -> OffsetDateTime {
    let offset = UtcOffset::from_whole_seconds(offset_minutes.saturating_mul(60)).unwrap_or(UtcOffset::UTC);
    OffsetDateTime::from_unix_timestamp(at.seconds()).unwrap_or(OffsetDateTime::UNIX_EPOCH).to_offset(offset)
}

/// `22 November 2026`, `22 ноября 2026`, `2026年11月22日`.
pub fn date(locale: Locale, at: Timestamp, offset_minutes: i32) -> String {
    let t = local(at, offset_minutes);
    let month = u32::from(u8::from(t.month()));
    message(locale, "date", &[("day", &u32::from(t.day())), ("month", &month), ("year", &t.year().to_string())])
}

/// `14:03 UTC`, or `17:03 UTC+3`.
pub fn time_of_day(at: Timestamp, offset_minutes: i32) -> String {
    let t = local(at, offset_minutes);
    let (hours, minutes) = (offset_minutes / 60, (offset_minutes % 60).abs());
    let zone = match (hours, minutes) {
        (0, 0) => "UTC".to_owned(),
        (h, 0) => format!("UTC{h:+}"),
        (h, m) => format!("UTC{h:+}:{m:02}"),
    };
    format!("{:02}:{:02}\u{a0}{zone}", t.hour(), t.minute())
}

/// Date and time of day.
pub fn moment(locale: Locale, at: Timestamp, offset_minutes: i32) -> String {
    let (date, time) = (date(locale, at, offset_minutes), time_of_day(at, offset_minutes));
    message(locale, "moment", &[("date", &date), ("time", &time)])
}

/// How long ago: `just now`, `12 minutes ago`, `3 days ago`; older than 30 days, the date.
pub fn ago(locale: Locale, at: Timestamp, now: Timestamp, offset_minutes: i32) -> String {
    let minutes = now.since(at).as_secs() / 60;
    let count = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    match minutes {
        0 => message(locale, "ago-now", &[]),
        1..60 => message(locale, "ago-minutes", &[("n", &count(minutes))]),
        60..1440 => message(locale, "ago-hours", &[("n", &count(minutes / 60))]),
        1440..43200 => message(locale, "ago-days", &[("n", &count(minutes / 1440))]),
        _ => date(locale, at, offset_minutes),
    }
}

/// How long until: `1 minute`, `12 minutes`, `3 hours`, `2 days`; rounded up, never zero.
pub fn wait(locale: Locale, until: Timestamp, now: Timestamp) -> String {
    let minutes = until.since(now).as_secs().div_ceil(60).max(1);
    let count = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    match minutes {
        0..90 => message(locale, "wait-minutes", &[("n", &count(minutes))]),
        90..2880 => message(locale, "wait-hours", &[("n", &count(minutes.div_ceil(60)))]),
        _ => message(locale, "wait-days", &[("n", &count(minutes.div_ceil(1440)))]),
    }
}
