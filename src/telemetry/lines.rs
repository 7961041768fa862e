//! How one log line is written. Values are escaped: a line is one line whatever is in it.

use std::fmt::{self, Write};

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::request_id;
use crate::clock::Clock;

/// Writes events; spans are not used.
pub(super) struct Line {
    pub json: bool,
    pub colour: bool,
}

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let target = event.metadata().target();
        if self.json {
            writeln!(writer, "{}", json(*event.metadata().level(), target, fields))
        } else {
            writeln!(writer, "{}", pretty(*event.metadata().level(), target, &fields, self.colour))
        }
    }
}

fn json(level: Level, target: &str, fields: Fields) -> Value {
    let mut line = Map::new();
    line.insert("time".to_owned(), Value::String(now()));
    line.insert("level".to_owned(), Value::String(level.to_string()));
    line.insert("target".to_owned(), Value::String(target.to_owned()));
    if let Some(id) = request_id() {
        line.insert("request_id".to_owned(), Value::String(id.to_string()));
    }
    if !fields.message.is_empty() {
        line.insert("message".to_owned(), Value::String(fields.message));
    }
    line.extend(fields.others);
    Value::Object(line)
}

fn pretty(level: Level, target: &str, fields: &Fields, colour: bool) -> String {
    let (start, end) = match level {
        _ if !colour => ("", ""),
        Level::ERROR => ("\x1b[31m", "\x1b[0m"),
        Level::WARN => ("\x1b[33m", "\x1b[0m"),
        Level::INFO => ("\x1b[32m", "\x1b[0m"),
        _ => ("\x1b[2m", "\x1b[0m"),
    };
    let clock = now();
    let clock = clock.get(11..19).unwrap_or(&clock);
    let mut line = format!("{clock} {start}{level:>5}{end} {}", plain(&fields.message));
    for (name, value) in &fields.others {
        let text = value.as_str().map_or_else(|| value.to_string(), plain);
        let _ = write!(line, " {name}={text}");
    }
    if let Some(id) = request_id() {
        let _ = write!(line, " request_id={id}");
    }
    if fields.message.is_empty() {
        let _ = write!(line, " ({target})");
    }
    line
}

/// Control characters could move the cursor or forge a second line.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn now() -> String {
    let millis = Clock::System.now().millis();
    let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).ok();
    time.and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_default()
}

#[derive(Default)]
struct Fields {
    message: String,
    others: Map<String, Value>,
}

impl Fields {
    fn add(&mut self, field: &Field, value: Value) {
        if field.name() == "message" {
            self.message = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        } else {
            self.others.insert(field.name().to_owned(), value);
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, Value::String(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, Value::String(value.to_owned()));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, Value::from(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, Value::from(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, Value::from(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, Value::from(value));
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt;

    use super::Line;
    use crate::telemetry::{Redacted, RequestIds, in_request};

    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(json: bool, work: impl FnOnce()) -> String {
        let memory = Memory::default();
        let writer = memory.clone();
        let layer = tracing_subscriber::fmt::layer().with_writer(move || writer.clone()).event_format(Line { json, colour: false });
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), work);
        String::from_utf8(memory.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn lg2_a_line_is_one_line_whatever_is_in_it() {
        let hostile = "a\r\n{\"level\":\"ERROR\"}\u{1b}[2J";
        let secret = Redacted("hush");
        for json in [true, false] {
            let text = logged(json, || tracing::warn!(status = 400, hostile, %secret, "odd {hostile}"));
            assert_eq!(text.matches('\n').count(), 1, "{text}");
            assert!(!text.contains('\u{1b}') && !text.contains("hush") && text.contains("***"), "{text}");
        }
    }

    #[test]
    fn lines_carry_the_request_they_belong_to() {
        let id = RequestIds::new(1).next();
        let text = logged(true, || in_request(id, || tracing::info!(event = "x", took = 1.5, "hello")));
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["request_id"], id.as_str());
        assert_eq!((line["message"].as_str(), line["took"].as_f64(), line["level"].as_str()), (Some("hello"), Some(1.5), Some("INFO")));
        assert!(line["time"].as_str().unwrap().ends_with('Z'));
    }
}
