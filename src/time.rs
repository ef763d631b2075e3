//! Instants, durations and windows. Nothing here reads a clock.

use std::fmt;
use std::str::FromStr;

use jiff::civil;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant, in whole milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

/// A length of time in milliseconds; a day is 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Duration(i64);

/// The units an author can write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// 60 seconds.
    Minute,
    /// 60 minutes.
    Hour,
    /// 24 hours.
    Day,
    /// 7 days.
    Week,
}

impl Unit {
    /// The length of one, in milliseconds.
    pub fn millis(self) -> i64 {
        match self {
            Unit::Minute => 60_000,
            Unit::Hour => 3_600_000,
            Unit::Day => 86_400_000,
            Unit::Week => 604_800_000,
        }
    }

    /// The unit's name, in the singular.
    pub fn as_str(self) -> &'static str {
        match self {
            Unit::Minute => "minute",
            Unit::Hour => "hour",
            Unit::Day => "day",
            Unit::Week => "week",
        }
    }
}

impl Duration {
    /// No time at all.
    pub const ZERO: Duration = Duration(0);

    /// `count` of `unit`; every `u32` fits.
    pub fn new(count: u32, unit: Unit) -> Self {
        Duration(i64::from(count) * unit.millis())
    }

    /// So many milliseconds.
    pub const fn from_millis(millis: i64) -> Self {
        Duration(millis)
    }

    /// The length in milliseconds.
    pub const fn as_millis(self) -> i64 {
        self.0
    }
}

/// A text that is not a length of time as definitions write it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// It is no number with a unit.
    #[error(
        "`{0}` is not a length of time: write a whole number and minutes, hours, days or weeks, such as `400 days`"
    )]
    Form(String),
    /// The number is above 4294967295.
    #[error("`{0}` is too large for a length of time: the largest number is {max}", max = u32::MAX)]
    TooLarge(String),
}

impl FromStr for Duration {
    type Err = DurationError;

    /// Reads the `duration` form of language.md, a whole number and a unit, in words of their own: `400 days`, `1 week`.
    ///
    /// ```
    /// use volens::Duration;
    /// use volens::time::Unit;
    ///
    /// assert_eq!("400 days".parse(), Ok(Duration::new(400, Unit::Day)));
    /// assert!("400d".parse::<Duration>().is_err());
    /// ```
    fn from_str(text: &str) -> Result<Self, DurationError> {
        let form = || DurationError::Form(text.to_owned());
        let mut words = text.split([' ', '\t', '\r', '\n']).filter(|word| !word.is_empty());
        let (Some(count), Some(unit), None) = (words.next(), words.next(), words.next()) else {
            return Err(form());
        };
        let singular = unit.strip_suffix('s').unwrap_or(unit);
        let unit = [Unit::Minute, Unit::Hour, Unit::Day, Unit::Week];
        let unit = unit
            .into_iter()
            .find(|unit| unit.as_str() == singular)
            .ok_or_else(form)?;
        let is_whole = count.bytes().all(|byte| byte.is_ascii_digit()) && (count == "0" || !count.starts_with('0'));
        if !is_whole {
            return Err(form());
        }
        // Of digits alone, only what is too large cannot be read.
        let count = count.parse().map_err(|_| DurationError::TooLarge(text.to_owned()))?;
        Ok(Duration::new(count, unit))
    }
}

