//! 元号 as data.

use jiff::civil::{Date, date};

/// A Japanese era. Its last day is the day before the next one begins (JIS X 0301).
#[derive(Debug, PartialEq, Eq)]
pub struct Era {
    /// The name: 平成.
    pub name: &'static str,
    /// The letter used on forms: H.
    pub letter: char,
    /// The name in one character: ㍻.
    pub sign: char,
    /// 西暦 of 元年.
    pub first_year: i16,
    /// The first day that can be written with it.
    pub first_day: Date,
}

/// Every 元号 that can be typed, oldest first. A new one is one more line.
pub static ERAS: [Era; 5] = [
    // The solar calendar begins with 明治6年1月1日. 明治元年 to 5年 are refused: their months are those of the moon, and
    // reading them as solar ones would store another day than the one meant.
    Era {
        name: "明治",
        letter: 'M',
        sign: '㍾',
        first_year: 1868,
        first_day: date(1873, 1, 1),
    },
    Era {
        name: "大正",
        letter: 'T',
        sign: '㍽',
        first_year: 1912,
        first_day: date(1912, 7, 30),
    },
    Era {
        name: "昭和",
        letter: 'S',
        sign: '㍼',
        first_year: 1926,
        first_day: date(1926, 12, 25),
    },
    Era {
        name: "平成",
        letter: 'H',
        sign: '㍻',
        first_year: 1989,
        first_day: date(1989, 1, 8),
    },
    Era {
        name: "令和",
        letter: 'R',
        sign: '㋿',
        first_year: 2019,
        first_day: date(2019, 5, 1),
    },
];

impl Era {
    /// The era of a day; none before 明治6年.
    pub fn of(day: Date) -> Option<&'static Self> {
        ERAS.iter().rev().find(|era| era.first_day <= day)
    }

    /// The last day of the era; none while it goes on.
    pub fn last_day(&self) -> Option<Date> {
        let next = ERAS.iter().find(|era| era.first_day > self.first_day)?;
        next.first_day.yesterday().ok()
    }

    /// The era named at the start of an entry, and what follows it.
    pub(super) fn at_start(text: &str) -> (Option<&'static Self>, &str) {
        for era in &ERAS {
            let named = text
                .strip_prefix(era.name)
                .or_else(|| text.strip_prefix(era.sign))
                .or_else(|| text.strip_prefix([era.letter, era.letter.to_ascii_lowercase()]));
            if let Some(rest) = named {
                return (Some(era), rest);
            }
        }
        (None, text)
    }

    /// 西暦 of a year counted from 元年 as 1, if the era has that year.
    pub(super) fn western_year(&self, number: i16) -> Option<i16> {
        let year = self.first_year.checked_add(number)?.checked_sub(1)?;
        let begun = year >= self.first_day.year();
        let over = self.last_day().is_some_and(|last| year > last.year());
        (begun && !over).then_some(year)
    }

    /// 平成11, 令和元.
    pub(super) fn year_name(&self, day: Date) -> String {
        match day.year() - self.first_year + 1 {
            1 => format!("{}元", self.name),
            number => format!("{}{number}", self.name),
        }
    }

    /// Whether any day from `first` to `last` lies in the era.
    pub(super) fn overlaps(&self, first: Date, last: Date) -> bool {
        self.first_day <= last && self.last_day().is_none_or(|end| first <= end)
    }
}
