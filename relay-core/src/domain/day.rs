//! A day in UTC, the period that usage is metered and reported by.

use std::fmt;

use jiff::ToSpan as _;
use jiff::civil::Date;

/// A day in UTC, counted from 1970-01-01. `Display` and [`Self::parse`] use the form `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Day(pub u32);

const FIRST: Date = Date::constant(1970, 1, 1);

impl Day {
    /// The day of this date from 1970 on, for tables.
    pub(crate) const fn civil(year: u32, month: u32, day: u32) -> Self {
        // Counted by years that begin in March, so that a leap day is the last one:
        // <https://howardhinnant.github.io/date_algorithms.html#days_from_civil>.
        let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let of_year = (153 * month + 2) / 5 + day - 1;
        Self(365 * year + year / 4 - year / 100 + year / 400 + of_year - 719_468)
    }

    /// Reads `YYYY-MM-DD`; `None` for anything else, for a day that does not exist and for one before 1970.
    pub fn parse(text: &str) -> Option<Self> {
        let date: Date = text.parse().ok()?;
        let day = u32::try_from((date - FIRST).get_days()).ok().map(Self)?;
        // The parser below also accepts other forms, such as one-digit months.
        (day.to_string() == text).then_some(day)
    }
}

/// Days after the year 9999 are shown as its last day.
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = i32::try_from(self.0).ok().and_then(|days| FIRST.checked_add(days.days()).ok());
        day.unwrap_or(Date::MAX).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::Timestamp;

    #[test]
    fn a_day_is_read_as_it_is_written() {
        for (text, day) in
            [("1970-01-01", 0), ("2000-02-29", 11_016), ("2026-11-23", 20_780), ("9999-12-31", 2_932_896)]
        {
            assert_eq!(Day(day).to_string(), text);
            assert_eq!(Day::parse(text), Some(Day(day)));
        }
        assert_eq!(Timestamp(1_795_423_644_007).day(), 20_780);
        assert_eq!(Day(u32::MAX).to_string(), "9999-12-31");
    }

    #[test]
    fn a_date_in_a_table_is_the_same_day() {
        for (year, month, day) in [(1970, 1, 1), (2000, 2, 29), (2024, 3, 1), (2026, 11, 28), (9999, 12, 31)] {
            let text = format!("{year:04}-{month:02}-{day:02}");
            assert_eq!(Day::parse(&text), Some(Day::civil(year, month, day)), "{text}");
        }
    }

    #[test]
    fn a_date_must_exist() {
        for bad in [
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-01-32",
            "2026-1-1",
            "26-01-01",
            "20260101",
            "+002026-01-01",
            "2026-01-01T00:00",
            "2026-01-01 ",
            "1969-12-31",
            "+026-01-01",
            "",
        ] {
            assert_eq!(Day::parse(bad), None, "{bad}");
        }
    }
}
