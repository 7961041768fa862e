//! What holds for every page in every language.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::frame::Theme;
use super::samples::{frame, samples, write_samples};
use super::{mail, text};
use crate::protocol::locale::Locale;

/// Every sample in every language, with and without a client and a person.
fn every_page(mut check: impl FnMut(&str, Locale, &str)) {
    for sample in samples() {
        for locale in Locale::ALL {
            let full = frame(locale, Theme::Dark);
            let bare = super::Frame { client: None, signed_in_as: None, theme: Theme::Auto, path: "/".into(), ..full.clone() };
            for f in [full, bare] {
                let html = (sample.render)(&f);
                assert!(html.len() > 500, "{} renders", sample.name);
                check(&sample.name, locale, &html);
            }
        }
    }
}

fn files(dir: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, ending, found);
        } else if path.extension().is_some_and(|e| e == ending) {
            found.push(path);
        }
    }
}

fn sources(endings: &[&str]) -> String {
    let mut found = Vec::new();
    for ending in endings {
        files(Path::new("src/ui"), ending, &mut found);
    }
    found.iter().map(|p| std::fs::read_to_string(p).unwrap()).collect()
}

/// Messages of a language: key, and the arguments it uses.
fn messages(locale: Locale) -> BTreeMap<String, BTreeSet<String>> {
    let mut found = Vec::new();
    files(&Path::new("src/ui/locales").join(locale.as_str()), "ftl", &mut found);
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in found {
        let mut key = String::new();
        for line in std::fs::read_to_string(path).unwrap().lines() {
            if line.starts_with(|c: char| c.is_ascii_lowercase()) {
                key = line.split(" =").next().unwrap().to_owned();
                assert!(all.insert(key.clone(), BTreeSet::new()).is_none(), "{key} is there twice in {}", locale.as_str());
            }
            for part in line.split('$').skip(1).filter(|_| !line.starts_with('#')) {
                let name = part.split(|c: char| !c.is_ascii_lowercase()).next().unwrap();
                all.get_mut(&key).unwrap().insert(name.to_owned());
            }
        }
    }
    all
}

#[test]
fn every_message_is_there_in_every_language_with_the_same_arguments() {
    let english = messages(Locale::En);
    assert!(english.len() > 250);
    for locale in [Locale::Ru, Locale::Zh] {
        let other = messages(locale);
        assert_eq!(english.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>(), "{}", locale.as_str());
        for (key, arguments) in &english {
            assert_eq!(arguments, &other[key], "{key} in {}", locale.as_str());
        }
    }
}

#[test]
fn no_message_is_unused() {
    let source = sources(&["rs", "html"]);
    let unused: Vec<_> = messages(Locale::En).into_keys().filter(|key| !source.contains(&format!("\"{key}\""))).collect();
    assert!(unused.is_empty(), "{unused:?}");
}

#[test]
fn every_sample_speaks_its_language_and_is_whole() {
    every_page(|name, locale, html| {
        assert!(!html.contains('\u{27e6}'), "{name} in {} lacks a message: {html}", locale.as_str());
        let tag = match locale {
            Locale::Ru => "<html lang=\"ru\"",
            Locale::En => "<html lang=\"en\"",
            Locale::Zh => "<html lang=\"zh-Hans\"",
        };
        assert!(html.contains(tag), "{name}");
        assert_eq!(html.matches("<main id=\"main\"").count(), 1, "{name}");
        assert_eq!(html.matches("<h1").count(), 1, "{name} has one heading");
        assert!(html.ends_with("</html>") || html.ends_with("</html>\n"), "{name}");
        for tag in ["form", "div", "section", "ul", "li", "dl", "button", "p", "span", "details", "fieldset", "ol", "nav"] {
            let (open, close) = (
                html.matches(&format!("<{tag}>")).count() + html.matches(&format!("<{tag} ")).count(),
                html.matches(&format!("</{tag}>")).count(),
            );
            assert_eq!(open, close, "{name}: <{tag}> is closed");
        }
    });
}

#[test]
fn nothing_is_inline_and_nothing_comes_from_elsewhere() {
    every_page(|name, _, html| {
        let lower = html.to_lowercase();
        for forbidden in ["<script", " style=", "<style", "javascript:", "<iframe", "<img", "<meta http-equiv", "<base"] {
            assert!(!lower.contains(forbidden), "{name}: {forbidden}");
        }
        assert!(
            !lower.split('<').any(|tag| tag.split('>').next().is_some_and(|t| t.contains(" on") && t.contains("=\"") && handler(t))),
            "{name}"
        );
        assert!(html.contains("href=\"/assets/look."), "{name}");
    });
}

/// An attribute that begins with `on` would be a handler.
fn handler(tag: &str) -> bool {
    tag.split_whitespace().any(|word| word.starts_with("on") && word.contains("=\""))
}

#[test]
fn ids_are_unique_and_references_lead_somewhere() {
    every_page(|name, _, html| {
        let mut ids = BTreeSet::new();
        for part in html.split(" id=\"").skip(1) {
            let id = part.split('"').next().unwrap();
            assert!(ids.insert(id), "{name}: {id} is there twice");
        }
        for attribute in [" for=\"", " aria-describedby=\"", " aria-labelledby=\"", " form=\"", " href=\"#"] {
            for part in html.split(attribute).skip(1) {
                for id in part.split('"').next().unwrap().split(' ') {
                    assert!(ids.contains(id), "{name}: {attribute}{id} leads nowhere");
                }
            }
        }
    });
}

