//! A length of time as people write it: `"500ms"`, `"10s"`, `"5m"`, `"12h"`, `"30d"`.

use std::fmt;
use std::ops::Deref;
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

/// A length of time of the configuration; behaves as a [`Duration`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period(Duration);

const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

impl Period {
    /// From whole seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// From milliseconds.
    pub const fn millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// The duration itself.
    pub const fn get(self) -> Duration {
        self.0
    }

    /// Reads a number followed by its unit; `None` for anything else. `"0s"` is allowed.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.find(|c: char| !c.is_ascii_digit())?;
        let (number, unit) = text.split_at(digits);
        let (_, millis) = UNITS.iter().find(|(name, _)| *name == unit)?;
        Some(Self(Duration::from_millis(number.parse::<u64>().ok()?.checked_mul(*millis)?)))
    }
}

impl Deref for Period {
    type Target = Duration;
    fn deref(&self) -> &Duration {
        &self.0
    }
}

impl From<Period> for Duration {
    fn from(period: Period) -> Self {
        period.0
    }
}

impl From<Duration> for Period {
    fn from(duration: Duration) -> Self {
        Self(duration)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        if millis == 0 {
            return f.write_str("0s");
        }
        let exact = UNITS.iter().find(|(_, size)| millis.is_multiple_of(*size));
        let (unit, size) = exact.copied().unwrap_or(("ms", 1));
        write!(f, "{}{unit}", millis / size)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| de::Error::custom(format!("{text:?} is not a duration like \"500ms\", \"10s\", \"5m\", \"12h\" or \"30d\"")))
    }
}

#[cfg(test)]
mod tests {
    use super::Period;

    #[test]
    fn reads_and_writes_the_same_text() {
        for text in ["500ms", "10s", "5m", "12h", "30d", "0s", "90s"] {
            assert_eq!(Period::parse(text).unwrap().to_string(), text, "{text}");
        }
        assert_eq!(Period::parse("60s").unwrap().to_string(), "1m");
    }

    #[test]
    fn refuses_what_could_be_meant_otherwise() {
        for text in ["", "10", "s", "-1s", "1.5h", "1h30m", "10 s", "10S", "99999999999999999999d", "999999999999999d"] {
            assert_eq!(Period::parse(text), None, "{text}");
        }
    }
}
