//! What pages have in common: how they are rendered, how a form tells its trouble, and what samples are made of.

use crate::clock::Timestamp;
use crate::protocol::locale::Locale;

use super::frame::Frame;

/// Makes `render` for a page: the template sees the frame as `f` and the page as `p`.
macro_rules! page {
    ($page:ident, $path:tt) => {
        const _: () = {
            #[derive(askama::Template)]
            #[template(path = $path)]
            struct View<'a> {
                f: &'a $crate::ui::frame::Frame,
                #[allow(dead_code, reason = "some pages say the same to everybody")]
                p: &'a $page,
            }
            impl $page {
                /// The page as HTML.
                pub fn render(&self, frame: &$crate::ui::frame::Frame) -> String {
                    $crate::ui::page::html(&View { f: frame, p: self })
                }
            }
        };
    };
}
pub(super) use page;

/// Renders a template. Writing into a `String` does not fail, and neither do our values.
pub(super) fn html(view: &impl askama::Template) -> String {
    view.render().unwrap_or_else(|error| {
        tracing::error!(%error, "a page could not be rendered");
        String::new()
    })
}

/// Trouble with a form: what is said, and the field it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The sentence in the reader's language.
    pub text: String,
    /// The id of the field; empty when it is about the whole form.
    pub field: &'static str,
}

impl Trouble {
    pub(super) fn new(field: &'static str, text: String) -> Self {
        Self { text, field }
    }

    /// "Too many tries", with the time from which it works again.
    pub(super) fn too_many(f: &Frame, field: &'static str, again_at: Timestamp) -> Self {
        Self::new(field, f.t2("too-many-tries", "wait", f.wait(&again_at), "time", f.time(&again_at)))
    }
}

/// A page filled with an example, by name.
pub struct Sample {
    /// `area.page.variant`.
    pub name: String,
    /// Renders it.
    pub render: Box<dyn Fn(&Frame) -> String + Send + Sync>,
}

/// Picks the word of a sample in the reader's language.
pub(super) fn say(locale: Locale, ru: &str, en: &str, zh: &str) -> String {
    match locale {
        Locale::Ru => ru,
        Locale::En => en,
        Locale::Zh => zh,
    }
    .to_owned()
}

/// The time at which every sample happens: 22 November 2026, 14:03 UTC.
pub(super) const SAMPLE_NOW: Timestamp = Timestamp::from_seconds(1_795_356_180);

/// A point of sample time, minutes before (negative) or after now.
pub(super) fn minutes(from_now: i64) -> Timestamp {
    Timestamp::from_millis(SAMPLE_NOW.millis() + from_now * 60_000)
}

/// The same in days.
pub(super) fn days(from_now: i64) -> Timestamp {
    minutes(from_now * 1440)
}