impl fmt::Display for Duration {
    /// In the largest unit that divides it: `30 days`, `90 minutes`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for unit in [Unit::Week, Unit::Day, Unit::Hour, Unit::Minute] {
            // Weeks only where days would be just as long to read: 30 days stay days, 14 days are 2 weeks.
            if self.0 % unit.millis() == 0 && (unit != Unit::Week || self.0 >= unit.millis()) {
                let count = self.0 / unit.millis();
                let plural = if count == 1 { "" } else { "s" };
                return write!(f, "{count} {}{plural}", unit.as_str());
            }
        }
        write!(f, "{} ms", self.0)
    }
}

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Timestamp = Timestamp(0);
    /// Earlier than every instant that can be written.
    pub const MIN: Timestamp = Timestamp(i64::MIN);
    /// Later than every instant that can be written.
    pub const MAX: Timestamp = Timestamp(i64::MAX);

    /// So many milliseconds after 1970-01-01T00:00:00Z, or before if negative.
    pub const fn from_millis(millis: i64) -> Self {
        Timestamp(millis)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// This instant moved back; the earliest instant at the most.
    #[must_use]
    pub const fn minus(self, duration: Duration) -> Self {
        Timestamp(self.0.saturating_sub(duration.0))
    }

    /// This instant moved on; the latest instant at the most.
    #[must_use]
    pub const fn plus(self, duration: Duration) -> Self {
        Timestamp(self.0.saturating_add(duration.0))
    }

    /// Until when something may follow this instant: so long after it, and no later than `now`.
    pub(crate) fn followed_until(self, within: Option<Duration>, now: Timestamp) -> Timestamp {
        within.map_or(now, |within| self.plus(within).min(now))
    }

    /// How long after `earlier` this is; negative if before.
    pub const fn since(self, earlier: Timestamp) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }

    /// Reads the `date` form of language.md: `YYYY-MM-DD` (midnight UTC), or
    /// `YYYY-MM-DDThh:mm[:ss[.fff]](Z | ±hh:mm)` with `T` and `Z` upper case, up to nine decimals (cut to milliseconds)
    /// and offsets to ±18:00. Anything else, an impossible date included, is `None`.
    ///
    /// ```
    /// use volens::time::Timestamp;
    ///
    /// assert_eq!(Timestamp::parse("1970-01-02"), Some(Timestamp::from_millis(86_400_000)));
    /// assert_eq!(Timestamp::parse("1970-01-01T01:00+01:00"), Some(Timestamp::EPOCH));
    /// assert_eq!(Timestamp::parse("2026-02-30"), None);
    /// assert_eq!(Timestamp::parse("2026-01-01T10:00:00"), None); // no zone
    /// ```
    pub fn parse(text: &str) -> Option<Timestamp> {
        usual(text.as_bytes()).or_else(|| any_form(text.as_bytes()))
    }
}

fn any_form(text: &[u8]) -> Option<Timestamp> {
    let mut rest = Digits(text);
    let year = rest.number(4)?;
    rest.byte(b'-')?;
    let month = rest.number(2)?;
    rest.byte(b'-')?;
    let day = rest.number(2)?;
    let midnight = days_since_epoch(year, month, day)? * Unit::Day.millis();
    if rest.0.is_empty() {
        return Some(Timestamp(midnight));
    }
    rest.byte(b'T')?;
    let (hour, minute) = rest.hours_and_minutes(23)?;
    let mut millis = hour * Unit::Hour.millis() + minute * Unit::Minute.millis();
    if rest.byte(b':').is_some() {
        let second = rest.number(2).filter(|s| *s < 60)?;
        millis += second * 1000 + rest.fraction()?;
    }
    if rest.byte(b'Z').is_none() {
        let sign = if rest.byte(b'+').is_some() {
            1
        } else {
            rest.byte(b'-')?;
            -1
        };
        let (hour, minute) = rest.hours_and_minutes(18)?;
        let offset = hour * Unit::Hour.millis() + minute * Unit::Minute.millis();
        if offset > 18 * Unit::Hour.millis() {
            return None;
        }
        millis -= sign * offset;
    }
    rest.0.is_empty().then_some(Timestamp(midnight + millis))
}

