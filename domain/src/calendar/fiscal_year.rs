//! 年度.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// 年度, from April to March, named by the year of its April. Dues and examinations are counted in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FiscalYear(pub i16);

impl FiscalYear {
    /// The 年度 of a day.
    pub fn of(date: Date) -> Self {
        if date.month() < 4 {
            Self(date.year() - 1)
        } else {
            Self(date.year())
        }
    }

    /// 4月1日. A year beyond what a date can hold gives the nearest end of the calendar.
    pub fn first_day(self) -> Date {
        Date::new(self.0, 4, 1).unwrap_or(self.nearest_end())
    }

    /// 3月31日 of the year after. A year beyond what a date can hold gives the nearest end of the calendar.
    pub fn last_day(self) -> Date {
        Date::new(self.0.saturating_add(1), 3, 31).unwrap_or(self.nearest_end())
    }

    fn nearest_end(self) -> Date {
        if self.0 < 0 { Date::MIN } else { Date::MAX }
    }
}

impl fmt::Display for FiscalYear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}年度", self.0)
    }
}
