//! Time as an argument: the only module that reads the system clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A point in time: milliseconds since the Unix epoch, UTC. Stored as `BIGINT` on both databases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct Timestamp(i64);

const DAY: i64 = 86_400_000;
/// 400 years, after which the calendar repeats itself.
const DAYS_OF_ERA: i64 = 146_097;
/// From 0000-03-01 to 1970-01-01.
const DAYS_TO_1970: i64 = 719_468;

/// Days from 1970-01-01 to the first of a month.
fn days_before(year: i64, month: i64) -> i64 {
    let (year, from_march) = if month < 3 { (year - 1, month + 9) } else { (year, month - 3) };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    era * DAYS_OF_ERA + of_era * 365 + of_era / 4 - of_era / 100 + (153 * from_march + 2) / 5 - DAYS_TO_1970
}

impl Timestamp {
    /// From milliseconds since the Unix epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// From whole seconds since the Unix epoch, as `exp`, `iat` and `auth_time` carry them (RFC 7519 section 2).
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Milliseconds since the Unix epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// As RFC 3339 writes it, in UTC with milliseconds: `2026-11-22T21:30:00.000Z`.
    pub fn rfc3339(self) -> String {
        let (year, month, day) = self.date();
        let of_day = self.0.rem_euclid(DAY);
        let (hour, minute, second, milli) = (of_day / 3_600_000, of_day / 60_000 % 60, of_day / 1000 % 60, of_day % 1000);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
    }

    /// The same time of day `months` later; the last day of a shorter month where it has no such day.
    #[must_use]
    pub fn plus_months(self, months: u32) -> Self {
        self.moved_by(i64::from(months))
    }

    /// The same time of day `months` earlier, as [`Timestamp::plus_months`].
    #[must_use]
    pub fn minus_months(self, months: u32) -> Self {
        self.moved_by(-i64::from(months))
    }

    fn moved_by(self, months: i64) -> Self {
        let (year, month, day) = self.date();
        let count = year * 12 + month - 1 + months;
        let (year, month) = (count.div_euclid(12), count.rem_euclid(12) + 1);
        let (next_year, next_month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
        let last = days_before(next_year, next_month) - days_before(year, month);
        Self((days_before(year, month) + day.min(last) - 1) * DAY + self.0.rem_euclid(DAY))
    }

    /// Year, month and day in UTC, in the calendar that counts years from March (so that the leap day comes last).
    fn date(self) -> (i64, i64, i64) {
        let days = self.0.div_euclid(DAY) + DAYS_TO_1970;
        let (era, of_era) = (days.div_euclid(DAYS_OF_ERA), days.rem_euclid(DAYS_OF_ERA));
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let from_march = (5 * of_year + 2) / 153;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        (year + era * 400 + i64::from(month < 3), month, of_year - (153 * from_march + 2) / 5 + 1)
    }

    /// Time passed since `earlier`; zero when `earlier` lies in the future.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, rhs: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(rhs.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl std::ops::Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, rhs: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(rhs.as_millis()).unwrap_or(i64::MAX)))
    }
}

/// Where the time comes from: the system, or a hand that a test or the demo moves.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// A clock that stands still until it is moved; clones share it.
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `at`.
    pub fn fixed(at: Timestamp) -> Self {
        Self::Fixed(Arc::new(AtomicI64::new(at.millis())))
    }

    /// The current time. A request reads it once and hands it on.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => {
                #[allow(clippy::disallowed_methods, reason = "the one place that may")]
                let passed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp(i64::try_from(passed.as_millis()).unwrap_or(i64::MAX))
            }
            Self::Fixed(at) => Timestamp(at.load(Ordering::SeqCst)),
        }
    }

    /// Moves a fixed clock forward; the system's clock cannot be moved and stays.
    pub fn advance(&self, by: Duration) {
        if let Self::Fixed(at) = self {
            at.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }
}

/// The monotonic clock: for deadlines and freshness, never for what is stored.
#[allow(clippy::disallowed_methods, reason = "the one place that may")]
pub fn monotonic() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_rfc_3339_does() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (1_795_383_000, "2026-11-22T21:30:00.000Z"),
            (4_107_542_399, "2100-02-28T23:59:59.000Z"),
            (-1, "1969-12-31T23:59:59.000Z"),
        ] {
            assert_eq!(Timestamp::from_seconds(seconds).rfc3339(), text);
        }
        assert_eq!(Timestamp::from_millis(1_234).rfc3339(), "1970-01-01T00:00:01.234Z");
    }

    #[test]
    fn months_later_is_the_same_day_or_the_last() {
        let after = |seconds, months| Timestamp::from_seconds(seconds).plus_months(months).rfc3339();
        assert_eq!(after(1_795_383_000, 24), "2028-11-22T21:30:00.000Z");
        assert_eq!(after(1_801_353_600, 1), "2027-02-28T00:00:00.000Z", "31 January");
        assert_eq!(after(951_782_400, 12), "2001-02-28T00:00:00.000Z", "29 February");
        assert_eq!(after(1_795_383_000, 2), "2027-01-22T21:30:00.000Z");
        assert_eq!(Timestamp::from_seconds(951_782_400).minus_months(12).rfc3339(), "1999-02-28T00:00:00.000Z");
    }
}