/// The form that most senders write, `2026-06-30T14:30:00Z`, also with milliseconds. Every event has such instants, so eight
/// characters are looked at at once.
#[inline]
fn usual(text: &[u8]) -> Option<Timestamp> {
    let (date, rest) = text.split_first_chunk::<8>()?;
    let ([a, b, b'T'], rest) = rest.split_first_chunk::<3>()? else {
        return None;
    };
    let (time, rest) = rest.split_first_chunk::<8>()?;
    let (date, time) = (digits(*date, *b"0000-00-")?, digits(*time, *b"00:00:00")?);
    let [millis_and_day @ .., _, _, _] = match rest {
        [b'Z'] => digits([b'0', b'0', b'0', *a, *b, b'0', b'0', b'0'], [b'0'; 8])?,
        [b'.', c, d, e, b'Z'] => digits([*c, *d, *e, *a, *b, b'0', b'0', b'0'], [b'0'; 8])?,
        _ => return None,
    };
    let number = |digits: &[u8]| digits.iter().fold(0, |number, digit| number * 10 + i64::from(*digit));
    let ([y, e, a, r, _, m, n, _], [h, i, _, j, k, _, s, t]) = (date, time);
    let [o, p, q, d, f] = millis_and_day;
    let (hour, minute, second) = (number(&[h, i]), number(&[j, k]), number(&[s, t]));
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let day = days_since_epoch(number(&[y, e, a, r]), number(&[m, n]), number(&[d, f]))?;
    let seconds = ((day * 24 + hour) * 60 + minute) * 60 + second;
    Some(Timestamp(seconds * 1000 + number(&[o, p, q])))
}

/// The digits of a text that has some where the form has `0`, and is like it elsewhere.
#[inline]
fn digits(text: [u8; 8], form: [u8; 8]) -> Option<[u8; 8]> {
    /// What brings every byte that is too large for its place to 128: a digit above 9, anything else above nothing.
    const fn limits(form: [u8; 8]) -> u64 {
        let [a, b, c, d, e, f, g, h] = form;
        const fn limit(form: u8) -> u8 {
            if form == b'0' { 0x80 - 10 } else { 0x80 - 1 }
        }
        u64::from_le_bytes([
            limit(a),
            limit(b),
            limit(c),
            limit(d),
            limit(e),
            limit(f),
            limit(g),
            limit(h),
        ])
    }
    let digits = u64::from_le_bytes(text) ^ u64::from_le_bytes(form);
    let is_odd = (digits | digits.wrapping_add(limits(form))) & u64::from_le_bytes([0x80; 8]) != 0;
    (!is_odd).then(|| digits.to_le_bytes())
}

const EPOCH: civil::Date = civil::Date::constant(1970, 1, 1);

/// The days of a date, if there is one, of a year from 0 on. Every event has several of them, so they are counted here.
fn days_since_epoch(year: i64, month: i64, day: i64) -> Option<i64> {
    /// How many days of a year without a leap day come before each month.
    const BEFORE: [i64; 13] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];
    /// Those from the beginning of the year 0 to 1970.
    const TO_EPOCH: i64 = 719_528;
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let before = |month: i64| {
        let days = BEFORE.get(usize::try_from(month).ok()?)?;
        Some(days + i64::from(is_leap && month >= 2))
    };
    let (begin, end) = (before(month - 1)?, before(month)?);
    if day < 1 || day > end - begin {
        return None;
    }
    // Of the years before this one, 0 was a leap year.
    let leap_days = (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400;
    Some(year * 365 + leap_days + begin + day - 1 - TO_EPOCH)
}

fn date_of_day(days: i32) -> Option<civil::Date> {
    EPOCH.checked_add(jiff::Span::new().try_days(days).ok()?).ok()
}

/// A cursor over the bytes of a date.
struct Digits<'a>(&'a [u8]);