#[test]
fn every_form_of_ours_is_guarded_and_every_field_has_a_label() {
    every_page(|name, _, html| {
        for form in html.split("<form").skip(1) {
            let form = form.split("</form>").next().unwrap();
            assert!(form.contains("method=\"post\""), "{name}");
            assert!(form.contains("name=\"csrf\"") || form.contains(" action=\"http"), "{name}: {form}");
        }
        for input in html.split("<input").skip(1).map(|i| i.split('>').next().unwrap()) {
            let hidden = input.contains("type=\"hidden\"") || input.contains("aria-hidden");
            let id = input.split(" id=\"").nth(1).map(|i| i.split('"').next().unwrap());
            assert!(hidden || html.contains(&format!("<label for=\"{}\"", id.unwrap())), "{name}: {input}");
        }
    });
}

#[test]
fn an_error_is_announced_in_title_and_summary() {
    for sample in samples() {
        for locale in Locale::ALL {
            let html = (sample.render)(&frame(locale, Theme::Light));
            let error = text::message(locale, "title-error", &[]);
            let prefixed = html.contains(&format!("<title>{error}"));
            let summary = html.contains("id=\"error-summary\" role=\"alert\"") || html.contains("id=\"error-code\"");
            assert_eq!(prefixed, summary, "{}", sample.name);
            assert_eq!(html.contains("aria-invalid"), html.contains("aria-describedby=\"error-summary"), "{}", sample.name);
        }
    }
}

#[test]
fn what_people_type_is_escaped() {
    let nasty = "<script>alert('1')</script>\"&\u{e000}";
    let f = frame(Locale::En, Theme::Auto);
    let code = super::sign_in::Code {
        purpose: super::sign_in::CodePurpose::SignIn,
        sent_to: nasty.into(),
        valid_minutes: 10,
        resent: false,
        may_use_password: false,
        error: None,
    };
    let person = super::Frame { signed_in_as: Some(nasty.into()), client: Some(super::ClientCard::new(nasty, nasty, nasty, true)), ..f };
    let identifier = super::sign_in::Identifier { value: nasty.into(), may_register: true, error: None };
    assert!(!identifier.render(&person).contains("<script"));
    let html = code.render(&person);
    assert!(!html.contains("<script"));
    assert!(html.contains("<strong>&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&amp;</strong>"));
}

#[test]
fn mails_say_everything_in_every_language() {
    for locale in Locale::ALL {
        let head = mail::Letterhead { locale, issuer_host: "id.example.com".into(), utc_offset_minutes: 180 };
        for (name, subject, body) in mail::samples(&head) {
            assert!(!subject.contains(['\u{27e6}', '\n']) && subject.chars().count() <= 78, "{name}: {subject}");
            assert!(!body.contains('\u{27e6}') && body.contains("id.example.com"), "{name}: {body}");
        }
    }
}

#[test]
fn switches_keep_the_page() {
    let f = frame(Locale::Ru, Theme::Auto);
    assert_eq!(f.with_query("lang", "zh"), "/flow/flw_01?step=1&lang=zh");
    let switched = super::Frame { path: "/nowhere?lang=ru&a=1&theme=dark".into(), ..f.clone() };
    assert_eq!(switched.with_query("lang", "en"), "/nowhere?a=1&theme=dark&lang=en");
    assert_eq!(switched.with_query("theme", "auto"), "/nowhere?lang=ru&a=1&theme=auto");
    assert_eq!(super::Frame { path: "/account".into(), ..f }.with_query("theme", "dark"), "/account?theme=dark");
}

#[test]
fn times_are_told_in_words() {
    use super::page::minutes;
    let say = |l, offset| text::moment(l, minutes(0), offset);
    assert_eq!(say(Locale::En, 0), "22 November 2026, 14:03\u{a0}UTC");
    assert_eq!(say(Locale::Ru, 180), "22 ноября 2026, 17:03\u{a0}UTC+3");
    assert_eq!(say(Locale::Zh, 330), "2026年11月22日 19:33\u{a0}UTC+5:30");
    assert_eq!(text::ago(Locale::Ru, minutes(-21), minutes(0), 0), "21 минуту назад");
    assert_eq!(text::wait(Locale::Ru, minutes(180), minutes(0)), "3 часа");
    assert_eq!(text::wait(Locale::En, minutes(-5), minutes(0)), "1 minute");
}

#[test]
fn russian_names_with_quotes_are_quoted_inside_quotes() {
    let said = |name: &str| text::message(Locale::Ru, "link-title", &[("service", &name)]);
    assert!(said("Киноград").contains("«Киноград»"));
    assert!(said("Банк «Аврора»").contains("«Банк „Аврора“»"), "{}", said("Банк «Аврора»"));
}

/// Writes the samples where `CONCORD_SAMPLES` says, for `make screenshots`.
#[test]
fn samples_can_be_written() {
    if let Ok(dir) = std::env::var("CONCORD_SAMPLES") {
        assert!(write_samples(Path::new(&dir)).unwrap() > 300);
    }
}