impl Digits<'_> {
    fn byte(&mut self, byte: u8) -> Option<()> {
        self.0 = self.0.strip_prefix(&[byte])?;
        Some(())
    }

    fn digit(&mut self) -> Option<i64> {
        let (first, rest) = self.0.split_first()?;
        let digit = first.is_ascii_digit().then(|| i64::from(first - b'0'))?;
        self.0 = rest;
        Some(digit)
    }

    fn number(&mut self, digits: u32) -> Option<i64> {
        (0..digits).try_fold(0, |number, _| Some(number * 10 + self.digit()?))
    }

    fn hours_and_minutes(&mut self, most: i64) -> Option<(i64, i64)> {
        let hour = self.number(2).filter(|h| *h <= most)?;
        self.byte(b':')?;
        let minute = self.number(2).filter(|m| *m < 60)?;
        Some((hour, minute))
    }

    /// `.` and one to nine digits, as milliseconds, cut; 0 where there is none.
    fn fraction(&mut self) -> Option<i64> {
        if self.byte(b'.').is_none() {
            return Some(0);
        }
        let mut millis = self.digit()? * 100;
        let mut place = 10;
        for _ in 1..9 {
            let Some(digit) = self.digit() else { break };
            millis += digit * place;
            place /= 10;
        }
        Some(millis)
    }
}

impl fmt::Display for Timestamp {
    /// `2026-06-30T00:00:00Z`, with milliseconds only where they are not zero. An instant that only an offset brings within
    /// the years 0000 to 9999 is printed with one, so that it can be read back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (offset, zone) in [(0, "Z"), (18, "+18:00"), (-18, "-18:00")] {
            let local = self.0.saturating_add(offset * Unit::Hour.millis());
            let day = Unit::Day.millis();
            let date = i32::try_from(local.div_euclid(day)).ok().and_then(date_of_day);
            let Some(date) = date.filter(|date| (0..=9999).contains(&date.year())) else {
                continue;
            };
            let millis = local.rem_euclid(day);
            let (hour, minute) = (millis / Unit::Hour.millis(), millis / Unit::Minute.millis() % 60);
            write!(f, "{:04}-{:02}-{:02}T", date.year(), date.month(), date.day())?;
            write!(f, "{hour:02}:{minute:02}:{:02}", millis / 1000 % 60)?;
            if millis % 1000 != 0 {
                write!(f, ".{:03}", millis % 1000)?;
            }
            return f.write_str(zone);
        }
        write!(f, "{} ms", self.0)
    }
}

impl From<std::time::SystemTime> for Timestamp {
    /// Cut to milliseconds. Volens itself never asks the clock: a host that wants the present passes it.
    fn from(time: std::time::SystemTime) -> Self {
        let millis = |length: std::time::Duration| i64::try_from(length.as_millis()).unwrap_or(i64::MAX);
        match time.duration_since(std::time::UNIX_EPOCH) {
            Ok(after) => Timestamp(millis(after)),
            Err(before) => Timestamp(millis(before.duration()).saturating_neg()),
        }
    }
}

/// A text that is not an instant in the form [`Timestamp::parse`] reads.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a date: write 2026-06-30 or 2026-06-30T14:30:00Z")]
pub struct TimestampError(String);

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        Timestamp::parse(text).ok_or_else(|| TimestampError(text.to_owned()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The instants that an event condition looks at, relative to `now` and absolute at once (language.md, Time).
///
/// It holds `t` if `now − oldest < t ≤ now − newest` and `after < t < before`; never an instant later than `now`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Window {
    /// `within D`: events at least this old are out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest: Option<Duration>,
    /// The near bound of `between A and B ago`: events younger than this are out.
    #[serde(skip_serializing_if = "is_zero")]
    pub newest: Duration,
    /// `after T`: strictly later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Timestamp>,
    /// `before T`: strictly earlier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Timestamp>,
}

fn is_zero(duration: &Duration) -> bool {
    *duration == Duration::ZERO
}

impl Window {
    /// Every instant up to `now`.
    pub const ALL: Window = Window {
        oldest: None,
        newest: Duration::ZERO,
        after: None,
        before: None,
    };

    /// The instants that are in both.
    #[must_use]
    pub fn intersect(self, other: Window) -> Window {
        let least = |a: Option<Duration>, b: Option<Duration>| a.into_iter().chain(b).min();
        Window {
            oldest: least(self.oldest, other.oldest),
            newest: self.newest.max(other.newest),
            after: self.after.max(other.after),
            before: self.before.into_iter().chain(other.before).min(),
        }
    }

    /// Whether no instant can be in it, whatever `now` is.
    pub fn is_empty(self) -> bool {
        let relative = self.oldest.is_some_and(|oldest| oldest <= self.newest);
        let absolute = match (self.after, self.before) {
            // Whole milliseconds: between T and T + 1 ms there is none.
            (Some(after), Some(before)) => before.as_millis().saturating_sub(after.as_millis()) <= 1,
            _ => false,
        };
        relative || absolute
    }

    /// The window as of `now`: `after < t ≤ until`.
    pub fn bounds(self, now: Timestamp) -> (Timestamp, Timestamp) {
        let after = self.oldest.map_or(Timestamp::MIN, |oldest| now.minus(oldest));
        let until = now.minus(self.newest);
        let before = self.before.map_or(Timestamp::MAX, |before| before.minus(Duration(1)));
        (
            after.max(self.after.unwrap_or(Timestamp::MIN)),
            until.min(before).min(now),
        )
    }

    /// Whether the window holds `t` as of `now`.
    pub fn contains(self, t: Timestamp, now: Timestamp) -> bool {
        let (after, until) = self.bounds(now);
        after < t && t <= until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_strictly() {
        let read = |text| Timestamp::parse(text).map(Timestamp::as_millis);
        assert_eq!(read("1970-01-01T00:00Z"), Some(0));
        assert_eq!(read("1970-01-01T00:00:01.5Z"), Some(1500));
        assert_eq!(read("1970-01-01T00:00:00.123456789Z"), Some(123));
        assert_eq!(read("1970-01-01T00:00:00+18:00"), Some(-18 * 3_600_000));
        assert_eq!(read("1970-01-01T00:00:00-01:30"), Some(5_400_000));
        assert_eq!(read("2024-02-29"), Some(1_709_164_800_000));
        assert_eq!(read("0000-01-01"), Some(-62_167_219_200_000));
        assert_eq!(read("9999-12-31T23:59:59.999Z"), Some(253_402_300_799_999));
        for bad in [
            "",
            "2026-2-03",
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-01-01T",
            "2026-01-01Z",
            "2026-01-01T10:00",
            "2026-01-01T10Z",
            "2026-01-01t10:00Z",
            "2026-01-01T10:00z",
            "2026-01-01T24:00Z",
            "2026-01-01T10:60Z",
            "2026-01-01T10:00:60Z",
            "2026-01-01T10:00:00.Z",
            "2026-01-01T10:00:00.1234567890Z",
            "2026-01-01T10:00+18:01",
            "2026-01-01T10:00+19:00",
            "2026-01-01T10:00+0100",
            "2026-01-01T10:00Z ",
            " 2026-01-01",
            "20260101",
            "2026-01-01 10:00Z",
            "+002026-01-01",
            "２026-01-01",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_usual_form_is_read_as_any_other() {
        let mut taken = 0;
        for text in [
            "2024-02-29T23:59:59Z",
            "1899-12-31T09:38:00.120Z",
            "9999-10-10T10:10:10.999Z",
        ] {
            for at in 0..text.len() {
                for byte in 0..0x80 {
                    let mut text = text.as_bytes().to_vec();
                    text[at] = byte;
                    if let Some(instant) = usual(&text) {
                        taken += 1;
                        assert_eq!(Some(instant), any_form(&text), "{}", text.escape_ascii());
                    }
                }
            }
            assert!(usual(text.as_bytes()).is_some());
        }
        assert!(taken > 300, "{taken}");
    }

    #[test]
    fn the_days_are_those_of_the_calendar() {
        let mut date = civil::date(0, 1, 1);
        let first = days_since_epoch(0, 1, 1).unwrap();
        assert_eq!(date_of_day(i32::try_from(first).unwrap()), Some(date));
        for day in first.. {
            let (year, month) = (i64::from(date.year()), i64::from(date.month()));
            assert_eq!(
                days_since_epoch(year, month, i64::from(date.day())),
                Some(day),
                "{date}"
            );
            if date == date.last_of_month() {
                assert_eq!(days_since_epoch(year, month, i64::from(date.day()) + 1), None, "{date}");
            }
            match date.tomorrow() {
                Ok(tomorrow) => date = tomorrow,
                Err(_) => break,
            }
        }
        assert_eq!(date, civil::date(9999, 12, 31));
        for (month, day) in [(0, 1), (13, 1), (1, 0), (99, 99)] {
            assert_eq!(days_since_epoch(2026, month, day), None);
        }
    }

    #[test]
    fn dates_are_printed_with_milliseconds_only_where_needed() {
        for text in [
            "2026-06-30T00:00:00Z",
            "2026-06-30T12:34:56.007Z",
            "0000-01-01T00:00:00Z",
        ] {
            assert_eq!(Timestamp::parse(text).unwrap().to_string(), text);
        }
        for text in [
            "9999-12-31T23:59:59.999Z",
            "9999-12-31T23:59:59.999-18:00",
            "0000-01-01T00:00:00+18:00",
            "1969-12-31T23:59:59.999Z",
        ] {
            assert_eq!(Timestamp::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Timestamp::MAX.to_string(), "9223372036854775807 ms");
    }

    #[test]
    fn durations_are_printed_in_their_largest_unit() {
        for (count, unit, text) in [
            (1, Unit::Day, "1 day"),
            (30, Unit::Day, "30 days"),
            (14, Unit::Day, "2 weeks"),
            (90, Unit::Minute, "90 minutes"),
            (24, Unit::Hour, "1 day"),
        ] {
            assert_eq!(Duration::new(count, unit).to_string(), text);
        }
    }

    #[test]
    fn windows_are_half_open_to_the_millisecond() {
        let now = Timestamp::from_millis(100_000_000_000);
        let day = Duration::new(1, Unit::Day);
        let at = |millis: i64| Timestamp::from_millis(now.as_millis() + millis);
        let within = Window {
            oldest: Some(day),
            ..Window::ALL
        };
        assert!(!within.contains(now.minus(day), now));
        assert!(within.contains(now.minus(day).plus(Duration(1)), now));
        assert!(within.contains(now, now));
        assert!(!within.contains(at(1), now));

        let between = Window {
            oldest: Some(Duration::new(3, Unit::Day)),
            newest: day,
            ..Window::ALL
        };
        assert!(between.contains(now.minus(day), now));
        assert!(!between.contains(now.minus(day).plus(Duration(1)), now));
        assert!(!between.contains(now.minus(Duration::new(3, Unit::Day)), now));

        let t = at(-5000);
        let before = Window {
            before: Some(t),
            ..Window::ALL
        };
        assert!(before.contains(at(-5001), now) && !before.contains(t, now));
        let after = Window {
            after: Some(t),
            ..Window::ALL
        };
        assert!(after.contains(at(-4999), now) && !after.contains(t, now));
        assert!(!after.contains(at(1), now), "later than now is not seen");
    }

    #[test]
    fn empty_windows_are_known_without_now() {
        let days = |n| Duration::new(n, Unit::Day);
        let window = |oldest, newest| Window {
            oldest: Some(oldest),
            newest,
            ..Window::ALL
        };
        assert!(window(Duration::ZERO, Duration::ZERO).is_empty());
        assert!(window(days(30), days(90)).is_empty());
        assert!(window(days(30), days(30)).is_empty());
        assert!(!window(days(30), days(29)).is_empty());
        let absolute = |after, before| Window {
            after: Some(Timestamp::from_millis(after)),
            before: Some(Timestamp::from_millis(before)),
            ..Window::ALL
        };
        assert!(absolute(5, 5).is_empty() && absolute(5, 6).is_empty() && absolute(9, 5).is_empty());
        assert!(!absolute(5, 7).is_empty());
    }
}
